"""Pictures made larger or smaller, against separable interpolation in NumPy and ONNX Runtime."""

import numpy as np
import onnx
import onnxruntime
from cases import Const, Laid, case, ints, random
from onnx import TensorProto, helper

x = random(1, 2, 5, 6)
nhwc = Laid(np.ascontiguousarray(x.transpose(0, 2, 3, 1)), "NHWC")
nchw = Laid(x, "NCHW")


def lines(size, wanted, coordinates):
    at = np.arange(wanted)
    if coordinates == "align":
        return at * ((size - 1) / (wanted - 1))
    if coordinates == "half":
        return np.maximum((at + 0.5) * size / wanted - 0.5, 0)
    return at * size / wanted


def bilinear(x, height, width, coordinates="plain"):
    parts = []
    for size, wanted in ((x.shape[2], height), (x.shape[3], width)):
        at = lines(size, wanted, coordinates)
        low = np.minimum(at.astype(int), size - 1)
        parts.append((low, np.minimum(low + 1, size - 1), (at - low).astype(np.float32)))
    (y0, y1, dy), (x0, x1, dx) = parts
    rows = x[:, :, y0] * (1 - dy)[:, None] + x[:, :, y1] * dy[:, None]
    return (rows[..., x0] * (1 - dx) + rows[..., x1] * dx).astype(np.float32)


def nearest(x, height, width):
    return x[:, :, np.arange(height) * 5 // height][..., np.arange(width) * 6 // width]


def onnx_resize(x, sizes, **attributes):
    node = helper.make_node("Resize", ["x", "", "", "sizes"], ["y"], **attributes)
    graph = helper.make_graph(
        [node], "resize", [helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [onnx.numpy_helper.from_array(np.int64(sizes), "sizes")],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


def grid_sample(x, grid):
    """Bilinear, zeros outside, corners not aligned."""
    n, c, h, w = x.shape
    out = np.zeros((n, c, *grid.shape[1:3]), np.float64)
    gx, gy = ((grid[..., 0] + 1) * w - 1) / 2, ((grid[..., 1] + 1) * h - 1) / 2
    for dy in (0, 1):
        for dx in (0, 1):
            ix, iy = np.floor(gx).astype(int) + dx, np.floor(gy).astype(int) + dy
            weight = (1 - np.abs(gx - ix)) * (1 - np.abs(gy - iy))
            inside = (ix >= 0) & (ix < w) & (iy >= 0) & (iy < h)
            picked = x[0][:, np.clip(iy[0], 0, h - 1), np.clip(ix[0], 0, w - 1)]
            out[0] += picked * (weight * inside)[0]
    return out.astype(np.float32)


def crops(x, boxes, pictures, height, width, outside, nearest=False):
    out = np.zeros((len(boxes), height, width, x.shape[3]), np.float64)
    for k, (y1, x1, y2, x2) in enumerate(boxes.astype(np.float64)):
        places = []
        for a, b, size, count in ((y1, y2, x.shape[1], height), (x1, x2, x.shape[2], width)):
            parts = np.array([0.5]) if count == 1 else np.arange(count) / (count - 1)
            places.append((a + (b - a) * parts) * (size - 1))
        for i, y in enumerate(places[0]):
            for j, at in enumerate(places[1]):
                if not (0 <= y <= x.shape[1] - 1 and 0 <= at <= x.shape[2] - 1):
                    out[k, i, j] = outside
                elif nearest:
                    out[k, i, j] = x[pictures[k], int(np.rint(y)), int(np.rint(at))]
                else:
                    top, left = int(y), int(at)
                    bottom, right = min(top + 1, x.shape[1] - 1), min(left + 1, x.shape[2] - 1)
                    picture, dy, dx = x[pictures[k]].astype(np.float64), y - top, at - left
                    upper = picture[top, left] * (1 - dx) + picture[top, right] * dx
                    lower = picture[bottom, left] * (1 - dx) + picture[bottom, right] * dx
                    out[k, i, j] = upper * (1 - dy) + lower * dy
    return out.astype(np.float32)


pictures = random(2, 6, 5, 3, low=0, high=20)
boxes = np.float32([[0, 0, 1, 1], [0.1, 0.7, 0.9, 0.2], [-0.3, 0.2, 0.5, 1.4]])
grid = random(1, 4, 3, 2, low=-1.2, high=1.2)
size = ints(9, 11, dtype=np.int32)
modes = [("nearest", "asymmetric", "floor"), ("nearest", "half_pixel", "round_prefer_floor"),
         ("linear", "half_pixel", "floor"), ("linear", "align_corners", "floor"), ("linear", "pytorch_half_pixel", "floor"),
         ("cubic", "half_pixel", "floor")]  # fmt: skip

CASES = [
    *[case("CropAndResize", [Laid(pictures, "NHWC"), boxes, np.int32([1, 0, 1]), ints(*wanted, dtype=np.int32)],
           crops(pictures, boxes, [1, 0, 1], *wanted, -2), extrapolation_value=-2.0) for wanted in ((4, 3), (1, 2))],
    case("CropAndResize", [Laid(np.ascontiguousarray(pictures.transpose(0, 3, 1, 2)), "NCHW"), boxes, np.int32([0, 0, 1]),
                           ints(5, 5, dtype=np.int32)], crops(pictures, boxes, [0, 0, 1], 5, 5, 0).transpose(0, 3, 1, 2), "nchw"),
    case("CropAndResizeV2", [Laid((pictures * 9).astype(np.uint8), "NHWC"), boxes + np.float32(0.03), np.int32([0, 1, 1]), ints(3, 4, dtype=np.int32)],
         crops((pictures * 9).astype(np.uint8), boxes + np.float32(0.03), [0, 1, 1], 3, 4, 0, True), "nearest", method="nearest"),
    *[case("ResizeBicubic", [nchw, size], onnx_resize(x, [1, 2, 9, 11], mode="cubic",
           coordinate_transformation_mode=name), name, **flags)
      for name, flags in (("asymmetric", {}), ("align_corners", {"align_corners": True}))],
    case("ResizeBicubic", [nhwc, size], onnx_resize(x, [1, 2, 9, 11], mode="cubic", cubic_coeff_a=-0.5).transpose(0, 2, 3, 1),
         "half-nhwc", half_pixel_centers=True),
    case("ResizeBilinearV2", [nchw, size], bilinear(x, 9, 11)),
    case("ResizeBilinearV2", [nchw, size], bilinear(x, 9, 11, "align"), "corners", align_corners=True),
    case("ResizeBilinearV2", [nchw, size], bilinear(x, 9, 11, "half"), "half", half_pixel_centers=True),
    case("ResizeBilinearV2", [nhwc, size], bilinear(x, 9, 11).transpose(0, 2, 3, 1), "nhwc"),
    case("ResizeBilinearV2D", nchw, bilinear(x, 3, 4), "smaller", size=[3, 4]),
    case("ResizeNearestNeighborV2", [nchw, size], nearest(x, 9, 11)),
    case("ResizeNearestNeighborV2D", nchw, nearest(x, 10, 12), size=[10, 12]),
    case("Upsample", x, 1.5 * x.repeat(2, 2).repeat(3, 3), scale=1.5, stride_h=2, stride_w=3),
    case("Interp", x, bilinear(x, 9, 11, "align"), height=9, width=11),
    *[case("Resize", [x, None, None, ints(1, 2, 8, 9)],
           onnx_resize(x, [1, 2, 8, 9], mode=mode, coordinate_transformation_mode=coordinates, nearest_mode=rounding),
           f"{mode}-{coordinates}", mode=mode, coordinate_transformation_mode=coordinates, nearest_mode=rounding)
      for mode, coordinates, rounding in modes],
    case("Resize", [x, None, Const(np.float32([1, 1, 2, 2]))], x.repeat(2, 2).repeat(2, 3), "scales",
         coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
    case("ResizeD", x, onnx_resize(x, [1, 2, 8, 9], mode="linear"), sizes=[8, 9], mode="linear"),
    case("GridSampler2D", [x, grid], grid_sample(x, grid)),
]  # fmt: skip


def test_resize(suite, row):
    suite.check(row)


for _row in CASES:
    _row.expected = [np.asarray(each, np.float32) for each in _row.expected]
