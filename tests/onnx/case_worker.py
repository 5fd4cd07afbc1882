"""Runs node tests of the `onnx` package through atc and acl.mdl: their numbers come from stdin, one answer goes to stdout for each.

An answer is a line of JSON: {"name", "result", "why"}. `result` is "passed", or the stage that failed.
"""

import json
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import acl
import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnx.backend.test.loader import load_model_tests

RTOL, ATOL = 1e-3, 1e-5
HOST_TO_DEVICE, DEVICE_TO_HOST = 1, 2
# Outputs whose size is known only when the network has run get this much memory.
OPEN_BYTES = 1 << 20
# aclDataType -> NumPy.
TYPES = {
    0: "float32",
    1: "float16",
    2: "int8",
    3: "int32",
    4: "uint8",
    6: "int16",
    7: "uint16",
    8: "uint32",
    9: "int64",
    10: "uint64",
    11: "float64",
    12: "bool",
    27: "bfloat16",
}


class Failure(Exception):
    """A case that did not pass: the stage and the reason."""


class Converter:
    """The compiler, kept running."""

    def __init__(self) -> None:
        program = Path(os.environ["CAIRN_BUILD_DIR"]) / "bin" / "tests" / "cairn_atc_lines"
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def convert(self, model: Path) -> Path:
        target = model.with_suffix("")
        words = ["--framework=5", f"--model={model}", f"--output={target}", "--soc_version=Ascend310P3"]
        self.process.stdin.write(("\t".join(words) + "\n").encode())
        self.process.stdin.flush()
        head = self.process.stdout.readline().split(b"\t")
        if len(head) != 2:
            raise Failure("atc", "the compiler ended")
        text = self.process.stdout.read(int(head[1])).decode()
        if head[0] != b"0":
            raise Failure("atc", text.split("\n", 2)[2])
        return target.with_suffix(".om")


def checked(result):
    """The value of a call that returns (value, code), or nothing for a code alone."""
    value, code = result if isinstance(result, tuple) else (None, result)
    if code != 0:
        raise Failure("acl", f"{code}: {acl.get_recent_err_msg()}")
    return value


def data_type(number: int) -> np.dtype:
    if number not in TYPES:
        raise Failure("type", f"aclDataType {number}")
    if TYPES[number] == "bfloat16":
        return np.dtype(
            numpy_helper.to_array(onnx.helper.make_tensor("", TensorProto.BFLOAT16, [0], [])).dtype
        )
    return np.dtype(TYPES[number])


class Dataset:
    def __init__(self, sizes: list[int]) -> None:
        self.sizes = sizes
        self.handle = acl.mdl.create_dataset()
        self.addresses = [checked(acl.rt.malloc(max(size, 1), 0)) for size in sizes]
        # An empty tensor still needs an address.
        self.buffers = [
            acl.create_data_buffer(a, max(s, 1)) for a, s in zip(self.addresses, sizes, strict=True)
        ]
        for buffer in self.buffers:
            checked(acl.mdl.add_dataset_buffer(self.handle, buffer))

    def write(self, index: int, data: bytes) -> None:
        if data:
            checked(
                acl.rt.memcpy(
                    self.addresses[index],
                    self.sizes[index],
                    acl.util.bytes_to_ptr(data),
                    len(data),
                    HOST_TO_DEVICE,
                )
            )

    def read(self, index: int, size: int) -> bytes:
        data = bytes(size)
        if data:
            checked(
                acl.rt.memcpy(acl.util.bytes_to_ptr(data), size, self.addresses[index], size, DEVICE_TO_HOST)
            )
        return data

    def free(self) -> None:
        acl.mdl.destroy_dataset(self.handle)
        for buffer, address in zip(self.buffers, self.addresses, strict=True):
            acl.destroy_data_buffer(buffer)
            acl.rt.free(address)


class Model:
    def __init__(self, path: Path) -> None:
        self.id = checked(acl.mdl.load_from_file(str(path)))
        self.desc = acl.mdl.create_desc()
        checked(acl.mdl.get_desc(self.desc, self.id))

    def run(self, arrays: list[np.ndarray], count: int) -> list[np.ndarray]:
        mdl, desc = acl.mdl, self.desc
        if (mdl.get_num_inputs(desc), mdl.get_num_outputs(desc)) != (len(arrays), count):
            raise Failure(
                "acl",
                f"the model has {mdl.get_num_inputs(desc)} inputs and {mdl.get_num_outputs(desc)} outputs",
            )
        for i, array in enumerate(arrays):
            if data_type(mdl.get_input_data_type(desc, i)) != array.dtype:
                raise Failure("type", f"input {i} is {mdl.get_input_data_type(desc, i)}, not {array.dtype}")
        inputs = Dataset([array.nbytes for array in arrays])
        outputs = Dataset([mdl.get_output_size_by_index(desc, i) or OPEN_BYTES for i in range(count)])
        try:
            for i, array in enumerate(arrays):
                inputs.write(i, np.ascontiguousarray(array).tobytes())
            checked(mdl.execute(self.id, inputs.handle, outputs.handle))
            return [self.output(outputs, i) for i in range(count)]
        finally:
            inputs.free()
            outputs.free()

    def output(self, outputs: Dataset, index: int) -> np.ndarray:
        dtype = data_type(acl.mdl.get_output_data_type(self.desc, index))
        dims = checked(acl.mdl.get_output_dims(self.desc, index))["dims"]
        if any(dim < 0 for dim in dims):
            found = acl.mdl.get_dataset_tensor_desc(outputs.handle, index)
            tensor = found[0] if isinstance(found, tuple) else found
            dims = [
                checked(acl.get_tensor_desc_dim_v2(tensor, i))
                for i in range(acl.get_tensor_desc_num_dims(tensor))
            ]
        size = int(np.prod(dims, dtype=np.int64)) * dtype.itemsize
        return np.frombuffer(outputs.read(index, size), dtype).reshape(dims)

    def close(self) -> None:
        acl.mdl.destroy_desc(self.desc)
        acl.mdl.unload(self.id)


def tensor(value) -> np.ndarray:
    if isinstance(value, TensorProto):
        return numpy_helper.to_array(value)
    if value is None or isinstance(value, (list, tuple, dict, str)):
        raise Failure("type", "no tensor")
    array = np.asarray(value)
    if array.dtype.kind in "OSU":
        raise Failure("type", "text")
    return array


def run_case(case, converter: Converter, folder: Path) -> None:
    for value in [*case.model.graph.input, *case.model.graph.output]:
        if not value.type.HasField("tensor_type") or value.type.tensor_type.elem_type == TensorProto.STRING:
            raise Failure("type", "sequence, optional or text")
    path = folder / "case.onnx"
    onnx.save(case.model, path)
    model = Model(converter.convert(path))
    try:
        for given, wanted in case.data_sets:
            expected = [tensor(value) for value in wanted]
            got = model.run([tensor(value) for value in given], len(expected))
            for value, right in zip(got, expected, strict=True):
                if (value.dtype, value.shape) != (right.dtype, right.shape):
                    raise Failure(
                        "wrong", f"{value.dtype}{list(value.shape)}, not {right.dtype}{list(right.shape)}"
                    )
                try:
                    np.testing.assert_allclose(value, right, rtol=RTOL, atol=ATOL)
                except AssertionError as difference:
                    raise Failure("wrong", str(difference)) from None
    finally:
        model.close()


def main() -> None:
    warnings.simplefilter("ignore")
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # Whatever else prints must not mix with the answers.
    cases = load_model_tests(kind="node")
    checked(acl.init())
    checked(acl.rt.set_device(0))
    checked(acl.rt.set_device_sat_mode(1))  # Infinities of half floats stay what they are.
    converter = Converter()
    answers.write(json.dumps([case.name for case in cases]) + "\n")
    answers.flush()
    with tempfile.TemporaryDirectory() as folder:
        for line in sys.stdin:
            case = cases[int(line)]
            try:
                run_case(case, converter, Path(folder))
                answer = ("passed", "")
            except Failure as failure:
                answer = failure.args
            except Exception as failure:
                answer = ("test", repr(failure))
            if converter.process.poll() is not None:
                converter = Converter()
            answers.write(
                json.dumps({"name": case.name, "result": answer[0], "why": answer[1][:1000]}) + "\n"
            )
            answers.flush()


if __name__ == "__main__":
    main()
