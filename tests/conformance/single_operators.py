"""What the tests of single operators share: offline models made with atc, tensors on the device, and one call."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np

HOST_TO_DEVICE, DEVICE_TO_HOST = 1, 2
MEM_DEVICE, MEM_HOST, MEM_HOST_INDEPENDENT = 0, 1, 2
ND = 2
UNDEFINED = -1
TYPES = {
    np.dtype(np.float32): (0, "float"),
    np.dtype(np.float16): (1, "float16"),
    np.dtype(np.int8): (2, "int8"),
    np.dtype(np.int32): (3, "int32"),
    np.dtype(np.uint8): (4, "uint8"),
    np.dtype(np.int64): (9, "int64"),
    np.dtype(np.bool_): (12, "bool"),
}


def tensor(shape, dtype=np.float32, **more) -> dict:
    """A tensor of a description for atc --singleop."""
    return {"format": "ND", "shape": list(shape), "type": TYPES[np.dtype(dtype)][1], **more}


def operator(kind: str, inputs: list, outputs: list, **attributes) -> dict:
    """attributes: name=("list_int", [1, 2])."""
    attr = [{"name": name, "type": type_, "value": value} for name, (type_, value) in attributes.items()]
    return {"op": kind, "input_desc": inputs, "output_desc": outputs, "attr": attr}


def compile_operators(acl, folder: Path, operators: list) -> list[Path]:
    """The .om files that atc makes of the descriptions, in their order."""
    atc = shutil.which("atc")
    assert atc, "atc is not on the path"
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "ops.json"
    source.write_text(json.dumps(operators))
    command = [atc, f"--singleop={source}", f"--output={folder}", f"--soc_version={acl.get_soc_name()}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout
    return sorted(folder.glob("*.om"), key=lambda path: int(path.name.split("_")[0]))


class Operators:
    """Makes descriptions, buffers and attributes, and frees them at the end."""

    def __init__(self, acl, stream: int) -> None:
        self.acl, self.stream = acl, stream
        self._undo = []

    def close(self) -> None:
        self.acl.rt.synchronize_stream(self.stream)
        for undo, what in reversed(self._undo):
            undo(what)

    def keep(self, undo, what):
        self._undo.append((undo, what))
        return what

    def desc(self, shape, dtype=np.float32, placement: int = MEM_DEVICE) -> int:
        handle = self.acl.create_tensor_desc(TYPES[np.dtype(dtype)][0], list(shape), ND)
        assert handle != 0
        self.keep(self.acl.destroy_tensor_desc, handle)
        if placement != MEM_DEVICE:
            assert self.acl.set_tensor_place_ment(handle, placement) == 0
        return handle

    def const(self, array: np.ndarray) -> int:
        array = np.ascontiguousarray(array)
        handle = self.desc(array.shape, array.dtype)
        data = array.tobytes()
        assert self.acl.set_tensor_const(handle, self.acl.util.bytes_to_ptr(data), len(data)) == 0
        return handle

    def absent(self) -> tuple[int, int]:
        """Description and buffer of an optional input that is not used [OP-020], [OP-021]."""
        desc = self.keep(self.acl.destroy_tensor_desc, self.acl.create_tensor_desc(-1, 0, [], UNDEFINED))
        return desc, self.keep(self.acl.destroy_data_buffer, self.acl.create_data_buffer([], 0))

    def memory(self, size: int) -> int:
        address, ret = self.acl.rt.malloc(max(size, 1), 0)
        assert ret == 0
        return self.keep(self.acl.rt.free, address)

    def buffer(self, value) -> int:
        """A data buffer of `value`: an array's copy on the device, or so many bytes there."""
        size = value if isinstance(value, int) else value.nbytes
        address = self.memory(size)
        if not isinstance(value, int) and size:
            data = np.ascontiguousarray(value).tobytes()
            pointer = self.acl.util.bytes_to_ptr(data)
            assert self.acl.rt.memcpy(address, size, pointer, size, HOST_TO_DEVICE) == 0
        return self.keep(self.acl.destroy_data_buffer, self.acl.create_data_buffer(address, size))

    def host_buffer(self, value) -> int:
        """The same in host memory."""
        size = value if isinstance(value, int) else value.nbytes
        address, ret = self.acl.rt.malloc_host(max(size, 1))
        assert ret == 0
        self.keep(self.acl.rt.free_host, address)
        if not isinstance(value, int) and size:
            data = np.ascontiguousarray(value).tobytes()
            pointer = self.acl.util.bytes_to_ptr(data)
            assert self.acl.rt.memcpy(address, size, pointer, size, 0) == 0
        return self.keep(self.acl.destroy_data_buffer, self.acl.create_data_buffer(address, size))

    def array(self, buffer: int, shape, dtype=np.float32) -> np.ndarray:
        """What a buffer on the device holds."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        data = bytes(size)
        address = self.acl.get_data_buffer_addr(buffer)
        if size:
            pointer = self.acl.util.bytes_to_ptr(data)
            assert self.acl.rt.memcpy(pointer, size, address, size, DEVICE_TO_HOST) == 0
        return np.frombuffer(data, dtype).reshape(shape).copy()

    def attr(self, **values) -> int:
        handle = self.keep(self.acl.op.destroy_attr, self.acl.op.create_attr())
        for name, value in values.items():
            if isinstance(value, bool):
                assert self.acl.op.set_attr_bool(handle, name, int(value)) == 0
            elif isinstance(value, int):
                assert self.acl.op.set_attr_int(handle, name, value) == 0
            elif isinstance(value, float):
                assert self.acl.op.set_attr_float(handle, name, value) == 0
            elif isinstance(value, str):
                assert self.acl.op.set_attr_string(handle, name, value) == 0
            else:
                assert self.acl.op.set_attr_list_int(handle, name, value) == 0
        return handle

    def synchronize(self) -> int:
        return self.acl.rt.synchronize_stream(self.stream)

    def run(self, kind: str, inputs: list, outputs: list, function: str = "execute_v2", **attributes):
        """Executes on copies of the arrays `inputs`; `outputs`: arrays like the results. Returns the results, or the code."""
        in_desc = [self.desc(each.shape, each.dtype) for each in inputs]
        out_desc = [self.desc(each.shape, each.dtype) for each in outputs]
        in_list = [self.buffer(each) for each in inputs]
        out_list = [self.buffer(each.nbytes) for each in outputs]
        execute = getattr(self.acl.op, function)
        ret = execute(kind, in_desc, in_list, out_desc, out_list, self.attr(**attributes), self.stream)
        if ret != 0:
            return ret
        assert self.synchronize() == 0, self.acl.get_recent_err_msg()
        return [
            self.array(buffer, each.shape, each.dtype) for buffer, each in zip(out_list, outputs, strict=True)
        ]

    def shape(self, desc: int) -> list[int]:
        count = self.acl.get_tensor_desc_num_dims(desc)
        return [self.acl.get_tensor_desc_dim_v2(desc, i)[0] for i in range(count)]
