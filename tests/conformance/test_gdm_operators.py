"""The flows of the guide's chapters 6.5 to 6.7: single operators from loading to release."""

from pathlib import Path

import numpy as np
import pytest
from kernel_binaries import ADD_HALF, BINARY
from single_operators import Operators, compile_operators, operator, tensor

HERE = str(Path(__file__).parent)


@pytest.fixture
def ops(acl, stream):
    made = Operators(acl, stream)
    yield made
    made.close()


@pytest.mark.rules("GDM-001", "GDM-002", "GDM-006", "GDM-071")
def test_the_flow_of_a_single_operator(acl, run_python, tmp_path):
    """Runtime resources as for a model, memory before and after, and no step that unloads."""
    compile_operators(acl, tmp_path, [operator("Add", [tensor([8]), tensor([8])], [tensor([8])])])
    done = run_python(
        f"""
        import acl
        import numpy as np
        assert acl.init() == 0
        assert acl.op.set_model_dir({str(tmp_path)!r}) == 0
        assert acl.rt.set_device(0) == 0
        context, ret = acl.rt.create_context(0)
        assert ret == 0
        stream, ret = acl.rt.create_stream()
        assert ret == 0
        descs, buffers, memory = [], [], []
        for number in (1, 2, 0):
            data = np.full(8, number, np.float32).tobytes()
            descs.append(acl.create_tensor_desc(0, [8], 2))
            address, ret = acl.rt.malloc(32, 0)
            assert ret == 0
            assert acl.rt.memcpy(address, 32, acl.util.bytes_to_ptr(data), 32, 1) == 0
            memory.append(address)
            buffers.append(acl.create_data_buffer(address, 32))
        attr = acl.op.create_attr()
        for _ in range(2):
            assert acl.op.execute_v2("Add", descs[:2], buffers[:2], descs[2:], buffers[2:], attr, stream) == 0
        assert acl.rt.synchronize_stream(stream) == 0
        result = bytes(32)
        assert acl.rt.memcpy(acl.util.bytes_to_ptr(result), 32, memory[2], 32, 2) == 0
        assert np.frombuffer(result, np.float32).tolist() == [3.0] * 8
        acl.op.destroy_attr(attr)
        for desc, buffer, address in zip(descs, buffers, memory):
            acl.destroy_tensor_desc(desc)
            assert acl.destroy_data_buffer(buffer) == 0
            assert acl.rt.free(address) == 0
        assert acl.rt.destroy_stream(stream) == 0
        assert acl.rt.destroy_context(context) == 0
        assert acl.rt.reset_device(0) == 0
        assert acl.finalize() == 0
        """
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.rules("GDM-010")
def test_without_a_handle_each_execution_matches_anew(acl, ops, tmp_path):
    array = np.arange(41, dtype=np.float32)
    assert isinstance(ops.run("Neg", [array], [array]), int)
    compile_operators(acl, tmp_path, [operator("Neg", [tensor([41])], [tensor([41])])])
    assert acl.op.set_model_dir(str(tmp_path)) == 0
    assert np.array_equal(ops.run("Neg", [array], [array])[0], -array)


@pytest.mark.rules("GDM-008")
def test_wrapped_operators_run_with_and_without_a_handle(acl, ops):
    array = np.array([0.1, -7.25, 3e4, 1e-7], np.float32)
    source, target = ops.desc([4]), ops.desc([4], np.float16)
    from_buffer, direct, by_handle = ops.buffer(array), ops.buffer(8), ops.buffer(8)
    assert acl.op.cast(source, from_buffer, target, direct, 0, ops.stream) == 0
    handle, ret = acl.op.create_handle_for_cast(source, target, 0)
    assert ret == 0
    assert acl.op.execute_with_handle(handle, [from_buffer], [by_handle], ops.stream) == 0
    assert ops.synchronize() == 0
    for result in (direct, by_handle):
        assert np.array_equal(ops.array(result, [4], np.float16), array.astype(np.float16))
    acl.op.destroy_handle(handle)


@pytest.mark.rules("GDM-009")
def test_other_operators_run_with_and_without_a_handle(acl, ops, tmp_path):
    compile_operators(acl, tmp_path, [operator("Neg", [tensor([42])], [tensor([42])])])
    assert acl.op.set_model_dir(str(tmp_path)) == 0
    array = np.arange(42, dtype=np.float32)
    assert np.array_equal(ops.run("Neg", [array], [array])[0], -array)
    handle, ret = acl.op.create_handle("Neg", [ops.desc([42])], [ops.desc([42])], ops.attr())
    assert ret == 0
    result = ops.buffer(array.nbytes)
    assert acl.op.execute_with_handle(handle, [ops.buffer(array)], [result], ops.stream) == 0
    assert ops.synchronize() == 0
    assert np.array_equal(ops.array(result, [42]), -array)
    acl.op.destroy_handle(handle)


@pytest.mark.rules("GDM-011")
def test_a_handle_keeps_its_operator_when_that_has_aged(run_python, tmp_path):
    config = tmp_path / "acl.json"
    config.write_text('{"max_opqueue_num": "1"}')
    done = run_python(
        f"""
        import sys
        import numpy as np
        sys.path.insert(0, {HERE!r})
        import acl
        from single_operators import Operators
        assert acl.init({str(config)!r}) == 0
        assert acl.rt.set_device(0) == 0
        stream, ret = acl.rt.create_stream()
        ops = Operators(acl, stream)
        handle, ret = acl.op.create_handle_for_cast(ops.desc([3]), ops.desc([3], np.float16), 0)
        assert ret == 0
        for size in (4, 5):
            source, target = ops.buffer(np.ones(size, np.float32)), ops.buffer(2 * size)
            assert acl.op.cast(ops.desc([size]), source, ops.desc([size], np.float16), target, 0, stream) == 0
        aged = ops.run("Cast", [np.ones(3, np.float32)], [np.ones(3, np.float16)], dst_type=1, truncate=False)
        assert isinstance(aged, int), "the operator has not aged: this test shows nothing"
        result = ops.buffer(6)
        assert acl.op.execute_with_handle(handle, [ops.buffer(np.ones(3, np.float32))], [result], stream) == 0
        assert ops.synchronize() == 0
        assert ops.array(result, [3], np.float16).tolist() == [1, 1, 1]
        """
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.rules("GDM-007", "GDM-021", "GDM-022")
def test_an_estimated_shape_becomes_the_exact_one(acl, ops, tmp_path):
    """Where is as long as its input has true values: infer_shape gives the most, the run the number."""
    compile_operators(
        acl, tmp_path, [operator("Where", [tensor([-1], np.bool_)], [tensor([-1, 1], np.int64)])]
    )
    assert acl.op.set_model_dir(str(tmp_path)) == 0
    chosen = np.array([0, 1, 1, 0, 0, 1, 0], np.bool_)
    source, inferred = ops.desc(chosen.shape, np.bool_), ops.desc([])
    assert acl.op.infer_shape("Where", [source], [ops.host_buffer(chosen)], 1, [inferred], ops.attr()) == 0
    dims = []
    for index in range(acl.get_tensor_desc_num_dims(inferred)):
        dim, ret = acl.get_tensor_desc_dim_v2(inferred, index)
        assert ret == 0
        if dim == -1:
            (_, dim), ret = acl.get_tensor_desc_dim_range(inferred, index, 2)
            assert ret == 0
        dims.append(dim)
    assert dims[0] >= 3
    target = ops.desc(dims, np.int64)
    result = ops.buffer(8 * int(np.prod(dims)))
    call = ("Where", [source], [ops.buffer(chosen)], [target], [result], ops.attr(), ops.stream)
    assert acl.op.execute_v2(*call) == 0
    assert ops.synchronize() == 0
    assert ops.shape(target) == [3, 1]
    assert ops.array(result, [3, 1], np.int64).ravel().tolist() == [1, 2, 5]


@pytest.mark.rules("GDM-020")
def test_infer_shape_reads_memory_of_the_run_mode(acl, ops):
    wanted = np.array([2, -1], np.int64)
    is_host = acl.rt.get_run_mode()[0] == 1
    own, other = (ops.host_buffer, ops.buffer) if is_host else (ops.buffer, ops.host_buffer)
    for make, works in ((own, True), (other, False)):
        descs, result = [ops.desc([4, 6]), ops.desc([2], np.int64)], ops.desc([])
        buffers = [ops.keep(acl.destroy_data_buffer, acl.create_data_buffer(0, 0)), make(wanted)]
        ret = acl.op.infer_shape("Reshape", descs, buffers, 1, [result], ops.attr())
        assert (ret == 0) is works
        if works:
            assert ops.shape(result) == [2, 12]


@pytest.mark.rules("GDM-023")
def test_the_flow_with_a_selector(run_python):
    done = run_python(
        f"""
        import acl
        import numpy as np
        assert acl.init() == 0
        tiling = np.array([2, 2], np.uint64).tobytes()

        def op_select(in_num, in_desc, out_num, out_desc, op_attr, op_kernel_desc):
            return acl.op.set_kernel_args(
                op_kernel_desc, {ADD_HALF!r}, 1, acl.util.bytes_to_ptr(tiling), len(tiling)
            )

        assert acl.op.register_compile_func("add", op_select) == 0
        binary = np.fromfile({str(BINARY)!r}, np.byte)
        data = binary.tobytes()
        address = acl.util.bytes_to_ptr(data)
        assert acl.op.create_kernel("add", {ADD_HALF!r}, {ADD_HALF!r}, address, len(data), 1, 0) == 0
        assert acl.rt.set_device(0) == 0
        context, ret = acl.rt.create_context(0)
        stream, ret = acl.rt.create_stream()
        descs = [acl.create_tensor_desc(1, [2, 1], 2) for _ in range(3)]
        attr = acl.op.create_attr()
        arrays = [np.array([[1.5], [2.5]], np.float16), np.array([[4], [8]], np.float16)]
        memory = [acl.rt.malloc(4, 0)[0] for _ in range(3)]
        for to, array in zip(memory, arrays):
            source = array.tobytes()
            assert acl.rt.memcpy(to, 4, acl.util.bytes_to_ptr(source), 4, 1) == 0
        buffers = [acl.create_data_buffer(each, 4) for each in memory]
        assert acl.op.update_params("add", descs[:2], descs[2:], attr) == 0
        assert acl.op.execute_v2("add", descs[:2], buffers[:2], descs[2:], buffers[2:], attr, stream) == 0
        assert acl.rt.synchronize_stream(stream) == 0
        result = bytes(4)
        assert acl.rt.memcpy(acl.util.bytes_to_ptr(result), 4, memory[2], 4, 2) == 0
        assert np.frombuffer(result, np.float16).tolist() == [5.5, 10.5]
        assert acl.rt.destroy_stream(stream) == 0
        assert acl.rt.destroy_context(context) == 0
        assert acl.rt.reset_device(0) == 0
        assert acl.finalize() == 0
        """
    )
    assert done.returncode == 0, done.stderr
