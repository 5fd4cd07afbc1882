"""Conversions between Python objects and addresses, and threads (chapter 10.4)."""

import operator as _operator
import threading as _threading

from . import _acl
from ._api import FUNCTIONS as _FUNCTIONS
from ._api import watched as _watched

ACL_ERROR_INVALID_PARAM = 100000

bytes_to_ptr = _acl.util.bytes_to_ptr
ptr_to_bytes = _acl.util.ptr_to_bytes

_threads = {}
_MOST_DIMS = 32  # Of a NumPy array, before version 2.

# Type numbers of the NumPy C-API [UTL-012] .. [UTL-026].
_TYPE_CODES = dict(enumerate("?bBhHiIlLqQfdgFDG")) | {23: "e"}


def numpy_to_ptr(data):
    """Returns the address of the array's data. The array must outlive the address. Source: S1 10.4.1.1."""
    if not hasattr(data, "__array_interface__"):
        raise TypeError(f"numpy_to_ptr takes a numpy array, not {type(data).__name__}")
    if not data.flags.c_contiguous:
        print(
            "Warning: The input ndarray is discontiguous. Please use acl.util.numpy_contiguous_to_ptr instead."
        )
    return data.__array_interface__["data"][0]


def numpy_contiguous_to_ptr(data_in):
    """Returns (address, array): the array itself, or a row-contiguous copy of it. Source: S1 10.4.1.2."""
    import numpy

    try:
        data_out = numpy.ascontiguousarray(data_in)
    except ValueError as problem:
        raise TypeError(f"numpy_contiguous_to_ptr takes a numpy array: {problem}") from None
    return data_out.__array_interface__["data"][0], data_out


def ptr_to_numpy(ptr, shape, type):
    """Returns an array of `shape` on the memory at `ptr`; `type` is a NumPy type number. Source: S1 10.4.1.3.

    None if the memory cannot be read by the host (see acl.get_recent_err_msg).
    """
    import ctypes
    import math

    import numpy

    function = "acl.util.ptr_to_numpy"
    code = _TYPE_CODES.get(type)
    if code is None:
        _acl.record_error(
            function, ACL_ERROR_INVALID_PARAM, f"[UTL-026] type = {type} is no NumPy type number"
        )
        return None
    dtype = numpy.dtype(code)
    dims = shape if isinstance(shape, (tuple, list)) else (shape,)
    dims = tuple(_operator.index(dim) for dim in dims)  # A TypeError for what is no integer.
    if len(dims) > _MOST_DIMS or any(dim < 0 for dim in dims):
        text = f"[UTL-011] shape = {shape!r:.200}; allowed are up to {_MOST_DIMS} dimensions, none below 0"
        _acl.record_error(function, ACL_ERROR_INVALID_PARAM, text)
        return None
    size = math.prod(dims) * dtype.itemsize
    if not _acl.util.is_readable(ptr, size):
        return None
    memory = (ctypes.c_char * size).from_address(ptr)
    return numpy.frombuffer(memory, dtype).reshape(dims)


def start_thread(thr_func, args_list):
    """Runs thr_func(args_list) in a new thread. Returns (thread id, 0). Source: S1 10.4.2.1."""
    if not callable(thr_func):
        text = f"[UTL-032] thr_func is of type {type(thr_func).__name__}; a function is needed"
        _acl.record_error("acl.util.start_thread", ACL_ERROR_INVALID_PARAM, text)
        return 0, ACL_ERROR_INVALID_PARAM
    thread = _threading.Thread(target=thr_func, args=(args_list,), daemon=True)
    thread.start()
    _threads[thread.ident] = thread
    return thread.ident, 0


def stop_thread(thr_id):
    """Waits until the thread of start_thread has ended. Source: S1 10.4.2.2."""
    thread = _threads.pop(thr_id, None)
    if thread is None:
        text = f"[UTL-035] thr_id = {thr_id} is no running thread of acl.util.start_thread"
        _acl.record_error("acl.util.stop_thread", ACL_ERROR_INVALID_PARAM, text)
        return ACL_ERROR_INVALID_PARAM
    thread.join()
    return 0


for _name in _FUNCTIONS[__name__]:
    globals()[_name] = _watched(__name__, _name, globals()[_name])
