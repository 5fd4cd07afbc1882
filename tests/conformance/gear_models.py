"""Networks with open sizes for the tests of gears and shape ranges, and what runs them."""

from pathlib import Path

import numpy as np
from mdl_models import LoadedModel, atc, save
from onnx import TensorProto, helper

GEAR_INPUT = "ascend_mbatch_shape_data"  # ACL_DYNAMIC_TENSOR_NAME


def picture_network(folder: Path, name: str, batch: int | str, height: int | str, width: int | str) -> Path:
    """features = Conv(image) of the image's size, and pooled = their mean, which has none."""
    random = np.random.default_rng(3)
    return save(
        folder / f"{name}.onnx",
        [
            helper.make_node("Conv", ["image", "kernel"], ["features"], name="conv", pads=[1, 1, 1, 1]),
            helper.make_node("GlobalAveragePool", ["features"], ["pooled"], name="pool"),
        ],
        [("image", TensorProto.FLOAT, (batch, 3, height, width))],
        [
            ("features", TensorProto.FLOAT, (batch, 4, height, width)),
            ("pooled", TensorProto.FLOAT, (batch, 4, 1, 1)),
        ],
        {"kernel": random.standard_normal((4, 3, 3, 3)).astype(np.float32)},
    )


def sequence_network(folder: Path, name: str = "sequence") -> Path:
    """The manual's inputs data (1,1,40,-1), label (1,-1), mask (-1,-1), each with an output of its own."""
    return save(
        folder / f"{name}.onnx",
        [
            helper.make_node("Add", ["data", "data"], ["twice"], name="add"),
            helper.make_node("Neg", ["label"], ["minus"], name="neg"),
            helper.make_node("Transpose", ["mask"], ["turned"], name="turn", perm=[1, 0]),
        ],
        [
            ("data", TensorProto.FLOAT, (1, 1, 40, "a")),
            ("label", TensorProto.FLOAT, (1, "b")),
            ("mask", TensorProto.FLOAT, ("c", "d")),
        ],
        [
            ("twice", TensorProto.FLOAT, (1, 1, 40, "a")),
            ("minus", TensorProto.FLOAT, (1, "b")),
            ("turned", TensorProto.FLOAT, ("d", "c")),
        ],
    )


def batch_model(folder: Path, *gears: int, name: str = "batches") -> tuple[Path, Path]:
    """(onnx, om) with batch gears for images of 6 x 8."""
    onnx_path = picture_network(folder, name, "n", 6, 8)
    listed = ",".join(map(str, gears))
    return onnx_path, atc(onnx_path, "--input_shape=image:-1,3,6,8", f"--dynamic_batch_size={listed}")


def image_model(folder: Path, *gears: tuple[int, int], name: str = "images") -> tuple[Path, Path]:
    """(onnx, om) with gears of (height, width) for batches of 2."""
    onnx_path = picture_network(folder, name, 2, "h", "w")
    listed = ";".join(f"{height},{width}" for height, width in gears)
    return onnx_path, atc(onnx_path, "--input_shape=image:2,3,-1,-1", f"--dynamic_image_size={listed}")


def dims_model(folder: Path, name: str = "sequence") -> tuple[Path, Path]:
    """(onnx, om) of the manual's example of dynamic dims."""
    onnx_path = sequence_network(folder, name)
    return onnx_path, atc(
        onnx_path,
        "--input_shape=data:1,1,40,-1;label:1,-1;mask:-1,-1",
        "--dynamic_dims=20,20,1,1; 40,40,2,2; 80,60,4,4",
        "--input_format=ND",
    )


class GearModel(LoadedModel):
    """A loaded model with gears; its datasets are of the largest gear."""

    @property
    def gear_index(self) -> int:
        index, ret = self.acl.mdl.get_input_index_by_name(self.desc, GEAR_INPUT)
        assert ret == 0, self.acl.get_recent_err_msg()
        return index

    def set_batch(self, batch: int) -> int:
        return self.acl.mdl.set_dynamic_batch_size(self.id, self.inputs.dataset, self.gear_index, batch)

    def set_image(self, height: int, width: int) -> int:
        return self.acl.mdl.set_dynamic_hw_size(self.id, self.inputs.dataset, self.gear_index, height, width)

    def set_dims(self, dims: list[int]) -> int:
        given = {"name": "", "dimCount": len(dims), "dims": dims}
        return self.acl.mdl.set_input_dynamic_dims(self.id, self.inputs.dataset, self.gear_index, given)

    def output_dims(self) -> list[list[int]]:
        count = self.acl.mdl.get_num_outputs(self.desc)
        found = [self.acl.mdl.get_cur_output_dims(self.desc, i) for i in range(count)]
        assert all(ret == 0 for _, ret in found)
        return [dims["dims"] for dims, _ in found]

    def read(self, index: int, shape) -> np.ndarray:
        """The first bytes of an output, as floats of this shape."""
        count = int(np.prod(shape))
        return self.outputs.read(index, np.float32, -1)[:count].reshape(shape)


def range_model(
    folder: Path, shape: str, *, option: str = "--input_shape", name: str = "ranges"
) -> tuple[Path, Path]:
    """(onnx, om) of the picture network with a range of shapes, such as image:1~4,3,-1,2~16."""
    onnx_path = picture_network(folder, name, "n", "h", "w")
    return onnx_path, atc(onnx_path, f"{option}={shape}")


def found_model(folder: Path, name: str = "found") -> tuple[Path, Path]:
    """(onnx, om) with an output whose size depends on the values: where the input is not zero, and the input doubled."""
    onnx_path = save(
        folder / f"{name}.onnx",
        [
            helper.make_node("NonZero", ["x"], ["places"], name="find"),
            helper.make_node("Add", ["x", "x"], ["twice"], name="add"),
        ],
        [("x", TensorProto.FLOAT, (3, 5))],
        [("places", TensorProto.INT64, (2, "count")), ("twice", TensorProto.FLOAT, (3, 5))],
    )
    return onnx_path, atc(onnx_path)
