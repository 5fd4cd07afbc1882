"""Whole Caffe networks against OpenCV's DNN module, and what the front end refuses."""

import acl
import numpy as np
import pytest
from caffe_net import Net, Word

RANDOM = np.random.default_rng(5)


def weights(*shape: int, scale: float = 1.0) -> np.ndarray:
    return (RANDOM.standard_normal(shape) * scale / max(1, np.sqrt(np.prod(shape[1:])))).astype(np.float32)


def convolution(net, name, bottom, inputs, outputs, kernel=3, **param):
    blobs = [
        weights(outputs, inputs // param.get("group", 1), kernel, kernel, scale=1.5),
        weights(outputs, scale=0.1),
    ]
    return net.add("Convolution", name, bottom, blobs=blobs,
                   convolution_param={"num_output": outputs, "kernel_size": kernel, **param})  # fmt: skip


def normalised(net, name, blob, channels, relu=True):
    """BatchNorm, Scale and ReLU in place, as in the ResNets of Caffe."""
    net.add("BatchNorm", f"{name}_bn", blob, blob,
            [weights(channels, scale=0.1), RANDOM.uniform(0.5, 1.5, channels), [1.0]])  # fmt: skip
    net.add("Scale", f"{name}_scale", blob, blob, [RANDOM.uniform(0.5, 1.5, channels), weights(channels, scale=0.1)],
            scale_param={"bias_term": True})  # fmt: skip
    if relu:
        net.add("ReLU", f"{name}_relu", blob, blob)
    return blob


def resnet(name="resnet") -> Net:
    net = Net(name)
    net.input("data", 2, 3, 32, 32)
    x = normalised(net, "conv1", convolution(net, "conv1", "data", 3, 16, 7, stride=2, pad=3), 16)
    x = net.add("Pooling", "pool1", x, pooling_param={"kernel_size": 3, "stride": 2})
    channels = 16
    for block, outputs in enumerate((16, 24, 24)):
        name = f"res{block}"
        stride = 1 if outputs == channels else 2
        y = normalised(
            net, f"{name}a", convolution(net, f"{name}a", x, channels, outputs, pad=1, stride=stride), outputs
        )
        y = normalised(
            net, f"{name}b", convolution(net, f"{name}b", y, outputs, outputs, pad=1), outputs, relu=False
        )
        if outputs != channels:
            x = normalised(
                net,
                f"{name}s",
                convolution(net, f"{name}s", x, channels, outputs, 1, stride=2),
                outputs,
                False,
            )
        x = net.add("Eltwise", name, [x, y])
        x = net.add("ReLU", f"{name}_relu", x, x)
        channels = outputs
    x = net.add("Pooling", "pool5", x, pooling_param={"pool": Word("AVE"), "global_pooling": True})
    x = net.add("Dropout", "drop", x, x)
    x = net.add(
        "InnerProduct",
        "fc",
        x,
        blobs=[weights(10, channels), weights(10)],
        inner_product_param={"num_output": 10},
    )
    net.add("Softmax", "prob", x)
    return net


def ssd(name="ssd", detector="DetectionOutput") -> Net:
    net = Net(name)
    net.input("data", 1, 3, 48, 48)
    x = convolution(net, "c1", "data", 3, 8, pad=1, stride=2)
    x = net.add("ReLU", "r1", x, x)
    first = net.add("Normalize", "norm", x, blobs=[np.full(8, 2, np.float32)],
                    norm_param={"across_spatial": False, "channel_shared": False})  # fmt: skip
    x = convolution(net, "c2", x, 8, 12, pad=1, stride=2)
    x = net.add("ReLU", "r2", x, x)
    second = convolution(net, "c3", x, 12, 12, pad=1, stride=2)
    parts = {"loc": [], "conf": [], "priors": []}
    classes = 4
    for i, (source, channels, size) in enumerate(((first, 8, 8.0), (x, 12, 16.0), (second, 12, 28.0))):
        priors = {"min_size": size, "max_size": size * 1.6, "aspect_ratio": 2.0, "flip": True, "clip": False,
                  "variance": [0.1, 0.1, 0.2, 0.2], "step": [2.0, 4.0, 8.0][i]}  # fmt: skip
        for kind, count in (("loc", 16), ("conf", 4 * classes)):
            y = convolution(net, f"{kind}{i}", source, channels, count, pad=1)
            y = net.add("Permute", f"{kind}{i}_perm", y, permute_param={"order": [0, 2, 3, 1]})
            parts[kind].append(net.add("Flatten", f"{kind}{i}_flat", y, flatten_param={"axis": 1}))
        parts["priors"].append(net.add("PriorBox", f"priors{i}", [source, "data"], prior_box_param=priors))
    loc = net.add("Concat", "mbox_loc", parts["loc"], concat_param={"axis": 1})
    conf = net.add("Concat", "mbox_conf", parts["conf"], concat_param={"axis": 1})
    priors = net.add("Concat", "mbox_priors", parts["priors"], concat_param={"axis": 2})
    conf = net.add("Reshape", "conf_rows", conf, reshape_param={"shape": {"dim": [0, -1, classes]}})
    conf = net.add("Softmax", "conf_soft", conf, softmax_param={"axis": 2})
    conf = net.add("Flatten", "conf_flat", conf, flatten_param={"axis": 1})
    inputs = [loc, conf, priors]
    if detector == "DetectionOutput":
        net.add(detector, "boxes", inputs, detection_output_param={
            "num_classes": classes, "share_location": True, "background_label_id": 0, "code_type": Word("CENTER_SIZE"),
            "nms_param": {"nms_threshold": 0.45, "top_k": 60}, "keep_top_k": 30, "confidence_threshold": 0.3})  # fmt: skip
    else:
        net.add(detector, "boxes", inputs, ["count", "boxes"], ssddetectionoutput_param={
            "num_classes": classes, "share_location": True, "background_label_id": 0, "code_type": 2,
            "iou_threshold": 0.45, "top_k": 60, "keep_top_k": 30, "confidence_threshold": 0.3})  # fmt: skip
    return net


def picture(*shape: int) -> np.ndarray:
    return np.random.default_rng(3).standard_normal(shape).astype(np.float32)


@pytest.mark.parametrize("inputs", ["shape", "dim", "layer"])
def test_resnet_gives_what_opencv_gives(tmp_path, convert_and_run, opencv, inputs):
    files = resnet().save(tmp_path, inputs)
    data = picture(2, 3, 32, 32)
    (wanted,) = opencv(*files, {"data": data}, ["prob"])
    ours = convert_and_run(*files, [data])
    assert list(ours) == ["prob"]
    np.testing.assert_allclose(
        ours["prob"].view(np.float32).reshape(2, 10), wanted.reshape(2, 10), rtol=1e-4, atol=1e-5
    )


def rows_of_opencv(found: np.ndarray) -> np.ndarray:
    return found.reshape(-1, 7)


def test_ssd_finds_the_boxes_that_opencv_finds(tmp_path, convert_and_run, opencv):
    files = ssd().save(tmp_path)
    data = picture(1, 3, 48, 48)
    (wanted,) = opencv(*files, {"data": data}, ["boxes"])
    wanted = rows_of_opencv(wanted)
    assert len(wanted) > 5
    ours = convert_and_run(*files, [data])["boxes"].view(np.float32).reshape(-1, 7)
    ends = np.flatnonzero(ours[:, 0] < 0)
    ours = ours[: ends[0]] if len(ends) else ours
    assert ours.shape == wanted.shape
    order = [np.lexsort(np.round(rows, 4).T) for rows in (ours, wanted)]
    np.testing.assert_allclose(ours[order[0]], wanted[order[1]], rtol=1e-3, atol=1e-4)


def test_ssd_detection_output_of_the_card_counts_its_boxes(tmp_path, convert_and_run, opencv):
    (tmp_path / "reference").mkdir()
    data = picture(1, 3, 48, 48)
    global RANDOM
    RANDOM = np.random.default_rng(5)
    reference = ssd().save(tmp_path / "reference")
    RANDOM = np.random.default_rng(5)
    files = ssd("card", "SSDDetectionOutput").save(tmp_path)
    (wanted,) = opencv(*reference, {"data": data}, ["boxes"])
    wanted = rows_of_opencv(wanted)
    ours = convert_and_run(*files, [data])
    assert ours["count"].view(np.int32).tolist() == [len(wanted)] + [0] * 7
    rows = ours["boxes"].view(np.float32).reshape(128, 8)
    assert not rows[len(wanted) :].any()
    rows = rows[: len(wanted), :7]
    order = [np.lexsort(np.round(each, 4).T) for each in (rows, wanted)]
    np.testing.assert_allclose(rows[order[0]], wanted[order[1]], rtol=1e-3, atol=1e-4)


def old_network() -> Net:
    net = Net("old")
    net.input("data", 1, 3, 16, 16)
    x = convolution(net, "conv", "data", 3, 8, pad=1)
    x = net.add("ReLU", "relu", x, x)
    x = net.add("LRN", "norm", x, lrn_param={"local_size": 5, "alpha": 0.0001, "beta": 0.75})
    x = net.add("Pooling", "pool", x, pooling_param={"kernel_size": 3, "stride": 2, "pool": Word("MAX")})
    a, b = net.add("Slice", "cut", x, ["a", "b"], slice_param={"slice_dim": 1, "slice_point": 3}), "b"
    b = net.add("TanH", "tanh", b)
    x = net.add("Concat", "join", [b, a], concat_param={"concat_dim": 1})
    net.add("Dropout", "drop", x, x, dropout_param={"dropout_ratio": 0.5})
    x = net.add(
        "InnerProduct",
        "fc",
        x,
        blobs=[weights(5, 8 * 8 * 8), weights(5)],
        inner_product_param={"num_output": 5},
    )
    net.add("Softmax", "prob", x)
    return net


@pytest.mark.parametrize("packed", [True, False])
def test_old_layers_give_what_opencv_gives(tmp_path, convert_and_run, opencv, packed):
    files = old_network().save(tmp_path, "dim", v1=True, packed=packed)
    data = picture(1, 3, 16, 16)
    (wanted,) = opencv(*files, {"data": data}, ["prob"])
    ours = convert_and_run(*files, [data])["prob"].view(np.float32)
    np.testing.assert_allclose(ours, wanted.ravel(), rtol=1e-4, atol=1e-6)


def test_slices_without_points_are_equal_parts(tmp_path, convert_and_run):
    net = Net()
    net.input("data", 2, 6, 3)
    net.add("Slice", "cut", "data", ["a", "b", "c"], slice_param={"axis": 1})
    net.add("Split", "twice", "a", ["a1", "a2"])
    net.add("TanH", "a3", "a1")
    net.add("AbsVal", "a4", "a2")
    data = picture(2, 6, 3)
    ours = convert_and_run(*net.save(tmp_path), [data])
    assert list(ours) == ["b", "c", "a3", "a4"]
    np.testing.assert_array_equal(ours["c"].view(np.float32), data[:, 4:].ravel())
    np.testing.assert_array_equal(ours["a4"].view(np.float32), np.abs(data[:, :2]).ravel())
    np.testing.assert_allclose(ours["a3"].view(np.float32), np.tanh(data[:, :2]).ravel(), rtol=1e-5)


def test_layers_of_training_are_left_out(tmp_path, convert_and_run):
    net = Net()
    net.input("data", 1, 4)
    net.add("Data", "train_data", [], ["data", "label"], include={"phase": Word("TRAIN")}, data_param={"source": "db"},
            annotated_data_param={"anything": 3})  # fmt: skip
    net.add("Power", "half", "data", power_param={"scale": 0.5}, include={"phase": Word("TEST")})
    net.add("SoftmaxWithLoss", "loss", ["half", "label"], exclude={"phase": Word("TEST")})
    net.add("Sigmoid", "out", "half", include={"stage": "elsewhere"})
    data = picture(1, 4)
    ours = convert_and_run(*net.save(tmp_path), [data])
    assert list(ours) == ["half"]
    np.testing.assert_allclose(ours["half"].view(np.float32), 0.5 * data.ravel())


def test_names_of_inputs_and_outputs_are_those_of_caffe(tmp_path, atc):
    om = atc.convert(*resnet().save(tmp_path))
    model, _ = acl.mdl.load_from_file(str(om))
    desc = acl.mdl.create_desc()
    acl.mdl.get_desc(desc, model)
    assert acl.mdl.get_input_name_by_index(desc, 0) == "data"
    assert acl.mdl.get_output_name_by_index(desc, 0) == "prob:0:prob"
    acl.mdl.destroy_desc(desc)
    acl.mdl.unload(model)


def test_any_layer_and_any_blob_can_be_an_output(tmp_path, convert_and_run, atc):
    files = resnet().save(tmp_path)
    ours = convert_and_run(*files, [picture(2, 3, 32, 32)], "--out_nodes=pool1;res0")
    assert {name: array.view(np.float32).size for name, array in ours.items()} == {
        "pool1": 2048,
        "res0": 2048,
    }


def test_input_shape_changes_the_size(tmp_path, convert_and_run):
    net = Net()
    net.input("data", 1, 3, 8, 8)
    convolution(net, "conv", "data", 3, 4)
    ours = convert_and_run(*net.save(tmp_path), [picture(2, 3, 10, 12)], "--input_shape=data:2,3,10,12")
    assert ours["conv"].view(np.float32).size == 2 * 4 * 8 * 10


def test_unknown_layers_and_missing_weights_come_at_once(tmp_path, atc):
    net = Net()
    net.input("data", 1, 3, 8, 8)
    net.add("Convolution", "conv", "data", convolution_param={"num_output": 4, "kernel_size": 3})
    net.add("Frobnicate", "frob", "conv")
    net.add("InnerProduct", "fc", "frob", inner_product_param={"num_output": 5})
    net.add("Quux", "quux", "fc")
    net.add(
        "InnerProduct",
        "narrow",
        "data",
        blobs=[weights(5, 7)],
        inner_product_param={"num_output": 4, "bias_term": False},
    )
    done = atc(*net.save(tmp_path))
    assert done.returncode != 0
    for text in (
        "E11009: 2 layer(s)", "Frobnicate (layer frob)", "Quux (layer quux)", "E11029: 2 layer(s)", "conv (Convolution",
        "fc (InnerProduct", "E11024", "layer narrow: its weights have the shape [5, 7], the network wants [4, -1]",
    ):  # fmt: skip
        assert text in done.stdout


def test_weights_that_do_not_fit_the_input_name_the_layer(tmp_path, atc):
    net = Net()
    net.input("data", 1, 3, 8, 8)
    net.add("Convolution", "conv", "data", blobs=[weights(4, 5, 3, 3), weights(4)],
            convolution_param={"num_output": 4, "kernel_size": 3})  # fmt: skip
    net.add(
        "InnerProduct",
        "fc",
        "data",
        blobs=[weights(4, 100), weights(4)],
        inner_product_param={"num_output": 4},
    )
    done = atc(*net.save(tmp_path))
    assert done.returncode != 0
    assert "E19014" in done.stdout and "(node conv)" in done.stdout and "(node fc)" in done.stdout


def test_no_weight_option_is_E10008(tmp_path, atc):
    done = atc(resnet().save(tmp_path)[0], None)
    assert done.returncode != 0 and "E10008" in done.stdout


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("layer {", "line 1"),
        ('input: "x" input_dim: 1', "each input needs 4"),
        ('layer { name: "a" type: "ReLU" bottom: "nothing" top: "a" }', "no input"),
        ('input: "x" input_shape { dim: 1 } layer { name: "a" type: "ReLU" bottom: "y" top: "a" }', "no layer in front"),
        ('input: "x" input_shape { dim: 1 } layer { name: "a" type: "ReLU" bottom: "x" top: "a" relu_param { foo: 1 } '
         "bar: 2 }", "no field named \"foo\""),
        ('input: "x" input_shape { dim: 1 }\nlayer { type: "ReLU" bottom: "x" top: "a" bar: 2 }', "line 2"),
        ('input: "x" input_shape { dim: -4 }', "a dim of -4"),
        ("layer { " * 100, "nest"),
        ("\x00\x01\x02", "line 1"),
    ],
)  # fmt: skip
def test_damaged_networks_say_where(tmp_path, atc, text, reason):
    prototxt, weight = tmp_path / "bad.prototxt", tmp_path / "bad.caffemodel"
    prototxt.write_text(text)
    weight.write_bytes(Net().caffemodel())
    done = atc(prototxt, weight)
    assert done.returncode != 0 and "E11022" in done.stdout
    assert reason in done.stdout.replace("too deeply nested", "nest").replace("recursion limit", "nest")


def test_damaged_weights_are_E11024(tmp_path, atc):
    prototxt, weight = resnet().save(tmp_path)
    data = weight.read_bytes()
    for bad in (data[: len(data) // 2], b"\xff" * 64, data[:-3]):
        weight.write_bytes(bad)
        done = atc(prototxt, weight)
        assert done.returncode != 0 and "E11024" in done.stdout
