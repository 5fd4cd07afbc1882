// How Python arguments become C arguments.
//
// Any Python integer is taken, however wild: one that does not fit is saturated, so that the C function
// refuses it with its own code and text instead of Python raising an OverflowError. Other types raise
// TypeError.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/vector.h>

#include <array>
#include <cstdint>
#include <limits>
#include <new>
#include <span>
#include <vector>

#include "base/observer.h"
#include "base/script_stack.h"
#include "gil.h"

namespace cairn::python {

/// An address or handle: an integer or None.
struct Address {
  void* value = nullptr;
  template <class T>
  T* as() const {
    return static_cast<T*>(value);
  }
};

/// An integer of type T.
template <class T>
struct Int {
  T value = 0;
  operator T() const { return value; }  // NOLINT(google-explicit-constructor)
};

/// A real number, given as a Python float or integer. One that is too large becomes infinite, so that the C
/// function refuses it.
struct Real {
  float value = 0;
  operator float() const { return value; }  // NOLINT(google-explicit-constructor)
};

/// The handles that a list of addresses stands for.
template <class Handle>
std::vector<Handle*> handles(const std::vector<Address>& addresses) {
  std::vector<Handle*> result;
  result.reserve(addresses.size());
  for (const Address& address : addresses)
    result.push_back(address.as<Handle>());
  return result;
}

/// A list of addresses or handles, in place unless there are many.
class AddressList {
 public:
  void resize(size_t size) {
    many_.resize(size > few_.size() ? size : 0);
    size_ = size;
  }
  size_t size() const { return size_; }
  void** data() { return many_.empty() ? few_.data() : many_.data(); }

 private:
  size_t size_ = 0;
  std::array<void*, 8> few_{};
  std::vector<void*> many_;
};

template <class Handle>
std::span<Handle*> handles(AddressList& addresses) {
  return {reinterpret_cast<Handle**>(addresses.data()), addresses.size()};
}

/// Python's view of a pointer.
inline uintptr_t to_python(const void* pointer) {
  return reinterpret_cast<uintptr_t>(pointer);
}

/// Reads any Python integer, saturated to [low, high]; false if the object is no integer.
inline bool read_integer(PyObject* object, bool is_signed, uint64_t& bits) {
  PyObject* integer = PyNumber_Index(object);
  if (integer == nullptr) {
    PyErr_Clear();
    return false;
  }
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(integer, &overflow);
  if (overflow == 0) {
    bits = is_signed || value >= 0 ? static_cast<uint64_t>(value) : std::numeric_limits<uint64_t>::max();
  } else if (is_signed) {
    bits = static_cast<uint64_t>(overflow > 0 ? std::numeric_limits<int64_t>::max()
                                              : std::numeric_limits<int64_t>::min());
  } else {
    bits = overflow > 0 ? PyLong_AsUnsignedLongLong(integer) : std::numeric_limits<uint64_t>::max();
    if (PyErr_Occurred()) {
      PyErr_Clear();
      bits = std::numeric_limits<uint64_t>::max();
    }
  }
  Py_DECREF(integer);
  return true;
}

}  // namespace cairn::python

namespace nanobind::detail {

template <>
struct type_caster<cairn::python::Address> {
  NB_TYPE_CASTER(cairn::python::Address, const_name("int"))
  bool from_python(handle source, uint8_t, cleanup_list*) noexcept {
    if (source.is_none()) return true;
    uint64_t bits = 0;
    if (!cairn::python::read_integer(source.ptr(), false, bits)) return false;
    value.value = reinterpret_cast<void*>(bits);
    return true;
  }
  static handle from_cpp(cairn::python::Address address, rv_policy, cleanup_list*) noexcept {
    return PyLong_FromUnsignedLongLong(reinterpret_cast<uint64_t>(address.value));
  }
};

template <>
struct type_caster<cairn::python::AddressList> {
  NB_TYPE_CASTER(cairn::python::AddressList, const_name("collections.abc.Sequence[int]"))
  bool from_python(handle source, uint8_t flags, cleanup_list* cleanup) noexcept {
    if (!PyList_Check(source.ptr()) && !PyTuple_Check(source.ptr())) {  // Other sequences are rare.
      make_caster<std::vector<cairn::python::Address>> others;
      return others.from_python(source, flags, cleanup) && copy(others.value);
    }
    if (!resize(static_cast<size_t>(PySequence_Fast_GET_SIZE(source.ptr())))) return false;
    make_caster<cairn::python::Address> address;
    for (size_t i = 0; i < value.size(); ++i) {
      // An item that is asked for its number may change the list.
      if (i >= static_cast<size_t>(PySequence_Fast_GET_SIZE(source.ptr()))) return false;
      address.value = {};
      if (!address.from_python(PySequence_Fast_GET_ITEM(source.ptr(), i), flags, cleanup)) return false;
      value.data()[i] = address.value.value;
    }
    return true;
  }

 private:
  bool resize(size_t count) {
    try {
      value.resize(count);
      return true;
    } catch (const std::bad_alloc&) {
      return false;
    }
  }
  bool copy(const std::vector<cairn::python::Address>& addresses) {
    if (!resize(addresses.size())) return false;
    for (size_t i = 0; i < addresses.size(); ++i)
      value.data()[i] = addresses[i].value;
    return true;
  }
};

template <class T>
struct type_caster<cairn::python::Int<T>> {
  NB_TYPE_CASTER(cairn::python::Int<T>, const_name("int"))
  bool from_python(handle source, uint8_t, cleanup_list*) noexcept {
    uint64_t bits = 0;
    constexpr bool kSigned = std::numeric_limits<T>::is_signed;
    if (!cairn::python::read_integer(source.ptr(), kSigned, bits)) return false;
    using Limits = std::numeric_limits<T>;
    if constexpr (kSigned) {
      const auto wide = static_cast<int64_t>(bits);
      value.value = wide < Limits::min()   ? Limits::min()
                    : wide > Limits::max() ? Limits::max()
                                           : static_cast<T>(wide);
    } else {
      value.value = bits > Limits::max() ? Limits::max() : static_cast<T>(bits);
    }
    return true;
  }
  static handle from_cpp(cairn::python::Int<T> number, rv_policy, cleanup_list*) noexcept {
    return PyLong_FromLongLong(static_cast<long long>(number.value));
  }
};

template <>
struct type_caster<cairn::python::Real> {
  NB_TYPE_CASTER(cairn::python::Real, const_name("float"))
  bool from_python(handle source, uint8_t, cleanup_list*) noexcept {
    if (!PyFloat_Check(source.ptr()) && !PyIndex_Check(source.ptr())) return false;
    const double wide = PyFloat_AsDouble(source.ptr());
    if (PyErr_Occurred() != nullptr) {  // An integer beyond every double; its sign does not matter.
      PyErr_Clear();
      value.value = std::numeric_limits<float>::infinity();
      return true;
    }
    value.value = static_cast<float>(wide);
    return true;
  }
  static handle from_cpp(cairn::python::Real number, rv_policy, cleanup_list*) noexcept {
    return PyFloat_FromDouble(static_cast<double>(number.value));
  }
};

}  // namespace nanobind::detail

namespace cairn::python {

/// Releases the GIL for the duration of a C call.
template <class Call>
auto without_gil(Call&& call) {
  if (observer() != nullptr) [[unlikely]] {
    const NotedScriptFrames frames;
    const ReleasedGil released;
    return call();
  }
  const ReleasedGil released;
  return call();
}

/// Keeps the GIL: for C calls that only ask, wait for nobody, and are over before the GIL could change hands.
template <class Call>
auto with_gil(Call&& call) {
  if (observer() != nullptr) [[unlikely]] {
    const NotedScriptFrames frames;
    return call();
  }
  return call();
}

}  // namespace cairn::python
