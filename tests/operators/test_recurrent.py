"""Networks that go through a sequence, against ONNX Runtime and loops in NumPy."""

import numpy as np
import onnxruntime
from cases import case, random
from onnx import TensorProto, helper

T, N, K, H = 5, 2, 4, 3
x = random(T, N, K)


def run_onnx(kind, inputs, count, **attributes):
    names = [f"i{k}" if each is not None else "" for k, each in enumerate(inputs)]
    outputs = [f"o{k}" for k in range(count)]
    graph = helper.make_graph(
        [helper.make_node(kind, names, outputs, hidden_size=H, **attributes)], kind,
        [helper.make_tensor_value_info(name, TensorProto.INT32 if each.dtype == np.int32 else TensorProto.FLOAT, each.shape)
         for name, each in zip(names, inputs, strict=True) if each is not None],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(
        None, {name: each for name, each in zip(names, inputs, strict=True) if each is not None}
    )


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(x, w, b, order, forget_bias=0.0, h=None, c=None):
    """w for rows of x and h side by side; order: which part of the row is i, f, o, candidate."""
    h = np.zeros((N, H), np.float32) if h is None else h
    c = np.zeros((N, H), np.float32) if c is None else c
    hs, cs = [], []
    for step in x:
        parts = np.split(np.concatenate([step, h], 1) @ w + b, 4, 1)
        i, f, o, g = (parts[k] for k in order)
        c = sigmoid(f + forget_bias) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        hs.append(h)
        cs.append(c)
    return np.stack(hs), np.stack(cs)


lw, lr, lb = random(1, 4 * H, K), random(1, 4 * H, H), random(1, 8 * H)
lw2, lr2, lb2 = random(2, 4 * H, K), random(2, 4 * H, H), random(2, 8 * H)
gw, gr, gb = random(1, 3 * H, K), random(1, 3 * H, H), random(1, 6 * H)
h0, c0 = random(1, N, H), random(1, N, H, seed=1)
lengths = np.int32([5, 3])
w, b = random(K + H, 4 * H), random(4 * H)
ijfo, ifjo = lstm(x, w, b, (0, 2, 3, 1), 1.0), lstm(x, w, b, (0, 1, 3, 2))
cont = np.float32([[0, 0], [1, 1], [1, 0], [1, 1], [0, 1]])
wx, wh = random(4 * H, K), random(4 * H, H)


def caffe_lstm():
    h = c = np.zeros((N, H), np.float32)
    rows = []
    for t in range(T):
        go = cont[t][:, None]
        i, f, o, g = np.split(x[t] @ wx.T + b + (h * go) @ wh.T, 4, 1)
        c = sigmoid(f) * c * go + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        rows.append(h)
    return [np.stack(rows), h[None], c[None]]


gx, gh, biases = random(K, 3 * H), random(H, 3 * H), [random(3 * H, seed=2), random(3 * H, seed=3)]
wxh, wbh, whh, who, wbo = random(H, K), random(H), random(H, H, seed=1), random(2, H), random(2)
fixed, wsh = random(N, 6), random(H, 6)


def gru(x, bias_x=0, bias_h=0, order="zrh", after=True, h=None):
    """The reset gate acts on the hidden part of the candidate after its product with the weights, or on the state before."""
    h = np.zeros((N, H), np.float32) if h is None else h
    parts = [order.index(gate) for gate in "zrh"]
    rows = []
    for step in x:
        a = np.split(step @ gx + bias_x, 3, 1)
        b = np.split(h @ gh + bias_h, 3, 1)
        z, r = (sigmoid(a[k] + b[k]) for k in parts[:2])
        last = b[2] if after else np.split((r * h) @ gh + bias_h, 3, 1)[2]
        new = np.tanh(a[2] + (r * last if after else last))
        h = (1 - z) * new + z * h
        rows.append(h)
    return np.stack(rows).astype(np.float32)


def caffe_rnn(h=None, more=0):
    h = np.zeros((N, H), np.float32) if h is None else h
    out = []
    for t in range(T):
        h = np.tanh((h * cont[t][:, None]) @ whh.T + x[t] @ wxh.T + wbh + more)
        out.append(np.tanh(h @ who.T + wbo))
    return [np.stack(out).astype(np.float32), h[None].astype(np.float32)]


CASES = [
    case("CommonLSTM", [x, lw, lr, lb], run_onnx("LSTM", [x, lw, lr, lb], 3), hidden_size=H),
    case("CommonLSTM", [x, lw, lr, lb, None, h0, c0], run_onnx("LSTM", [x, lw, lr, lb, None, h0, c0], 3), "states", hidden_size=H),
    case("CommonLSTM", [x, lw, lr], run_onnx("LSTM", [x, lw, lr], 3), "no-bias", hidden_size=H),
    case("CommonLSTM", [x, lw, lr, lb], run_onnx("LSTM", [x, lw, lr, lb], 3, direction="reverse"), "reverse", hidden_size=H,
         direction="reverse"),
    case("CommonLSTM", [x, lw2, lr2, lb2], run_onnx("LSTM", [x, lw2, lr2, lb2], 3, direction="bidirectional"), "both",
         hidden_size=H, direction="bidirectional"),
    case("CommonLSTM", [x, lw, lr, lb, lengths], run_onnx("LSTM", [x, lw, lr, lb, lengths], 3), "lengths", hidden_size=H),
    case("CommonGRU", [x, gw, gr, gb], run_onnx("GRU", [x, gw, gr, gb], 2), hidden_size=H),
    case("CommonGRU", [x, gw, gr, gb, None, h0], run_onnx("GRU", [x, gw, gr, gb, None, h0], 2, linear_before_reset=1),
         "linear", hidden_size=H, linear_before_reset=1),
    case("DynamicRNN", [x, w, b], [ijfo[0], ijfo[0], ijfo[1]], forget_bias=1.0),
    case("DynamicRNN", [x, w, b], [ifjo[0], ifjo[0], ifjo[1]], "ifjo", gate_order="ifjo"),
    case("DynamicRNN", [x.swapaxes(0, 1).copy(), w, b], [ifjo[0].swapaxes(0, 1)], "batch-major", gate_order="ifjo",
         time_major=False),
    *[case("DynamicGRUV2", [x, gx, gh, *biases][:count], [gru(x, *biases[: count - 3], order=order, after=after, h=None)] * 2, note,
           gate_order=order, reset_after=after)
      for order, after, count, note in (("zrh", True, 5, ""), ("rzh", True, 5, "rzh"), ("zrh", False, 5, "before"), ("zrh", True, 3, "no-bias"))],
    case("DynamicGRUV2", [x, gx, gh, *biases, None, h0[0]], [gru(x, *biases, h=h0[0])], "state"),
    case("DynamicGRUV2", [x.swapaxes(0, 1).copy(), gx, gh, *biases], [gru(x, *biases).swapaxes(0, 1)], "batch-major",
         time_major=False),
    case("RNN", [x, cont, None, None, wxh, wbh, None, whh, who, wbo], caffe_rnn(), num_output=2),
    case("RNN", [x, cont, None, h0, wxh, wbh, None, whh, who, wbo], caffe_rnn(h0[0]), "state", num_output=2),
    case("RNN", [x, cont, fixed, None, wxh, wbh, wsh, whh, who, wbo], caffe_rnn(more=fixed @ wsh.T), "static", num_output=2),
    case("LSTM", [x, cont, wx, b, wh], caffe_lstm(), num_output=H),
]  # fmt: skip


def test_recurrent(suite, row):
    suite.check(row)
