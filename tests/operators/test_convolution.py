"""Convolutions and their transposes, against sums over windows in NumPy."""

import numpy as np
from cases import Const, Laid, case, ints, random


def convolve(x, w, stride=(1, 1), pads=(0, 0, 0, 0), dilation=(1, 1), groups=1):
    """NCHW, OIHW; pads top, bottom, left, right."""
    x = np.pad(x.astype(np.float64), ((0, 0), (0, 0), pads[:2], pads[2:]))
    kh, kw = w.shape[2:]
    eh, ew = (kh - 1) * dilation[0] + 1, (kw - 1) * dilation[1] + 1
    windows = np.lib.stride_tricks.sliding_window_view(x, (eh, ew), (2, 3))
    windows = windows[:, :, :: stride[0], :: stride[1], :: dilation[0], :: dilation[1]]
    parts = []
    for g in range(groups):
        inputs, outputs = w.shape[1], w.shape[0] // groups
        part = windows[:, g * inputs : (g + 1) * inputs]
        parts.append(
            np.einsum("nchwij,ocij->nohw", part, w[g * outputs : (g + 1) * outputs].astype(np.float64))
        )
    return np.concatenate(parts, 1)


def transposed(x, w, stride=(1, 1), pads=(0, 0, 0, 0), groups=1, more=(0, 0)):
    """NCHW, IOHW: each element adds a window to the result."""
    n, c, h, width = x.shape
    outputs, kh, kw = w.shape[1], *w.shape[2:]
    full = np.zeros(
        (n, outputs * groups, (h - 1) * stride[0] + kh + more[0], (width - 1) * stride[1] + kw + more[1])
    )
    for g in range(groups):
        for k in range(c // groups):
            channel = g * (c // groups) + k
            for i in range(h):
                for j in range(width):
                    window = x[:, channel, i, j][:, None, None, None] * w[channel][None]
                    rows = slice(i * stride[0], i * stride[0] + kh)
                    columns = slice(j * stride[1], j * stride[1] + kw)
                    full[:, g * outputs : (g + 1) * outputs, rows, columns] += window
    return full[:, :, pads[0] : full.shape[2] - pads[1], pads[2] : full.shape[3] - pads[3]]


def f32(x):
    return x.astype(np.float32)


def first(x):
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2))


def last(x):
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1))


x, w, bias = random(2, 4, 7, 8), random(6, 4, 3, 2), random(6)
grouped, depth = random(6, 2, 3, 3), random(4, 1, 3, 3)
hwcn = Const(np.ascontiguousarray(w.transpose(2, 3, 1, 0)), "HWCN")
nchw, nhwc = Laid(x, "NCHW"), Laid(last(x), "NHWC")
iohw = random(4, 3, 3, 3)
xi, wi = random(1, 4, 5, 5, dtype=np.int8), random(3, 4, 2, 2, dtype=np.int8)
x3, w3 = random(1, 2, 4, 5, 6), random(3, 2, 2, 2, 3)


def convolve3(x, w):
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2:], (2, 3, 4))
    return f32(np.einsum("ncdhwijk,ocijk->nodhw", windows, w))


def last3(x):
    return np.ascontiguousarray(x.transpose(0, 2, 3, 4, 1))


def transposed3(x, w, more):
    """Steps 2, 1, 2; one less at the front of the first dim and at the end of the second; `more` at the end of the last."""
    n, _, d, h, width = x.shape
    full = np.zeros(
        (n, w.shape[1], 2 * d - 2 + w.shape[2], h - 1 + w.shape[3], 2 * width - 2 + w.shape[4] + more)
    )
    for i, j, k in np.ndindex(d, h, width):
        part = np.einsum("nc,coxyz->noxyz", x[:, :, i, j, k], w)
        full[:, :, 2 * i : 2 * i + w.shape[2], j : j + w.shape[3], 2 * k : 2 * k + w.shape[4]] += part
    return full[:, :, 1:, : full.shape[3] - 1]


def deformed(x, w, offsets, modulated):
    """Windows of 3 by 2, one row above, one column behind; offsets along x, along y, weights."""
    n, _, h, width = x.shape
    kh, kw = w.shape[2:]
    out_h, out_w = h + 1 - kh + 1, width + 1 - kw + 1
    out = np.zeros((n, w.shape[0], out_h, out_w))
    along_x, along_y, weights = np.split(offsets.astype(np.float64), 3, 1)

    def at(b, y, column):
        inside = 0 <= y < h and 0 <= column < width
        return x[b, :, y, column].astype(np.float64) if inside else 0

    for b, i, j, ky, kx in np.ndindex(n, out_h, out_w, kh, kw):
        place = ky * kw + kx
        y, column = i - 1 + ky + along_y[b, place, i, j], j + kx + along_x[b, place, i, j]
        top, left = int(np.floor(y)), int(np.floor(column))
        value = sum(at(b, top + dy, left + dx) * (1 - abs(y - top - dy)) * (1 - abs(column - left - dx))
                    for dy in (0, 1) for dx in (0, 1))  # fmt: skip
        out[b, :, i, j] += w[:, :, ky, kx] @ (
            value * (weights[b, place, i, j] if modulated else 1) * np.ones(x.shape[1])
        )
    return out


moves = np.concatenate([random(2, 12, 6, 8, low=-1.5, high=1.5), random(2, 6, 6, 8, low=0, high=1)], 1)
iodhw = random(2, 3, 2, 3, 3)

PLAIN = {"strides": [1, 1, 1, 1], "pads": [0, 0, 0, 0], "data_format": "NCHW"}
STRIDE = {"strides": [1, 1, 2, 1], "pads": [1, 0, 1, 2], "data_format": "NCHW"}

CASES = [
    case("Conv2D", [nchw, Const(w, "NCHW")], f32(convolve(x, w)), **PLAIN),
    case("Conv2D", [nchw, Const(w, "NCHW"), Const(bias)], f32(convolve(x, w) + bias[:, None, None]), "bias", **PLAIN),
    case("Conv2D", [nchw, Const(w, "NCHW")], f32(convolve(x, w, (2, 1), (1, 0, 1, 2))), "stride-pad", **STRIDE),
    case("Conv2D", [nchw, Const(w, "NCHW")], f32(convolve(x, w, dilation=(2, 3))), "dilated", **PLAIN,
         dilations=[1, 1, 2, 3]),
    case("Conv2D", [nchw, Const(grouped, "NCHW")], f32(convolve(x, grouped, groups=2)), "groups", **PLAIN, groups=2),
    case("Conv2D", [nchw, hwcn], f32(convolve(x, w)), "filter-hwcn", **PLAIN),
    case("Conv2D", [nhwc, hwcn], f32(last(convolve(x, w, (2, 1), (1, 0, 1, 2)))), "nhwc", strides=[1, 2, 1, 1],
         pads=[1, 0, 1, 2], data_format="NHWC"),
    case("Conv2D", [Laid(x.astype(np.float16), "NCHW"), Const(w.astype(np.float16), "NCHW")],
         convolve(x.astype(np.float16), w.astype(np.float16)).astype(np.float16), within=2e-2, **PLAIN),
    case("Conv2D", [Laid(xi, "NCHW"), Const(wi, "NCHW")], convolve(xi, wi).astype(np.int32), **PLAIN),
    case("Conv2D", [nchw, Laid(w, "NCHW")], f32(convolve(x, w)), "filter-as-input", **PLAIN),
    case("DepthwiseConv2D", [nchw, Const(depth, "NCHW")], f32(convolve(x, depth, groups=4)), **PLAIN),
    case("DepthwiseConv2D", [nchw, Const(depth.transpose(1, 0, 2, 3).copy(), "NCHW")],
         f32(convolve(x, depth, groups=4)), "one-first", **PLAIN),
    case("DepthwiseConv2D", [nhwc, Const(depth.transpose(2, 3, 0, 1).copy(), "HWCN")],
         f32(last(convolve(x, depth, groups=4))), "nhwc", strides=[1, 1, 1, 1], pads=[0, 0, 0, 0], data_format="NHWC"),
    case("Conv3D", [x3, Const(w3, "NCDHW")], convolve3(x3, w3), strides=[1] * 5, pads=[0] * 6, data_format="NCDHW"),
    case("Conv3D", [x3.transpose(0, 2, 3, 4, 1).copy(), Const(w3.transpose(2, 3, 4, 1, 0).copy())],
         convolve3(x3, w3).transpose(0, 2, 3, 4, 1), "ndhwc", strides=[1] * 5, pads=[0] * 6, data_format="NDHWC"),
    *[case("DeformableConv2D", [nchw, Const(w, "NCHW"), Laid(moves, "NCHW"), bias][:count],
           f32(deformed(x, w, moves, modulated) + (bias[:, None, None] if count > 3 else 0)), note, strides=[1] * 4,
           pads=[1, 0, 0, 1], data_format="NCHW", modulated=modulated)
      for count, modulated, note in ((3, True, ""), (4, True, "bias"), (3, False, "not-modulated"))],
    case("DeformableConv2D", [nhwc, hwcn, Laid(last(moves), "NHWC")], f32(last(deformed(x, w, moves, True))), "nhwc",
         strides=[1] * 4, pads=[1, 0, 0, 1]),
    *[case("Conv3DTranspose" + form, [*size, x3, Const(iodhw, "NCDHW")], f32(transposed3(x3, iodhw, more)), note, **attributes,
           strides=[1, 1, 2, 1, 2], pads=[1, 0, 0, 1, 0, 0], data_format="NCDHW")
      for form, size, attributes, more, note in (
          ("", [ints(1, 3, 7, 6, 14)], {}, 1, "size"),
          ("", [ints(0, 0, 0, 0, 0)], {}, 0, "no-size"),
          ("D", [], {"input_size": [1, 3, 7, 6, 13]}, 0, "size"),
          ("D", [], {"input_size": [0] * 5, "output_padding": [0, 0, 0, 0, 1]}, 1, "output-padding"))],
    case("Conv3DTransposeD", [last3(x3), Const(np.ascontiguousarray(iodhw.transpose(2, 3, 4, 1, 0)))],
         f32(last3(transposed3(x3, iodhw, 0))), "ndhwc", input_size=[0] * 5, strides=[1, 2, 1, 2, 1], pads=[1, 0, 0, 1, 0, 0]),
    case("Deconvolution", [nchw, Const(iohw, "NCHW")], f32(transposed(x, iohw)), pads=[0] * 4),
    case("Deconvolution", [nchw, Const(iohw, "NCHW"), Const(random(3))],
         f32(transposed(x, iohw, (2, 2), (1, 1, 1, 1)) + random(3)[:, None, None]), "stride", strides=[2, 2],
         pads=[1, 1, 1, 1]),
    case("Deconvolution", [nchw, Const(random(4, 2, 3, 3), "NCHW")], f32(transposed(x, random(4, 2, 3, 3), groups=2)),
         "groups", groups=2),
    case("Conv2DTransposeD", [nchw, Const(iohw, "NCHW")], f32(transposed(x, iohw, (2, 2), (1, 0, 1, 0))),
         input_size=[0] * 4, strides=[1, 1, 2, 2], pads=[1, 0, 1, 0], data_format="NCHW"),
    case("Conv2DTransposeD", [nchw, Const(iohw, "NCHW")], f32(transposed(x, iohw, (2, 2), (1, 1, 1, 1), more=(1, 1))),
         "output-padding", input_size=[0] * 4, strides=[1, 1, 2, 2], pads=[1, 1, 1, 1], data_format="NCHW",
         output_padding=[0, 0, 1, 1]),
    case("Conv2DTranspose", [ints(2, 3, 14, 16), nchw, Const(iohw, "NCHW")],
         f32(transposed(x, iohw, (2, 2), (1, 1, 1, 1), more=(1, 1))), strides=[1, 1, 2, 2], pads=[1, 1, 1, 1],
         data_format="NCHW"),
    case("Conv2DBackpropInput", [ints(2, 3, 9, 10), Const(iohw, "NCHW"), nchw], f32(transposed(x, iohw)),
         strides=[1] * 4, pads=[0] * 4, data_format="NCHW"),
    case("Conv2DBackpropInputD", [Const(iohw, "NCHW"), nchw], f32(transposed(x, iohw)), input_size=[2, 3, 9, 10],
         strides=[1] * 4, pads=[0] * 4, data_format="NCHW"),
]  # fmt: skip


def test_convolution(suite, row):
    suite.check(row)
