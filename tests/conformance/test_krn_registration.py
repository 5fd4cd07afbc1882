"""acl.op: kernels and selectors, from their registration to what a selector may say (chapter 10.11)."""

import gc
import sys
import weakref

import numpy as np
import pytest
from constants import HANDLE_FAULTS, INVALID_PARAM, PARAMETER_FAULTS
from kernel_binaries import BINARY, Binary, Numbers, new_type

OP_LOAD_FAILED = 100025
SELECTOR_NOT_REGISTERED, KERNEL_NOT_FOUND = 100028, 100029
SELECTOR_ALREADY_REGISTERED, KERNEL_ALREADY_REGISTERED = 100030, 100031
ENGINE_SYS, ENGINE_AICORE, ENGINE_VECTOR = 0, 1, 2


@pytest.fixture(scope="module")
def binary(acl):
    return Binary(acl)


@pytest.fixture
def attr(acl):
    handle = acl.op.create_attr()
    yield handle
    acl.op.destroy_attr(handle)


@pytest.fixture
def descs(acl):
    """descs(shape, ...): descriptions of float32 tensors."""
    made = []

    def make(*shapes):
        new = [acl.create_tensor_desc(0, list(shape), 2) for shape in shapes]
        made.extend(new)
        return new

    yield make
    for desc in made:
        acl.destroy_tensor_desc(desc)


@pytest.fixture
def selected(acl):
    """selected(op_type, func) registers a selector, which the end of the test takes back."""
    types = []

    def register(op_type, func):
        assert acl.op.register_compile_func(op_type, func) == 0, acl.get_recent_err_msg()
        types.append(op_type)

    yield register
    for op_type in types:
        acl.op.unregister_compile_func(op_type)


def create(acl, binary, op_type, kernel_id, name="do_nothing", engine=ENGINE_AICORE, deallocator=0):
    return acl.op.create_kernel(op_type, kernel_id, name, binary.address, binary.size, engine, deallocator)


# --- kernels ---


@pytest.mark.rules("KRN-005", "KRN-018")
def test_create_kernel_returns_ret_only(acl, binary):
    assert create(acl, binary, new_type("Add"), "add_kernel", "cce_add_float") == 0


@pytest.mark.rules("KRN-018")
def test_a_kernel_is_registered_once(acl, binary):
    first, second = new_type("Add"), new_type("Add")
    assert create(acl, binary, first, "one") == 0
    assert create(acl, binary, first, "one") == KERNEL_ALREADY_REGISTERED
    assert "KRN-018" in acl.get_recent_err_msg()
    assert create(acl, binary, first, "two") == 0
    assert create(acl, binary, second, "one") == 0


@pytest.mark.rules("KRN-006")
def test_kernel_name_is_one_of_the_binary(acl, binary):
    op_type = new_type("Add")
    assert create(acl, binary, op_type, "id", "cce_sub_float") == INVALID_PARAM
    assert "cce_add_float" in acl.get_recent_err_msg()
    assert create(acl, binary, op_type, "id", "cce_add_float") == 0


@pytest.mark.rules("KRN-006")
def test_bin_size_is_in_bytes(acl, binary):
    op_type = new_type("Add")
    for size in (0, -1, -(2**40)):
        assert acl.op.create_kernel(op_type, "id", "do_nothing", binary.address, size, 1, 0) == INVALID_PARAM
    ret = acl.op.create_kernel(op_type, "id", "do_nothing", binary.address, binary.size // 4, 1, 0)
    assert ret == OP_LOAD_FAILED
    assert create(acl, binary, op_type, "id") == 0


@pytest.mark.rules("KRN-006", "KRN-018")
def test_what_is_no_kernel_binary_is_refused(acl, binary):
    op_type = new_type("Add")
    other_machine = bytearray(binary.data)
    other_machine[18:20] = (0x1029).to_bytes(2, "little")
    for data in (b"text", bytes(5000), binary.data[:-1][::-1], bytes(other_machine)):
        wrong = Binary(acl, data)
        assert create(acl, wrong, op_type, "id") == OP_LOAD_FAILED
        assert "KRN-006" in acl.get_recent_err_msg()
    for address in (0, None, 1, 2**63):
        assert acl.op.create_kernel(op_type, "id", "do_nothing", address, 4096, 1, 0) in PARAMETER_FAULTS


@pytest.mark.rules("KRN-007", "KRN-008")
@pytest.mark.parametrize("engine", [ENGINE_SYS, ENGINE_AICORE, ENGINE_VECTOR])
def test_the_three_engines_are_allowed(acl, binary, descs, attr, selected, engine):
    """update_params has no compile_flag: it takes kernels of every engine."""
    op_type = new_type("Add")
    assert create(acl, binary, op_type, "id", engine=engine) == 0
    selected(op_type, lambda *arguments: acl.op.set_kernel_args(arguments[-1], "id", 1, 0, 0))
    assert acl.op.update_params(op_type, descs([2]), descs([2]), attr) == 0
    with pytest.raises(TypeError):
        acl.op.update_params(op_type, descs([2]), descs([2]), attr, 0)


@pytest.mark.rules("KRN-007")
@pytest.mark.parametrize("engine", [-1, 3, 2**40])
def test_other_engines_are_refused(acl, binary, engine):
    assert create(acl, binary, new_type("Add"), "id", engine=engine) == INVALID_PARAM


@pytest.mark.rules("KRN-009", "GDM-032")
def test_with_deallocator_0_the_caller_frees_the_binary(acl, binary):
    address, ret = acl.rt.malloc_host(binary.size)
    assert ret == 0
    assert acl.rt.memcpy(address, binary.size, binary.address, binary.size, 0) == 0
    assert acl.op.create_kernel(new_type("Add"), "id", "do_nothing", address, binary.size, 1, 0) == 0
    assert acl.rt.free_host(address) == 0


@pytest.mark.rules("KRN-009")
def test_with_deallocator_1_the_binary_is_freed(acl, binary):
    address, ret = acl.rt.malloc_host(binary.size)
    assert ret == 0
    assert acl.rt.memcpy(address, binary.size, binary.address, binary.size, 0) == 0
    assert acl.op.create_kernel(new_type("Add"), "id", "no_such_kernel", address, binary.size, 1, 1) != 0
    assert acl.op.create_kernel(new_type("Add"), "id", "do_nothing", address, binary.size, 1, 1) == 0
    assert acl.rt.free_host(address) != 0  # It is gone.


@pytest.mark.rules("KRN-009")
@pytest.mark.parametrize("deallocator", [-1, 2, 2**40])
def test_other_deallocators_are_refused(acl, binary, deallocator):
    assert create(acl, binary, new_type("Add"), "id", deallocator=deallocator) == INVALID_PARAM


# --- selectors ---


@pytest.mark.rules("KRN-001", "KRN-002", "KRN-004")
def test_an_operator_has_one_selector(acl):
    op_type = new_type("Add")
    assert acl.op.unregister_compile_func(op_type) == SELECTOR_NOT_REGISTERED
    assert acl.op.register_compile_func(op_type, lambda *_: None) == 0
    assert acl.op.register_compile_func(op_type, lambda *_: None) == SELECTOR_ALREADY_REGISTERED
    assert "KRN-002" in acl.get_recent_err_msg()
    assert acl.op.unregister_compile_func(op_type) == 0
    assert acl.op.register_compile_func(op_type, lambda *_: None) == 0
    assert acl.op.unregister_compile_func(op_type) == 0
    assert acl.op.unregister_compile_func(op_type) != 0


@pytest.mark.rules("KRN-002")
def test_a_refused_selector_does_not_replace_the_first(acl, binary, descs, attr, selected):
    op_type, called = new_type("Add"), []
    assert create(acl, binary, op_type, "id") == 0

    def first(_n, _in, _m, _out, _attr, desc):
        called.append("first")
        return acl.op.set_kernel_args(desc, "id", 1, 0, 0)

    selected(op_type, first)
    assert acl.op.register_compile_func(op_type, lambda *_: called.append("second")) != 0
    assert acl.op.update_params(op_type, descs([2]), descs([2]), attr) == 0
    assert called == ["first"]


@pytest.mark.rules("KRN-003")
@pytest.mark.parametrize("func", [None, 0, "text"])
def test_func_is_a_function(acl, func):
    assert acl.op.register_compile_func(new_type("Add"), func) == INVALID_PARAM


@pytest.mark.rules("KRN-001", "KRN-003", "KRN-016", "GDM-024", "GDM-034")
def test_the_selector_sees_the_operator(acl, binary, descs, attr, selected):
    op_type, seen = new_type("Add"), []
    assert create(acl, binary, op_type, "id") == 0
    inputs, outputs = descs([2, 1], [3]), descs([4, 5, 6])

    def selector(num_inputs, input_desc, num_outputs, output_desc, op_attr, kernel_desc):
        dims = [
            acl.get_tensor_desc_dim_v2(desc, 0)[0]
            for desc in [*input_desc, *output_desc]
            if acl.get_tensor_desc_type(desc) == 0
        ]
        seen.append((num_inputs, list(input_desc), num_outputs, list(output_desc), op_attr, dims))
        assert isinstance(kernel_desc, int)
        assert kernel_desc != 0
        return acl.op.set_kernel_args(kernel_desc, "id", 1, 0, 0)

    selected(op_type, selector)
    assert acl.op.update_params(op_type, inputs, outputs, attr) == 0
    assert seen == [(2, inputs, 1, outputs, attr, [2, 3, 4])]


@pytest.mark.rules("KRN-001", "KRN-016", "KRN-017", "GDM-028")
def test_update_params_asks_the_selector_of_that_type_each_time(acl, binary, descs, attr, selected):
    one, other, called = new_type("Add"), new_type("Add"), []
    for op_type in (one, other):
        assert create(acl, binary, op_type, "id") == 0

        def selector(*arguments, op_type=op_type):
            called.append(op_type)
            return acl.op.set_kernel_args(arguments[-1], "id", 1, 0, 0)

        selected(op_type, selector)
    for op_type in (one, other, other, one):
        assert acl.op.update_params(op_type, descs([2]), descs([2]), attr) == 0
    assert called == [one, other, other, one]


@pytest.mark.rules("KRN-004", "KRN-016")
def test_update_params_needs_a_selector(acl, binary, descs, attr):
    op_type = new_type("Add")
    assert create(acl, binary, op_type, "id") == 0
    assert acl.op.update_params(op_type, descs([2]), descs([2]), attr) == SELECTOR_NOT_REGISTERED
    choose = lambda *arguments: acl.op.set_kernel_args(arguments[-1], "id", 1, 0, 0)  # noqa: E731
    assert acl.op.register_compile_func(op_type, choose) == 0
    assert acl.op.update_params(op_type, descs([2]), descs([2]), attr) == 0
    assert acl.op.unregister_compile_func(op_type) == 0
    assert acl.op.update_params(op_type, descs([2]), descs([2]), attr) == SELECTOR_NOT_REGISTERED


@pytest.mark.rules("KRN-016")
def test_update_params_refuses_what_is_no_description(acl, descs, selected):
    op_type = new_type("Add")
    selected(op_type, lambda *_: None)
    assert acl.op.update_params(op_type, [0], descs([2]), 0) in HANDLE_FAULTS
    assert acl.op.update_params(op_type, descs([2]), [2**62], 0) in HANDLE_FAULTS
    assert acl.op.update_params(op_type, descs([2]), descs([2]), 12345) in HANDLE_FAULTS


@pytest.mark.rules("KRN-016")
def test_what_a_selector_returns_or_raises_comes_back(acl, descs, attr, selected, monkeypatch):
    op_type = new_type("Add")
    answers = iter([77, ValueError("no tiling for this shape"), "text"])

    def selector(*_):
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    raised = []
    monkeypatch.setattr(sys, "unraisablehook", lambda args: raised.append(str(args.exc_value)))
    selected(op_type, selector)
    assert acl.op.update_params(op_type, descs([2]), descs([2]), attr) == 77
    assert acl.op.update_params(op_type, descs([2]), descs([2]), attr) not in (0, KERNEL_NOT_FOUND)
    assert raised == ["no tiling for this shape"]
    assert acl.op.update_params(op_type, descs([2]), descs([2]), attr) != 0


@pytest.mark.rules("KRN-004")
def test_an_unregistered_selector_is_let_go(acl):
    def selector(*_):
        pass

    gone = weakref.ref(selector)
    op_type = new_type("Add")
    assert acl.op.register_compile_func(op_type, selector) == 0
    del selector
    gc.collect()
    assert gone() is not None
    assert acl.op.unregister_compile_func(op_type) == 0
    gc.collect()
    assert gone() is None


# --- what a selector says ---


def select(acl, op_type, descs, attr, say):
    """What update_params returns with a selector that calls say(kernel_desc)."""
    assert acl.op.register_compile_func(op_type, lambda *arguments: say(arguments[-1])) == 0
    ret = acl.op.update_params(op_type, descs([2]), descs([2]), attr)
    assert acl.op.unregister_compile_func(op_type) == 0
    return ret


@pytest.mark.rules("KRN-010", "KRN-011", "GDM-026")
def test_the_kernel_of_set_kernel_args_has_to_be_registered(acl, binary, descs, attr):
    op_type, other, rets = new_type("Add"), new_type("Add"), []
    assert create(acl, binary, op_type, "mine") == 0
    assert create(acl, binary, other, "of another type") == 0

    def say(kernel_id):
        return lambda desc: rets.append(acl.op.set_kernel_args(desc, kernel_id, 1, 0, 0))

    assert select(acl, op_type, descs, attr, say("mine")) == 0
    assert select(acl, op_type, descs, attr, say("nobody's")) == KERNEL_NOT_FOUND
    assert select(acl, op_type, descs, attr, say("of another type")) == KERNEL_NOT_FOUND
    assert rets == [0, KERNEL_NOT_FOUND, KERNEL_NOT_FOUND]


@pytest.mark.rules("KRN-010")
def test_a_selector_has_to_choose(acl, binary, descs, attr):
    op_type = new_type("Add")
    assert create(acl, binary, op_type, "id") == 0
    assert select(acl, op_type, descs, attr, lambda desc: None) == KERNEL_NOT_FOUND


@pytest.mark.rules("KRN-011")
def test_at_least_one_block_runs(acl, binary, descs, attr):
    op_type = new_type("Add")
    assert create(acl, binary, op_type, "id") == 0
    assert (
        select(acl, op_type, descs, attr, lambda desc: acl.op.set_kernel_args(desc, "id", 0, 0, 0))
        == INVALID_PARAM
    )
    assert select(acl, op_type, descs, attr, lambda desc: acl.op.set_kernel_args(desc, "id", 32, 0, 0)) == 0


@pytest.mark.rules("KRN-012", "KRN-013")
def test_args_is_the_address_of_bytes(acl, binary, descs, attr):
    op_type = new_type("Add")
    assert create(acl, binary, op_type, "id") == 0
    tiling = np.array([1, 2, 3], np.int32).tobytes()
    address = acl.util.bytes_to_ptr(tiling)
    for args, size, expected in [(address, len(tiling), {0}), (0, 0, {0}), (0, 4, PARAMETER_FAULTS),
                                 (16, 4, PARAMETER_FAULTS), (2**63, 4, PARAMETER_FAULTS)]:  # fmt: skip
        say = lambda desc, args=args, size=size: acl.op.set_kernel_args(desc, "id", 1, args, size)  # noqa: E731
        assert select(acl, op_type, descs, attr, say) in expected


@pytest.mark.rules("KRN-014", "KRN-015")
def test_workspace_sizes_are_optional(acl, binary, descs, attr):
    op_type, rets = new_type("Add"), []
    assert create(acl, binary, op_type, "id") == 0
    sizes = Numbers(acl, 100, 0, 1 << 20)
    for count, address in [
        (3, sizes.address),
        (0, 0),
        (-1, sizes.address),
        (1, 0),
        (1, 16),
        (2**40, sizes.address),
    ]:

        def say(desc, count=count, address=address):
            rets.append(acl.op.set_kernel_workspace_sizes(desc, count, address))
            return acl.op.set_kernel_args(desc, "id", 1, 0, 0)

        assert select(acl, op_type, descs, attr, say) == 0
    assert rets[:2] == [0, 0]
    assert all(ret in PARAMETER_FAULTS for ret in rets[2:])


@pytest.mark.rules("KRN-010", "KRN-014")
def test_a_kernel_description_ends_with_its_selector(acl, binary, descs, attr):
    op_type, kept = new_type("Add"), []
    assert create(acl, binary, op_type, "id") == 0

    def say(desc):
        kept.append(desc)
        return acl.op.set_kernel_args(desc, "id", 1, 0, 0)

    assert select(acl, op_type, descs, attr, say) == 0
    sizes = Numbers(acl, 1)
    for desc in (kept[0], 0, None, 7, 2**63):
        assert acl.op.set_kernel_args(desc, "id", 1, 0, 0) in HANDLE_FAULTS
        assert acl.op.set_kernel_workspace_sizes(desc, 1, sizes.address) in HANDLE_FAULTS


@pytest.mark.rules("KRN-005", "KRN-001", "GDM-091")
def test_registration_needs_no_device(acl, run_python, binary):
    code = f"""
        import acl
        assert acl.init() == 0
        data = open({str(BINARY)!r}, "rb").read()
        address = acl.util.bytes_to_ptr(data)
        assert acl.op.create_kernel("Add", "id", "do_nothing", address, len(data), 1, 0) == 0
        assert acl.op.register_compile_func("Add", lambda *_: None) == 0
        assert acl.finalize() == 0
    """
    done = run_python(code)
    assert done.returncode == 0, done.stderr
