"""Models on disk as compiled networks, and models that share what they hold (docs/environment.md)."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from conftest import SOC
from onnx import TensorProto, helper, numpy_helper
from programs import environment

LAYERS, CHANNELS = 6, 256
WEIGHT_BYTES = LAYERS * CHANNELS * CHANNELS * 9 * 4  # 14 MB
SETTLED_S = 4  # A file is known again if it was older than 2 s when it was read.


@pytest.fixture(scope="module")
def network(tmp_path_factory) -> Path:
    """Convolutions with enough weights to be kept."""
    random = np.random.default_rng(7)
    names = ["x", *(f"y{i}" for i in range(LAYERS))]
    nodes = [
        helper.make_node("Conv", [names[i], f"w{i}"], [names[i + 1]], pads=[1, 1, 1, 1])
        for i in range(LAYERS)
    ]
    scale = (CHANNELS * 9) ** -0.5
    weights = [
        numpy_helper.from_array(
            (random.standard_normal((CHANNELS, CHANNELS, 3, 3)) * scale).astype(np.float32), f"w{i}"
        )
        for i in range(LAYERS)
    ]
    shape = (1, CHANNELS, 8, 8)
    tensors = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in (names[0], names[-1])
    ]
    graph = helper.make_graph(nodes, "kept", tensors[:1], tensors[1:], weights)
    path = tmp_path_factory.mktemp("network") / "kept.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    done = subprocess.run(
        [
            "atc",
            f"--model={path}",
            "--framework=5",
            f"--soc_version={SOC}",
            f"--output={path.with_suffix('')}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return path.with_suffix(".om")


PROGRAM = """
import json, sys
import acl, numpy as np
assert acl.init() == 0 and acl.rt.set_device(0) == 0

def load(path):
    model, ret = acl.mdl.load_from_file(path)
    assert ret == 0, acl.get_recent_err_msg()
    return model

def dataset(size):
    address, ret = acl.rt.malloc(size, 0)
    assert ret == 0
    handle = acl.mdl.create_dataset()
    assert acl.mdl.add_dataset_buffer(handle, acl.create_data_buffer(address, size))[1] == 0
    return handle, address

def run(model):
    data = np.random.default_rng(1).standard_normal((1, 256, 8, 8)).astype(np.float32)
    (inputs, source), (outputs, target) = dataset(data.nbytes), dataset(data.nbytes)
    assert acl.rt.memcpy(source, data.nbytes, acl.util.bytes_to_ptr(data.tobytes()), data.nbytes, 1) == 0
    assert acl.mdl.execute(model, inputs, outputs) == 0, acl.get_recent_err_msg()
    found = bytes(data.nbytes)
    assert acl.rt.memcpy(acl.util.bytes_to_ptr(found), len(found), target, len(found), 2) == 0
    return float(np.abs(np.frombuffer(found, np.float32)).sum())

def memory():
    for line in open("/proc/self/smaps_rollup"):
        if line.startswith("Anonymous:"):
            return int(line.split()[1]) * 1024

def loaded_engine():
    acl.mdl.query_size(sys.argv[1])
"""


@pytest.fixture
def program(tmp_path: Path, network: Path):
    """program("print(1)") -> its JSON, run with a cache directory of its own."""

    def start(code: str, path: Path = network, **variables: str) -> subprocess.Popen:
        cache = {"CAIRN_CACHE_DIR": str(tmp_path / "cache"), **variables}
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM + textwrap.dedent(code), str(path)],
            env={**environment(tmp_path / "registry", HOME=str(tmp_path)), **cache},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(code: str, path: Path = network, **variables: str):
        child = start(code, path, **variables)
        output, problem = child.communicate(timeout=120)
        assert child.returncode == 0, problem
        return json.loads(output)

    run.start = start
    return run


LOAD_AND_RUN = "print(json.dumps(run(load(sys.argv[1]))))"


def entries(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache").glob("*.blob"))


def test_a_kept_network_computes_the_same(program, tmp_path: Path):
    first = program(LOAD_AND_RUN)
    (entry,) = entries(tmp_path)
    assert entry.stat().st_mode & 0o077 == 0
    made = entry.stat().st_ino
    assert program(LOAD_AND_RUN) == pytest.approx(first, rel=1e-6)
    assert program(LOAD_AND_RUN, CAIRN_THREADS="1") == pytest.approx(first, rel=1e-5)
    assert made in {each.stat().st_ino for each in entries(tmp_path)}  # It was read, not written anew.
    assert program(LOAD_AND_RUN, CAIRN_CACHE_DIR="0") == pytest.approx(first, rel=1e-6)


@pytest.mark.parametrize("milliseconds", [0, 3])
def test_a_process_may_end_while_its_network_is_written(milliseconds, program, tmp_path: Path):
    """What the engine made for the writing must not go before the writing ends."""
    code = f"""
    import ctypes, time
    load(sys.argv[1])
    time.sleep({milliseconds} / 1000)
    print(1, flush=True)
    ctypes.CDLL(None).exit(0)  # At once, without Python's own end.
    """
    for _ in range(6):
        assert program(code) == 1
        (entry,) = entries(tmp_path)
        entry.unlink()


@pytest.mark.parametrize("damage", ["cut", "bytes", "empty", "noise"])
def test_a_damaged_entry_is_made_anew(program, tmp_path: Path, damage: str):
    first = program(LOAD_AND_RUN)
    (entry,) = entries(tmp_path)
    whole = entry.read_bytes()
    changed = bytearray(whole)
    changed[len(whole) // 2] ^= 0xFF
    noise = np.random.default_rng(2).bytes(len(whole))
    entry.write_bytes({"cut": whole[:-1], "bytes": bytes(changed), "empty": b"", "noise": noise}[damage])
    assert program(LOAD_AND_RUN) == pytest.approx(first, rel=1e-6)
    (entry,) = entries(tmp_path)
    assert entry.stat().st_size == len(whole)
    assert program(LOAD_AND_RUN) == pytest.approx(first, rel=1e-6)


LOAD_AND_MEASURE = """
loaded_engine()
before = memory()
model = load(sys.argv[1])
print(json.dumps(memory() - before))
"""


@pytest.fixture
def known(program, network: Path, tmp_path: Path) -> Path:
    """A copy of the model that was loaded before, when it was old enough to be known again."""
    path = tmp_path / "known.om"
    shutil.copy(network, path)
    time.sleep(SETTLED_S)
    for _ in range(2):
        program("load(sys.argv[1])\nprint(1)", path=path)
    assert len(list((tmp_path / "cache").glob("*.known"))) == 1
    return path


def test_the_weights_of_a_known_file_are_not_read(program, known: Path):
    assert program(LOAD_AND_MEASURE, path=known) < program(LOAD_AND_MEASURE) - 0.5 * WEIGHT_BYTES
    assert program(LOAD_AND_RUN, path=known) == pytest.approx(program(LOAD_AND_RUN), rel=1e-6)


def test_a_known_file_that_changes_is_read_and_checked_again(program, known: Path):
    state = known.stat()
    with known.open("r+b") as file:
        file.seek(state.st_size // 2)  # Within the weights.
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))
    os.utime(known, ns=(state.st_atime_ns, state.st_mtime_ns))
    ret, text = program(
        "print(json.dumps([acl.mdl.load_from_file(sys.argv[1])[1], acl.get_recent_err_msg()]))", path=known
    )
    assert ret != 0
    assert "checksum" in text


# The operators of a run with a time limit are measured: that network is compiled from the file's weights.
LIMITED = """
model = load(sys.argv[1])
{change}
assert acl.rt.set_op_execute_time_out(60) == 0
"""


def test_weights_are_read_when_they_are_needed(program, known: Path):
    expected = program(LOAD_AND_RUN)
    code = LIMITED.format(change="import os; os.unlink(sys.argv[1])") + "print(json.dumps(run(model)))"
    assert program(code, path=known) == pytest.approx(expected, rel=1e-5)


def test_weights_that_changed_before_they_were_needed_are_refused(program, known: Path):
    code = LIMITED.format(change="open(sys.argv[1], 'r+b').write(bytes(1 << 20))")
    code += """
(inputs, _), (outputs, _) = dataset(65536), dataset(65536)
ret = acl.mdl.execute(model, inputs, outputs)
print(json.dumps([ret, acl.get_recent_err_msg()]))
"""
    ret, text = program(code, path=known)
    assert ret != 0
    assert "have changed since it was loaded" in text


def test_a_directory_that_others_can_write_is_not_used(program, tmp_path: Path):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o777)
    program(LOAD_AND_RUN)
    assert entries(tmp_path) == []


def test_processes_at_the_same_time(program, tmp_path: Path):
    children = [program.start(LOAD_AND_RUN) for _ in range(3)]
    results = set()
    for child in children:
        output, problem = child.communicate(timeout=120)
        assert child.returncode == 0, problem
        results.add(round(json.loads(output), 1))
    assert len(results) == 1
    assert len(entries(tmp_path)) == 1
    assert not list((tmp_path / "cache").glob("*.part"))


def test_a_size_of_zero_keeps_nothing(program, tmp_path: Path):
    program(LOAD_AND_RUN, CAIRN_CACHE_MB="0")
    assert entries(tmp_path) == []


@pytest.mark.parametrize("kept", [False, True])
def test_four_instances_share_their_memory(program, kept: bool):
    if kept:
        program(LOAD_AND_RUN)
    before, one, four = program(
        """
        loaded_engine()
        before = memory()
        run(load(sys.argv[1]))
        one = memory()
        models = [load(sys.argv[1]) for _ in range(3)]
        for model in models:
            run(model)
        print(json.dumps([before, one, memory()]))
        """,
        CAIRN_CACHE_DIR="0" if not kept else "",
        **({"XDG_CACHE_HOME": ""} if kept else {}),
    )
    assert one - before > WEIGHT_BYTES
    assert four - before < 1.6 * (one - before)


def test_instances_from_memory_and_files_share_their_memory(program):
    one, four = program(
        """
        data = open(sys.argv[1], "rb").read()
        loaded_engine()
        before = memory()
        run(load(sys.argv[1]))
        one = memory()
        for device in (0, 1, 1):
            assert acl.rt.set_device(device) == 0
            model, ret = acl.mdl.load_from_mem(acl.util.bytes_to_ptr(data), len(data))
            assert ret == 0, acl.get_recent_err_msg()
            run(model)
        print(json.dumps([one - before, memory() - before]))
        """,
        CAIRN_DEVICES="2",
    )
    assert four < 1.6 * one


def test_an_instance_outlives_the_one_that_it_shares_with(program):
    results = program(
        """
        first, second = load(sys.argv[1]), load(sys.argv[1])
        before = run(first)
        assert acl.mdl.unload(first) == 0
        after = run(second)
        assert acl.mdl.unload(second) == 0
        print(json.dumps([before, after, run(load(sys.argv[1]))]))
        """
    )
    assert results == pytest.approx([results[0]] * 3, rel=1e-6)


def test_instances_on_two_devices_and_threads(program):
    results = program(
        """
        import threading
        results = []
        def work(device):
            assert acl.rt.set_device(device) == 0
            model = load(sys.argv[1])
            for _ in range(30):
                results.append(run(model))
            assert acl.mdl.unload(model) == 0
        threads = [threading.Thread(target=work, args=(i % 2,)) for i in range(4)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        print(json.dumps(results))
        """,
        CAIRN_DEVICES="2",
    )
    assert len(results) == 120
    assert results == pytest.approx([results[0]] * 120, rel=1e-5)
