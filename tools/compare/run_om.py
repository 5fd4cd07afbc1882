"""Runs an offline model once, and dumps every layer: run_om.py MODEL --describe | --inputs X.npz --dump FOLDER."""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from pathlib import Path

import acl
import numpy as np

HOST_TO_DEVICE = 1
GEAR_INPUT, AIPP_INPUT = "ascend_mbatch_shape_data", "ascend_dynamic_aipp_data"
TYPES = {
    0: "float32", 1: "float16", 2: "int8", 3: "int32", 4: "uint8", 6: "int16", 7: "uint16", 8: "uint32",
    9: "int64", 10: "uint64", 11: "float64", 12: "bool",
}  # fmt: skip


def check(ret: int, what: str) -> None:
    if ret != 0:
        sys.exit(f"{what}: {ret}: {acl.get_recent_err_msg()}")


def describe(desc: int) -> list[dict]:
    """The inputs that hold data. An open dim is -1; `usual` has the sizes of the first gear instead, or 1."""
    inputs = []
    for index in range(acl.mdl.get_num_inputs(desc)):
        name = acl.mdl.get_input_name_by_index(desc, index)
        if name == GEAR_INPUT:
            continue
        if name.startswith(AIPP_INPUT):
            sys.exit("the parameters of dynamic AIPP are unknown; compare models without it")
        dims, ret = acl.mdl.get_input_dims(desc, index)
        check(ret, "acl.mdl.get_input_dims")
        kind = TYPES.get(acl.mdl.get_input_data_type(desc, index), "uint8")
        shape, size = dims["dims"], acl.mdl.get_input_size_by_index(desc, index)
        elements = size // np.dtype(kind).itemsize
        # Pictures of some formats for AIPP have fewer samples than their dims say: they are given as they lie.
        if min(shape, default=1) > 0 and math.prod(shape) != elements:
            shape = [elements]
        inputs.append({"name": name, "dtype": kind, "shape": shape, "bytes": size})
    sizes = iter(first_gear(desc))
    for each in inputs:
        each["usual"] = [next(sizes, 1) if dim == -1 else dim for dim in each["shape"]]
    return inputs


def first_gear(desc: int) -> list[int]:
    """The sizes of the open dims in it, in the order of the inputs."""
    batches, ret = acl.mdl.get_dynamic_batch(desc)
    check(ret, "acl.mdl.get_dynamic_batch")
    if batches["batchCount"]:
        return batches["batch"][:1] * acl.mdl.get_num_inputs(desc)
    images, ret = acl.mdl.get_dynamic_hw(desc, -1)
    check(ret, "acl.mdl.get_dynamic_hw")
    if images["hwCount"]:
        return list(images["hw"][0]) * acl.mdl.get_num_inputs(desc)
    count, ret = acl.mdl.get_input_dynamic_gear_count(desc, -1)
    check(ret, "acl.mdl.get_input_dynamic_gear_count")
    if not count:
        return []
    gears, ret = acl.mdl.get_input_dynamic_dims(desc, -1, count)
    check(ret, "acl.mdl.get_input_dynamic_dims")
    shapes = [dim for i in range(acl.mdl.get_num_inputs(desc)) for dim in open_shape(desc, i)]
    return [size for size, dim in zip(gears[0]["dims"], shapes, strict=False) if dim == -1]


def open_shape(desc: int, index: int) -> list[int]:
    dims, ret = acl.mdl.get_input_dims(desc, index)
    check(ret, "acl.mdl.get_input_dims")
    return dims["dims"]


def set_shapes(model: int, desc: int, inputs: int, arrays: list[np.ndarray]) -> None:
    """Tells the model the shapes of the arrays where it leaves them open."""
    shapes = [open_shape(desc, i) for i in range(len(arrays))]
    opened = [size for a, dims in zip(arrays, shapes, strict=True) for size, dim in zip(a.shape, dims, strict=False) if dim == -1]  # fmt: skip
    if not opened:
        return
    names = [acl.mdl.get_input_name_by_index(desc, i) for i in range(acl.mdl.get_num_inputs(desc))]
    if GEAR_INPUT not in names:
        for index, array in enumerate(arrays):
            if -1 in shapes[index]:
                kind = acl.mdl.get_input_data_type(desc, index)
                layout = acl.mdl.get_input_format(desc, index)
                shape = acl.create_tensor_desc(kind, list(array.shape), layout)
                check(
                    acl.mdl.set_dataset_tensor_desc(inputs, shape, index)[1],
                    "acl.mdl.set_dataset_tensor_desc",
                )
        return
    at = names.index(GEAR_INPUT)
    if acl.mdl.get_dynamic_batch(desc)[0]["batchCount"]:
        check(acl.mdl.set_dynamic_batch_size(model, inputs, at, opened[0]), "acl.mdl.set_dynamic_batch_size")
    elif acl.mdl.get_dynamic_hw(desc, -1)[0]["hwCount"]:
        check(acl.mdl.set_dynamic_hw_size(model, inputs, at, *opened[:2]), "acl.mdl.set_dynamic_hw_size")
    else:
        dims = [size for array in arrays for size in array.shape]
        gear = {"name": "", "dimCount": len(dims), "dims": dims}
        check(acl.mdl.set_input_dynamic_dims(model, inputs, at, gear), "acl.mdl.set_input_dynamic_dims")


def dataset(sizes: list[int], arrays: list[np.ndarray]) -> int:
    """Buffers of these sizes, with the arrays in front. Where a size is 0, the memory comes with the results."""
    made = acl.mdl.create_dataset()
    for index, size in enumerate(sizes):
        address = 0
        if size:
            address, ret = acl.rt.malloc(size, 0)
            check(ret, "acl.rt.malloc")
        if index < len(arrays) and arrays[index].size:
            data = arrays[index].tobytes()
            check(
                acl.rt.memcpy(address, size, acl.util.bytes_to_ptr(data), len(data), HOST_TO_DEVICE),
                "acl.rt.memcpy",
            )
        _, ret = acl.mdl.add_dataset_buffer(made, acl.create_data_buffer(address, size))
        check(ret, "acl.mdl.add_dataset_buffer")
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--describe", action="store_true")
    parser.add_argument("--inputs", type=Path)
    parser.add_argument("--dump", type=Path)
    options = parser.parse_args()
    check(acl.init(), "acl.init")
    check(acl.rt.set_device(0), "acl.rt.set_device")
    if options.dump:
        config = {
            "dump_path": str(options.dump),
            "dump_mode": "output",
            "dump_list": [{"model_name": options.model.stem}],
        }
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({"dump": config}, file)
            file.flush()
            check(acl.mdl.init_dump(), "acl.mdl.init_dump")
            check(acl.mdl.set_dump(file.name), "acl.mdl.set_dump")
    model, ret = acl.mdl.load_from_file(str(options.model))
    check(ret, "acl.mdl.load_from_file")
    desc = acl.mdl.create_desc()
    check(acl.mdl.get_desc(desc, model), "acl.mdl.get_desc")
    inputs = describe(desc)
    if options.describe:
        print(json.dumps(inputs))
    else:
        with np.load(options.inputs, allow_pickle=False) as file:
            arrays = [file[name] for name in file.files]
        for given, wanted in zip(arrays, inputs, strict=True):
            if -1 not in wanted["shape"] and given.nbytes != wanted["bytes"]:
                sys.exit(f"input {wanted['name']} takes {wanted['bytes']} bytes, {given.nbytes} are given")
        input_sizes = [acl.mdl.get_input_size_by_index(desc, i) for i in range(acl.mdl.get_num_inputs(desc))]
        output_sizes = [
            acl.mdl.get_output_size_by_index(desc, i) for i in range(acl.mdl.get_num_outputs(desc))
        ]
        for index, array in enumerate(arrays):
            input_sizes[index] = max(input_sizes[index], array.nbytes)
        given = dataset(input_sizes, arrays)
        set_shapes(model, desc, given, arrays)
        check(acl.mdl.execute(model, given, dataset(output_sizes, [])), "acl.mdl.execute")
    acl.finalize()


if __name__ == "__main__":
    main()
