"""Each layer of Caffe alone, against OpenCV's DNN module or, where that lacks it, against NumPy."""

from dataclasses import dataclass

import numpy as np
import pytest
from caffe_net import Net, Word

RANDOM = np.random.default_rng(11)


def weights(*shape: int, low: float = -1, high: float = 1) -> np.ndarray:
    return RANDOM.uniform(low, high, shape).astype(np.float32)


@dataclass
class Layer:
    """`expected` None: OpenCV knows. Names of tops and bottoms are those of the case."""

    note: str
    kind: str
    shapes: list
    params: dict
    blobs: list
    expected: object = None
    within: float = 1e-4
    low: float = -2
    high: float = 2

    def __str__(self) -> str:
        return f"{self.kind}-{self.note}" if self.note else self.kind

    def data(self) -> list[np.ndarray]:
        random = np.random.default_rng(len(str(self)) + sum(map(len, self.shapes)))
        return [random.uniform(self.low, self.high, shape).astype(np.float32) for shape in self.shapes]


def layer(kind, *shapes, note="", blobs=(), expected=None, within=1e-4, low=-2, high=2, **params) -> Layer:
    return Layer(note, kind, list(shapes), params, list(blobs), expected, within, low, high)


def convolution(note, shape, outputs, kernel, group=1, bias=True, **param):
    kernels = kernel if isinstance(kernel, list) else [kernel, kernel]
    blobs = [weights(outputs, shape[1] // group, *kernels)] + ([weights(outputs)] if bias else [])
    size = (
        {"kernel_h": kernels[0], "kernel_w": kernels[1]}
        if isinstance(kernel, list)
        else {"kernel_size": kernel}
    )
    param = {"num_output": outputs, "group": group, "bias_term": bias, **size, **param}
    return layer("Convolution", shape, note=note, blobs=blobs, convolution_param=param)


def deconvolution(note, shape, outputs, kernel, group=1, **param):
    blobs = [weights(shape[1], outputs // group, kernel, kernel), weights(outputs)]
    param = {"num_output": outputs, "group": group, "kernel_size": kernel, **param}
    return layer("Deconvolution", shape, note=note, blobs=blobs, convolution_param=param)


def pooling(note, shape, **param):
    param = {key: Word(value) if isinstance(value, str) else value for key, value in param.items()}
    return layer("Pooling", shape, note=note, pooling_param=param)


X = (2, 4, 7, 9)


def shuffled(x):
    n, c, h, w = x.shape
    return x.reshape(n, 2, c // 2, h, w).swapaxes(1, 2).reshape(x.shape)


def interp(x, height, width):
    def line(size, wanted):
        at = np.arange(wanted) * ((size - 1) / (wanted - 1) if wanted > 1 else 0)
        low = np.minimum(at.astype(int), size - 1)
        return low, np.minimum(low + 1, size - 1), (at - low).astype(np.float32)

    y0, y1, dy = line(x.shape[2], height)
    x0, x1, dx = line(x.shape[3], width)
    rows = x[:, :, y0] * (1 - dy)[:, None] + x[:, :, y1] * dy[:, None]
    return rows[..., x0] * (1 - dx) + rows[..., x1] * dx


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(blobs):
    def run(x, cont):
        w_x, bias, w_h = blobs
        size = w_h.shape[1]
        h = c = np.zeros((x.shape[1], size), np.float32)
        steps = []
        for t in range(x.shape[0]):
            go = (cont[t] > 0).astype(np.float32)[:, None] * cont[t][:, None]
            i, f, o, g = np.split(x[t] @ w_x.T + bias + (h * go) @ w_h.T, 4, 1)
            c = sigmoid(f) * (c * go) + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            steps.append(h)
        return np.stack(steps)

    return run


def rnn(blobs):
    def run(x, cont):
        w_x, b_h, w_h, w_o, b_o = blobs
        h = np.zeros((x.shape[1], w_h.shape[0]), np.float32)
        steps = []
        for t in range(x.shape[0]):
            h = np.tanh(x[t] @ w_x.T + b_h + (h * cont[t][:, None]) @ w_h.T)
            steps.append(np.tanh(h @ w_o.T + b_o))
        return np.stack(steps)

    return run


def mvn(x, axes, eps=1e-9, variance=True):
    y = x - x.mean(axes, keepdims=True)
    return y / (np.sqrt((y**2).mean(axes, keepdims=True)) + eps) if variance else y


def lrn_within(x, size, alpha, beta):
    pad = size // 2
    square = np.pad(x**2, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    window = np.lib.stride_tricks.sliding_window_view(square, (size, size), (2, 3)).sum((4, 5))
    return x / (1 + alpha / size**2 * window) ** beta


def lrn_across(x, size, alpha, beta, k):
    pad = size // 2
    square = np.pad(x**2, ((0, 0), (pad, pad), (0, 0), (0, 0)))
    window = np.lib.stride_tricks.sliding_window_view(square, size, 1).sum(-1)
    return x / (k + alpha / size * window) ** beta


def top(axis, k):
    return lambda x: np.argsort(-x, axis, kind="stable").take(range(k), axis).astype(np.float32)


LSTM_BLOBS = [weights(12, 5), weights(12), weights(12, 3)]
RNN_BLOBS = [weights(3, 5), weights(3), weights(3, 3), weights(3, 3), weights(3)]
EMBED = [weights(10, 4), weights(4)]
PRIORS = {
    "min_size": [6.0, 9.0],
    "max_size": [10.0, 14.0],
    "aspect_ratio": [2.0, 3.0],
    "variance": [0.1, 0.1, 0.2, 0.2],
}
SCALES = weights(4, low=0.5, high=1.5)

LAYERS = [
    convolution("plain", X, 6, 3),
    convolution("pad-stride", X, 6, 3, pad=1, stride=2),
    convolution("oblong", X, 6, [3, 5], pad_h=1, pad_w=2, stride_h=2, stride_w=1),
    convolution("dilated", X, 6, 3, dilation=2, pad=2),
    convolution("grouped", X, 6, 3, group=2),
    convolution("depthwise", X, 4, 3, group=4, pad=1),
    convolution("multiplied", X, 8, 3, group=4),
    convolution("no-bias", X, 5, 1, bias=False),
    layer("ConvolutionDepthwise", X, blobs=[weights(4, 1, 3, 3), weights(4)],
          convolution_param={"num_output": 4, "kernel_size": 3, "pad": 1},
          expected=lambda x: None),
    deconvolution("plain", X, 6, 3),
    deconvolution("stride", X, 6, 4, stride=2, pad=1),
    deconvolution("grouped", X, 4, 4, group=4, stride=2, pad=1),
    *[pooling(f"{pool.lower()}-{note}", X, pool=pool, **param)
      for pool in ("MAX", "AVE")
      for note, param in {
          "plain": {"kernel_size": 2, "stride": 2},
          "ceil": {"kernel_size": 3, "stride": 2},
          "pad": {"kernel_size": 3, "stride": 2, "pad": 1},
          "odd": {"kernel_h": 3, "kernel_w": 2, "stride_h": 2, "stride_w": 1, "pad_h": 1, "pad_w": 0},
          "global": {"global_pooling": True},
      }.items()],
    layer("InnerProduct", X, blobs=[weights(5, 252), weights(5)], inner_product_param={"num_output": 5}),
    layer("InnerProduct", (2, 6), note="no-bias", blobs=[weights(5, 6)],
          inner_product_param={"num_output": 5, "bias_term": False}),
    layer("InnerProduct", (2, 3, 4), note="axis2", blobs=[weights(5, 4), weights(5)],
          inner_product_param={"num_output": 5, "axis": 2}),
    layer("BatchNorm", X, blobs=[weights(4), weights(4, low=0.5, high=2), np.float32([1])]),
    layer("BatchNorm", X, note="factor", blobs=[weights(4), weights(4, low=0.5, high=2), np.float32([0.25])],
          batch_norm_param={"eps": 0.001}),
    layer("Scale", X, blobs=[weights(4), weights(4)], scale_param={"bias_term": True}),
    layer("Scale", X, note="no-bias", blobs=[weights(4)]),
    layer("Bias", X, blobs=[weights(4)], expected=lambda x: None),
    layer("LRN", X, lrn_param={"local_size": 3, "alpha": 0.5, "beta": 0.75}),
    layer("LRN", X, note="k", lrn_param={"local_size": 3, "alpha": 1.0, "beta": 0.6, "k": 2.0},
          expected=lambda x: lrn_across(x, 3, 1.0, 0.6, 2.0)),
    layer("LRN", X, note="within", lrn_param={"local_size": 3, "alpha": 0.5, "norm_region": Word("WITHIN_CHANNEL")},
          expected=lambda x: lrn_within(x, 3, 0.5, 0.75)),
    layer("ReLU", X),
    layer("ReLU", X, note="leaky", relu_param={"negative_slope": 0.1}),
    layer("ReLU6", X, high=8),
    layer("PReLU", X, blobs=[weights(4)]),
    layer("PReLU", X, note="shared", blobs=[weights(1)], prelu_param={"channel_shared": True},
          expected=lambda x: None),
    layer("ELU", X, elu_param={"alpha": 0.7}),
    layer("Sigmoid", X),
    layer("TanH", X),
    layer("BNLL", X),
    layer("AbsVal", X),
    layer("Swish", X, expected=lambda x: x * sigmoid(x)),
    layer("Power", X, note="square", power_param={"power": 2.0, "scale": 0.5, "shift": 1.0}),
    layer("Power", X, note="linear", power_param={"scale": -2.0, "shift": 0.5}),
    layer("Exp", X, exp_param={"base": 2.0, "scale": 0.5, "shift": 1.0}),
    layer("Exp", X, note="e", expected=np.exp),
    layer("Log", X, note="base10", low=0.5, log_param={"base": 10.0, "scale": 2.0, "shift": 1.0},
          expected=lambda x: np.log10(2 * x + 1)),
    layer("Threshold", X, threshold_param={"threshold": 0.3}, expected=lambda x: (x > 0.3).astype(np.float32)),
    layer("Softmax", X),
    layer("Softmax", X, note="axis", softmax_param={"axis": 3}),
    *[layer("Eltwise", X, X, note=kind.lower(), eltwise_param={"operation": Word(kind)}) for kind in ("PROD", "SUM", "MAX")],
    layer("Eltwise", X, X, note="weighted", eltwise_param={"coeff": [0.5, -1.5]}),
    layer("Concat", X, X),
    layer("Concat", X, (2, 4, 7, 2), note="axis3", concat_param={"axis": 3}),
    layer("Permute", X, permute_param={"order": [0, 2, 3, 1]}),
    layer("Flatten", X),
    layer("Flatten", X, note="range", flatten_param={"axis": 2, "end_axis": 3}),
    layer("Reshape", X, reshape_param={"shape": {"dim": [0, 2, -1, 9]}}),
    layer("Reshape", X, note="axis", reshape_param={"shape": {"dim": [-1]}, "axis": 1, "num_axes": 2},
          expected=lambda x: x.reshape(2, 28, 9)),
    layer("Dropout", X, dropout_param={"dropout_ratio": 0.4}),
    layer("Tile", X, tile_param={"axis": 1, "tiles": 3}, expected=lambda x: np.tile(x, (1, 3, 1, 1))),
    layer("Crop", X, (2, 4, 5, 6), crop_param={"axis": 2, "offset": [1, 2]}),
    layer("Normalize", X, blobs=[SCALES], norm_param={"across_spatial": False, "channel_shared": False}),
    layer("Normalize", X, note="spatial", blobs=[np.float32([1.5])]),
    layer("MVN", X, within=1e-3, expected=lambda x: mvn(x, (2, 3))),
    layer("MVN", X, note="across", mvn_param={"across_channels": True}, within=1e-3, expected=lambda x: mvn(x, (1, 2, 3))),
    layer("MVN", X, note="mean", mvn_param={"normalize_variance": False}, expected=lambda x: mvn(x, (2, 3), variance=False)),
    layer("ArgMax", X, note="axis", argmax_param={"axis": 1}, expected=top(1, 1)),
    layer("ArgMax", X, note="top2", argmax_param={"axis": 1, "top_k": 2}, expected=top(1, 2)),
    layer("ArgMax", (2, 6), note="all", argmax_param={"top_k": 2}, expected=lambda x: top(1, 2)(x)[:, None]),
    layer("ArgMax", X, note="values", argmax_param={"axis": 1, "out_max_val": True},
          expected=lambda x: x.max(1, keepdims=True)),
    layer("Reduction", X, note="sum", reduction_param={"axis": 1}, expected=lambda x: x.sum((1, 2, 3)), within=1e-3),
    layer("Reduction", X, note="mean", reduction_param={"operation": Word("MEAN"), "axis": 2, "coeff": 3.0},
          expected=lambda x: 3 * x.mean((2, 3))),
    layer("Reverse", X, reverse_param={"axis": [2]}, expected=lambda x: x[:, :, ::-1]),
    layer("SPP", (2, 3, 8, 8), spp_param={"pyramid_height": 3},
          expected=lambda x: np.concatenate([x.reshape(2, 3, b, 8 // b, b, 8 // b).max((3, 5)).reshape(2, -1)
                                             for b in (1, 2, 4)], 1)),
    layer("ShuffleChannel", X, shuffle_channel_param={"group": 2}),
    layer("Reorg", (1, 4, 6, 8), reorg_param={"stride": 2},
          expected=lambda x: x.reshape(1, 4, 3, 2, 4, 2).transpose(0, 3, 5, 1, 2, 4).reshape(1, 16, 3, 4)),
    layer("Interp", X, interp_param={"height": 13, "width": 11}, expected=lambda x: interp(x, 13, 11)),
    layer("Interp", X, note="zoom", interp_param={"zoom_factor": 2}, expected=lambda x: interp(x, 13, 17)),
    layer("Interp", X, note="pad", interp_param={"zoom_factor": 2, "pad_beg": -1, "pad_end": -1},
          expected=lambda x: interp(x[:, :, 1:-1, 1:-1], 9, 13)),
    layer("Upsample", X, upsample_param={"scale": 1.5, "stride": 2},
          expected=lambda x: 1.5 * x.repeat(2, 2).repeat(2, 3)),
    layer("PriorBox", (1, 4, 3, 4), (1, 3, 30, 40), prior_box_param={**PRIORS, "clip": False}),
    layer("PriorBox", (1, 4, 3, 4), (1, 3, 30, 40), note="clip",
          prior_box_param={**PRIORS, "clip": True, "flip": False, "step": 10.0, "offset": 0.4}),
    layer("LSTM", (6, 2, 5), (6, 2), note="cont", blobs=LSTM_BLOBS, recurrent_param={"num_output": 3}, low=0, high=1,
          expected=lstm(LSTM_BLOBS)),
    layer("RNN", (6, 2, 5), (6, 2), blobs=RNN_BLOBS, recurrent_param={"num_output": 3}, low=0, high=1,
          expected=rnn(RNN_BLOBS)),
    layer("Embed", (2, 3), blobs=EMBED, embed_param={"num_output": 4, "input_dim": 10}, low=0, high=9,
          expected=lambda x: EMBED[0][x.astype(int)] + EMBED[1]),
]  # fmt: skip


def depthwise(x):
    blob, bias = next(each.blobs for each in LAYERS if each.kind == "ConvolutionDepthwise")
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))
    return (windows * blob[:, 0][None, :, None, None]).sum((4, 5)) + bias[:, None, None]


for each in LAYERS:
    if each.kind == "ConvolutionDepthwise":
        each.expected = depthwise
    if each.kind == "Bias":
        each.expected = lambda x, blob=each.blobs[0]: x + blob[:, None, None]
    if str(each) == "PReLU-shared":
        each.expected = lambda x, blob=each.blobs[0]: np.where(x > 0, x, x * blob)


@pytest.fixture(scope="module")
def answers(tmp_path_factory, convert_and_run, opencv):
    """All layers in one network; those that OpenCV knows in another one for it."""
    folder = tmp_path_factory.mktemp("layers")
    everything, known = Net("everything"), Net("known")
    inputs, given, names = [], {}, []
    for i, each in enumerate(LAYERS):
        for net in (everything, known) if each.expected is None else (everything,):
            bottoms = [net.input(f"in{i}_{k}", *shape) for k, shape in enumerate(each.shapes)]
            net.add(each.kind, f"layer{i}", bottoms, blobs=each.blobs, **each.params)
        inputs += each.data()
        if each.expected is None:
            given.update(dict(zip(bottoms, each.data(), strict=True)))
            names.append(f"layer{i}")
    ours = convert_and_run(*everything.save(folder), inputs)
    theirs = dict(zip(names, opencv(*known.save(folder), given, names), strict=True))
    return ours, theirs


@pytest.mark.parametrize("index", range(len(LAYERS)), ids=[str(each) for each in LAYERS])
def test_layer(answers, index):
    ours, theirs = answers
    each, name = LAYERS[index], f"layer{index}"
    wanted = theirs[name] if each.expected is None else each.expected(*each.data())
    got = ours[name].view(np.float32)
    assert got.size == wanted.size
    np.testing.assert_allclose(got.reshape(wanted.shape), wanted, rtol=each.within, atol=each.within)
