"""acl.op.set_model_dir and acl.op.load, and how long operators are kept."""

import json
from pathlib import Path

import numpy as np
import pytest
from single_operators import Operators, compile_operators, operator, tensor

NOT_FOUND, INPUT_NOT_MATCH = 100024, 100021


@pytest.fixture
def ops(acl, stream):
    made = Operators(acl, stream)
    yield made
    made.close()


def unary(kind, size):
    return operator(kind, [tensor([size])], [tensor([size])])


@pytest.mark.rules("OP-001", "OP-002", "OP-003")
def test_three_levels_of_a_directory_are_read(acl, ops, tmp_path):
    dirs = [tmp_path / "dir0" / "dir1"]
    for name in ("dir2", "dir3", "dir4"):
        dirs.append(dirs[-1] / name)
    dirs[-1].mkdir(parents=True)
    files = compile_operators(acl, tmp_path / "made", [unary("Neg", 10 + i) for i in range(4)])
    for file, folder in zip(files, dirs, strict=True):
        file.rename(folder / file.name)
    assert acl.op.set_model_dir(str(dirs[0])) == 0
    arrays = [np.arange(10 + i, dtype=np.float32) for i in range(4)]
    for array in arrays[:3]:
        assert np.array_equal(ops.run("Neg", [array], [array])[0], -array)
    assert ops.run("Neg", [arrays[3]], [arrays[3]]) == INPUT_NOT_MATCH


@pytest.mark.rules("OP-001")
def test_a_directory_that_is_none_is_refused(acl, tmp_path):
    (tmp_path / "file").write_text("x")
    for path in ("", str(tmp_path / "missing"), str(tmp_path / "file")):
        assert acl.op.set_model_dir(path) != 0
    assert acl.op.set_model_dir(str(tmp_path)) == 0


@pytest.mark.rules("OP-001")
def test_a_damaged_file_is_reported_and_the_others_are_loaded(acl, ops, tmp_path):
    bad = compile_operators(acl, tmp_path, [unary("Neg", 20), unary("Neg", 21)])[1]
    data = bytearray(bad.read_bytes())
    data[len(data) // 2] ^= 0xFF
    bad.write_bytes(data)
    assert acl.op.set_model_dir(str(tmp_path)) != 0
    assert bad.name in acl.get_recent_err_msg()
    array = np.ones(20, np.float32)
    assert np.array_equal(ops.run("Neg", [array], [array])[0], -array)
    assert ops.run("Neg", [np.ones(21, np.float32)], [np.ones(21, np.float32)]) == INPUT_NOT_MATCH


@pytest.mark.rules("OP-005", "GDE-044", "GDM-005")
def test_an_operator_is_loaded_from_memory(acl, ops, tmp_path):
    (file,) = compile_operators(acl, tmp_path, [unary("Neg", 30)])
    data = file.read_bytes()
    pointer, ret = acl.rt.malloc_host(len(data))
    assert ret == 0
    assert acl.rt.memcpy(pointer, len(data), acl.util.bytes_to_ptr(data), len(data), 0) == 0
    for address, size in ((0, len(data)), (pointer, 0), (pointer, len(data) - 1), (16, 4096)):
        assert acl.op.load(address, size) != 0
    assert acl.op.load(pointer, len(data)) == 0
    # The user manages the memory: it may go.
    assert acl.rt.free_host(pointer) == 0
    array = np.ones(30, np.float32)
    assert np.array_equal(ops.run("Neg", [array], [array])[0], -array)


@pytest.mark.rules("OP-001", "OP-005", "GDM-090")
def test_loading_needs_init_and_no_device(run_python, tmp_path, acl):
    (file,) = compile_operators(acl, tmp_path, [unary("Neg", 4)])
    done = run_python(
        f"""
        import acl
        assert acl.op.set_model_dir({str(tmp_path)!r}) == 100001
        data = open({str(file)!r}, "rb").read()
        assert acl.init() == 0
        assert acl.op.set_model_dir({str(tmp_path)!r}) == 0
        assert acl.op.load(acl.util.bytes_to_ptr(data), len(data)) == 0
        """
    )
    assert done.returncode == 0, done.stderr


AGEING = """
import sys
import numpy as np
sys.path.insert(0, {folder!r})
import acl
from single_operators import Operators
assert acl.init({config!r}) == 0
assert acl.rt.set_device(0) == 0
stream, ret = acl.rt.create_stream()
ops = Operators(acl, stream)

def cast(size):
    source, target = ops.buffer(np.ones(size, np.float32)), ops.buffer(2 * size)
    assert acl.op.cast(ops.desc([size]), source, ops.desc([size], np.float16), target, 0, stream) == 0
    assert ops.synchronize() == 0

def is_known(size):
    out = np.zeros(size, np.float16)
    return not isinstance(ops.run("Cast", [np.ones(size, np.float32)], [out], dst_type=1, truncate=False), int)

def is_loaded(kind, *shape):
    array = np.ones(shape, np.float32)
    return not isinstance(ops.run(kind, [array], [array]), int)
"""


@pytest.fixture
def ageing(run_python, tmp_path):
    """ageing(code, most): the code in a process whose queues hold so many operators."""

    def run(code, most=None):
        config = tmp_path / "acl.json"
        config.write_text(json.dumps({} if most is None else {"max_opqueue_num": str(most)}))
        done = run_python(AGEING.format(folder=str(Path(__file__).parent), config=str(config)) + code)
        assert done.returncode == 0, done.stderr

    return run


@pytest.mark.rules("SYS-009")
def test_a_hundred_operators_are_kept_by_default(ageing):
    ageing(
        """
for size in range(1, 101):
    cast(size)
assert all(is_known(size) for size in range(1, 101))
"""
    )


@pytest.mark.rules("SYS-009", "SYS-010")
def test_the_operator_that_was_not_used_for_longest_makes_room(ageing):
    ageing(
        """
for size in (1, 2, 3):
    cast(size)
assert is_known(1)
cast(4)
assert [is_known(size) for size in (1, 2, 3, 4)] == [True, False, True, True]
cast(2)
assert [is_known(size) for size in (1, 2, 3, 4)] == [False, True, True, True]
""",
        most=3,
    )


@pytest.mark.rules("SYS-017", "SYS-019")
def test_loaded_operators_do_not_age_and_take_places(acl, ageing, tmp_path):
    compile_operators(acl, tmp_path / "ops", [unary("Neg", 5), unary("Neg", 6)])
    ageing(
        f"""
assert acl.op.set_model_dir({str(tmp_path / "ops")!r}) == 0
for size in (1, 2, 3):
    cast(size)
assert is_loaded("Neg", 5) and is_loaded("Neg", 6)
assert [is_known(size) for size in (1, 2, 3)] == [False, False, True]
""",
        most=3,
    )


@pytest.mark.rules("SYS-019")
def test_nothing_ages_where_loaded_operators_take_all_places(acl, ageing, tmp_path):
    compile_operators(acl, tmp_path / "ops", [unary("Neg", 5), unary("Neg", 6)])
    ageing(
        f"""
assert acl.op.set_model_dir({str(tmp_path / "ops")!r}) == 0
for size in (1, 2, 3):
    cast(size)
assert all(is_known(size) for size in (1, 2, 3))
""",
        most=2,
    )


@pytest.mark.rules("SYS-018")
def test_fixed_and_dynamic_operators_have_queues_of_their_own(acl, ageing, tmp_path):
    open_line = tensor([-1, 3])
    dynamic = [operator(kind, [open_line], [open_line]) for kind in ("Neg", "Relu")]
    compile_operators(acl, tmp_path / "ops", dynamic)
    ageing(
        f"""
assert acl.op.set_model_dir({str(tmp_path / "ops")!r}) == 0
for size in (1, 2, 3):
    cast(size)
assert [is_known(size) for size in (1, 2, 3)] == [False, True, True]
assert is_loaded("Neg", 4, 3) and is_loaded("Relu", 2, 3)
""",
        most=2,
    )
