#include "watched_function.h"

#include <cstddef>

#include "structmember.h"

namespace cairn::python {
namespace {

struct WatchedFunction {
  PyObject ob_base;
  vectorcallfunc vectorcall;
  PyObject* dict;
  PyObject* function;
  PyObject* name;
  PyObject* failures;
  PyObject* report;
  PyObject* keep;
};

WatchedFunction* as_watched(PyObject* self) {
  return reinterpret_cast<WatchedFunction*>(self);
}

/// Borrowed; null if the result holds no code.
PyObject* code_in(PyObject* result) {
  if (!PyTuple_Check(result)) return result;
  const Py_ssize_t size = PyTuple_GET_SIZE(result);
  return size > 0 ? PyTuple_GET_ITEM(result, size - 1) : nullptr;
}

PyObject* call(PyObject* object, PyObject* const* arguments, size_t count, PyObject* keywords) {
  const WatchedFunction& self = *as_watched(object);
  if (PyDict_Size(self.failures) > 0) {
    PyObject* const reported = PyObject_CallNoArgs(self.report);
    if (reported == nullptr) return nullptr;
    Py_DECREF(reported);
  }
  PyObject* const result = PyObject_Vectorcall(self.function, arguments, count, keywords);
  if (result == nullptr || self.keep == Py_None) return result;
  PyObject* const code = code_in(result);
  if (code == nullptr || !PyLong_Check(code) || PyObject_IsTrue(code) == 0) return result;
  PyObject* const kept = PyObject_CallFunctionObjArgs(self.keep, result, self.name, nullptr);
  Py_DECREF(result);
  return kept;
}

PyObject* make(PyTypeObject* type, PyObject* arguments, PyObject* keywords) {
  PyObject* function = nullptr;
  PyObject* name = nullptr;
  PyObject* failures = nullptr;
  PyObject* report = nullptr;
  PyObject* keep = nullptr;
  if (keywords != nullptr && PyDict_Size(keywords) > 0) {
    PyErr_SetString(PyExc_TypeError, "WatchedFunction takes no keywords");
    return nullptr;
  }
  if (PyArg_ParseTuple(arguments, "OOO!OO", &function, &name, &PyDict_Type, &failures, &report, &keep) == 0)
    return nullptr;
  PyObject* const object = PyType_GenericAlloc(type, 0);
  if (object == nullptr) return nullptr;
  WatchedFunction& self = *as_watched(object);
  self.vectorcall = call;
  self.function = Py_NewRef(function);
  self.name = Py_NewRef(name);
  self.failures = Py_NewRef(failures);
  self.report = Py_NewRef(report);
  self.keep = Py_NewRef(keep);
  return object;
}

// No garbage collection: the functions of the package live as long as the interpreter.
void destroy(PyObject* object) {
  const WatchedFunction& self = *as_watched(object);
  for (PyObject* const held : {self.dict, self.function, self.name, self.failures, self.report, self.keep})
    Py_XDECREF(held);
  PyTypeObject* const type = Py_TYPE(object);
  type->tp_free(object);
  Py_DECREF(type);
}

PyMemberDef members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(WatchedFunction, vectorcall), READONLY, nullptr},
    {"__dictoffset__", T_PYSSIZET, offsetof(WatchedFunction, dict), READONLY, nullptr},
    {},
};

PyType_Slot slots[] = {
    {Py_tp_new, reinterpret_cast<void*>(make)},
    {Py_tp_dealloc, reinterpret_cast<void*>(destroy)},
    {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
    {Py_tp_members, members},
    {},
};

PyType_Spec spec = {"acl.WatchedFunction", sizeof(WatchedFunction), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL, slots};

}  // namespace

nanobind::object watched_function_type() {
  PyObject* const type = PyType_FromSpec(&spec);
  if (type == nullptr) throw nanobind::python_error();
  return nanobind::steal(type);
}

}  // namespace cairn::python
