"""Boxes and pooling over regions."""

import numpy as np
import onnxruntime
from cases import Const, case, ints, random
from onnx import helper

x = random(1, 2, 8, 8)
image = random(1, 3, 32, 32)
rois = np.float32([[0, 0, 0, 15, 15], [0, 4, 8, 27, 31]])


def priors():
    boxes = []
    for y in range(8):
        for column in range(8):
            cx, cy = (column + 0.5) * 4, (y + 0.5) * 4
            for w, h in (
                (6, 6),
                (np.sqrt(60), np.sqrt(60)),
                (6 * np.sqrt(2), 6 / np.sqrt(2)),
                (6 / np.sqrt(2), 6 * np.sqrt(2)),
            ):
                boxes.append([(cx - w / 2) / 32, (cy - h / 2) / 32, (cx + w / 2) / 32, (cy + h / 2) / 32])
    corners = np.float32(boxes).ravel()
    return np.stack([corners, np.tile(np.float32([0.1, 0.1, 0.2, 0.2]), len(boxes))])[None]


def roi_pool(x, rois, size, scale):
    out = np.zeros((len(rois), x.shape[1], size, size), np.float32)
    for r, roi in enumerate(rois):
        x1, y1, x2, y2 = (int(np.floor(v * scale + 0.5)) for v in roi[1:])
        h, w = max(y2 - y1 + 1, 1), max(x2 - x1 + 1, 1)
        for i in range(size):
            for j in range(size):
                top, bottom = y1 + int(np.floor(i * h / size)), y1 + int(np.ceil((i + 1) * h / size))
                left, right = x1 + int(np.floor(j * w / size)), x1 + int(np.ceil((j + 1) * w / size))
                part = x[int(roi[0]), :, max(top, 0) : min(bottom, 8), max(left, 0) : min(right, 8)]
                out[r, :, i, j] = part.max((1, 2)) if part.size else 0
    return out


def ps_roi_pool(x, rois, dim, group, scale):
    out = np.zeros((len(rois), dim, group, group), np.float32)
    for r, roi in enumerate(rois):
        x1, y1 = np.round(roi[1]) * scale, np.round(roi[2]) * scale
        x2, y2 = (np.round(roi[3]) + 1) * scale, (np.round(roi[4]) + 1) * scale
        h, w = max(y2 - y1, 0.1) / group, max(x2 - x1, 0.1) / group
        for i in range(group):
            for j in range(group):
                top, bottom = max(int(np.floor(i * h + y1)), 0), min(int(np.ceil((i + 1) * h + y1)), 8)
                left, right = max(int(np.floor(j * w + x1)), 0), min(int(np.ceil((j + 1) * w + x1)), 8)
                for c in range(dim):
                    part = x[0, (c * group + i) * group + j, top:bottom, left:right]
                    out[r, c, i, j] = part.mean() if part.size else 0
    return out


def iou(a, b):
    inter = np.maximum(0, np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])).prod()
    area = (a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - inter
    return inter / area


def detections(loc, conf, anchors, keep, threshold=0.4, overlap=0.45):
    """Corner code, two classes, the first is the background."""
    corners = anchors[0, 0].reshape(-1, 4) + loc.reshape(-1, 4) * anchors[0, 1].reshape(-1, 4)
    scores = conf.reshape(-1, 2)[:, 1]
    kept = []
    for k in np.argsort(-scores):
        if scores[k] > threshold and all(iou(corners[k], corners[o]) <= overlap for o in kept):
            kept.append(k)
    return np.float32([[0, 1, scores[k], *corners[k]] for k in kept[:keep]])


def kept(boxes, scores, most, overlap, least=-np.inf):
    corners = np.concatenate(
        [np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])], 1
    )
    found = []
    for k in np.argsort(-scores):
        if (
            scores[k] > least
            and len(found) < most
            and all(iou(corners[k], corners[o]) <= overlap for o in found)
        ):
            found.append(k)
    return np.int32(found)


def onnx_run(kind, inputs, opset, **attributes):
    names = [f"i{k}" for k in range(len(inputs))]
    type_of = helper.np_dtype_to_tensor_dtype
    graph = helper.make_graph(
        [helper.make_node(kind, names, ["y"], **attributes)], kind,
        [helper.make_tensor_value_info(name, type_of(each.dtype), each.shape) for name, each in zip(names, inputs, strict=True)],
        [helper.make_tensor_value_info("y", type_of(np.dtype(np.int64 if kind.startswith("Non") else np.float32)), None)],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, dict(zip(names, inputs, strict=True)))[0]


def proposals(chances, shifts, height, width, before, after, overlap):
    """Faster R-CNN: anchors around each place, moved, clipped, the best of them that do not overlap."""
    anchors = []
    for ratio in (0.5, 1, 2):
        w = np.round(np.sqrt(256 / ratio))
        h = np.round(w * ratio)
        for scale in (2, 4):
            ws, hs = w * scale, h * scale
            anchors.append([7.5 - (ws - 1) / 2, 7.5 - (hs - 1) / 2, 7.5 + (ws - 1) / 2, 7.5 + (hs - 1) / 2])
    count, rows, columns = len(anchors), *chances.shape[2:]
    boxes = []
    for y, x, a in np.ndindex(rows, columns, count):
        x1, y1, x2, y2 = np.array(anchors[a]) + 16 * np.array([x, y, x, y])
        dx, dy, dw, dh = shifts[0, 4 * a : 4 * a + 4, y, x]
        w, h = x2 - x1 + 1, y2 - y1 + 1
        cx, cy = x1 + w / 2 + dx * w, y1 + h / 2 + dy * h
        w, h = w * np.exp(dw), h * np.exp(dh)
        box = np.clip([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], 0, [width - 1, height - 1] * 2)
        big = box[2] - box[0] + 1 >= 16 and box[3] - box[1] + 1 >= 16
        boxes.append((chances[0, count + a, y, x] if big else 0.0, box))
    order = sorted(range(len(boxes)), key=lambda k: -boxes[k][0])[:before]
    found = []

    def area(box):
        return np.prod(np.maximum(box[2:] - box[:2] + 1, 0))

    for k in order:
        box = boxes[k][1]
        shared = [
            area(np.concatenate([np.maximum(box[:2], o[:2]), np.minimum(box[2:], o[2:])])) for o in found
        ]
        if (
            all(s / (area(box) + area(o) - s) <= overlap for s, o in zip(shared, found, strict=True))
            and len(found) < after
        ):
            found.append(box)
    out = np.zeros((1, 5, after), np.float32)
    out[0, 1:, : len(found)] = np.float32(found).T
    return [out, np.full((1, 8), len(found), np.int32)]


chances, shifts = random(1, 12, 6, 7, low=0.01, high=1), random(1, 24, 6, 7, low=-0.3, high=0.3)
spread = random(12, 4, low=0, high=1)
points = random(12, low=0, high=1)
by_batch, scores = random(2, 9, 4, low=0, high=1), random(2, 3, 9, low=0, high=1)
anchors = np.stack([np.float32([[a, b, a + 0.3, b + 0.3] for a in (0.1, 0.15, 0.6) for b in (0.1, 0.5)]).ravel(),
                    np.tile(np.float32([0.1, 0.1, 0.2, 0.2]), 6)])[None]  # fmt: skip
loc = random(1, 24, low=-0.5, high=0.5)
conf = np.stack([1 - random(6, low=0.2, high=0.95), random(6, low=0.2, high=0.95)], 1).reshape(1, 12)
found = detections(loc, conf, anchors, 5)
rows = np.zeros((1, 128, 8), np.float32)
rows[0, : len(found), :7] = found
plain = np.full((1, 1, 5, 7), 0, np.float32)
plain[0, 0, : len(found)] = found
plain[0, 0, len(found) : len(found) + 1, 0] = -1
SSD = {"num_classes": 2, "iou_threshold": 0.45, "top_k": 6, "keep_top_k": 5, "confidence_threshold": 0.4}

CASES = [
    case("NonMaxSuppression", [spread, points, ints(4, dtype=np.int32)], kept(spread, points, 4, 0.4), iou_threshold=0.4),
    case("NonMaxSuppressionV3", [spread, points, ints(20, dtype=np.int32), np.float32(0.3), np.float32(0.25)],
         kept(spread, points, 20, 0.3, 0.25)),
    *[case(kind, [by_batch, scores, ints(3, dtype=np.int32), np.float32([0.4]), np.float32([0.2])],
           onnx_run("NonMaxSuppression", [by_batch, scores, np.int64([3]), np.float32([0.4]), np.float32([0.2])], 11,
                    center_point_box=centre).astype(np.int32), str(centre), center_point_box=centre)
      for kind in ("NonMaxSuppressionV6", "NonMaxSuppressionV7") for centre in (0, 1)],
    *[case("ROIAlign", [x, rois], onnx_run("RoiAlign", [x, rois[:, 1:] + edge, np.int64([0, 0])], 16, output_height=3,
           output_width=2, sampling_ratio=2, spatial_scale=0.25, mode=mode, coordinate_transformation_mode=where),
           f"{mode}-{end}", spatial_scale=0.25, pooled_height=3, pooled_width=2, sample_num=2, roi_end_mode=end, pool_mode=mode)
      for end, edge, where in ((0, 0, "output_half_pixel"), (1, np.float32([0, 0, 1, 1]), "output_half_pixel"),
                               (2, 0, "half_pixel")) for mode in ("avg",)],
    case("Proposal", [chances, shifts, np.float32([[96, 112, 1]])], proposals(chances, shifts, 96, 112, 20, 6, 0.6),
         feat_stride=16.0, base_size=16.0, min_size=16.0, ratio=[0.5, 1.0, 2.0], scale=[2.0, 4.0], pre_nms_topn=20,
         post_nms_topn=6, iou_threshold=0.6, within=1e-3),
    case("PriorBox", [x, image], priors(), min_size=[6.0], max_size=[10.0], aspect_ratio=[2.0],
         variance=[0.1, 0.1, 0.2, 0.2]),
    case("ROIPooling", [x, rois], roi_pool(x, rois, 3, 0.25), pooled_h=3, pooled_w=3, spatial_scale_h=0.25,
         spatial_scale_w=0.25),
    case("ROIPooling", [x, rois.T[None].copy()], roi_pool(x, rois, 3, 0.25), "ge-form", pooled_h=3, pooled_w=3,
         spatial_scale_h=0.25, spatial_scale_w=0.25),
    case("PSROIPooling", [random(1, 12, 8, 8), rois], ps_roi_pool(random(1, 12, 8, 8), rois, 3, 2, 0.25), output_dim=3,
         group_size=2, spatial_scale=0.25),
    case("SSDDetectionOutput", [loc, conf, Const(anchors)], [np.int32([[len(found)] + [0] * 7]), rows], **SSD),
    case("DetectionOutput", [loc, conf, Const(anchors)], plain, **SSD),
    case("ContinuationIndicator", [], np.float32([[0, 0], [1, 1], [1, 1]]), time_step=3, batch_size=2),
]  # fmt: skip


def test_detection(suite, row):
    suite.check(row)
