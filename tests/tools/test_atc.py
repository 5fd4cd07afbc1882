"""`atc` turns an ONNX network into an offline model that computes the same."""

import json
import subprocess
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import openvino
import pytest
from conftest import SOC, Command, OmFile, small_network
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


def inspect(cairn: Command, name: str = "net.om", *words: str) -> dict:
    done = cairn("inspect", "--json", name, *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def run_ir(om: OmFile, *inputs: np.ndarray) -> list[np.ndarray]:
    """The executable graph and the weights of the file, run by OpenVINO itself."""
    core = openvino.Core()
    weights = openvino.Tensor(np.frombuffer(om.parts[1], np.uint8).copy())
    model = core.read_model(om.records()["cairn.ir.xml"], weights)
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return [np.array(value) for value in compiled(list(inputs)).values()]


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
    ("framework", "3", "E10055", "TensorFlow"),
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
    ("mode", "3", "E10055", "--mode=3"),
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
    ("singleop", "x.json", "E10055", "not supported yet"),
    ("out_nodes", "z:0", "E10016", "z"),
    ("out_nodes", "stem:1", "E10016", "1 outputs"),
    ("out_nodes", "stem:-1", "E10001", "node:index"),
    ("output_type", "FP64", "E10001", "FP32, FP16"),
    ("output_type", "stem:0:FP16", "E10001", "--out_nodes"),
    ("insert_op_conf", "missing.cfg", "E10410", "--insert_op_conf"),
    ("disable_reuse_memory", "2", "E10006", "--disable_reuse_memory"),
    ("save_original_model", "perhaps", "E10005", "true or false"),
    ("save_original_model", "true", "E10055", "not supported yet"),
    ("external_weight", "1", "E10055", "not supported yet"),
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
    assert "Wow (node two)" in done.stdout
    assert "Relu" not in done.stdout


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
