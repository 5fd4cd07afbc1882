"""acl.op: loading and executing single operators, against NumPy."""

import threading

import numpy as np
import pytest
from single_operators import MEM_HOST, MEM_HOST_INDEPENDENT, Operators, compile_operators, operator, tensor

INPUT_NOT_MATCH, OUTPUT_NOT_MATCH, ATTR_NOT_MATCH, NOT_FOUND = 100021, 100022, 100023, 100024
RANGE = [[1, 8], [3, 3]]


@pytest.fixture(scope="session")
def loaded(acl, tmp_path_factory):
    """Operators with fixed and dynamic shapes, loaded from a directory."""
    folder = tmp_path_factory.mktemp("operators")
    two = tensor([2, 3])
    open_pair = tensor([-1, 3], shape_range=RANGE)
    compile_operators(
        acl,
        folder,
        [
            operator("Add", [two, two], [two]),
            operator("Sub", [two, two], [two]),
            operator("Add", [tensor([2, 3], np.int32)] * 2, [tensor([2, 3], np.int32)]),
            operator("ReduceSumD", [two], [tensor([2])], axes=("list_int", [1]), keep_dims=("bool", False)),
            operator("MatMul", [two, tensor([3, 4])], [tensor([2, 4])],
                     transpose_x1=("bool", False), transpose_x2=("bool", False)),
            operator("ReduceSum", [two, tensor([1], np.int32, is_const=True, const_value=[0])], [tensor([3])],
                     keep_dims=("bool", False)),
            operator("ReduceMax", [two, tensor([1], np.int32)], [tensor([-1])], keep_dims=("bool", False)),
            operator("Mul", [open_pair, open_pair], [tensor([-1, 3])]),
            operator("Maximum", [tensor([-1, -1])] * 2, [tensor([-1, -1])]),
            operator("Relu", [tensor([-2])], [tensor([-2])]),
            operator("Where", [tensor([-1], np.bool_)], [tensor([-1, 1], np.int64)]),
            operator("NonZero", [two], [tensor([2, -1], np.int64)], transpose=("bool", True)),
        ],
    )  # fmt: skip
    assert acl.op.set_model_dir(str(folder)) == 0, acl.get_recent_err_msg()
    return folder


@pytest.fixture
def ops(acl, stream):
    made = Operators(acl, stream)
    yield made
    made.close()


def numbers(*shape, dtype=np.float32, seed=0):
    return np.random.default_rng(seed).integers(-50, 50, shape).astype(dtype)


# --- execution ---


@pytest.mark.rules(
    "OP-010",
    "OP-011",
    "OP-012",
    "OP-015",
    "OP-016",
    "OP-067",
    "GDE-044",
    "GDM-003",
    "GDM-004",
    "GDM-029",
    "GDM-092",
)
@pytest.mark.parametrize("function", ["execute", "execute_v2"])
@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_a_loaded_operator_computes(ops, loaded, function, dtype):
    a, b = numbers(2, 3, dtype=dtype), numbers(2, 3, dtype=dtype, seed=1)
    assert np.array_equal(ops.run("Add", [a, b], [a], function)[0], a + b)


@pytest.mark.rules("OP-015")
def test_the_type_tells_operators_apart(ops, loaded):
    a, b = numbers(2, 3), numbers(2, 3, seed=1)
    assert np.array_equal(ops.run("Sub", [a, b], [a])[0], a - b)


@pytest.mark.rules("OP-015")
def test_the_attributes_belong_to_the_operator(ops, loaded):
    a = numbers(2, 3)
    like = np.zeros(2, np.float32)
    assert np.array_equal(ops.run("ReduceSumD", [a], [like], axes=[1], keep_dims=False)[0], a.sum(1))
    assert ops.run("ReduceSumD", [a], [like], axes=[0], keep_dims=False) == ATTR_NOT_MATCH
    assert ops.run("ReduceSumD", [a], [like]) == ATTR_NOT_MATCH


@pytest.mark.rules("OP-014", "OP-015")
def test_what_is_not_loaded_is_refused_with_its_reason(acl, ops, loaded):
    a, wide = numbers(2, 3), numbers(2, 4)
    assert ops.run("Softplus", [a], [a]) == NOT_FOUND
    assert "Softplus" in acl.get_recent_err_msg()
    assert ops.run("NoSuchOperator", [a], [a]) == NOT_FOUND
    assert ops.run("Add", [wide, wide], [wide]) == INPUT_NOT_MATCH
    assert ops.run("Add", [a], [a]) == INPUT_NOT_MATCH
    assert ops.run("Add", [a, a], [wide]) == OUTPUT_NOT_MATCH
    assert ops.run("Add", [a.astype(np.float16)] * 2, [a.astype(np.float16)]) == INPUT_NOT_MATCH
    assert ops.run("", [a], [a]) != 0


@pytest.mark.rules("OP-012")
def test_descriptions_and_buffers_are_lists_of_one_length(acl, ops, loaded):
    a = numbers(2, 3)
    descs, buffers = [ops.desc(a.shape), ops.desc(a.shape)], [ops.buffer(a), ops.buffer(a)]
    out_desc, out = [ops.desc(a.shape)], [ops.buffer(a.nbytes)]
    for execute in (acl.op.execute, acl.op.execute_v2):
        assert execute("Add", descs, buffers[:1], out_desc, out, ops.attr(), ops.stream) != 0
        assert execute("Add", descs, buffers, out_desc, [], ops.attr(), ops.stream) != 0
        assert execute("Add", descs, buffers, [], [], ops.attr(), ops.stream) != 0
        assert execute("Add", [0, descs[1]], buffers, out_desc, out, ops.attr(), ops.stream) != 0
        assert execute("Add", descs, [buffers[0], 12345], out_desc, out, ops.attr(), ops.stream) != 0
        assert execute("Add", descs, buffers, out_desc, out, 77, ops.stream) != 0
        assert execute("Add", descs, buffers, out_desc, out, 0, ops.stream) == 0
    assert ops.synchronize() == 0


@pytest.mark.rules("OP-014")
def test_buffers_are_as_large_as_the_tensors(acl, ops, loaded):
    a = numbers(2, 3)
    descs, out_desc = [ops.desc(a.shape), ops.desc(a.shape)], [ops.desc(a.shape)]
    good, small = ops.buffer(a), ops.buffer(a.nbytes - 4)
    call = ("Add", descs)
    assert acl.op.execute_v2(*call, [good, small], out_desc, [good], 0, ops.stream) == INPUT_NOT_MATCH
    assert acl.op.execute_v2(*call, [good, good], out_desc, [small], 0, ops.stream) == OUTPUT_NOT_MATCH


@pytest.mark.rules("OP-025")
def test_tensors_lie_on_the_device(acl, ops, loaded):
    a = numbers(2, 3)
    descs, out_desc = [ops.desc(a.shape), ops.desc(a.shape)], [ops.desc(a.shape)]
    on_device, on_host = ops.buffer(a), ops.host_buffer(a)
    assert acl.op.execute_v2("Add", descs, [on_device, on_host], out_desc, [on_device], 0, ops.stream) != 0
    assert acl.op.execute_v2("Add", descs, [on_device, on_device], out_desc, [on_host], 0, ops.stream) != 0


@pytest.mark.rules("OP-026")
@pytest.mark.parametrize("placement", [MEM_HOST, MEM_HOST_INDEPENDENT])
def test_tensors_placed_in_host_memory_are_copied(acl, ops, loaded, placement):
    a, b = numbers(2, 3), numbers(2, 3, seed=3)
    descs = [ops.desc(a.shape), ops.desc(b.shape, placement=placement)]
    out_desc, out = ops.desc(a.shape), ops.buffer(a.nbytes)
    host = ops.host_buffer(b)
    args = ("Add", descs, [ops.buffer(a), host], [out_desc], [out], 0, ops.stream)
    assert acl.op.execute_v2(*args) == 0, acl.get_recent_err_msg()
    assert ops.synchronize() == 0
    assert np.array_equal(ops.array(out, a.shape), a + b)
    wrong = ops.keep(acl.destroy_data_buffer, acl.create_data_buffer(16, b.nbytes))
    assert acl.op.execute_v2("Add", descs, [ops.buffer(a), wrong], [out_desc], [out], 0, ops.stream) != 0
    if acl.rt.get_run_mode()[0] == 1:  # The host is another machine than the device.
        on_device = ops.buffer(b)
        ret = acl.op.execute_v2("Add", descs, [ops.buffer(a), on_device], [out_desc], [out], 0, ops.stream)
        assert ret != 0


@pytest.mark.rules("OP-023", "OP-024")
def test_a_constant_input_is_the_description_s_or_lies_in_host_memory(acl, ops, loaded):
    a = numbers(2, 3)
    attr = ops.attr(keep_dims=False)
    out_desc, out = ops.desc([3]), ops.buffer(12)

    def execute(axes_desc, axes_buffer):
        args = ("ReduceSum", [ops.desc(a.shape), axes_desc], [ops.buffer(a), axes_buffer], [out_desc], [out])
        return acl.op.execute_v2(*args, attr, ops.stream)

    axis = np.array([0], np.int32)
    assert execute(ops.const(axis), ops.buffer(axis)) == 0, acl.get_recent_err_msg()
    assert ops.synchronize() == 0
    assert np.array_equal(ops.array(out, [3]), a.sum(0))
    assert execute(ops.desc([1], np.int32, MEM_HOST), ops.host_buffer(axis)) == 0
    # Another value is another operator; without constant and placement there is none.
    assert execute(ops.const(axis + 1), ops.buffer(axis + 1)) != 0
    assert execute(ops.desc([1], np.int32, MEM_HOST), ops.host_buffer(axis + 1)) != 0
    assert execute(ops.desc([1], np.int32), ops.buffer(axis)) != 0


@pytest.mark.rules("COM-052", "OP-024")
def test_a_value_in_host_memory_is_a_part_of_the_operator_or_not(acl, ops, loaded):
    a = numbers(2, 3)
    attr = ops.attr(keep_dims=False)

    def execute(kind, axis, placement):
        out = ops.buffer(12)
        axes = np.array([axis], np.int32)
        descs = [ops.desc(a.shape), ops.desc([1], np.int32, placement)]
        buffers = [ops.buffer(a), ops.host_buffer(axes)]
        ret = acl.op.execute_v2(kind, descs, buffers, [ops.desc([3])], [out], attr, ops.stream)
        assert ops.synchronize() == 0
        return ret or ops.array(out, [3]).tolist()

    # Compiled for one value: the same value finds it, another does not, and neither does one that is not to count.
    assert execute("ReduceSum", 0, MEM_HOST) == a.sum(0).tolist()
    assert execute("ReduceSum", -2, MEM_HOST) == INPUT_NOT_MATCH
    assert execute("ReduceSum", 0, MEM_HOST_INDEPENDENT) == INPUT_NOT_MATCH
    # Compiled for any value.
    for axis in (0, -2):
        for placement in (MEM_HOST, MEM_HOST_INDEPENDENT):
            assert execute("ReduceMax", axis, placement) == a.max(0).tolist()


@pytest.mark.rules("OP-020", "OP-021", "OP-022", "OP-029")
def test_an_optional_input_that_is_not_used(acl, ops, loaded):
    a, b = numbers(2, 3), numbers(3, 4, seed=2)
    desc, buffer = ops.absent()
    out_desc, out = ops.desc([2, 4]), ops.buffer(32)
    attr = ops.attr(transpose_x1=False, transpose_x2=False)
    descs = [ops.desc(a.shape), ops.desc(b.shape), desc]
    buffers = [ops.buffer(a), ops.buffer(b), buffer]
    assert acl.op.execute_v2("MatMul", descs, buffers, [out_desc], [out], attr, ops.stream) == 0
    assert ops.synchronize() == 0
    assert np.allclose(ops.array(out, [2, 4]), a @ b)
    handle, ret = acl.op.create_handle("MatMul", descs, [out_desc], attr)
    assert ret == 0
    null = ops.keep(acl.destroy_data_buffer, acl.create_data_buffer(0, 0))
    assert acl.op.execute_with_handle(handle, [*buffers[:2], null], [out], ops.stream) == 0
    assert ops.synchronize() == 0
    acl.op.destroy_handle(handle)


@pytest.mark.rules("OP-011", "OP-017")
@pytest.mark.parametrize("function", ["execute", "execute_v2"])
@pytest.mark.parametrize("kind", ["Add", "Mul"])
def test_execution_does_not_wait_where_the_output_shape_is_known(acl, ops, loaded, gate, function, kind):
    a, b = numbers(2, 3), numbers(2, 3, seed=1)
    descs, buffers = [ops.desc(a.shape), ops.desc(a.shape)], [ops.buffer(a), ops.buffer(b)]
    out_desc, out = ops.desc(a.shape), ops.buffer(np.zeros_like(a))
    gate.close(ops.stream)
    execute = getattr(acl.op, function)
    assert execute(kind, descs, buffers, [out_desc], [out], 0, ops.stream) == 0
    assert not ops.array(out, a.shape).any()
    gate.open()
    assert ops.synchronize() == 0
    assert np.array_equal(ops.array(out, a.shape), a + b if kind == "Add" else a * b)


@pytest.mark.rules("OP-013")
def test_threads_with_streams_of_their_own_share_operators(acl, context, ops, loaded):
    wrong = []

    def work(seed):
        assert acl.rt.set_context(context) == 0
        stream, ret = acl.rt.create_stream()
        assert ret == 0
        own = Operators(acl, stream)
        for i in range(30):
            a, b = numbers(2, 3, seed=seed + i), numbers(2, 3, seed=seed + i + 1)
            if not np.array_equal(own.run("Add", [a, b], [a])[0], a + b):
                wrong.append(seed)
        own.close()
        assert acl.rt.destroy_stream(stream) == 0

    threads = [threading.Thread(target=work, args=(1000 * i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# --- dynamic shapes ---


@pytest.mark.rules("OP-016", "OP-017", "GDM-019")
def test_a_range_of_shapes(ops, loaded):
    for rows in (1, 5, 8):
        a, b = numbers(rows, 3), numbers(rows, 3, seed=1)
        assert np.array_equal(ops.run("Mul", [a, b], [a])[0], a * b)
    for shape in ((9, 3), (2, 4), (6,)):
        a = numbers(*shape)
        assert ops.run("Mul", [a, a], [a]) == INPUT_NOT_MATCH


@pytest.mark.rules("OP-017")
def test_shapes_without_limit_and_without_rank(ops, loaded):
    for shape in ((1, 1), (7, 300)):
        a, b = numbers(*shape), numbers(*shape, seed=1)
        assert np.array_equal(ops.run("Maximum", [a, b], [a])[0], np.maximum(a, b))
    for shape in ((), (5,), (2, 1, 3)):
        a = numbers(*shape)
        assert np.array_equal(ops.run("Relu", [a], [a])[0], np.maximum(a, 0))


@pytest.mark.rules("OP-018", "OP-019")
def test_a_shape_that_only_the_run_finds_out_is_written_to_the_description(acl, ops, loaded):
    a = np.array([True, False, True, True, False])
    largest = ops.desc([5, 1], np.int64)
    out = ops.buffer(np.zeros(5, np.int64))
    args = ("Where", [ops.desc([5], np.bool_)], [ops.buffer(a)], [largest], [out], 0, ops.stream)
    assert acl.op.execute_v2(*args) == 0, acl.get_recent_err_msg()
    # Without acl.rt.synchronize_stream: the call has waited.
    assert ops.shape(largest) == [3, 1]
    assert ops.array(out, [3, 1], np.int64).ravel().tolist() == [0, 2, 3]


@pytest.mark.rules("OP-018")
def test_a_result_that_does_not_fit_is_an_error(acl, ops, loaded):
    a = np.ones(5, np.bool_)
    desc, out = ops.desc([2, 1], np.int64), ops.buffer(16)
    args = ("Where", [ops.desc([5], np.bool_)], [ops.buffer(a)], [desc], [out], 0, ops.stream)
    assert acl.op.execute_v2(*args) == OUTPUT_NOT_MATCH
    assert ops.synchronize() == 0


@pytest.mark.rules("OP-019", "OP-027")
def test_a_result_of_unknown_size_from_fixed_inputs(acl, ops, loaded):
    a = np.array([[0, 5, 0], [7, 0, 9]], np.float32)
    desc, out = ops.desc([2, 6], np.int64), ops.buffer(96)
    attr = ops.attr(transpose=True)
    args = ("NonZero", [ops.desc(a.shape)], [ops.buffer(a)], [desc], [out], attr, ops.stream)
    assert acl.op.execute_v2(*args) == 0, acl.get_recent_err_msg()
    assert ops.shape(desc) == [2, 3]
    assert np.array_equal(ops.array(out, [2, 3], np.int64), np.array(np.nonzero(a)))


# --- handles ---


@pytest.mark.rules("OP-027", "OP-028", "OP-048", "OP-050", "OP-067")
def test_a_handle_runs_an_operator_many_times(acl, ops, loaded):
    a, b = numbers(2, 3), numbers(2, 3, seed=1)
    handle, ret = acl.op.create_handle("Sub", [ops.desc(a.shape)] * 2, [ops.desc(a.shape)], ops.attr())
    assert (ret, handle != 0) == (0, True)
    for first, second in ((a, b), (b, a)):
        out = ops.buffer(a.nbytes)
        ret = acl.op.execute_with_handle(handle, [ops.buffer(first), ops.buffer(second)], [out], ops.stream)
        assert ret == 0
        assert ops.synchronize() == 0
        assert np.array_equal(ops.array(out, a.shape), first - second)
    assert acl.op.execute_with_handle(handle, [ops.buffer(a)], [ops.buffer(a)], ops.stream) != 0
    assert acl.op.execute_with_handle(handle, [0, 0], [ops.buffer(a)], ops.stream) != 0
    assert acl.op.destroy_handle(handle) is None
    assert acl.op.execute_with_handle(handle, [ops.buffer(a)] * 2, [ops.buffer(a)], ops.stream) != 0


@pytest.mark.rules("OP-051", "GDM-012")
def test_a_destroyed_handle_is_refused(acl, ops, loaded):
    a = numbers(2, 3)
    handle, ret = acl.op.create_handle("Add", [ops.desc(a.shape)] * 2, [ops.desc(a.shape)], 0)
    assert ret == 0
    assert acl.op.destroy_handle(handle) is None
    buffers = [ops.buffer(a), ops.buffer(a)]
    assert acl.op.execute_with_handle(handle, buffers, [ops.buffer(a.nbytes)], ops.stream) != 0


@pytest.mark.rules("OP-027")
def test_a_handle_is_for_fixed_shapes(acl, ops, loaded):
    handle, ret = acl.op.create_handle("Mul", [ops.desc([2, 3])] * 2, [ops.desc([2, 3])], 0)
    assert (handle, ret) != (0, 0)
    assert ret != 0


@pytest.mark.rules("OP-048")
def test_create_handle_needs_a_loaded_operator(acl, ops, loaded):
    assert acl.op.create_handle("Add", [ops.desc([4])] * 2, [ops.desc([4])], 0) == (0, INPUT_NOT_MATCH)
    assert acl.op.create_handle("Softplus", [ops.desc([4])], [ops.desc([4])], 0) == (0, NOT_FOUND)


@pytest.mark.rules("OP-049")
def test_create_handle_refuses_host_placement_beside_constants(acl, ops, loaded):
    axes = ops.const(np.array([0], np.int32))
    attr = ops.attr(keep_dims=False)
    handle, ret = acl.op.create_handle("ReduceSum", [ops.desc([2, 3]), axes], [ops.desc([3])], attr)
    assert ret == 0
    acl.op.destroy_handle(handle)
    placed = ops.desc([2, 3], placement=MEM_HOST)
    assert acl.op.create_handle("ReduceSum", [placed, axes], [ops.desc([3])], attr)[1] != 0
    out_placed = ops.desc([3], placement=MEM_HOST)
    assert acl.op.create_handle("ReduceSum", [ops.desc([2, 3]), axes], [out_placed], attr)[1] != 0


# --- cast ---


@pytest.mark.rules("OP-030", "OP-031", "GDE-100")
@pytest.mark.parametrize("truncate", [0, 1])
@pytest.mark.parametrize("target", [np.float16, np.int32, np.uint8, np.bool_])
def test_cast_converts_the_data_type(acl, ops, target, truncate):
    a = np.array([0, 1, 2.5, 100, 7.75], np.float32)
    out = ops.buffer(a.astype(target).nbytes)
    source_desc, target_desc = ops.desc(a.shape), ops.desc(a.shape, target)
    assert acl.op.cast(source_desc, ops.buffer(a), target_desc, out, truncate, ops.stream) == 0
    assert ops.synchronize() == 0
    assert np.array_equal(ops.array(out, a.shape, target), a.astype(target))


@pytest.mark.rules("OP-030")
def test_cast_is_asynchronous(acl, ops, gate):
    a = numbers(6)
    out = ops.buffer(np.zeros(6, np.int32))
    gate.close(ops.stream)
    assert acl.op.cast(ops.desc([6]), ops.buffer(a), ops.desc([6], np.int32), out, 0, ops.stream) == 0
    assert not ops.array(out, [6], np.int32).any()
    gate.open()
    assert ops.synchronize() == 0
    assert np.array_equal(ops.array(out, [6], np.int32), a.astype(np.int32))


@pytest.mark.rules("OP-030")
def test_cast_refuses_other_shapes_and_no_handles(acl, ops):
    source, target = ops.desc([6]), ops.desc([6], np.int32)
    buffer = ops.buffer(24)
    assert acl.op.cast(source, buffer, ops.desc([7], np.int32), ops.buffer(28), 0, ops.stream) != 0
    assert acl.op.cast(0, buffer, target, buffer, 0, ops.stream) != 0
    assert acl.op.cast(source, 0, target, buffer, 0, ops.stream) != 0
    assert acl.op.cast(source, buffer, None, buffer, 0, ops.stream) != 0


@pytest.mark.rules("OP-031", "OP-032", "OP-028")
def test_a_handle_for_cast(acl, ops):
    a = numbers(5)
    handle, ret = acl.op.create_handle_for_cast(ops.desc([5]), ops.desc([5], np.float16), 0)
    assert (ret, handle != 0) == (0, True)
    out = ops.buffer(10)
    assert acl.op.execute_with_handle(handle, [ops.buffer(a)], [out], ops.stream) == 0
    assert ops.synchronize() == 0
    assert np.array_equal(ops.array(out, [5], np.float16), a.astype(np.float16))
    acl.op.destroy_handle(handle)
    assert acl.op.create_handle_for_cast(0, ops.desc([5]), 0)[1] != 0
