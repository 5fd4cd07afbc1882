"""`atc` turns an ONNX network into an offline model that computes the same."""

import json
import os
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import openvino
import pytest
from conftest import SOC, Command, OmFile, inspect, run_ir, small_network
from onnx import TensorProto, helper, numpy_helper

AIPP = """
aipp_op {
  aipp_mode: static
  related_input_rank: 0
  input_format: YUV420SP_U8
  csc_switch: true
  src_image_size_w: 20
  src_image_size_h: 18
  crop: true
  load_start_pos_w: 2
  load_start_pos_h: 2
  crop_size_w: 16
  crop_size_h: 16
  mean_chn_0: 127
  var_reci_chn_0: 0.0078125
}
"""


def convert(atc: Command, model: Path, *words: str, output: str = "net") -> OmFile:
    done = atc("--framework=5", f"--model={model}", f"--output={output}", f"--soc_version={SOC}", *words)
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("ATC run success, welcome to the next use.\n")
    return OmFile(atc.folder / f"{output}.om")


def reference(model: Path, **inputs: np.ndarray) -> list[np.ndarray]:
    return onnxruntime.InferenceSession(model).run(None, inputs)


def image(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def test_a_network_computes_what_onnx_runtime_computes(atc: Command, network: Path) -> None:
    om = convert(atc, network)
    x = image(1, 3, 16, 16)
    np.testing.assert_allclose(run_ir(om, x)[0], reference(network, x=x)[0], rtol=1e-4, atol=1e-6)


def test_the_file_has_the_public_layout(atc: Command, network: Path) -> None:
    om = convert(atc, network)
    assert [kind for kind, _, _ in om.table] == [0, 1, 3, 4, 2]
    position = 0
    for _, offset, size in om.table:
        assert offset == position
        position += size
    assert om.data_start + position == len(om.bytes)
    assert om.offsets[1] % 64 == 0, "weights are aligned"
    assert om.bytes[84:116].rstrip(b"\0") == b"net"


def test_the_weights_are_stored_once(atc: Command, network: Path) -> None:
    om = convert(atc, network)
    for tensor in onnx.load(network).graph.initializer:
        if tensor.name in ("w", "dw", "fc"):
            assert om.bytes.count(numpy_helper.to_array(tensor).tobytes()) == 1


def test_inputs_and_outputs_keep_names_types_and_order(atc: Command, cairn: Command, tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Add", ["b", "a"], ["sum"], name="add"),
        helper.make_node("Cast", ["c"], ["real"], name="cast", to=TensorProto.FLOAT),
        helper.make_node("Split", ["sum"], ["left", "right"], name="split", axis=1),
    ]
    floats = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 4]) for name in ("b", "a", "unused")]
    whole = helper.make_tensor_value_info("c", TensorProto.INT64, [3])
    outputs = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, s)
        for n, s in (("right", [2, 2]), ("real", [3]), ("left", [2, 2]))
    ]
    graph = helper.make_graph(nodes, "g", [*floats, whole], outputs)
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8),
        tmp_path / "io.onnx",
    )
    om = convert(atc, Path("io.onnx"))
    about = inspect(cairn)
    assert [(i["name"], i["data_type"], i["dims"]) for i in about["inputs"]] == [
        ("b", "FLOAT", [2, 4]),
        ("a", "FLOAT", [2, 4]),
        ("unused", "FLOAT", [2, 4]),
        ("c", "INT64", [3]),
    ]
    assert [o["name"] for o in about["outputs"]] == ["split:1:right", "cast:0:real", "split:0:left"]
    b, a, c = image(2, 4), image(2, 4) + 1, np.array([1, -2, 3], np.int64)
    got = run_ir(om, b, a, a, c)
    np.testing.assert_array_equal(got[0], (a + b)[:, 2:])
    np.testing.assert_array_equal(got[1], c.astype(np.float32))
    np.testing.assert_array_equal(got[2], (a + b)[:, :2])


def test_operators_have_the_types_of_cann_and_the_names_of_the_network(
    atc: Command, cairn: Command, network: Path
) -> None:
    convert(atc, network)
    about = inspect(cairn, "net.om", "--ops")
    assert {op["name"]: op["type"] for op in about["operators"]} == {
        "stem": "Conv2D",
        "stem/relu6": "Relu6",
        "depthwise": "DepthwiseConv2D",
        "pool": "GlobalAveragePool",
        "flat": "FlattenV2",
        "classify": "BatchMatMulV2",
        "softmax": "SoftmaxV2",
    }
    stem = next(op for op in about["operators"] if op["name"] == "stem")
    assert stem["inputs"] == ["x:0", "w:0", "b:0"]
    assert stem["outputs"][0]["dims"] == [1, 8, 8, 8]


def test_open_sizes_come_from_input_shape(atc: Command, cairn: Command, tmp_path: Path) -> None:
    onnx.save(small_network("n", "side"), tmp_path / "open.onnx")
    om = convert(atc, Path("open.onnx"), "--input_shape=x:2,3,24,24")
    assert inspect(cairn)["outputs"][0]["dims"] == [2, 5]
    x = image(2, 3, 24, 24)
    expected = reference(tmp_path / "open.onnx", x=x)[0]
    np.testing.assert_allclose(run_ir(om, x)[0], expected, rtol=1e-4, atol=1e-6)


def test_output_type_changes_all_outputs(atc: Command, cairn: Command, network: Path) -> None:
    om = convert(atc, network, "--output_type=FP16")
    output = inspect(cairn)["outputs"][0]
    assert (output["data_type"], output["bytes"]) == ("FLOAT16", 10)
    x = image(1, 3, 16, 16)
    expected = reference(network, x=x)[0].astype(np.float16)
    np.testing.assert_allclose(run_ir(om, x)[0], expected, rtol=2e-3)


def test_output_type_uint8_saturates_nothing_between_0_and_255(
    atc: Command, cairn: Command, network: Path
) -> None:
    convert(atc, network, "--output_type=UINT8")
    assert inspect(cairn)["outputs"][0]["data_type"] == "UINT8"


def test_out_nodes_choose_and_order_outputs(atc: Command, cairn: Command, network: Path) -> None:
    om = convert(atc, network, "--out_nodes=pool:0;stem:0", "--output_type=pool:0:FP16")
    about = inspect(cairn, "net.om", "--ops")
    assert [(o["name"], o["data_type"]) for o in about["outputs"]] == [
        ("pool:0", "FLOAT16"),
        ("stem:0", "FLOAT"),
    ]
    assert "softmax" not in [op["name"] for op in about["operators"]], "layers behind the outputs are gone"
    got = run_ir(om, image(1, 3, 16, 16))
    assert [value.shape for value in got] == [(1, 8, 1, 1), (1, 8, 8, 8)]


def test_out_nodes_by_name_keep_the_onnx_name(atc: Command, cairn: Command, network: Path) -> None:
    convert(atc, network, "--out_nodes=y")
    assert inspect(cairn)["outputs"][0]["name"] == "classify:0:y"


def test_input_fp16_nodes_halve_the_input(atc: Command, cairn: Command, network: Path) -> None:
    om = convert(atc, network, "--input_fp16_nodes=x")
    assert inspect(cairn)["inputs"][0]["bytes"] == 3 * 16 * 16 * 2
    x = image(1, 3, 16, 16).astype(np.float16)
    expected = reference(network, x=x.astype(np.float32))[0]
    np.testing.assert_allclose(run_ir(om, x)[0], expected, rtol=1e-4, atol=1e-6)


def test_static_aipp_changes_the_input_to_the_image(
    atc: Command, cairn: Command, network: Path, tmp_path: Path
) -> None:
    (tmp_path / "aipp.cfg").write_text(AIPP)
    convert(atc, network, "--insert_op_conf=aipp.cfg")
    entry = inspect(cairn, "net.om", "--ops")["inputs"][0]
    assert (entry["data_type"], entry["format"]) == ("UINT8", "NHWC")
    assert entry["dims"] == [1, 18, 20, 3]
    assert entry["dims_v2"] == [1, 27, 20, 1]
    assert entry["bytes"] == 20 * 18 * 3 // 2
    aipp = entry["aipp"]
    assert (aipp["input_format"], aipp["mean_chn_0"], aipp["crop_size_w"]) == ("YUV420SP_U8", 127, 16)
    assert (aipp["matrix_r0c0"], aipp["input_bias_1"]) == (298, 128), "the default matrix is written out"
    assert aipp["model_input"]["dims"] == [1, 3, 16, 16]
    shown = cairn("inspect", "net.om").stdout
    assert "AIPP: static, YUV420SP_U8 20 x 18, crop 16 x 16 at (2, 2)" in shown


def test_dynamic_aipp_adds_an_input_for_the_parameters(
    atc: Command, cairn: Command, network: Path, tmp_path: Path
) -> None:
    (tmp_path / "aipp.cfg").write_text("aipp_op { aipp_mode: dynamic max_src_image_size: 5000 }")
    convert(atc, network, "--insert_op_conf=aipp.cfg")
    report = inspect(cairn, "net.om", "--ops")
    picture, parameters = report["inputs"]
    assert (picture["data_type"], picture["format"], picture["bytes"]) == ("UINT8", "NHWC", 5000)
    assert picture["dims"] == picture["dims_v2"] == [1, -1, -1, -1]
    assert picture["aipp"]["mode"] == "dynamic"
    assert picture["aipp"]["parameters"] == parameters["name"] == "ascend_dynamic_aipp_data"
    assert parameters["bytes"] == 64 + 96
    (aipp,) = [each for each in report["operators"] if each["type"] == "Aipp"]
    assert aipp["name"] == "x_0_huawei_aipp"
    assert aipp["inputs"] == ["x:0", "ascend_dynamic_aipp_data:0"]
    assert "AIPP: dynamic, images of 5000 bytes at most" in cairn("inspect", "net.om").stdout


def test_dynamic_aipp_without_a_size_is_e10052(atc: Command, network: Path, tmp_path: Path) -> None:
    (tmp_path / "aipp.cfg").write_text("aipp_op { aipp_mode: dynamic }")
    words = ["--framework=5", f"--model={network}", "--output=net", f"--soc_version={SOC}"]
    done = atc(*words, "--insert_op_conf=aipp.cfg")
    assert "E10052" in done.stdout
    assert "max_src_image_size" in done.stdout


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (("crop_size_w: 16", "crop_size_w: 14"), "16"),
        (("related_input_rank: 0", "related_input_rank: 4"), "related_input_rank is 4"),
        (("related_input_rank: 0", 'related_input_name: "z"'), "no input z"),
        (("csc_switch: true", "csc_switch: perhaps"), "csc_switch"),
        (("aipp_op {", "aipp_op {{"), "line"),
        (("crop_size_h: 16", "crop_size_h: 160"), ""),
    ],
)
def test_wrong_aipp_is_e10052(
    atc: Command, network: Path, tmp_path: Path, change: tuple[str, str], text: str
) -> None:
    (tmp_path / "aipp.cfg").write_text(AIPP.replace(*change))
    done = atc(
        "--framework=5",
        f"--model={network}",
        "--output=net",
        f"--soc_version={SOC}",
        "--insert_op_conf=aipp.cfg",
    )
    assert done.returncode == 1
    assert "E10052: The AIPP configuration is invalid." in done.stdout
    assert text in done.stdout
    assert not (tmp_path / "net.om").exists()


def test_aipp_on_a_float16_input_is_e10034(atc: Command, network: Path, tmp_path: Path) -> None:
    (tmp_path / "aipp.cfg").write_text(AIPP)
    words = ["--framework=5", f"--model={network}", "--output=net", f"--soc_version={SOC}"]
    assert "E10034" in atc(*words, "--insert_op_conf=aipp.cfg", "--input_fp16_nodes=x").stdout


GOOD = {"framework": "5", "model": "small.onnx", "output": "net", "soc_version": SOC}
FAILURES = [
    # option, value (None: left out), code, what the text says
    ("framework", None, "E10007", "--framework"),
    ("framework", "9", "E10001", "0, 1, 3, 5"),
    ("framework", "0", "E10008", "--weight"),
    ("framework", "1", "E10041", "no serialised graph"),
    ("framework", "3", "E10041", "damaged"),
    ("model", None, "E10007", "--model"),
    ("model", "missing.onnx", "E10410", "No such file"),
    ("model", ".", "E10410", "folder"),
    ("model", "a b.onnx", "E10001", "' '"),
    ("model", "x" * 5000, "E10021", "5000"),
    ("model", "", "E10004", "--model"),
    ("output", None, "E10007", "--output"),
    ("output", "folder/", "E10022", "folder/"),
    ("output", "/proc/net", "E19001", "/proc/net.om"),
    ("soc_version", None, "E10007", "Ascend310P3"),
    ("soc_version", "Ascend311", "E10001", "Ascend310B4"),
    ("soc_version", "310P3", "E10001", "Ascend310P3"),
    ("mode", "7", "E10001", "0, 1, 3, 5, 6"),
    ("mode", "x", "E10001", "whole number"),
    ("log", "loud", "E10010", "loud"),
    ("input_shape", "x", "E10002", "colon"),
    ("input_shape", "x:1,3,16,0", "E10011", "0"),
    ("input_shape", "x:-2,3,16,16", "E10011", "-2"),
    ("input_shape", "x:1,3,16", "E10049", "3"),
    ("input_shape", "z:1,3,16,16", "E10016", "inputs are: x"),
    ("input_shape", "stem:1,3,16,16", "E10017", "stem"),
    ("input_shape", "x:1,4,16,16", "E19014", "channel"),
    ("input_shape_range", "x:1~2,3,16,16", "E10048", "no dims in brackets"),
    ("input_format", "NHWC", "E10001", "NCHW, ND, NCDHW"),
    ("input_format", "WRONG", "E10001", "NDHWC"),
    ("input_fp16_nodes", "z", "E10016", "z"),
    ("input_fp16_nodes", "stem", "E10017", "stem"),
    ("dynamic_batch_size", "1,2", "E10004", "--input_shape"),
    ("dynamic_batch_size", "1", "E10035", "at least 2"),
    ("dynamic_batch_size", "1,1", "E10039", "listed twice"),
    ("dynamic_image_size", "1,2;3", "E10020", "height,width"),
    ("dynamic_dims", "1,2;3", "E10037", "2 and 1"),
    ("singleop", "x.json", "E10056", "cannot be used together"),
    ("out_nodes", "z:0", "E10016", "z"),
    ("out_nodes", "stem:1", "E10016", "1 outputs"),
    ("out_nodes", "stem:-1", "E10001", "node:index"),
    ("output_type", "FP64", "E10001", "FP32, FP16"),
    ("output_type", "stem:0:FP16", "E10001", "--out_nodes"),
    ("insert_op_conf", "missing.cfg", "E10410", "--insert_op_conf"),
    ("keep_dtype", "missing.txt", "E10410", "--keep_dtype"),
    ("op_bank_path", "missing", "E10410", "--op_bank_path"),
    ("disable_reuse_memory", "2", "E10006", "--disable_reuse_memory"),
    ("save_original_model", "perhaps", "E10005", "true or false"),
    ("external_weight", "3", "E10001", "0, 1, 2"),
    ("is_input_adjust_hw_layout", "true", "E10001", "--input_fp16_nodes names 0 nodes"),
    ("is_output_adjust_hw_layout", "yes", "E10005", "true or false"),
    ("precision_mode", "fast", "E10001", "force_fp16"),
    ("optypelist_for_implmode", "Gelu", "E10057", "--op_select_implmode"),
    ("input_shpae", "x:1,3,16,16", "E10053", "did you mean --input_shape?"),
]


@pytest.mark.parametrize(("option", "value", "code", "text"), FAILURES)
def test_a_failure_has_its_code_and_leaves_no_file(
    atc: Command, network: Path, tmp_path: Path, option: str, value: str | None, code: str, text: str
) -> None:
    options = {**GOOD, option: value}
    done = atc(*[f"--{name}={given}" for name, given in options.items() if given is not None])
    lines = done.stdout.splitlines()
    assert done.returncode in (1, 255)
    assert lines[0] == "ATC start working now, please wait for a moment."
    assert lines[1] == "ATC run failed, Please check the detail log, Try 'atc --help' for more information"
    assert lines[2].startswith(f"{code}: ")
    assert all(line.startswith(" " * 8 + part) for line, part in zip(lines[-1:], ["Solution: "], strict=True))
    assert text in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["small.onnx"]


def test_options_that_exclude_one_another_are_e10009(atc: Command, network: Path) -> None:
    assert "E10009" in atc("--dynamic_dims=1,2", "--dynamic_batch_size=1,2").stdout


def test_options_without_effect_are_taken_and_logged(atc: Command, network: Path, tmp_path: Path) -> None:
    done = atc(
        *[f"--{name}={value}" for name, value in GOOD.items()],
        "--precision_mode=allow_mix_precision",
        "--enable_small_channel",
        "1",
        "--buffer_optimize=off_optimize",
        "--log=info",
        env={"ASCEND_SLOG_PRINT_TO_STDOUT": "1", "HOME": str(tmp_path)},
    )
    assert done.returncode == 0
    for name in ("precision_mode", "enable_small_channel", "buffer_optimize"):
        assert f"--{name} has no effect on a CPU" in done.stdout


def test_help_lists_the_options_with_examples(atc: Command) -> None:
    for word in ("--help", "--h", "-h"):
        done = atc(word)
        assert done.returncode == 0
        assert "Examples:" in done.stdout
        for option in ("--model", "--insert_op_conf", "--dynamic_batch_size", "--precision_mode_v2"):
            assert option in done.stdout


def test_unsupported_operators_are_listed_all_at_once(atc: Command, tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Fancy", ["x"], ["a"], name="one", domain="my.domain"),
        helper.make_node("Relu", ["a"], ["b"], name="relu"),
        helper.make_node("Wow", ["b"], ["y"], name="two"),
    ]
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("x", "y")]
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid("my.domain", 1)]
    onnx.save(
        helper.make_model(helper.make_graph(nodes, "g", info[:1], info[1:]), opset_imports=opsets),
        tmp_path / "f.onnx",
    )
    done = atc("--framework=5", "--model=f.onnx", "--output=net", f"--soc_version={SOC}")
    assert "E16002: 2 operator(s)" in done.stdout
    assert "my.domain.Fancy (node one)" in done.stdout
    assert "Wow (node two, known in no opset)" in done.stdout
    assert "Relu" not in done.stdout


def test_an_operator_in_a_form_that_is_not_known_says_so(atc: Command, tmp_path: Path) -> None:
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 2]) for name in ("x", "y")]
    graph = helper.make_graph(
        [helper.make_node("Pad", ["x", "pads"], ["y"], name="border", mode="mirror")],
        "g", info[:1], info[1:], [numpy_helper.from_array(np.zeros(4, np.int64), "pads")],
    )  # fmt: skip
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=8),
        tmp_path / "f.onnx",
    )
    done = atc("--framework=5", "--model=f.onnx", "--output=net", f"--soc_version={SOC}")
    assert "Pad (node border, known, but not with these attributes or inputs)" in done.stdout
    assert "mirror" in done.stdout


def test_branches_that_the_shapes_decide_are_folded(atc: Command, cairn: Command, tmp_path: Path) -> None:
    """If (rank or size of x) inside If, as exporters write it: the engine alone loses the rank of what comes out."""

    def branch(name: str, nodes: list, output: str) -> onnx.GraphProto:
        return helper.make_graph(
            nodes, name, [], [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)]
        )

    inner = helper.make_node(
        "If", ["is_three"], ["inner_out"], name="inner",
        then_branch=branch("t", [helper.make_node("Squeeze", ["x", "one"], ["a"], name="squeeze")], "a"),
        else_branch=branch("e", [helper.make_node("Identity", ["x"], ["b"])], "b"),
    )  # fmt: skip
    outer_then = branch(
        "ot",
        [
            helper.make_node("Size", ["x"], ["count"]),
            helper.make_node("Equal", ["count", "six"], ["is_three"]),
            inner,
        ],
        "inner_out",
    )
    outer_else = branch("oe", [helper.make_node("Neg", ["x"], ["c"])], "c")
    nodes = [
        helper.make_node("Shape", ["x"], ["dims"]),
        helper.make_node("Gather", ["dims", "one_index"], ["width"]),
        helper.make_node("Equal", ["width", "one_index"], ["is_flat"]),
        helper.make_node(
            "If", ["is_flat"], ["chosen"], name="outer", then_branch=outer_then, else_branch=outer_else
        ),
        helper.make_node("ReduceMean", ["chosen"], ["y"], name="mean", axes=[-1], keepdims=1),
    ]
    constants = {
        "one": np.array([1], np.int64),
        "one_index": np.array(1, np.int64),
        "six": np.array(6, np.int64),
    }
    graph = helper.make_graph(
        nodes, "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, "n", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(v, k) for k, v in constants.items()],
    )  # fmt: skip
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8),
        tmp_path / "if.onnx",
    )
    for width, layers in ((1, {"squeeze"}), (4, set())):
        om = convert(atc, Path("if.onnx"), f"--input_shape=x:2,{width},3")
        names = {op["name"] for op in inspect(cairn, "net.om", "--ops")["operators"]}
        assert names & {"squeeze", "inner", "outer"} == layers
        x = image(2, width, 3)
        expected = reference(tmp_path / "if.onnx", x=x)[0]
        np.testing.assert_allclose(run_ir(om, x)[0], expected, rtol=1e-5, atol=1e-6)


def test_what_the_engine_would_compute_wrongly_is_refused(atc: Command, tmp_path: Path) -> None:
    """Its reader passes over these attributes and would give numbers without a word."""
    weights = [
        numpy_helper.from_array(np.ones(shape, np.float32), name)
        for name, shape in (("w", (1, 4, 2)), ("r", (1, 4, 1)), ("p", (1, 3)))
    ]
    weights.append(numpy_helper.from_array(np.ones((1, 8), np.float32), "b"))
    node = helper.make_node("LSTM", ["x", "w", "r", "b", "", "", "", "p"], ["y"], name="cell", hidden_size=1)
    ends = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, [3, 1, 2]),
        helper.make_tensor_value_info("y", TensorProto.FLOAT, [3, 1, 1, 1]),
    ]
    graph = helper.make_graph([node], "g", ends[:1], ends[1:], weights)
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8),
        tmp_path / "l.onnx",
    )
    done = atc("--framework=5", "--model=l.onnx", "--output=net", f"--soc_version={SOC}")
    assert "E16002" in done.stdout
    assert "LSTM (node cell): peepholes" in done.stdout


def test_an_output_that_is_an_input_is_copied(atc: Command, tmp_path: Path) -> None:
    info = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [4]) for name in ("x", "y", "z")]
    nodes = [helper.make_node("Identity", ["x"], ["y"]), helper.make_node("Relu", ["x"], ["z"])]
    graph = helper.make_graph(nodes, "g", info[:1], info[1:])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8),
        tmp_path / "i.onnx",
    )
    om = convert(atc, Path("i.onnx"))
    x = np.array([1, -2, np.nan, np.inf], np.float32)
    np.testing.assert_array_equal(run_ir(om, x)[0], x)


def test_outputs_whose_shape_is_not_known_exclude_gears(atc: Command, tmp_path: Path) -> None:
    graph = helper.make_graph(
        [helper.make_node("NonZero", ["x"], ["y"], name="where")],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4])],
        [helper.make_tensor_value_info("y", TensorProto.INT64, None)],
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8),
        tmp_path / "n.onnx",
    )
    command = ["--framework=5", "--model=n.onnx", "--output=net", f"--soc_version={SOC}"]
    done = atc(*command, "--input_shape=x:-1", "--dynamic_batch_size=4,8")
    assert "E10055" in done.stdout
    assert "known when the model runs" in done.stdout
    assert not (tmp_path / "net.om").exists()
    assert atc(*command).returncode == 0, "without gears the size is found when the model runs"


def test_names_that_are_no_utf8_are_refused(atc: Command, network: Path) -> None:
    network.write_bytes(network.read_bytes().replace(b"stem/relu6", b"stem/\xff\xfe\xfd6!"))
    done = atc(*[f"--{name}={value}" for name, value in GOOD.items()])
    assert done.returncode == 1
    assert "ATC run failed" in done.stdout
    assert done.stderr == ""


def test_tensors_with_a_colon_in_their_name_can_be_outputs(
    atc: Command, cairn: Command, network: Path
) -> None:
    network.write_bytes(network.read_bytes().replace(b"prob", b"pr:0"))
    convert(atc, network, "--out_nodes=pr:0")
    assert inspect(cairn)["outputs"][0]["name"] == "softmax:0:pr:0"


def test_cut_off_networks_are_refused(atc: Command, network: Path, tmp_path: Path) -> None:
    whole = network.read_bytes()
    for share in (1, 5, 25, 50, 75, 95, 99):
        network.write_bytes(whole[: len(whole) * share // 100])
        done = atc(*[f"--{name}={value}" for name, value in GOOD.items()])
        assert done.returncode == 1, share
        assert any(code in done.stdout for code in ("E10041", "E16001", "E16004")), done.stdout
        assert not (tmp_path / "net.om").exists()


def test_garbage_is_refused(atc: Command, network: Path) -> None:
    for seed in range(5):
        network.write_bytes(np.random.default_rng(seed).bytes(3000))
        done = atc(*[f"--{name}={value}" for name, value in GOOD.items()])
        assert done.returncode == 1
        assert "E10041" in done.stdout or "E16004" in done.stdout
    network.write_bytes(b"")
    assert "E10410" in atc(*[f"--{name}={value}" for name, value in GOOD.items()]).stdout


def test_external_weights_are_read_from_the_models_folder_only(atc: Command, tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    onnx.save(
        small_network(),
        tmp_path / "net" / "e.onnx",
        save_as_external_data=True,
        location="w.bin",
        size_threshold=64,
    )
    om = convert(atc, Path("net/e.onnx"))
    x = image(1, 3, 16, 16)
    expected = reference(tmp_path / "net" / "e.onnx", x=x)[0]
    np.testing.assert_allclose(run_ir(om, x)[0], expected, rtol=1e-4, atol=1e-6)

    (tmp_path / "net" / "w.bin").rename(tmp_path / "w.bin")
    words = ["--framework=5", "--model=net/e.onnx", "--output=other", f"--soc_version={SOC}"]
    assert "E10410" in atc(*words).stdout
    (tmp_path / "net" / "w.bin").symlink_to(tmp_path / "w.bin")
    assert "outside the model's folder" in atc(*words).stdout


def save_network(path: Path, nodes, inputs, outputs, weights=(), opset: int = 19) -> Path:
    graph = helper.make_graph(
        nodes,
        path.stem,
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs],
        [numpy_helper.from_array(array, name) for name, array in dict(weights).items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9), path)
    return path


def test_an_operator_that_the_engine_reads_in_part_is_built_in_the_form_that_it_lacks(
    atc: Command, tmp_path: Path
) -> None:
    """The first Resize is one that the engine's reader passes over, the second one that it reads."""
    sizes = {
        "half": np.array([1, 1, 0.5, 0.5], np.float32),
        "twice": np.array([1, 1, 2, 2], np.float32),
    }
    path = save_network(
        tmp_path / "resize.onnx",
        [
            helper.make_node(
                "Resize", ["x", "", "half"], ["small"], name="shrink", mode="linear", antialias=1
            ),
            helper.make_node("Resize", ["small", "", "twice"], ["y"], name="grow", mode="linear"),
        ],
        [("x", [1, 3, 10, 14])],
        [("y", [1, 3, 10, 14])],
        sizes,
    )
    x = image(1, 3, 10, 14)
    found = run_ir(convert(atc, path), x)[0]
    np.testing.assert_allclose(found, reference(path, x=x)[0], rtol=1e-4, atol=1e-5)
    assert atc("--mode=3", "--framework=5", f"--model={path}").returncode == 0
    checked = json.loads((tmp_path / "check_result.json").read_text())
    assert [layer["name"] for layer in checked["op"]] == ["shrink", "grow"]


def test_rows_of_minus_infinity_are_found(atc: Command, tmp_path: Path) -> None:
    """As attention does it: where all of a row is masked, its softmax is no number and gives way to zeros."""
    path = save_network(
        tmp_path / "rows.onnx",
        [
            helper.make_node("ReduceMax", ["x", "last"], ["most"], keepdims=1),
            helper.make_node("Equal", ["most", "never"], ["masked"]),
            helper.make_node("Softmax", ["x"], ["weights"], axis=-1),
            helper.make_node("Where", ["masked", "zero", "weights"], ["y"]),
        ],
        [("x", [5, 40])],
        [("y", [5, 40])],
        {
            "last": np.array([-1], np.int64),
            "never": np.array(-np.inf, np.float32),
            "zero": np.array(0, np.float32),
        },
    )
    x = image(5, 40)
    x[1], x[3, 1:] = -np.inf, -np.inf
    x[4] = np.finfo(np.float32).min
    np.testing.assert_allclose(
        run_ir(convert(atc, path), x)[0], reference(path, x=x)[0], rtol=1e-4, atol=1e-6
    )


def test_weights_go_into_a_folder_of_their_own(
    atc: Command, cairn: Command, network: Path, tmp_path: Path
) -> None:
    whole, apart = convert(atc, network), convert(atc, network, "--external_weight=1", output="apart")
    assert apart.parts[1] == b""
    parts = [
        (tmp_path / "weight" / f"weight_{checksum:016x}").read_bytes()
        for _, checksum in struct.iter_unpack("<QQ", apart.records()["cairn.weight.files"])
    ]
    assert b"".join(parts) == whole.parts[1]
    assert len(parts) == len(list((tmp_path / "weight").iterdir()))
    shown = inspect(cairn, "apart.om", "--ops")
    assert shown["executable"]
    assert "runs      no" not in cairn("inspect", "apart.om").stdout
    assert shown["operators"] == inspect(cairn, "net.om", "--ops")["operators"]
    # The folder is shared: a model with the same constants needs no other files.
    convert(atc, network, "--external_weight=1", output="third")
    assert len(list((tmp_path / "weight").iterdir())) == len(parts)
    missing = next((tmp_path / "weight").iterdir())
    missing.unlink()
    assert not inspect(cairn, "apart.om")["executable"]
    assert missing.name in cairn("inspect", "apart.om").stdout


def test_a_failure_leaves_no_weights_behind(atc: Command, network: Path, tmp_path: Path) -> None:
    (tmp_path / "weight").write_text("a file where the folder should be")
    words = [f"--{name}={value}" for name, value in GOOD.items()]
    done = atc(*words, "--external_weight=1")
    assert done.returncode == 1
    assert "E19001" in done.stdout
    assert not (tmp_path / "net.om").exists()


def test_a_full_disk_leaves_the_old_file(atc: Command, network: Path, tmp_path: Path) -> None:
    (tmp_path / "net.om").write_bytes(b"old")
    words = [f"--{name}={value}" for name, value in GOOD.items()]
    done = subprocess.run(
        ["bash", "-c", 'ulimit -f 4 && exec "$@"', "bash", atc.program, *words],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
        env={"HOME": "/nowhere"},
    )
    assert done.returncode == 1
    assert "E19004" in done.stdout
    assert (tmp_path / "net.om").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["net.om", "small.onnx"]


def test_being_interrupted_leaves_no_file(atc: Command, tmp_path: Path) -> None:
    weights = [numpy_helper.from_array(np.ones((2048, 2048), np.float32) * i, f"w{i}") for i in range(8)]
    nodes = [helper.make_node("MatMul", [f"y{i}", f"w{i}"], [f"y{i + 1}"]) for i in range(8)]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 2048]) for name in ("y0", "y8")]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], weights)
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8),
        tmp_path / "b.onnx",
    )
    words = ["--framework=5", "--model=b.onnx", "--output=out/net", f"--soc_version={SOC}"]
    running = subprocess.Popen([atc.program, *words], cwd=tmp_path, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while not list(tmp_path.glob("out/*.part")) and time.monotonic() < deadline:
        time.sleep(0.005)
    running.terminate()
    assert running.wait(timeout=30) == -15
    assert list(tmp_path.glob("out/*")) == []


def test_mode_1_writes_json_of_an_om_and_of_a_network(atc: Command, network: Path, tmp_path: Path) -> None:
    convert(atc, network)
    assert atc("--mode=1", "--om=net.om", "--json=om.json").returncode == 0
    assert atc("--mode=1", "--framework=5", "--model=small.onnx", "--json=onnx.json").returncode == 0
    for name in ("om.json", "onnx.json"):
        graph = json.loads((tmp_path / name).read_text())["graph"][0]
        ops = {op["name"]: op for op in graph["op"]}
        assert ops["stem"]["type"] == "Conv2D"
        attributes = {entry["key"]: entry["value"] for entry in ops["stem"]["attr"]}
        assert attributes["strides"]["list"]["i"] == [1, 1, 2, 2]
        assert ops["stem"]["input"] == ["x:0", "w:0", "b:0"]


def test_mode_6_prints_information(atc: Command, network: Path) -> None:
    om = convert(atc, network)
    done = atc("--mode=6", "--om=net.om")
    assert done.returncode == 0
    assert f"soc_version[{SOC}], framework_type[5]." in done.stdout
    assert f"weight_data_size[{len(om.parts[1])} B]" in done.stdout
    assert "============ Display Model Info start ============" in done.stdout


def test_display_model_info_prints_the_same_after_a_conversion(atc: Command, network: Path) -> None:
    done = atc(*[f"--{name}={value}" for name, value in GOOD.items()], "--display_model_info=1")
    assert "Original Atc command line: atc --framework=5" in done.stdout


def test_mode_1_and_6_refuse_what_is_no_om(atc: Command, network: Path) -> None:
    for words in (["--mode=6"], ["--mode=1", "--json=x.json"]):
        assert "E10007" in atc(*words).stdout
        assert "E10410" in atc(*words, "--om=missing.om").stdout
        assert "E19005" in atc(*words, f"--om={network.name}").stdout


def test_the_same_command_writes_the_same_bytes(atc: Command, network: Path) -> None:
    assert convert(atc, network).bytes == convert(atc, network).bytes


def test_mode_3_writes_a_report_of_all_layers(atc: Command, network: Path, tmp_path: Path) -> None:
    assert atc("--mode=3", "--framework=5", f"--model={network}").returncode == 0
    report = json.loads((tmp_path / "check_result.json").read_text())
    assert (report["result"], report["total"], report["pass"], report["fail"]) == ("success", 7, 7, 0)
    assert report["op"][0] == {"name": "stem", "type": "Conv", "result": "success"}

    network.write_bytes(network.read_bytes().replace(b"GlobalAveragePool", b"GlobalMiddlePools"))
    done = atc("--mode=3", "--framework=5", f"--model={network}", "--check_report=found.json")
    assert done.returncode == 1
    assert "1 of 7 layers" in done.stdout
    report = json.loads((tmp_path / "found.json").read_text())
    assert (report["result"], report["pass"], report["fail"]) == ("failed", 6, 1)
    (failed,) = [op for op in report["op"] if op["result"] == "failed"]
    assert (failed["name"], failed["cause"]["code"]) == ("pool", "E16002")
    assert "GlobalMiddlePools" in failed["cause"]["message"]
    assert not (tmp_path / "net.om").exists()


def caffe_files(folder: Path, kind: str, outputs: int) -> None:
    """A product with weights and an activation of this type: [1, 4] -> [1, outputs]."""
    (folder / "net.prototxt").write_text(f"""
        name: "net"
        layer {{ name: "x" type: "Input" top: "x" input_param {{ shape {{ dim: 1 dim: 4 }} }} }}
        layer {{ name: "fc" type: "InnerProduct" bottom: "x" top: "fc"
                inner_product_param {{ num_output: {outputs} bias_term: false }} }}
        layer {{ name: "act" type: "{kind}" bottom: "fc" top: "act" }}
        """)

    def field(number: int, content: bytes) -> bytes:
        key = number << 3 | 2
        head = [key] if key < 128 else [key & 0x7F | 0x80, key >> 7]
        return bytes([*head, len(content)]) + content

    values = np.arange(8, dtype="<f4").tobytes()
    blob = field(7, field(1, bytes([2, 4]))) + field(5, values)
    weights = field(100, field(1, b"fc") + field(2, b"InnerProduct") + field(7, blob))
    (folder / "net.caffemodel").write_bytes(weights)


CAFFE = ["--mode=3", "--framework=0", "--model=net.prototxt", "--weight=net.caffemodel"]


def checked(folder: Path) -> dict[str, dict]:
    report = json.loads((folder / "check_result.json").read_text())
    assert report["total"] == len(report["op"]) == report["pass"] + report["fail"]
    assert report["result"] == ("failed" if report["fail"] else "success")
    return {layer["name"]: layer for layer in report["op"]}


def test_mode_3_checks_the_layers_of_caffe(atc: Command, tmp_path: Path) -> None:
    caffe_files(tmp_path, "ReLU", 2)
    assert atc(*CAFFE).returncode == 0
    layers = checked(tmp_path)
    assert {name: layer["result"] for name, layer in layers.items()} == {"fc": "success", "act": "success"}

    caffe_files(tmp_path, "NoSuchLayer", 3)
    done = atc(*CAFFE)
    assert done.returncode == 1
    assert "2 of 2 layers" in done.stdout
    layers = checked(tmp_path)
    assert layers["fc"]["cause"]["code"] == "E11024"
    assert "[2, 4]" in layers["fc"]["cause"]["message"]
    assert layers["act"]["cause"]["code"] == "E11009"


def test_mode_3_checks_the_nodes_of_a_graph_of_mindspore(atc: Command, tmp_path: Path) -> None:
    graph = """
        name: "net" graph {{ name: "main"
          op {{ name: "x" type: "Data" attr {{ key: "index" value {{ i: 0 }} }}
               output_desc {{ dtype: DT_FLOAT shape {{ dim: 4 }} layout: "ND" }} }}
          op {{ name: "first" type: "{kind}" input: "x:0" output_desc {{ dtype: DT_FLOAT }} }}
          op {{ name: "last" type: "Relu" input: "first:0" output_desc {{ dtype: DT_FLOAT }} }}
          op {{ name: "end" type: "NetOutput" input: "last:0" }} }}
        """
    schema = Path(__file__).resolve().parents[2] / "src" / "om" / "ge_ir.proto"
    for kind, code in (("Relu", 0), ("NoSuchOperator", 1)):
        encoded = subprocess.run(
            ["protoc", f"-I{schema.parent}", "--encode=ge.proto.ModelDef", schema.name],
            input=graph.format(kind=kind).encode(), capture_output=True, check=True,
        )  # fmt: skip
        (tmp_path / "net.air").write_bytes(encoded.stdout)
        done = atc("--mode=3", "--framework=1", "--model=net.air")
        assert done.returncode == code, done.stdout
        nodes = checked(tmp_path)
        assert nodes["last"]["result"] == "success"
        assert nodes["first"]["type"] == kind
    assert nodes["first"]["cause"]["code"] == "E10501"
    assert "1 of 2 layers" in done.stdout


def test_mode_1_writes_json_of_caffe(atc: Command, tmp_path: Path) -> None:
    caffe_files(tmp_path, "ReLU", 2)
    done = atc("--mode=1", *CAFFE[1:], "--json=caffe.json")
    assert done.returncode == 0, done.stdout
    operators = json.loads((tmp_path / "caffe.json").read_text())["graph"][0]["op"]
    assert {"fc", "act"} <= {op["name"] for op in operators}


def test_mode_5_turns_a_graph_dump_into_json(atc: Command, tmp_path: Path) -> None:
    (tmp_path / "ge_proto_00001_Build.txt").write_text(
        """
        name: "net"
        graph {
          name: "main"
          op { name: "x" type: "Data" attr { key: "index" value { i: 0 } } output_desc { dtype: DT_FLOAT } }
          op { name: "relu" type: "Relu" input: "x:0" some_new_field: 5 }
        }
        """
    )
    done = atc("--mode=5", "--om=ge_proto_00001_Build.txt", "--json=graph.json")
    assert done.returncode == 0, done.stdout
    graph = json.loads((tmp_path / "graph.json").read_text())["graph"][0]
    assert [(op["name"], op["type"]) for op in graph["op"]] == [("x", "Data"), ("relu", "Relu")]
    assert graph["op"][1]["input"] == ["x:0"]
    (tmp_path / "wrong.txt").write_text('graph { name: "x" op { name: 5 } }')
    done = atc("--mode=5", "--om=wrong.txt", "--json=wrong.json")
    assert "E19018" in done.stdout and "line 1" in done.stdout
    (tmp_path / "deep.txt").write_text("graph { op { attr { value { g { " * 40 + "} } } } } " * 40)
    assert "E19018" in atc("--mode=5", "--om=deep.txt", "--json=deep.json").stdout
    assert not (tmp_path / "wrong.json").exists()


def test_mode_5_reads_what_a_conversion_dumps(atc: Command, network: Path, tmp_path: Path) -> None:
    words = [f"--{name}={value}" for name, value in GOOD.items()]
    assert atc(*words, env={**os.environ, "DUMP_GE_GRAPH": "1"}).returncode == 0
    dump = sorted(tmp_path.rglob("ge_proto_*.txt"))[0]
    done = atc("--mode=5", f"--om={dump.relative_to(tmp_path)}", "--json=graph.json")
    assert done.returncode == 0, done.stdout
    ops = json.loads((tmp_path / "graph.json").read_text())["graph"][0]["op"]
    assert {"stem": "Conv2D", "softmax": "SoftmaxV2"}.items() <= {
        op["name"]: op["type"] for op in ops
    }.items()


def test_the_original_model_is_saved_without_changes_of_types(
    atc: Command, cairn: Command, network: Path, tmp_path: Path
) -> None:
    (tmp_path / "aipp.cfg").write_text(AIPP)
    convert(atc, network, "--insert_op_conf=aipp.cfg", "--output_type=FP16", "--save_original_model=true")
    changed, original = inspect(cairn), inspect(cairn, "net_original.om")
    assert (changed["inputs"][0]["data_type"], changed["outputs"][0]["data_type"]) == ("UINT8", "FLOAT16")
    assert (original["inputs"][0]["data_type"], original["outputs"][0]["data_type"]) == ("FLOAT", "FLOAT")
    x = image(1, 3, 16, 16)
    expected = reference(network, x=x)[0]
    np.testing.assert_allclose(
        run_ir(OmFile(tmp_path / "net_original.om"), x)[0], expected, rtol=1e-4, atol=1e-6
    )


def test_names_of_compressed_layers_are_checked(atc: Command, network: Path, tmp_path: Path) -> None:
    (tmp_path / "names.txt").write_text("stem;missing\n")
    done = atc(*[f"--{name}={value}" for name, value in GOOD.items()], "--compress_weight_conf=names.txt")
    assert done.returncode == 0
    assert "W11002: Node [missing]" in done.stdout
    assert "[stem]" not in done.stdout


def warnings_of(
    atc: Command,
    folder: Path,
    nodes: list,
    inputs: list,
    outputs: list,
    weights: dict[str, np.ndarray] | None = None,
) -> list[str]:
    """What atc warns of in a network whose inputs and outputs are [(name, type, shape)]."""
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(*each) for each in inputs],
        [helper.make_tensor_value_info(*each) for each in outputs],
        [numpy_helper.from_array(array, name) for name, array in (weights or {}).items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, folder / "w.onnx")
    done = atc("--framework=5", "--model=w.onnx", "--output=net", f"--soc_version={SOC}")
    assert done.returncode == 0, done.stdout
    return [line for line in done.stdout.splitlines() if line.startswith("W")]


DOUBLE, FLOAT, INT64 = TensorProto.DOUBLE, TensorProto.FLOAT, TensorProto.INT64


def test_layers_that_compute_with_doubles_are_warned_of_once(atc: Command, tmp_path: Path) -> None:
    nodes = [helper.make_node("Add", ["x", "c"], ["t0"], name="layer_0")]
    nodes += [helper.make_node("Exp", [f"t{i}"], [f"t{i + 1}"], name=f"layer_{i + 1}") for i in range(4)]
    constant = {"c": np.array([1e-12], np.float64)}
    (line,) = warnings_of(atc, tmp_path, nodes, [("x", DOUBLE, [4])], [("t4", DOUBLE, [4])], constant)
    assert line.startswith("W19001: ")
    assert "[layer_0], [layer_1], [layer_2] and 2 more" in line
    assert "float64 is computed as float32" in line


def test_casts_of_doubles_are_not_warned_of(atc: Command, tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Cast", ["x"], ["small"], name="in", to=FLOAT),
        helper.make_node("Exp", ["small"], ["power"], name="exp"),
        helper.make_node("Cast", ["power"], ["y"], name="out", to=DOUBLE),
    ]
    assert warnings_of(atc, tmp_path, nodes, [("x", DOUBLE, [6])], [("y", DOUBLE, [6])]) == []


@pytest.mark.parametrize("number", [1 << 40, -(1 << 31) - 1, (1 << 63) - 1])
def test_constants_beyond_32_bits_are_warned_of(atc: Command, tmp_path: Path, number: int) -> None:
    nodes = [helper.make_node("Add", ["x", "big"], ["y"], name="add")]
    weights = {"big": np.array([3, number, 5], np.int64)}
    (line,) = warnings_of(atc, tmp_path, nodes, [("x", INT64, [3])], [("y", INT64, [3])], weights)
    assert line.startswith("W19002: ")
    assert f"[big ({number})]" in line


def test_numbers_that_fit_and_ends_of_slices_are_not_warned_of(atc: Command, tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Gather", ["table", "x"], ["rows"], name="gather"),
        helper.make_node("Concat", ["end", "end"], ["ends"], name="ends", axis=0),
        helper.make_node("Slice", ["rows", "start", "ends"], ["y"], name="slice"),
        helper.make_node("Add", ["x", "one"], ["moved"], name="add"),
        helper.make_node("Max", ["moved", "least"], ["bounded"], name="max"),
        helper.make_node("Div", ["big", "half"], ["two"], name="div"),  # Computed when it is converted.
        helper.make_node("Mul", ["bounded", "two"], ["z"], name="mul"),
    ]
    weights = {
        "table": np.zeros((9, 4), np.float32),
        "end": np.array([(1 << 63) - 1], np.int64),
        "start": np.array([1, 1], np.int64),
        "one": np.array([(1 << 31) - 1], np.int64),
        "least": np.array([-(1 << 63)], np.int64),
        "big": np.array([1 << 41], np.int64),
        "half": np.array([1 << 40], np.int64),
    }
    outputs = [("y", FLOAT, [4, 3]), ("z", INT64, [5])]
    assert warnings_of(atc, tmp_path, nodes, [("x", INT64, [5])], outputs, weights) == []


def pack(array: np.ndarray) -> np.ndarray:
    """NCHW -> NC1HWC0, float16."""
    n, c, h, w = array.shape
    blocks = -(-c // 16)
    padded = np.zeros((n, blocks * 16, h, w), np.float16)
    padded[:, :c] = array
    return padded.reshape(n, blocks, 16, h, w).transpose(0, 1, 3, 4, 2)


def test_inputs_and_outputs_can_have_the_layout_of_the_cubes(
    atc: Command, cairn: Command, network: Path
) -> None:
    om = convert(
        atc, network, "--input_fp16_nodes=x", "--is_input_adjust_hw_layout=true",
        "--out_nodes=stem:0;depthwise:0", "--is_output_adjust_hw_layout=true,false",
    )  # fmt: skip
    about = inspect(cairn)
    entry = about["inputs"][0]
    assert (entry["dims"], entry["format"], entry["data_type"]) == ([1, 1, 16, 16, 16], "NC1HWC0", "FLOAT16")
    assert [(o["dims"], o["format"], o["data_type"]) for o in about["outputs"]] == [
        ([1, 1, 8, 8, 16], "NC1HWC0", "FLOAT16"),
        ([1, 8, 8, 8], "NCHW", "FLOAT"),
    ]
    x = image(1, 3, 16, 16).astype(np.float16)
    plain = convert(atc, network, "--input_fp16_nodes=x", "--out_nodes=stem:0;depthwise:0", output="plain")
    stem, depthwise = run_ir(plain, x)
    got = run_ir(om, pack(x))
    np.testing.assert_allclose(got[0], pack(stem.astype(np.float16)), rtol=2e-3, atol=1e-4)
    np.testing.assert_allclose(got[1], depthwise, rtol=1e-4, atol=1e-5)


def chain(path: Path, node: str, count: int, **attributes: object) -> None:
    """x [1] -> the same operator many times -> y."""
    nodes = [helper.make_node(node, [f"v{i}"], [f"v{i + 1}"], **attributes) for i in range(count)]
    ends = [helper.make_tensor_value_info(f"v{i}", TensorProto.FLOAT, [1]) for i in (0, count)]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


def peak_kib(atc: Command, *words: str, **environment: str) -> tuple[str, int]:
    """What atc says, and the most memory that it had."""
    code = (
        "import resource, subprocess, sys; done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, text=True); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss); print(done.stdout)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, atc.program, *words],
        cwd=atc.folder, capture_output=True, text=True, timeout=120, env={**os.environ, **environment},
    )  # fmt: skip
    peak, text = done.stdout.split("\n", 1)
    return text, int(peak)


WORDS = ["--framework=5", "--model=m.onnx", "--output=net", f"--soc_version={SOC}"]


@pytest.mark.skipif("san" in os.environ.get("CAIRN_BUILD_DIR", ""), reason="a sanitizer maps terabytes")
def test_a_model_that_needs_too_much_memory_ends_at_the_limit(atc: Command, tmp_path: Path) -> None:
    chain(tmp_path / "m.onnx", "Sin", 200_000)
    free, without = peak_kib(atc, *WORDS, "--output=free")
    assert "ATC run success" in free
    (tmp_path / "free.om").unlink()
    text, peak = peak_kib(atc, *WORDS, CAIRN_ATC_MEMORY_MB="128")
    assert "ATC run failed" in text
    # Where the engine cannot say that memory ran out it ends, and the handler speaks.
    assert "E10044" in text or "CAIRN_ATC_MEMORY_MB" in text
    assert peak < without / 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.onnx"]


@pytest.mark.skipif("san" in os.environ.get("CAIRN_BUILD_DIR", ""), reason="the limits are off")
def test_a_model_that_takes_too_long_ends_at_the_time_limit(atc: Command, tmp_path: Path) -> None:
    chain(tmp_path / "m.onnx", "Sin", 200_000)
    begin = time.monotonic()
    text, _ = peak_kib(atc, *WORDS, CAIRN_ATC_SECONDS="1")
    assert "E10042" in text and "longer than allowed" in text
    assert time.monotonic() - begin < 30
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.onnx"]


def quantized_network(path: Path) -> None:
    """A convolution between QuantizeLinear and DequantizeLinear, as quantising tools write it."""
    random = np.random.default_rng(4)
    weights = {
        "one": np.float32(0.05),
        "zero": np.uint8(128),
        "wq": random.integers(-127, 127, (32, 32, 3, 3)).astype(np.int8),
        "ws": np.full(32, 0.01, np.float32),
        "wz": np.zeros(32, np.int8),
        "after": np.float32(0.2),
    }
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "one", "zero"], ["xq"]),
        helper.make_node("DequantizeLinear", ["xq", "one", "zero"], ["xd"]),
        helper.make_node("DequantizeLinear", ["wq", "ws", "wz"], ["wd"], axis=0),
        helper.make_node("Conv", ["xd", "wd"], ["c"], name="conv", pads=[1, 1, 1, 1]),
        helper.make_node("QuantizeLinear", ["c", "after", "zero"], ["cq"]),
        helper.make_node("DequantizeLinear", ["cq", "after", "zero"], ["y"]),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 32, 16, 16]) for name in ("x", "y")]
    graph = helper.make_graph(
        nodes, "q", ends[:1], ends[1:], [numpy_helper.from_array(v, k) for k, v in weights.items()]
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


def test_a_quantised_network_runs_in_8_bits(atc: Command, tmp_path: Path) -> None:
    quantized_network(tmp_path / "q.onnx")
    om = convert(atc, Path("q.onnx"))
    x = image(1, 32, 16, 16)
    expected = reference(tmp_path / "q.onnx", x=x)[0]
    got = run_ir(om, x)[0]
    assert np.abs(got - expected).max() <= 0.2 * 1.01, "one step of the last quantisation"
    assert np.mean(got != expected) < 0.01
    core = openvino.Core()
    weights = openvino.Tensor(np.frombuffer(om.parts[1], np.uint8).copy())
    model = core.read_model(om.records()["cairn.ir.xml"], weights)
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    kinds = {
        info["runtimePrecision"].astype(str)
        for node in compiled.get_runtime_model().get_ops()
        if (info := node.get_rt_info())["layerType"].astype(str) == "Convolution"
    }
    assert kinds <= {"u8", "i8"} and kinds


def test_a_quantised_network_that_the_engine_cannot_run_in_8_bits_runs_with_floats(
    atc: Command, tmp_path: Path
) -> None:
    """A squeeze-and-excitation step with a quantised offset, as ONNX Runtime's quantiser writes it: OpenVINO's passes for int8 throw."""
    random = np.random.default_rng(4)
    weights = {
        "step": np.float32(0.02),
        "middle": np.int8(-19),
        "w": random.normal(0, 0.3, (2, 8, 1, 1)).astype(np.float32),
        "ws": np.float32(0.0064),
        "wz": np.int8(-44),
        "b": random.normal(0, 0.3, (1, 2, 1, 1)).astype(np.float32),
        "bs": np.float32(0.0025),
        "bz": np.int8(20),
    }
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "step", "middle"], ["xq"]),
        helper.make_node("DequantizeLinear", ["xq", "step", "middle"], ["xd"]),
        helper.make_node("QuantizeLinear", ["w", "ws", "wz"], ["wq"]),
        helper.make_node("DequantizeLinear", ["wq", "ws", "wz"], ["wd"]),
        helper.make_node("QuantizeLinear", ["b", "bs", "bz"], ["bq"]),
        helper.make_node("DequantizeLinear", ["bq", "bs", "bz"], ["bd"]),
        helper.make_node("Conv", ["xd", "wd"], ["c"]),
        helper.make_node("QuantizeLinear", ["c", "step", "middle"], ["cq"]),
        helper.make_node("DequantizeLinear", ["cq", "step", "middle"], ["cd"]),
        helper.make_node("Add", ["cd", "bd"], ["y"]),
    ]
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, channels, 1, 1])
        for name, channels in (("x", 8), ("y", 2))
    ]
    graph = helper.make_graph(
        nodes, "q", ends[:1], ends[1:], [numpy_helper.from_array(v, k) for k, v in weights.items()]
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8),
        tmp_path / "q.onnx",
    )
    with pytest.raises(RuntimeError):  # Else this test shows nothing any more.
        openvino.Core().compile_model(openvino.Core().read_model(tmp_path / "q.onnx"), "CPU")
    convert(atc, Path("q.onnx"))
    done = subprocess.run(
        ["cairn", "compare", "net.om", "q.onnx"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_operators_of_ones_own_stand_for_others(atc: Command, network: Path, tmp_path: Path) -> None:
    x = image(1, 3, 16, 16)
    expected = reference(network, x=x)[0]
    network.write_bytes(network.read_bytes().replace(b"GlobalAveragePool", b"GlobalMiddlePools"))
    (tmp_path / "names.txt").write_text("# ours: the standard's\nGlobalMiddlePools : GlobalAveragePool\n\n")
    om = convert(atc, network, "--op_name_map=names.txt")
    np.testing.assert_allclose(run_ir(om, x)[0], expected, rtol=1e-4, atol=1e-6)
    (tmp_path / "names.txt").write_text("GlobalMiddlePools\n")
    words = [f"--{name}={value}" for name, value in GOOD.items()]
    assert "TypeInTheModel:TypeToUse" in atc(*words, "--op_name_map=names.txt").stdout
