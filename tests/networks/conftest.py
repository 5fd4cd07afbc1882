"""Real networks through atc and acl.mdl, and through ONNX Runtime."""

import os
import shutil
import subprocess
import sys
import wave
from pathlib import Path

import acl
import numpy as np
import onnxruntime
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from session_device import device  # noqa: E402, F401  (a fixture)

HOST_TO_DEVICE, DEVICE_TO_HOST = 1, 2
ROOM = 8 << 20  # Bytes of an output whose size is known only afterwards.
SPEECH = Path("/usr/share/sounds/alsa/Front_Center.wav")  # A voice says "front center".


def network(place: str) -> Path:
    folder = Path(os.environ.get("CAIRN_NETWORKS", ROOT / "build" / "networks"))
    assert (folder / place).is_file(), f"{folder / place} is not there: run the tests with ./dev"
    return folder / place


class Session:
    """A converted network. run() takes and gives arrays; what ONNX Runtime says to the same is in `reference`."""

    def __init__(self, source: Path, target: Path, options: list[str]) -> None:
        atc = shutil.which("atc")
        assert atc, "atc is not on the path: run the tests with ./dev"
        command = [atc, "--framework=5", f"--model={source}", f"--output={target}"]
        done = subprocess.run(
            [*command, f"--soc_version={acl.get_soc_name()}", *options], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout
        self.reference = onnxruntime.InferenceSession(source, providers=["CPUExecutionProvider"])
        self.model, ret = acl.mdl.load_from_file(f"{target}.om")
        assert ret == 0, acl.get_recent_err_msg()
        self.desc = acl.mdl.create_desc()
        assert acl.mdl.get_desc(self.desc, self.model) == 0
        self.memory = {}
        self.inputs = self._dataset("input", acl.mdl.get_num_inputs, acl.mdl.get_input_size_by_index)
        self.outputs = self._dataset("output", acl.mdl.get_num_outputs, acl.mdl.get_output_size_by_index)
        self.names = [
            acl.mdl.get_input_name_by_index(self.desc, i) for i in range(acl.mdl.get_num_inputs(self.desc))
        ]

    def _dataset(self, kind: str, count, size_of) -> int:
        dataset = acl.mdl.create_dataset()
        for i in range(count(self.desc)):
            size = size_of(self.desc, i) or ROOM
            address, ret = acl.rt.malloc(size, 0)
            assert ret == 0
            self.memory[kind, i] = address, size
            assert acl.mdl.add_dataset_buffer(dataset, acl.create_data_buffer(address, size))[1] == 0
        return dataset

    def run(self, **given: np.ndarray) -> list[np.ndarray]:
        """One array for each output, flat, in the types that ONNX Runtime gives."""
        for i, name in enumerate(self.names):
            data = np.ascontiguousarray(given[name]).tobytes()
            address, size = self.memory["input", i]
            if -1 in acl.mdl.get_input_dims_v2(self.desc, i)[0]["dims"]:
                shaped = acl.create_tensor_desc(0, list(given[name].shape), 0)
                assert acl.mdl.set_dataset_tensor_desc(self.inputs, shaped, i)[1] == 0
                acl.destroy_tensor_desc(shaped)
            assert acl.rt.memcpy(address, size, acl.util.bytes_to_ptr(data), len(data), HOST_TO_DEVICE) == 0
        assert acl.mdl.execute(self.model, self.inputs, self.outputs) == 0, acl.get_recent_err_msg()
        return [self._output(i) for i in range(acl.mdl.get_num_outputs(self.desc))]

    def _output(self, index: int) -> np.ndarray:
        size = acl.mdl.get_output_size_by_index(self.desc, index)
        if not size:
            size = acl.get_tensor_desc_size(acl.mdl.get_dataset_tensor_desc(self.outputs, index))
        data = bytes(size)
        address, _ = self.memory["output", index]
        assert acl.rt.memcpy(acl.util.bytes_to_ptr(data), size, address, size, DEVICE_TO_HOST) == 0
        kind = self.reference.get_outputs()[index].type
        return np.frombuffer(data, {"tensor(float)": np.float32, "tensor(double)": np.float64}[kind])

    def check(self, within: float = 1e-4, **given: np.ndarray) -> list[np.ndarray]:
        """The outputs in the shapes of ONNX Runtime's, after they were compared: the largest difference is at most `within` of the
        largest value."""
        known = {each.name for each in self.reference.get_inputs()}
        wanted = self.reference.run(None, {name: value for name, value in given.items() if name in known})
        found = self.run(**given)
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            assert one.size == other.size
            largest = np.abs(other).max()
            assert np.isfinite(largest) and largest > 0
            np.testing.assert_allclose(one, other.ravel(), rtol=0, atol=within * largest)
        return [one.reshape(other.shape) for one, other in zip(found, wanted, strict=True)]

    def close(self) -> None:
        for dataset in (self.inputs, self.outputs):
            for i in range(acl.mdl.get_dataset_num_buffers(dataset)):
                acl.destroy_data_buffer(acl.mdl.get_dataset_buffer(dataset, i))
            acl.mdl.destroy_dataset(dataset)
        for address, _ in self.memory.values():
            acl.rt.free(address)
        acl.mdl.destroy_desc(self.desc)
        acl.mdl.unload(self.model)


@pytest.fixture
def convert(tmp_path):
    """convert(place of the network in its package, options of atc) -> Session"""
    sessions = []

    def make(place: str, *options: str) -> Session:
        sessions.append(Session(network(place), tmp_path / f"net{len(sessions)}", list(options)))
        return sessions[-1]

    yield make
    for each in sessions:
        each.close()


@pytest.fixture(scope="session")
def photo():
    """photo(name, width, height) -> uint8 [height, width, 3], one of scikit-image's pictures."""
    import importlib.util

    folder = Path(importlib.util.find_spec("skimage").submodule_search_locations[0]) / "data"

    def load(name: str, width: int, height: int) -> np.ndarray:
        with Image.open(folder / name) as picture:
            return np.asarray(picture.convert("RGB").resize((width, height), Image.Resampling.BILINEAR))

    return load


@pytest.fixture(scope="session")
def speech():
    """speech(rate) -> float32 samples between -1 and 1."""
    with wave.open(str(SPEECH)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32) / 32768
        own_rate = file.getframerate()

    def resampled(rate: int) -> np.ndarray:
        count = int(samples.size * rate / own_rate)
        return np.interp(np.arange(count) * own_rate / rate, np.arange(samples.size), samples).astype(
            np.float32
        )

    return resampled
