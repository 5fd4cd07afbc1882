"""Products of matrices and vectors."""

import ml_dtypes
import numpy as np
from cases import case, ints, random

a, b, bias = random(4, 5), random(5, 3), random(3)
p, q = random(2, 4, 5), random(2, 5, 3)
ha, hb = a.astype(np.float16), b.astype(np.float16)
ba, bb = a.astype(ml_dtypes.bfloat16), b.astype(ml_dtypes.bfloat16)
ia, ib = random(4, 5, dtype=np.int8), random(5, 3, dtype=np.int8)
c = random(4, 3)
image = random(2, 3, 4, 5)
w = random(6, 60)
v = random(2, 3)
square = random(3, 3) + 4 * np.eye(3, dtype=np.float32)
p4, r1, r2 = random(2, 3, 2, 8), random(1, 3, 1, 8), random(1, 3, 1, 8, seed=1)
one, two = np.float32([1.5]), np.float32([0.5])

q4, k4, v4 = random(2, 4, 3, 6), random(2, 2, 5, 6), random(2, 2, 5, 6, seed=1)
shift = random(2, 4, 3, 5)
mask = random(2, 1, 3, 5, dtype=np.bool_)
mask[..., 0] = False
LAYOUTS = ("BNSD", "BSND", "BSH", "SBH")


def laid(layout, x):
    """From BNSD to the layout."""
    if layout == "BNSD":
        return x
    x = x.transpose(0, 2, 1, 3) if layout.startswith("BS") else x.transpose(2, 0, 1, 3)
    return np.ascontiguousarray(x if layout == "BSND" else x.reshape(*x.shape[:2], -1))


def attention(layout, q, k, v, mask=None, shift=0):
    k, v = (each.repeat(q.shape[1] // each.shape[1], 1).astype(np.float32) for each in (k, v))
    scores = (q.astype(np.float32) @ k.swapaxes(2, 3) + shift) * np.float32(0.5)
    if mask is not None:
        scores = np.where(mask, np.finfo(np.float32).min, scores)
    largest = scores.max(3, keepdims=True)
    powers = np.exp(scores - largest)
    total = powers.sum(3, keepdims=True)
    y = laid(layout, (powers / total @ v).astype(q.dtype))
    return [np.tile(largest, 8), np.tile(total, 8), np.zeros(1, q.dtype), y]


CASES = [
    *[case(kind, [a, b], a @ b) for kind in ("MatMul", "MatMulV2", "MatMulV3")],
    case("MatMul", [a[:, :0], b[:0]], np.zeros((a.shape[0], b.shape[1]), np.float32), "over-nothing"),
    case("MatMul", [a, b, bias], a @ b + bias, "bias"),
    case("MatMulV2", [a.T.copy(), b.T.copy()], a @ b, "transposed", transpose_x1=True, transpose_x2=True),
    case("MatMulV2", [ha, hb], (ha.astype(np.float32) @ hb.astype(np.float32)).astype(np.float16), within=1e-2),
    case("MatMulV2", [ba, bb], (ba.astype(np.float32) @ bb.astype(np.float32)).astype(ml_dtypes.bfloat16), within=0.1),
    case("MatMulV2", [ia, ib], ia.astype(np.int32) @ ib.astype(np.int32)),
    *[case(kind, [p, q], p @ q) for kind in ("BatchMatMul", "BatchMatMulV2", "BatchMatMulV3")],
    case("BatchMatMul", [p.swapaxes(1, 2).copy(), q], p @ q, "adjoint", adj_x1=True),
    case("BatchMatMulV2", [p, q[0], bias], p @ q[0] + bias, "broadcast"),
    case("GEMM", [a, b, c, one, two], 1.5 * (a @ b) + np.float32(0.5) * c),
    case("GEMM", [a.T.copy(), b, c, one, two], 1.5 * (a @ b) + np.float32(0.5) * c, "transposed", transpose_a=True),
    case("FullyConnection", [image, w], image.reshape(2, -1) @ w.T, num_output=6),
    case("FullyConnection", [image, random(7, 20), random(7)], image.reshape(2, 3, 20) @ random(7, 20).T + random(7),
         "axis2", num_output=7, axis=2),
    case("FullyConnection", [image, w.T.copy()], image.reshape(2, -1) @ w.T, "transposed", num_output=6,
         transpose=True),
    case("FullyConnection", [image, w.reshape(6, 3, 4, 5)], image.reshape(2, -1) @ w.T, "plane", num_output=6),
    case("Einsum", [p, q], np.einsum("bij,bjk->bik", p, q), equation="bij,bjk->bik", N=2),
    *[case("FlashAttentionScore", [laid(layout, q4), laid(layout, k4), laid(layout, v4), None, None, None, mask],
           attention(layout, q4, k4, v4, mask), layout, input_layout=layout, head_num=4, scale_value=0.5)
      for layout in LAYOUTS],
    case("FlashAttentionScore", [q4, k4, v4, shift], attention("BNSD", q4, k4, v4, shift=shift), "shift", input_layout="BNSD",
         head_num=4, scale_value=0.5),
    case("FlashAttentionScore", [q4.astype(np.float16), q4.astype(np.float16), q4.astype(np.float16)],
         attention("BNSD", *[q4.astype(np.float16)] * 3), "half", input_layout="BNSD", head_num=4, scale_value=0.5, within=5e-3),
    case("Dot", [bias, random(3, seed=4)], np.dot(bias, random(3, seed=4))),
    case("Mv", [a, random(5)], a @ random(5)),
    case("MatrixDiag", v, np.stack([np.diag(row) for row in v])),
    case("MatrixDiagPart", p, np.stack([np.diag(each) for each in p])),
    case("MatrixDiagPart", q, np.stack([np.diag(each) for each in q]), "tall"),
    case("MatrixBandPart", [p, ints(1), ints(-1)], np.triu(p, -1)),
    case("MatrixBandPart", [p, ints(0), ints(2)], np.tril(np.triu(p), 2), "both"),
    case("MatrixSetDiag", [random(2, 3, 3), v], np.where(np.eye(3, dtype=bool), v[:, :, None], random(2, 3, 3))),
    case("Diag", bias, np.diag(bias)),
    case("DiagPart", square, np.diag(square)),
    case("Trace", square, np.trace(square)),
    case("RotaryMul", [p4, r1, r2], p4 * r1 + np.concatenate([-p4[..., 4:], p4[..., :4]], -1) * r2),
    case("MatrixInverse", square, np.linalg.inv(square)),
    case("Cross", [random(4, 3), random(4, 3, seed=1)], np.cross(random(4, 3), random(4, 3, seed=1))),
    case("Cross", [random(3, 4), random(3, 4, seed=1)], np.cross(random(3, 4), random(3, 4, seed=1), axis=0), "axis0",
         dim=0),
]  # fmt: skip


def test_matrix(suite, row):
    suite.check(row)
