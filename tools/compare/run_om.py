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

HOST_TO_DEVICE, DEVICE_TO_HOST = 1, 2
TYPES = {
    0: "float32", 1: "float16", 2: "int8", 3: "int32", 4: "uint8", 6: "int16", 7: "uint16", 8: "uint32",
    9: "int64", 10: "uint64", 11: "float64", 12: "bool",
}  # fmt: skip


def check(ret: int, what: str) -> None:
    if ret != 0:
        sys.exit(f"{what}: {ret}: {acl.get_recent_err_msg()}")


def describe(desc: int) -> list[dict]:
    inputs = []
    for index in range(acl.mdl.get_num_inputs(desc)):
        dims, ret = acl.mdl.get_input_dims(desc, index)
        check(ret, "acl.mdl.get_input_dims")
        kind = TYPES.get(acl.mdl.get_input_data_type(desc, index), "uint8")
        shape, size = dims["dims"], acl.mdl.get_input_size_by_index(desc, index)
        elements = size // np.dtype(kind).itemsize
        # Pictures of some formats for AIPP have fewer samples than their dims say: they are given as they lie.
        if min(shape, default=1) > 0 and math.prod(shape) != elements:
            shape = [elements]
        name = acl.mdl.get_input_name_by_index(desc, index)
        inputs.append({"name": name, "dtype": kind, "shape": shape, "bytes": size})
    return inputs


def dataset(sizes: list[int], arrays: list[np.ndarray]) -> int:
    made = acl.mdl.create_dataset()
    for index, size in enumerate(sizes):
        address, ret = acl.rt.malloc(max(size, 1), 0)
        check(ret, "acl.rt.malloc")
        if arrays:
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
            if given.nbytes != wanted["bytes"]:
                sys.exit(f"input {wanted['name']} takes {wanted['bytes']} bytes, {given.nbytes} are given")
        output_sizes = [
            acl.mdl.get_output_size_by_index(desc, i) for i in range(acl.mdl.get_num_outputs(desc))
        ]
        first = dataset([each["bytes"] for each in inputs], arrays)
        check(acl.mdl.execute(model, first, dataset(output_sizes, [])), "acl.mdl.execute")
    acl.finalize()


if __name__ == "__main__":
    main()
