"""acl.op.infer_shape."""

import numpy as np
import pytest
from single_operators import Operators


@pytest.fixture
def ops(acl, stream):
    made = Operators(acl, stream)
    yield made
    made.close()


@pytest.fixture
def infer(acl, ops):
    """infer(type, inputs, outputs=1): arrays with their values, or (shape, type) alone. Returns the output descriptions."""

    def run(kind, inputs, outputs=1, names=None, **attributes):
        descs, buffers = [], []
        for each in inputs:
            if isinstance(each, np.ndarray):
                descs.append(ops.desc(each.shape, each.dtype))
                on_host = acl.rt.get_run_mode()[0] == 1
                buffers.append(ops.host_buffer(each) if on_host else ops.buffer(each))
            else:
                descs.append(ops.desc(*each))
                buffers.append(ops.keep(acl.destroy_data_buffer, acl.create_data_buffer(0, 0)))
        results = [ops.desc([]) for _ in range(outputs)]
        for desc, name in zip([*descs, *results], names or [], strict=False):
            acl.set_tensor_desc_name(desc, name)
        ret = acl.op.infer_shape(kind, descs, buffers, outputs, results, ops.attr(**attributes))
        return results if ret == 0 else ret

    return run


@pytest.mark.rules("OP-052", "OP-055", "OP-056", "OP-066")
def test_an_exact_shape_is_returned(ops, infer):
    (result,) = infer("Add", [([4, 1, 3], np.float32), ([5, 3], np.float32)])
    assert ops.shape(result) == [4, 5, 3]
    (result,) = infer("MatMul", [([2, 7], np.float32), ([7, 3], np.float32)])
    assert ops.shape(result) == [2, 3]


@pytest.mark.rules("OP-052", "OP-054")
def test_the_values_of_inputs_decide_the_shape(ops, infer):
    (result,) = infer("Reshape", [([4, 6], np.float32), np.array([2, -1], np.int64)])
    assert ops.shape(result) == [2, 12]
    (result,) = infer("Reshape", [([4, 6], np.float32), np.array([3, 8], np.int64)])
    assert ops.shape(result) == [3, 8]


@pytest.mark.rules("OP-057")
def test_where_only_a_range_is_known_the_dim_is_minus_one(acl, ops, infer):
    (result,) = infer("Where", [([6], np.bool_)])
    assert ops.shape(result) == [-1, 1]
    assert acl.get_tensor_desc_dim_range(result, 0, 2) == ([0, 6], 0)


@pytest.mark.rules("OP-057")
def test_open_dims_of_inputs_stay_open_with_their_ranges(acl, ops):
    desc = ops.desc([-1, 3])
    assert acl.set_tensor_shape_range(desc, [[2, 9], [3, 3]]) == 0
    null = ops.keep(acl.destroy_data_buffer, acl.create_data_buffer(0, 0))
    result = ops.desc([])
    assert acl.op.infer_shape("Relu", [desc], [null], 1, [result], 0) == 0
    assert ops.shape(result) == [-1, 3]
    assert acl.get_tensor_desc_dim_range(result, 0, 2) == ([2, 9], 0)


@pytest.mark.rules("OP-058")
def test_where_nothing_is_known_the_shape_is_minus_two(acl, ops):
    null = ops.keep(acl.destroy_data_buffer, acl.create_data_buffer(0, 0))
    result = ops.desc([])
    assert acl.op.infer_shape("Relu", [ops.desc([-2])], [null], 1, [result], 0) == 0
    assert acl.get_tensor_desc_num_dims(result) == 0xFFFFFFFFFFFFFFFE


@pytest.mark.rules("OP-053", "OP-066")
def test_lists_and_counts_go_together(acl, ops):
    null = ops.keep(acl.destroy_data_buffer, acl.create_data_buffer(0, 0))
    args = ("Relu", [ops.desc([2])], [null])
    assert acl.op.infer_shape(*args, 2, [ops.desc([])], 0) != 0
    assert acl.op.infer_shape(*args, 1, [], 0) != 0
    assert acl.op.infer_shape("Relu", [ops.desc([2])], [], 1, [ops.desc([])], 0) != 0
    assert acl.op.infer_shape(*args, -1, [ops.desc([])], 0) != 0
    assert acl.op.infer_shape("NoSuchOperator", [ops.desc([2])], [null], 1, [ops.desc([])], 0) != 0


@pytest.mark.rules("OP-059", "OP-060", "OP-061", "OP-062")
def test_operators_with_lists_of_tensors_need_names(ops, infer):
    pair = [([2, 3], np.float32), ([2, 5], np.float32)]
    (result,) = infer("ConcatD", pair, names=["x0", "x1", "y"], concat_dim=1, N=2)
    assert ops.shape(result) == [2, 8]
    for names in (None, ["x0", "x2", "y"], ["x", "x", "y"], ["x0", "x1", "z"], ["x1", "x0", "y"]):
        assert isinstance(infer("ConcatD", pair, names=names, concat_dim=1, N=2), int)


@pytest.mark.rules("OP-052")
def test_inputs_that_do_not_go_together_are_refused(infer):
    assert isinstance(infer("MatMul", [([2, 7], np.float32), ([6, 3], np.float32)]), int)
    assert isinstance(infer("Reshape", [([4, 6], np.float32), np.array([5, 5], np.int64)]), int)
