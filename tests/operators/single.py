"""A row of the operator tests as a single operator, compiled while the program runs: aclopCompileAndExecute.

pyACL compiles no other operator than Cast, so this one function is called in its C library.
"""

import ctypes
import os
from pathlib import Path

import acl
import numpy as np
from air import TYPES

HOST_TO_DEVICE, DEVICE_TO_HOST = 1, 2
LAYOUTS = {"NCHW": 0, "NHWC": 1, "ND": 2, "HWCN": 16, "NDHWC": 27, "NCDHW": 30}
SYSTEM_ENGINE, SYSTEM_COMPILES = 0, 0


def library() -> ctypes.CDLL:
    return ctypes.CDLL(str(Path(os.environ["CAIRN_BUILD_DIR"]) / "lib64" / "libacl_op_compiler.so"))


def set_attribute(attr: int, name: str, value) -> None:
    if isinstance(value, bool):
        ret = acl.op.set_attr_bool(attr, name, value)
    elif isinstance(value, (int, np.integer)):
        ret = acl.op.set_attr_int(attr, name, int(value))
    elif isinstance(value, float):
        ret = acl.op.set_attr_float(attr, name, value)
    elif isinstance(value, str):
        ret = acl.op.set_attr_string(attr, name, value)
    elif isinstance(value, (type, np.dtype)):
        _, ret = acl.op.set_attr_data_type(attr, name, TYPES[np.dtype(value)][1])
    elif value and isinstance(value[0], (list, tuple)):
        ret = acl.op.set_attr_list_int(attr, name, [int(each) for inner in value for each in inner])
    elif value and isinstance(value[0], float):
        ret = acl.op.set_attr_list_float(attr, name, [float(each) for each in value])
    elif value and isinstance(value[0], str):
        ret = acl.op.set_attr_list_string(attr, name, list(value))
    else:
        ret = acl.op.set_attr_list_int(attr, name, [int(each) for each in value])
    assert ret == 0, acl.get_recent_err_msg()


class Call:
    """One call: what it needs, until close()."""

    def __init__(self) -> None:
        self.undo = []

    def close(self) -> None:
        for undo, what in reversed(self.undo):
            undo(what)

    def keep(self, undo, what):
        self.undo.append((undo, what))
        return what

    def desc(self, array: np.ndarray | None, layout: str = "ND") -> int:
        if array is None:
            return self.keep(acl.destroy_tensor_desc, acl.create_tensor_desc(-1, 0, [], -1))
        handle = acl.create_tensor_desc(TYPES[array.dtype][1], list(array.shape), LAYOUTS[layout])
        return self.keep(acl.destroy_tensor_desc, handle)

    def constant(self, array: np.ndarray, layout: str) -> int:
        handle = self.desc(array, layout)
        data = np.ascontiguousarray(array).tobytes()
        assert acl.set_tensor_const(handle, acl.util.bytes_to_ptr(data), len(data)) == 0
        return handle

    def memory(self, array: np.ndarray | None, fill: bool) -> tuple[int, int]:
        """Address and data buffer."""
        if array is None:
            return 0, self.keep(acl.destroy_data_buffer, acl.create_data_buffer(0, 0))
        address, ret = acl.rt.malloc(max(array.nbytes, 1), 0)
        assert ret == 0
        self.keep(acl.rt.free, address)
        if fill and array.nbytes:
            data = np.ascontiguousarray(array).tobytes()
            pointer = acl.util.bytes_to_ptr(data)
            assert acl.rt.memcpy(address, len(data), pointer, len(data), HOST_TO_DEVICE) == 0
        return address, self.keep(acl.destroy_data_buffer, acl.create_data_buffer(address, array.nbytes))


def handles(values: list[int]) -> ctypes.Array:
    return (ctypes.c_void_p * len(values))(*values)


def run_single(kind: str, inputs: list, constant: type, expected: list[np.ndarray], attributes: dict) -> list:
    """The outputs as bytes. Inputs of the class `constant` are the operator's own."""
    call = Call()
    try:
        descs, buffers = [], []
        for value in inputs:
            array, layout = getattr(value, "array", value), getattr(value, "layout", "ND")
            is_constant = isinstance(value, constant)
            descs.append(call.constant(array, layout) if is_constant else call.desc(array, layout))
            buffers.append(call.memory(None if is_constant else array, True)[1])
        results = [call.memory(each, False) for each in expected]
        attr = call.keep(acl.op.destroy_attr, acl.op.create_attr())
        for name, value in attributes.items():
            set_attribute(attr, name, value)
        ret = library().aclopCompileAndExecute(
            kind.encode(), len(descs), handles(descs), handles(buffers),
            len(results), handles([call.desc(each) for each in expected]), handles([b for _, b in results]),
            ctypes.c_void_p(attr), SYSTEM_ENGINE, SYSTEM_COMPILES, None, None,
        )  # fmt: skip
        assert ret == 0, acl.get_recent_err_msg()
        assert acl.rt.synchronize_device() == 0, acl.get_recent_err_msg()
        outputs = []
        for (address, _), each in zip(results, expected, strict=True):
            data = bytes(each.nbytes)
            if data:
                pointer = acl.util.bytes_to_ptr(data)
                assert acl.rt.memcpy(pointer, len(data), address, len(data), DEVICE_TO_HOST) == 0
            outputs.append(np.frombuffer(data, np.uint8).copy())
        return outputs
    finally:
        call.close()
