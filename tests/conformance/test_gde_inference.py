"""The guide's way of inference with models: its order of calls, several models, streams, batches and callbacks."""

import subprocess
import threading

import numpy as np
import pytest
from constants import DEVICE_TO_HOST, PARAMETER_FAULTS, RT_INVALID_DEVICEID
from mdl_models import Buffers, LoadedModel, atc, reference, save, two_by_two
from onnx import TensorProto, helper

MODEL_ID_INVALID = 145003
INPUT_NOT_MATCH = 100017
OUTPUT_NOT_MATCH = 100018


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def onnx_path(folder):
    return two_by_two(folder)


@pytest.fixture(scope="module")
def om(acl, onnx_path):
    return atc(onnx_path)


def scale(folder, name: str, factor: float, shape=(4, 6)):
    """y = factor * x."""
    return save(
        folder / f"{name}.onnx",
        [helper.make_node("Mul", ["x", "factor"], ["y"], name="times")],
        [("x", TensorProto.FLOAT, shape)],
        [("y", TensorProto.FLOAT, shape)],
        {"factor": np.full(1, factor, np.float32)},
    )


@pytest.fixture
def scaling(acl, context, folder):
    """scaling(factor, shape) -> a loaded model with y = factor * x."""
    loaded = []

    def load(factor: float, shape=(4, 6)) -> LoadedModel:
        path = scale(folder, f"times{factor}_{'x'.join(map(str, shape))}", factor, shape)
        loaded.append(LoadedModel(acl, atc(path)))
        return loaded[-1]

    yield load
    for model in loaded:
        model.close()


def numbers(seed: int, shape=(4, 6)) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


@pytest.mark.rules("GDE-043", "GDE-081", "GDE-085", "GDE-090", "GDE-091", "GDE-093", "GDE-094", "GDE-099")
def test_the_guides_order_from_loading_to_unloading(acl, context, om, onnx_path):
    mdl = acl.mdl
    model, ret = mdl.load_from_file(str(om))
    assert ret == 0
    desc = mdl.create_desc()
    assert mdl.get_desc(desc, model) == 0
    values = {"image": numbers(1, (2, 3, 8, 10)), "offset": numbers(2, (1, 4, 1, 1))}
    # The names by index tell the order of the buffers.
    inputs = Buffers(acl, [mdl.get_input_size_by_index(desc, i) for i in range(mdl.get_num_inputs(desc))])
    assert inputs.sizes == [values[mdl.get_input_name_by_index(desc, i)].nbytes for i in range(2)]
    outputs = Buffers(acl, [mdl.get_output_size_by_index(desc, i) for i in range(mdl.get_num_outputs(desc))])
    for index in range(2):
        inputs.write(index, values[mdl.get_input_name_by_index(desc, index)])
    assert mdl.execute(model, inputs.dataset, outputs.dataset) == 0
    expected = dict(zip(["total", "count"], reference(onnx_path, [*values.values()]), strict=True))
    for index in range(2):
        wanted = expected[mdl.get_output_name_by_index(desc, index).rsplit(":", 1)[1]]
        found = outputs.read(index, wanted.dtype, wanted.shape)
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
    assert mdl.unload(model) == 0
    assert mdl.destroy_desc(desc) == 0
    assert mdl.execute(model, inputs.dataset, outputs.dataset) == MODEL_ID_INVALID
    inputs.free()
    outputs.free()


@pytest.mark.rules("GDE-043")
def test_a_model_that_was_not_loaded_cannot_be_executed(acl, context):
    inputs, outputs = Buffers(acl, [64]), Buffers(acl, [64])
    assert acl.mdl.execute(4242, inputs.dataset, outputs.dataset) == MODEL_ID_INVALID
    inputs.free()
    outputs.free()


@pytest.mark.rules("GDE-085")
def test_the_data_structures_have_to_be_there_before_the_model_is_executed(acl, scaling):
    model = scaling(2)
    empty = acl.mdl.create_dataset()
    assert acl.mdl.execute(model.id, 0, model.outputs.dataset) in PARAMETER_FAULTS
    assert acl.mdl.execute(model.id, empty, model.outputs.dataset) == INPUT_NOT_MATCH
    assert acl.mdl.execute(model.id, model.inputs.dataset, empty) == OUTPUT_NOT_MATCH
    assert acl.mdl.destroy_dataset(empty) == 0


@pytest.mark.rules("GDE-093")
def test_buffers_in_the_wrong_order_are_told(acl, context, om):
    model = LoadedModel(acl, om)
    swapped = Buffers(acl, model.inputs.sizes[::-1])
    assert acl.mdl.execute(model.id, swapped.dataset, model.outputs.dataset) == INPUT_NOT_MATCH
    swapped.free()
    model.close()


@pytest.mark.rules("GDE-086", "GDE-089")
def test_after_release_in_the_guides_order_nothing_is_left(acl, context, om, memory_kind):
    LoadedModel(acl, om).close()
    before = acl.rt.get_mem_info(memory_kind)[0]
    for _ in range(20):
        model = LoadedModel(acl, om)
        assert model.execute() == 0
        for buffers in (model.inputs, model.outputs):
            for buffer, address in zip(buffers.buffers, buffers.addresses, strict=True):
                assert acl.get_data_buffer_addr(buffer) == address
                assert acl.destroy_data_buffer(buffer) == 0
                assert acl.rt.free(address) == 0
            assert acl.mdl.destroy_dataset(buffers.dataset) == 0
        assert acl.mdl.unload(model.id) == 0
        assert acl.mdl.destroy_desc(model.desc) == 0
    assert acl.rt.get_mem_info(memory_kind)[0] == before


@pytest.mark.rules("GDE-086")
def test_destroyed_data_structures_cannot_be_used(acl, scaling):
    model = scaling(2)
    other = Buffers(acl, model.inputs.sizes)
    assert acl.destroy_data_buffer(other.buffers[0]) == 0
    assert acl.mdl.execute(model.id, other.dataset, model.outputs.dataset) != 0
    assert acl.mdl.destroy_dataset(other.dataset) == 0
    assert acl.mdl.execute(model.id, other.dataset, model.outputs.dataset) in PARAMETER_FAULTS
    assert acl.rt.free(other.addresses[0]) == 0


@pytest.mark.rules("GDE-079", "GDE-081", "GDE-082", "GDE-083")
@pytest.mark.parametrize("memory", ["of the system", "of the user"])
@pytest.mark.parametrize("source", ["file", "memory"])
def test_each_way_of_loading_gives_an_id_that_can_be_executed(
    acl, context, om, device_memory, source, memory
):
    data = om.read_bytes()
    host, ret = acl.rt.malloc_host(len(data))
    assert ret == 0
    assert acl.rt.memcpy(host, len(data), acl.util.bytes_to_ptr(data), len(data), 0) == 0
    arguments = [str(om)] if source == "file" else [host, len(data)]
    if memory == "of the user":
        work_size, weight_size, ret = acl.mdl.query_size(str(om))
        assert ret == 0
        arguments += [device_memory(work_size), work_size, device_memory(weight_size), weight_size]
    name = {"file": "load_from_file", "memory": "load_from_mem"}[source]
    suffix = "_with_mem" if memory == "of the user" else ""
    model, ret = getattr(acl.mdl, name + suffix)(*arguments)
    assert ret == 0
    inputs, outputs = Buffers(acl, [2 * 3 * 8 * 10 * 4, 16]), Buffers(acl, [2 * 4 * 8 * 10 * 4, 16])
    inputs.write(0, np.zeros((2, 3, 8, 10), np.float32))
    inputs.write(1, np.array([1, 2, 3, 4], np.float32))
    assert acl.mdl.execute(model, inputs.dataset, outputs.dataset) == 0
    assert outputs.read(1, np.int32, 4).tolist() == [1, 2, 3, 4]
    assert acl.mdl.unload(model) == 0
    inputs.free()
    outputs.free()
    assert acl.rt.free_host(host) == 0


@pytest.mark.rules("GDE-088", "GDE-118")
def test_asynchronous_inference_is_not_waited_for_before_synchronize_stream(acl, gate, stream, scaling):
    model = scaling(2)
    values = numbers(3)
    model.inputs.write(0, values)
    model.outputs.write(0, np.zeros_like(values))
    gate.close(stream)
    assert acl.mdl.execute_async(model.id, model.inputs.dataset, model.outputs.dataset, stream) == 0
    assert acl.rt.synchronize_stream_with_timeout(stream, 30) != 0
    assert not model.outputs.read(0, np.float32, values.shape).any()
    threading.Timer(0.05, gate.open).start()
    assert acl.rt.synchronize_stream(stream) == 0
    np.testing.assert_array_equal(model.outputs.read(0, np.float32, values.shape), 2 * values)


@pytest.mark.rules("GDE-088")
def test_synchronous_inference_needs_no_synchronisation(scaling):
    model = scaling(3)
    for seed in range(5):
        model.inputs.write(0, numbers(seed))
        assert model.execute() == 0
        np.testing.assert_array_equal(
            model.outputs.read(0, np.float32, (4, 6)), np.float32(3) * numbers(seed)
        )


@pytest.mark.rules("GDE-118", "GDE-088")
def test_callbacks_fetch_the_results_in_portions(acl, context, stream, scaling):
    """Ten inferences, and a callback after every second one, which sees the results of those before it."""
    model = scaling(1)
    values = [np.full((4, 6), i, np.float32) for i in range(10)]
    inputs = [Buffers(acl, model.inputs.sizes) for _ in values]
    outputs = [Buffers(acl, model.outputs.sizes) for _ in values]
    portions, ended = [], threading.Event()

    def serve(arguments):
        assert acl.rt.set_context(arguments[0]) == 0
        while not ended.is_set():
            acl.rt.process_report(10)

    def fetch(indices):
        portions.append([outputs[i].read(0, np.float32, (4, 6))[0, 0] for i in indices])

    thread, ret = acl.util.start_thread(serve, [context])
    assert ret == 0
    assert acl.rt.subscribe_report(thread, stream) == 0
    for i, value in enumerate(values):
        inputs[i].write(0, value)
        assert acl.mdl.execute_async(model.id, inputs[i].dataset, outputs[i].dataset, stream) == 0
        if i % 2 == 1:
            assert acl.rt.launch_callback(fetch, [i - 1, i], 1, stream) == 0
    assert acl.rt.synchronize_stream(stream) == 0
    assert portions == [[0, 1], [2, 3], [4, 5], [6, 7], [8, 9]]
    assert acl.rt.unsubscribe_report(thread, stream) == 0
    ended.set()
    assert acl.util.stop_thread(thread) == 0
    for buffers in (*inputs, *outputs):
        buffers.free()


@pytest.mark.rules("GDE-112")
def test_several_models_are_loaded_and_executed_one_after_the_other(acl, scaling):
    """The output of the first is the input of the second."""
    first, second = scaling(2), scaling(5)
    assert first.id != second.id
    first.inputs.write(0, numbers(4))
    assert first.execute() == 0
    assert acl.mdl.execute(second.id, first.outputs.dataset, second.outputs.dataset) == 0
    np.testing.assert_array_equal(
        second.outputs.read(0, np.float32, (4, 6)), np.float32(5) * (2 * numbers(4))
    )


@pytest.mark.rules("GDE-173")
def test_one_thread_runs_two_models_on_two_streams_of_one_context(acl, context, scaling):
    models = [scaling(2), scaling(7)]
    streams = []
    for seed, model in enumerate(models):  # The second stream is made when the first inference is under way.
        stream, ret = acl.rt.create_stream()
        assert ret == 0
        streams.append(stream)
        model.inputs.write(0, numbers(seed))
        assert acl.mdl.execute_async(model.id, model.inputs.dataset, model.outputs.dataset, stream) == 0
    for stream in streams:
        assert acl.rt.synchronize_stream(stream) == 0
    for seed, (model, factor) in enumerate(zip(models, (2, 7), strict=True)):
        found = model.outputs.read(0, np.float32, (4, 6))
        np.testing.assert_array_equal(found, np.float32(factor) * numbers(seed))
    for stream in streams:
        assert acl.rt.destroy_stream(stream) == 0


@pytest.fixture
def batch_of_four(acl, context, folder):
    """y = 3 * x, built for a batch of four by atc's --input_shape from a network whose batch is open."""
    path = scale(folder, "open_batch", 3, ("batch", 6))
    model = LoadedModel(acl, atc(path, "--input_shape=x:4,6"))
    yield model
    model.close()


@pytest.mark.rules("GDE-113")
def test_the_batch_is_that_of_the_conversion_and_left_over_data_are_sent_as_they_are(acl, batch_of_four):
    model, rows = batch_of_four, numbers(5, (10, 6))
    assert acl.mdl.get_input_dims(model.desc, 0)[0]["dims"] == [4, 6]
    results = []
    for first in range(0, len(rows), 4):
        batch = rows[first : first + 4]
        model.inputs.write(0, batch)  # The last time two rows only.
        assert model.execute() == 0
        results.append(model.outputs.read(0, np.float32, (4, 6))[: len(batch)])
    np.testing.assert_array_equal(np.concatenate(results), np.float32(3) * rows)


@pytest.mark.rules("GDE-087")
def test_a_buffer_that_holds_less_than_the_batch_is_refused(acl, batch_of_four):
    model = batch_of_four
    short = Buffers(acl, [3 * 6 * 4])
    assert acl.mdl.execute(model.id, short.dataset, model.outputs.dataset) == INPUT_NOT_MATCH
    short.free()
    full = Buffers(acl, [4 * 6 * 4])
    assert acl.mdl.execute(model.id, full.dataset, model.outputs.dataset) == 0
    full.free()


@pytest.mark.rules("GDE-096", "GDE-091")
def test_an_output_buffer_has_the_size_of_the_output_not_of_the_input(acl, context, folder):
    path = save(
        folder / "wider.onnx",
        [helper.make_node("Concat", ["x", "x"], ["y"], name="twice", axis=1)],
        [("x", TensorProto.FLOAT, (2, 3))],
        [("y", TensorProto.FLOAT, (2, 6))],
    )
    model = LoadedModel(acl, atc(path))
    assert (model.inputs.sizes, model.outputs.sizes) == ([24], [48])
    wrong = Buffers(acl, model.inputs.sizes)
    assert acl.mdl.execute(model.id, model.inputs.dataset, wrong.dataset) == OUTPUT_NOT_MATCH
    assert model.execute() == 0
    wrong.free()
    model.close()


@pytest.mark.rules("GDE-125")
def test_a_device_is_reset_by_its_own_id_not_by_that_of_a_model(acl, device, context, scaling):
    acl.get_recent_err_msg()
    model = scaling(2)
    while model.id < acl.rt.get_device_count()[0]:
        model = scaling(2)
    assert acl.rt.reset_device(model.id) == RT_INVALID_DEVICEID
    assert str(model.id) in acl.get_recent_err_msg()
    assert acl.rt.set_device(device) == 0
    assert acl.rt.reset_device(device) == 0
    assert acl.rt.set_context(context) == 0


@pytest.mark.rules("GDE-140")
def test_an_inference_that_fails_triggers_the_exception_callback(acl, gate, stream, scaling):
    """The output's memory is freed while the inference waits for its turn."""
    model, seen = scaling(2), []

    def note(info):
        seen.append(acl.rt.get_device_id_from_exception_info(info))
        seen.append(acl.rt.get_error_code_from_exception_info(info))

    outputs = Buffers(acl, model.outputs.sizes)
    assert acl.rt.set_exception_info_callback(note) == 0
    assert acl.mdl.execute_async(model.id, model.inputs.dataset, outputs.dataset, stream) == 0
    assert acl.rt.synchronize_stream(stream) == 0
    assert seen == []
    gate.close(stream)
    assert acl.mdl.execute_async(model.id, model.inputs.dataset, outputs.dataset, stream) == 0
    assert acl.rt.free(outputs.addresses[0]) == 0
    gate.open()
    ret = acl.rt.synchronize_stream(stream)
    assert ret != 0
    assert acl.rt.set_exception_info_callback(None) == 0
    assert seen == [0, ret]
    assert acl.mdl.destroy_dataset(outputs.dataset) == 0
    assert acl.destroy_data_buffer(outputs.buffers[0]) == 0


@pytest.mark.rules("GDE-168")
def test_the_conversion_command_of_the_guide(acl, context, tmp_path):
    """For a network with the name, the input and the shape of the guide's ResNet-50."""
    dims = ["N", "C", "H", "W"]
    nodes = [helper.make_node("GlobalAveragePool", ["actual_input_1"], ["pooled"], name="pool")]
    save(
        tmp_path / "resnet50.onnx",
        nodes,
        [("actual_input_1", TensorProto.FLOAT, dims)],
        [("pooled", TensorProto.FLOAT, ["N", "C", 1, 1])],
    )
    command = (
        'atc --model=resnet50.onnx --framework=5 --output=resnet50 --input_shape="actual_input_1:1,3,224,224" '
        f"--soc_version={acl.get_soc_name()}"
    )
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    model = LoadedModel(acl, tmp_path / "resnet50.om")
    picture = numbers(6, (1, 3, 224, 224))
    model.inputs.write(0, picture)
    assert model.execute() == 0
    found = model.outputs.read(0, np.float32, 3)
    np.testing.assert_allclose(found, picture.mean((0, 2, 3)), rtol=1e-3, atol=1e-5)
    model.close()


@pytest.mark.rules("GDE-011")
@pytest.mark.parametrize("rank_of_the_dynamic_one", [0, 1])
def test_static_and_dynamic_aipp_cannot_be_configured_together(acl, tmp_path, rank_of_the_dynamic_one):
    path = save(
        tmp_path / "net.onnx",
        [helper.make_node("Add", ["a", "b"], ["y"], name="plus")],
        [(name, TensorProto.FLOAT, (1, 3, 16, 16)) for name in "ab"],
        [("y", TensorProto.FLOAT, (1, 3, 16, 16))],
    )
    static = (
        "aipp_op { aipp_mode: static input_format: RGB888_U8 src_image_size_w: 16 src_image_size_h: 16 }\n"
    )
    dynamic = f"aipp_op {{ aipp_mode: dynamic related_input_rank: {rank_of_the_dynamic_one} max_src_image_size: 4096 }}"

    def convert(text: str) -> subprocess.CompletedProcess:
        (tmp_path / "aipp.cfg").write_text(text)
        command = ["atc", f"--model={path}", "--framework=5", f"--output={tmp_path / 'net'}"]
        command += [f"--insert_op_conf={tmp_path / 'aipp.cfg'}", f"--soc_version={acl.get_soc_name()}"]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert convert(static).returncode == 0
    done = convert(static + dynamic)
    assert done.returncode != 0
    wanted = "for the same model input" if rank_of_the_dynamic_one == 0 else "static and dynamic AIPP cannot"
    assert wanted in done.stdout + done.stderr


@pytest.mark.rules("GDE-105", "GDE-107")
def test_pieces_of_media_memory_feed_a_model_and_asynchronous_copies(acl, stream, scaling):
    """One block of acl.media.dvpp_malloc, divided by the formula with starts at multiples of 128."""
    model, values = scaling(2, (5, 7)), numbers(7, (5, 7))
    length = values.nbytes
    piece = (length + 31) // 32 * 32 + 32
    stride = (piece + 127) // 128 * 128
    block, ret = acl.media.dvpp_malloc(3 * stride)
    assert ret == 0
    starts = [block + i * stride for i in range(3)]
    assert [start % 128 for start in starts] == [0, 0, 0]
    assert acl.rt.memset(starts[2], piece, 9, piece) == 0
    for buffers, start in ((model.inputs, starts[0]), (model.outputs, starts[1])):
        assert acl.update_data_buffer(buffers.buffers[0], start, length) == 0
    data = values.tobytes()
    assert acl.rt.memcpy(starts[0], piece, acl.util.bytes_to_ptr(data), length, 1) == 0
    assert model.execute() == 0
    assert acl.rt.memcpy_async(starts[2], piece, starts[1], length, 3, stream) == 0
    assert acl.rt.synchronize_stream(stream) == 0
    result = bytes(length)
    pointer = acl.util.bytes_to_ptr(result)
    assert acl.rt.memcpy(pointer, length, starts[2], length, DEVICE_TO_HOST) == 0
    np.testing.assert_array_equal(np.frombuffer(result, np.float32).reshape(5, 7), 2 * values)
    for buffers in (model.inputs, model.outputs):
        assert acl.update_data_buffer(buffers.buffers[0], buffers.addresses[0], length) == 0
    assert acl.media.dvpp_free(block) == 0
