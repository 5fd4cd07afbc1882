"""Writes AIR files: graphs of GE operators as ge.proto.ModelDef, with the schema of src/om/ge_ir.proto."""

import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import ml_dtypes
import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

SCHEMA = Path(__file__).resolve().parents[2] / "src" / "om" / "ge_ir.proto"

# Number in ge.proto.DataType, and the number that attributes such as dst_type use (aclDataType).
TYPES = {
    np.dtype(np.float32): (1, 0),
    np.dtype(np.float16): (2, 1),
    np.dtype(np.int8): (3, 2),
    np.dtype(np.uint8): (4, 4),
    np.dtype(np.int16): (5, 6),
    np.dtype(np.uint16): (6, 7),
    np.dtype(np.int32): (7, 3),
    np.dtype(np.int64): (8, 9),
    np.dtype(np.uint32): (9, 8),
    np.dtype(np.uint64): (10, 10),
    np.dtype(np.bool_): (11, 12),
    np.dtype(np.float64): (12, 11),
    np.dtype(ml_dtypes.bfloat16): (27, 27),
}


@cache
def model_def() -> type:
    """The message class, made from the schema by protoc."""
    protoc = shutil.which("protoc")
    assert protoc, "protoc is missing; ./dev installs it"
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "schema"
        command = [protoc, f"--descriptor_set_out={target}", f"-I{SCHEMA.parent}", SCHEMA.name]
        subprocess.run(command, check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(target.read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("ge.proto.ModelDef"))


class Air:
    """One graph; nodes are added in order."""

    def __init__(self, name: str = "net") -> None:
        self.model = model_def()(name=name, version=1)
        self.graph = self.model.graph.add(name=name)
        self.inputs = 0
        self.outputs: list[str] = []

    def data(self, name: str, array: np.ndarray, layout: str = "ND") -> str:
        op = self.graph.op.add(name=name, type="Data")
        op.attr["index"].i = self.inputs
        self.inputs += 1
        for descs in (op.input_desc, op.output_desc):
            self._describe(descs.add(name="x"), array, layout)
        return f"{name}:0"

    def const(self, name: str, array: np.ndarray, layout: str = "ND") -> str:
        op = self.graph.op.add(name=name, type="Const")
        tensor = op.attr["value"].t
        self._describe(tensor.desc, array, layout)
        tensor.data = np.ascontiguousarray(array).tobytes()
        self._describe(op.output_desc.add(name="y"), array, layout)
        return f"{name}:0"

    def node(self, name, kind, inputs, outputs=1, layouts=(), **attributes) -> list[str]:
        op = self.graph.op.add(name=name, type=kind, input=[each or "" for each in inputs])
        for i in range(len(inputs)):
            op.input_desc.add(layout=layouts[i] if i < len(layouts) else "ND")
        for _ in range(outputs):
            op.output_desc.add(layout="ND")
        for key, value in attributes.items():
            set_attribute(op.attr[key], value)
        return [f"{name}:{i}" for i in range(outputs)]

    def output(self, *edges: str) -> None:
        self.outputs.extend(edges)

    def bytes(self) -> bytes:
        end = self.graph.op.add(name="Node_Output", type="NetOutput", input=self.outputs)
        for _ in self.outputs:
            end.input_desc.add()
        data = self.model.SerializeToString()
        self.graph.op.remove(end)
        return data

    @staticmethod
    def _describe(desc, array: np.ndarray, layout: str) -> None:
        desc.dtype = TYPES[array.dtype][0]
        desc.layout = layout
        desc.shape.dim.extend(array.shape)


def set_attribute(attribute, value) -> None:
    if isinstance(value, bool):
        attribute.b = value
    elif isinstance(value, (int, np.integer)):
        attribute.i = int(value)
    elif isinstance(value, float):
        attribute.f = value
    elif isinstance(value, str):
        attribute.s = value.encode()
    elif isinstance(value, (type, np.dtype)):
        attribute.dt = TYPES[np.dtype(value)][1]
    elif value and isinstance(value[0], (list, tuple)):
        for inner in value:
            attribute.list_list_int.list_list_i.add(list_i=inner)
    elif value and isinstance(value[0], float):
        attribute.list.val_type = 3
        attribute.list.f.extend(value)
    elif value and isinstance(value[0], str):
        attribute.list.val_type = 1
        attribute.list.s.extend(each.encode() for each in value)
    else:
        attribute.list.val_type = 2
        attribute.list.i.extend(int(each) for each in value)
