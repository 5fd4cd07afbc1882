"""Single operators (chapter 10.9)."""

import sys as _sys

from . import _acl
from ._api import fill

ACL_ERROR_INVALID_PARAM = 100000

_LARGEST_BYTE = 255
_op = _acl.op


def _numbers(function, values, dtype):
    """The list that a list or a one-dimensional array of `dtype` stands for; None, with an error recorded, for others."""
    if isinstance(values, (list, tuple)):
        if dtype != "uint8" or all(0 <= value <= _LARGEST_BYTE for value in values):
            return values
        text = f"[OP-040] the list holds values outside 0 to {_LARGEST_BYTE}"
        _acl.record_error(f"acl.op.{function}", ACL_ERROR_INVALID_PARAM, text)
        return None
    if getattr(values, "ndim", None) == 1 and str(getattr(values, "dtype", "")) == dtype:
        return values.tolist()
    kind = (
        f"array of {values.ndim} dimensions of {values.dtype}"
        if hasattr(values, "dtype")
        else type(values).__name__
    )
    text = f"[OP-045] {kind}; allowed are a list, and a NumPy array of one dimension of {dtype}"
    _acl.record_error(f"acl.op.{function}", ACL_ERROR_INVALID_PARAM, text)
    return None


def _set_list(function, attr, attr_name, values, dtype):
    plain = _numbers(function, values, dtype)
    return ACL_ERROR_INVALID_PARAM if plain is None else getattr(_op, function)(attr, attr_name, plain)


def set_attr_list_bool(attr, attr_name, attr_value):
    """attr_value: list of 0 to 255, or a one-dimensional array of uint8. Returns ret. Source: S1 10.9.15."""
    return _set_list("set_attr_list_bool", attr, attr_name, attr_value, "uint8")


def set_attr_list_int(attr, attr_name, attr_value):
    """attr_value: list of int, or a one-dimensional array of int64. Returns ret. Source: S1 10.9.16."""
    return _set_list("set_attr_list_int", attr, attr_name, attr_value, "int64")


def set_attr_list_float(attr, attr_name, num_values=None, attr_value=None):
    """Takes (attr, attr_name, [num_values,] attr_value): a list of float, or a one-dimensional array of float32.

    Returns ret. Source: S1 10.9.17, which prints num_values and does not describe it.
    """
    values, ret = _counted("set_attr_list_float", num_values, attr_value)
    return ret or _set_list("set_attr_list_float", attr, attr_name, values, "float32")


def set_attr_list_list_int(attr, attr_name, values):
    """values: a list of lists of int, or of one-dimensional arrays of int64. Returns ret. Source: S1 10.9.19."""
    if not isinstance(values, (list, tuple)):
        text = f"[OP-044] values is of type {type(values).__name__}; allowed is a list of lists"
        _acl.record_error("acl.op.set_attr_list_list_int", ACL_ERROR_INVALID_PARAM, text)
        return ACL_ERROR_INVALID_PARAM
    lists = [_numbers("set_attr_list_list_int", each, "int64") for each in values]
    return ACL_ERROR_INVALID_PARAM if None in lists else _op.set_attr_list_list_int(attr, attr_name, lists)


def set_attr_data_type(attr, attr_name, attr_value):
    """attr_value: an aclDataType. Returns (attr, ret). Source: S1 10.9.23."""
    return attr, _op.set_attr_data_type(attr, attr_name, attr_value)


def set_attr_list_data_type(attr, attr_name, num_values=None, values=None):
    """Takes (attr, attr_name, [num_values,] values): a list of aclDataType. Returns (attr, ret). Source: S1 10.9.24."""
    plain, ret = _counted("set_attr_list_data_type", num_values, values)
    return attr, ret or _op.set_attr_list_data_type(attr, attr_name, plain)


def _counted(function, count, values):
    """(list, 0) of the arguments ([num_values,] list), or (None, code) where num_values is not its length."""
    if values is None:
        return count, 0
    if count is None or count == len(values):
        return values, 0
    text = f"[OP-047] num_values = {count}, but the list has {len(values)} values"
    _acl.record_error(f"acl.op.{function}", ACL_ERROR_INVALID_PARAM, text)
    return None, ACL_ERROR_INVALID_PARAM


def create_kernel(op_type, kernel_id, kernel_name, bin_data, bin_size, enginetype, deallocator):
    """Registers a kernel: bin_size bytes at bin_data, a shared object built with cairn/kernel.h (docs/kernels.md).

    enginetype: 0 any, 1 AI Core, 2 Vector Core. deallocator: 0 the caller frees bin_data, which may be at once; 1 it is
    memory of acl.rt.malloc_host, and freed when the kernel is registered. Returns ret. Source: S1 10.11.3.
    """
    if not isinstance(deallocator, int):
        raise TypeError("deallocator is 0 or 1")
    if deallocator not in (0, 1):
        text = f"[KRN-009] deallocator = {deallocator}; allowed are 0 (the caller frees bin_data) and 1"
        _acl.record_error("acl.op.create_kernel", ACL_ERROR_INVALID_PARAM, text)
        return ACL_ERROR_INVALID_PARAM
    return _op.create_kernel(
        op_type, kernel_id, kernel_name, bin_data, bin_size, enginetype, bool(deallocator)
    )


fill(globals(), __name__, _sys.modules[__name__], _op)
