#include "python_stack.h"

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/script_stack.h"

namespace cairn::python {
namespace {

/// A new reference or null.
PyFrameObject* outer_frame(PyFrameObject* frame) {
  PyFrameObject* const back = PyFrame_GetBack(frame);
  Py_DECREF(frame);
  return back;
}

std::string text_of(PyObject* object) {
  Py_ssize_t size = 0;
  const char* const text = object != nullptr ? PyUnicode_AsUTF8AndSize(object, &size) : nullptr;
  if (text == nullptr) {
    PyErr_Clear();
    return "?";
  }
  return {text, static_cast<size_t>(size)};
}

std::string attribute(PyCodeObject* code, const char* name) {
  PyObject* const value = PyObject_GetAttrString(reinterpret_cast<PyObject*>(code), name);
  std::string text = text_of(value);
  Py_XDECREF(value);
  return text;
}

class PythonStack final : public ScriptStack {
 public:
  size_t frames(std::span<const ScriptFrame*> into) override {
    if (!alive_.load(std::memory_order_acquire)) return 0;
    if (PyGILState_Check() == 1) return read_frames(into);
    const auto noted = NotedScriptFrames::newest();
    const size_t count = std::min(noted.size(), into.size());
    std::copy_n(noted.begin(), count, into.begin());
    return count;
  }

  size_t frames_of_fault(std::span<const ScriptFrame*> into) override {
    if (const size_t count = frames(into); count > 0) return count;
    // NumPy, for one, copies without the lock.
    if (!alive_.load(std::memory_order_acquire) || PyGILState_GetThisThreadState() == nullptr) return 0;
    const PyGILState_STATE before = PyGILState_Ensure();
    const size_t count = read_frames(into);
    PyGILState_Release(before);
    return count;
  }

  size_t read_frames(std::span<const ScriptFrame*> into) override {
    if (!alive_.load(std::memory_order_acquire)) return 0;
    size_t count = 0;
    PyFrameObject* frame = PyEval_GetFrame();
    Py_XINCREF(frame);
    for (; frame != nullptr && count < into.size(); frame = outer_frame(frame))
      if (const ScriptFrame* const place = place_of(frame)) into[count++] = place;
    Py_XDECREF(frame);
    return count;
  }

  void end() { alive_.store(false, std::memory_order_release); }

 private:
  struct Key {
    PyCodeObject* code;
    int position;
    bool operator==(const Key&) const = default;
  };
  struct Hash {
    size_t operator()(const Key& key) const {
      return (reinterpret_cast<size_t>(key.code) ^ static_cast<size_t>(key.position)) *
                 0x9E3779B97F4A7C15ULL >>
             16;
    }
  };

  /// Null for places inside the package acl. Guarded by the GIL.
  const ScriptFrame* place_of(PyFrameObject* frame) {
    PyCodeObject* const code = PyFrame_GetCode(frame);
#if PY_VERSION_HEX >= 0x030B0000
    const int position = PyFrame_GetLasti(frame);
#else
    const int position = PyFrame_GetLineNumber(frame);
#endif
    const Key key{code, position};
    Recent& recent = recent_[Hash()(key) % recent_.size()];
    if (recent.key == key) {
      Py_DECREF(code);
      return recent.place;
    }
    recent = {key, find_place(key)};
    return recent.place;
  }

  /// Takes the reference to the code.
  const ScriptFrame* find_place(const Key& key) {
    const auto [code, position] = key;
    const auto [entry, is_new] = places_.try_emplace(key, nullptr);
    if (!is_new) {
      Py_DECREF(code);
      return entry->second;
    }
    // The reference to the code stays, so that its address stays its own.
    std::string file = attribute(code, "co_filename");
    if (!file.starts_with(package_)) {
#if PY_VERSION_HEX >= 0x030B0000
      std::string function = attribute(code, "co_qualname");
      const int line = PyCode_Addr2Line(code, position);
#else
      std::string function = attribute(code, "co_name");
      const int line = position;
#endif
      entry->second = new ScriptFrame{std::move(file), std::move(function), line};
    }
    return entry->second;
  }

  static std::string package_directory() {
    const nanobind::object file = nanobind::module_::import_("acl").attr("__path__")[0];
    return nanobind::cast<std::string>(nanobind::str(file)) + "/";
  }

  std::atomic<bool> alive_{true};
  /// Plainer and faster than the table of all.
  struct Recent {
    Key key;
    const ScriptFrame* place;
  };
  std::array<Recent, 256> recent_{};
  std::unordered_map<Key, const ScriptFrame*, Hash> places_;
  const std::string package_ = package_directory();
};

PythonStack* stack = nullptr;

}  // namespace

void provide_call_stacks() {
  stack = new PythonStack;  // Never destroyed: calls may come until the process ends.
  script_stack.store(stack, std::memory_order_release);
}

void withdraw_call_stacks() {
  if (stack != nullptr) stack->end();
}

}  // namespace cairn::python
