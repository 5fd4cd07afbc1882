"""acl.op: kernels of the program through acl.op.execute_v2, as in the guide's chapter 6.7."""

import os
import threading

import numpy as np
import pytest
from constants import DEVICE_TO_HOST, HOST_TO_DEVICE
from kernel_binaries import ADD_HALF, Binary, Numbers, new_type

OP_NOT_FOUND = 100024
AICORE_TIMEOUT = 507014
AICORE_EXCEPTION = 507015
FORMAT_ND = 2
TYPES = {"float32": 0, "float16": 1, "uint32": 8, "uint64": 10, "uint8": 4}


class Tensor:
    """A tensor on the device."""

    def __init__(self, acl, values: np.ndarray) -> None:
        self.acl, self.dtype, self.shape = acl, values.dtype, values.shape
        self.desc = acl.create_tensor_desc(TYPES[str(values.dtype)], list(values.shape), FORMAT_ND)
        self.size = acl.get_tensor_desc_size(self.desc)
        self.address, ret = acl.rt.malloc(self.size, 0)
        assert ret == 0
        self.buffer = acl.create_data_buffer(self.address, self.size)
        data = values.tobytes()
        ret = acl.rt.memcpy(self.address, self.size, acl.util.bytes_to_ptr(data), self.size, HOST_TO_DEVICE)
        assert ret == 0

    def read(self) -> np.ndarray:
        data = bytes(self.size)
        ret = self.acl.rt.memcpy(
            self.acl.util.bytes_to_ptr(data), self.size, self.address, self.size, DEVICE_TO_HOST
        )
        assert ret == 0
        return np.frombuffer(data, self.dtype).reshape(self.shape)

    def free(self) -> None:
        assert self.acl.destroy_data_buffer(self.buffer) == 0
        assert self.acl.rt.free(self.address) == 0
        self.acl.destroy_tensor_desc(self.desc)


@pytest.fixture
def tensor(acl, context):
    made = []

    def make(values):
        made.append(Tensor(acl, np.asarray(values)))
        return made[-1]

    yield make
    for each in made:
        each.free()


class Operator:
    """An operator type with kernels of the test binary, and a selector that says what `choice` holds."""

    def __init__(self, acl, name: str, *kernels: str) -> None:
        self.acl, self.type, self.calls = acl, new_type(name), 0
        binary = Binary(acl)
        for kernel in kernels:
            ret = acl.op.create_kernel(self.type, kernel, kernel, binary.address, binary.size, 1, 0)
            assert ret == 0, acl.get_recent_err_msg()
        self.choice = {"kernel": kernels[0], "blocks": 1, "tiling": (), "workspaces": ()}
        assert acl.op.register_compile_func(self.type, self.select) == 0

    def select(self, num_inputs, input_desc, num_outputs, output_desc, op_attr, kernel_desc):
        self.calls += 1
        choice = self.choice(input_desc, output_desc) if callable(self.choice) else self.choice
        if choice["workspaces"]:
            sizes = Numbers(self.acl, *choice["workspaces"])
            ret = self.acl.op.set_kernel_workspace_sizes(
                kernel_desc, len(choice["workspaces"]), sizes.address
            )
            assert ret == 0
        tiling = Numbers(self.acl, *choice["tiling"])
        return self.acl.op.set_kernel_args(
            kernel_desc, choice["kernel"], choice["blocks"], tiling.address if tiling.size else 0, tiling.size
        )

    def update(self, inputs, outputs, attr=0) -> int:
        return self.acl.op.update_params(
            self.type, [each.desc for each in inputs], [each.desc for each in outputs], attr
        )

    def execute(self, inputs, outputs, stream, attr=0, function="execute_v2") -> int:
        return getattr(self.acl.op, function)(
            self.type,
            [each.desc for each in inputs],
            [each.buffer for each in inputs],
            [each.desc for each in outputs],
            [each.buffer for each in outputs],
            attr,
            stream,
        )

    def run(self, inputs, outputs, stream) -> None:
        assert self.update(inputs, outputs) == 0, self.acl.get_recent_err_msg()
        assert self.execute(inputs, outputs, stream) == 0, self.acl.get_recent_err_msg()
        assert self.acl.rt.synchronize_stream(stream) == 0, self.acl.get_recent_err_msg()


@pytest.fixture
def operator(acl):
    made = []

    def make(name, *kernels):
        made.append(Operator(acl, name, *kernels))
        return made[-1]

    yield make
    for each in made:
        acl.op.unregister_compile_func(each.type)


@pytest.mark.rules("KRN-001", "KRN-005", "KRN-006", "KRN-010", "KRN-016")
def test_the_sample_of_the_guide_adds_float16(acl, tensor, operator, stream):
    """Chapter 6.7: float16 tensors of the shape (2, 1)."""
    add = operator("add", ADD_HALF)
    add.choice["tiling"] = (2, 2)
    a, b = (np.random.default_rng(seed).random((2, 1)).astype(np.float16) for seed in (1, 2))
    first, second, total = tensor(a), tensor(b), tensor(np.zeros((2, 1), np.float16))
    add.run([first, second], [total], stream)
    np.testing.assert_array_equal(total.read(), a + b)


@pytest.mark.rules("KRN-005")
def test_float16_is_rounded_as_numpy_does(acl, tensor, operator, stream):
    """Every float16, subnormals and infinities included, plus others."""
    add = operator("add", ADD_HALF)
    a = np.arange(65536, dtype=np.uint16).view(np.float16)
    for shift in (0, 1, 1000, 30000):
        b = np.roll(a, shift)
        add.choice = {"kernel": ADD_HALF, "blocks": 4, "tiling": (65536, 1000 + shift), "workspaces": ()}
        first, second, total = tensor(a), tensor(b), tensor(np.zeros_like(a))
        add.run([first, second], [total], stream)
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(total.read(), (a.astype(np.float32) + b).astype(np.float16))


@pytest.mark.rules("KRN-001", "KRN-010", "KRN-011", "GDM-025", "GDM-031")
def test_the_selector_chooses_tiling_and_kernel_by_shape(acl, tensor, operator, stream):
    """Small tensors go to one kernel in one block, large ones to another in several."""
    op = operator("Mixed", "write_block", "write_tiling")

    def choose(_inputs, outputs):
        count, _ = acl.get_tensor_desc_dim_v2(outputs[0], 0)
        if count >= 8:
            return {"kernel": "write_block", "blocks": count // 2, "tiling": (), "workspaces": ()}
        return {"kernel": "write_tiling", "blocks": 1, "tiling": (count,), "workspaces": ()}

    op.choice = choose
    for count in (2, 8, 40, 4):
        out = tensor(np.zeros(count, np.uint32))
        op.run([], [out], stream)
        blocks = count // 2
        expected = (
            [number for i in range(blocks) for number in (i, blocks)]
            if count >= 8
            else [count, *[0] * (count - 1)]
        )
        assert out.read().tolist() == expected


@pytest.mark.rules("KRN-011")
def test_each_block_runs_once(acl, tensor, operator, stream):
    op = operator("Blocks", "write_block")
    op.choice["blocks"] = 500
    out = tensor(np.full(1000, 77, np.uint32))
    op.run([], [out], stream)
    assert out.read().reshape(-1, 2).tolist() == [[i, 500] for i in range(500)]


@pytest.mark.rules("KRN-012")
def test_the_kernel_receives_the_tiling_data(acl, tensor, operator, stream):
    op = operator("Tiling", "write_tiling")
    op.choice["tiling"] = (1, 2**63, 3)
    out = tensor(np.zeros(3, np.uint64))
    op.run([], [out], stream)
    assert out.read().tolist() == [1, 2**63, 3]


@pytest.mark.rules("KRN-014")
def test_the_kernel_receives_its_workspaces(acl, tensor, operator, stream):
    op = operator("Sizes", "write_sizes")
    op.choice["workspaces"] = (1000, 0, 4096)
    source, out = tensor(np.zeros(7, np.float32)), tensor(np.zeros(5, np.uint64))
    op.run([source], [out], stream)
    assert out.read().tolist() == [28, 40, 1000, 0, 4096]


@pytest.mark.rules("KRN-015")
def test_without_workspace_sizes_there_are_none(acl, tensor, operator, stream):
    op = operator("Sizes", "write_sizes")
    source, out = tensor(np.zeros(7, np.float32)), tensor(np.full(3, 9, np.uint64))
    op.run([source], [out], stream)
    assert out.read().tolist() == [28, 24, 9]


@pytest.mark.rules("KRN-001", "KRN-016")
def test_execute_uses_what_update_params_prepared(acl, tensor, operator, stream):
    op = operator("Tiling", "write_tiling")
    op.choice["tiling"] = (5,)
    out = tensor(np.zeros(1, np.uint64))
    assert op.update([], [out]) == 0
    op.choice = {**op.choice, "tiling": (6,)}
    for expected in (5, 5):
        assert op.execute([], [out], stream) == 0
        assert acl.rt.synchronize_stream(stream) == 0
        assert out.read().tolist() == [expected]
    assert op.calls == 1
    op.run([], [out], stream)  # update_params once more: chosen anew.
    assert out.read().tolist() == [6]


@pytest.mark.rules("KRN-001")
def test_the_selector_is_asked_when_the_operator_is_executed(acl, tensor, operator, stream):
    op = operator("Tiling", "write_tiling")
    op.choice["tiling"] = (5,)
    out = tensor(np.zeros(1, np.uint64))
    assert op.execute([], [out], stream) == 0
    assert acl.rt.synchronize_stream(stream) == 0
    assert op.calls == 1
    assert out.read().tolist() == [5]


@pytest.mark.rules("KRN-016", "OP-015")
def test_attributes_belong_to_what_was_prepared(acl, tensor, operator, stream):
    op = operator("Tiling", "write_tiling")
    out, attrs = tensor(np.zeros(1, np.uint64)), [acl.op.create_attr() for _ in range(2)]
    for number, attr in enumerate(attrs):
        assert acl.op.set_attr_int(attr, "axis", number) == 0
        op.choice = {**op.choice, "tiling": (number,)}
        assert op.update([], [out], attr) == 0
    for number, attr in enumerate(attrs):
        assert op.execute([], [out], stream, attr) == 0
        assert acl.rt.synchronize_stream(stream) == 0
        assert out.read().tolist() == [number]
        acl.op.destroy_attr(attr)
    assert op.calls == 2


@pytest.mark.rules("KRN-005", "OP-010", "OP-011")
def test_execute_runs_kernels_too(acl, tensor, operator, stream):
    op = operator("Blocks", "write_block")
    out = tensor(np.full(2, 9, np.uint32))
    assert op.update([], [out]) == 0
    assert op.execute([], [out], stream, function="execute") == 0
    assert acl.rt.synchronize_stream(stream) == 0
    assert out.read().tolist() == [0, 1]


@pytest.mark.rules("KRN-005", "OP-027", "OP-028")
def test_a_handle_runs_the_kernel(acl, tensor, operator, stream):
    add = operator("AddWithHandle", ADD_HALF)
    a, b, sum_ = (tensor(np.full(100, value, np.float16)) for value in (2, 3, 0))
    add.choice["tiling"] = (100, 100)
    handle, ret = acl.op.create_handle(add.type, [a.desc, b.desc], [sum_.desc], 0)
    assert ret == 0, acl.get_recent_err_msg()
    assert acl.op.execute_with_handle(handle, [a.buffer, b.buffer], [sum_.buffer], stream) == 0
    assert acl.rt.synchronize_stream(stream) == 0, acl.get_recent_err_msg()
    assert (sum_.read() == 5).all()
    acl.op.destroy_handle(handle)


@pytest.mark.rules("KRN-005", "OP-016", "OP-017")
def test_a_kernel_is_a_task_of_its_stream(acl, tensor, operator, stream, gate):
    op = operator("Blocks", "write_block")
    out = tensor(np.full(2, 9, np.uint32))
    gate.close(stream)
    assert op.update([], [out]) == 0
    assert op.execute([], [out], stream) == 0
    assert out.read().tolist() == [9, 9]  # It has not run, and execute_v2 did not wait.
    gate.open()
    assert acl.rt.synchronize_stream(stream) == 0
    assert out.read().tolist() == [0, 1]


@pytest.mark.rules("KRN-004", "KRN-016", "GDM-018", "GDM-069", "GDM-070", "GDM-072")
def test_a_type_without_selector_and_operator_is_not_found(acl, tensor, operator, stream):
    op = operator("Blocks", "write_block")
    assert acl.op.unregister_compile_func(op.type) == 0
    out = tensor(np.zeros(2, np.uint32))
    assert op.execute([], [out], stream) == OP_NOT_FOUND


@pytest.mark.rules("KRN-001", "KRN-005")
def test_a_kernel_goes_before_the_operator_of_that_type(acl, tensor, stream):
    """The program's own Add instead of the one that is there."""
    binary, calls = Binary(acl), []
    assert acl.op.create_kernel("Add", "own", "write_tiling", binary.address, binary.size, 1, 0) == 0
    tiling = Numbers(acl, 42)

    def select(*arguments):
        calls.append(1)
        return acl.op.set_kernel_args(arguments[-1], "own", 1, tiling.address, tiling.size)

    assert acl.op.register_compile_func("Add", select) == 0
    a, out = tensor(np.zeros(1, np.uint64)), tensor(np.zeros(1, np.uint64))
    descs, buffers = [a.desc, a.desc], [a.buffer, a.buffer]
    assert acl.op.execute_v2("Add", descs, buffers, [out.desc], [out.buffer], 0, stream) == 0
    assert acl.rt.synchronize_stream(stream) == 0
    assert out.read().tolist() == [42]
    assert calls == [1]
    assert acl.op.unregister_compile_func("Add") == 0


@pytest.mark.rules("KRN-005", "RT-113")
@pytest.mark.parametrize(("kernel", "text"), [
    ("throw_in_block_3", "block 3 of 5 of kernel throw_in_block_3 threw three is too many"),
    ("leave_the_span", "elements 4 to 5 (not included) of a span of 4"),
])  # fmt: skip
def test_a_fault_in_a_kernel_is_an_error_with_exception_information(
    acl, tensor, operator, stream, kernel, text
):
    op, blocks, seen = operator("Faulty", kernel), operator("Blocks", "write_block"), []
    op.choice["blocks"] = 5

    def on_exception(info):
        seen.append(
            (
                acl.rt.get_error_code_from_exception_info(info),
                acl.rt.get_device_id_from_exception_info(info),
                acl.rt.get_thread_id_from_exception_info(info),
            )
        )

    out, other = tensor(np.zeros(4, np.float32)), tensor(np.full(2, 9, np.uint32))
    assert acl.rt.set_exception_info_callback(on_exception) == 0
    assert op.update([], [out]) == 0
    assert op.execute([], [out], stream) == 0
    assert acl.rt.synchronize_stream(stream) == AICORE_EXCEPTION
    assert text in acl.get_recent_err_msg()
    assert acl.rt.set_exception_info_callback(None) == 0
    assert seen == [(AICORE_EXCEPTION, 0, threading.get_native_id())]
    blocks.run([], [other], stream)  # The stream goes on.
    assert other.read().tolist() == [0, 1]


@pytest.mark.rules("OP-006", "OP-007", "OP-008")
def test_an_operator_fails_at_the_newest_time_limit(acl, tensor, operator, stream):
    """Seconds; 0 ends the limit. Blocks of 20 ms each, shared by the workers of the device."""
    op, out = operator("Slow", "sleep_20_ms"), tensor(np.zeros(1, np.uint32))
    try:
        for seconds in (100, 1):
            assert acl.rt.set_op_execute_time_out(seconds) == 0
        op.choice["blocks"] = 20000
        assert op.update([], [out]) == 0
        assert op.execute([], [out], stream) == 0
        assert acl.rt.synchronize_stream(stream) == AICORE_TIMEOUT
        op.choice["blocks"] = 3
        op.run([], [out], stream)
    finally:
        assert acl.rt.set_op_execute_time_out(0) == 0
    # Longer than the limit was.
    op.choice["blocks"] = 60 * os.cpu_count()
    op.run([], [out], stream)


@pytest.mark.rules("KRN-005", "OP-025")
def test_buffers_have_to_fit_their_descriptions(acl, tensor, operator, stream):
    op = operator("Blocks", "write_block")
    out = tensor(np.zeros(4, np.uint32))
    host = np.zeros(4, np.uint32)
    assert op.update([], [out]) == 0
    for address, size in [(out.address, 15), (0, 16), (host.ctypes.data, 16), (out.address + 16384, 16)]:
        buffer = acl.create_data_buffer(address, size)
        assert acl.op.execute_v2(op.type, [], [], [out.desc], [buffer], 0, stream) != 0
        assert acl.destroy_data_buffer(buffer) == 0
    assert acl.rt.synchronize_stream(stream) == 0


@pytest.mark.rules("KRN-005", "OP-026")
def test_an_input_with_host_placement_is_taken_when_the_call_is_made(acl, tensor, operator, stream, gate):
    op = operator("Add", "cce_add_float")
    op.choice["tiling"] = (4, 4)
    a, out = tensor(np.arange(4, dtype=np.float32)), tensor(np.zeros(4, np.float32))
    host = np.full(4, 10, np.float32)
    desc = acl.create_tensor_desc(0, [4], FORMAT_ND)
    acl.set_tensor_place_ment(desc, 1)
    buffer = acl.create_data_buffer(host.ctypes.data, 16)
    gate.close(stream)
    arguments = [a.desc, desc], [a.buffer, buffer], [out.desc], [out.buffer]
    assert acl.op.execute_v2(op.type, *arguments, 0, stream) == 0, acl.get_recent_err_msg()
    host[:] = 0
    gate.open()
    assert acl.rt.synchronize_stream(stream) == 0
    assert out.read().tolist() == [10, 11, 12, 13]
    assert acl.destroy_data_buffer(buffer) == 0
    acl.destroy_tensor_desc(desc)


@pytest.mark.rules("KRN-001", "KRN-005")
def test_threads_with_streams_of_their_own_run_the_same_kernel(acl, context, operator):
    op = operator("Add", "cce_add_float")
    op.choice.update(tiling=(1000, 64), blocks=3)
    wrong = []

    def work(number):
        assert acl.rt.set_context(context) == 0
        stream, ret = acl.rt.create_stream()
        assert ret == 0
        a, b = (np.full(1000, number + i, np.float32) for i in (0, 0.5))
        tensors = [Tensor(acl, values) for values in (a, b, np.zeros(1000, np.float32))]
        for _ in range(50):
            if op.execute(tensors[:2], tensors[2:], stream) != 0 or acl.rt.synchronize_stream(stream) != 0:
                wrong.append(acl.get_recent_err_msg())
        if not np.array_equal(tensors[2].read(), a + b):
            wrong.append(number)
        for each in tensors:
            each.free()
        acl.rt.destroy_stream(stream)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
