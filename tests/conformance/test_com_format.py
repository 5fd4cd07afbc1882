"""trans_tensor_desc_format, get_tensor_desc_by_index and get_tensor_desc_address; the layouts are computed with NumPy."""

import numpy as np
import pytest
from constants import PARAMETER_FAULTS

NCHW, NHWC, ND, NC1HWC0, FRACTAL_Z, HWCN, NDHWC, FRACTAL_NZ, NCDHW = 0, 1, 2, 3, 4, 16, 27, 29, 30
NC1HWC0_C04, NDC1HWC0, FRACTAL_Z_3D = 12, 32, 33
FLOAT, FLOAT16, INT32, STRING, INT4 = 0, 1, 3, 13, 29
# Of all types whose elements have whole bytes, by their size alone: a layout moves elements.
SIZES = {
    0: 4,
    1: 2,
    2: 1,
    3: 4,
    4: 1,
    6: 2,
    7: 2,
    8: 4,
    9: 8,
    10: 8,
    11: 8,
    12: 1,
    16: 8,
    17: 16,
    27: 2,
    33: 4,
}
CONVERTS = pytest.mark.needs("acl.trans_tensor_desc_format")
UNSUPPORTED_TYPE = {100026, *PARAMETER_FAULTS}


def channel_block(size: int) -> int:
    return 32 if size == 1 else 16


def padded(array: np.ndarray, axis: int, block: int) -> np.ndarray:
    missing = -array.shape[axis] % block
    return np.pad(array, [(0, missing if i == axis else 0) for i in range(array.ndim)])


def nc1hwc0(nchw: np.ndarray, block: int) -> np.ndarray:
    n, _, h, w = nchw.shape
    return padded(nchw, 1, block).reshape(n, -1, block, h, w).transpose(0, 1, 3, 4, 2)


def ndc1hwc0(ncdhw: np.ndarray, block: int) -> np.ndarray:
    n, _, d, h, w = ncdhw.shape
    return padded(ncdhw, 1, block).reshape(n, -1, block, d, h, w).transpose(0, 3, 1, 4, 5, 2)


def fractal_z(nchw: np.ndarray, block: int) -> np.ndarray:
    _, _, h, w = nchw.shape
    full = padded(padded(nchw, 0, 16), 1, block)
    blocks = full.reshape(full.shape[0] // 16, 16, full.shape[1] // block, block, h, w)
    return blocks.transpose(2, 4, 5, 0, 1, 3).reshape(-1, full.shape[0] // 16, 16, block)


def fractal_z_3d(ncdhw: np.ndarray, block: int) -> np.ndarray:
    return np.concatenate([fractal_z(ncdhw[:, :, i], block) for i in range(ncdhw.shape[2])])


def fractal_nz(array: np.ndarray, block: int) -> np.ndarray:
    full = padded(padded(array, array.ndim - 2, 16), array.ndim - 1, block)
    *outer, m, n = full.shape
    blocks = full.reshape(*outer, m // 16, 16, n // block, block)
    first = len(outer)
    return blocks.transpose(*range(first), first + 2, first, first + 1, first + 3)


# format -> (axes of the plain tensor, layout of it)
LAYOUTS = {
    NCHW: ("NCHW", lambda a, _: a),
    NHWC: ("NCHW", lambda a, _: a.transpose(0, 2, 3, 1)),
    HWCN: ("NCHW", lambda a, _: a.transpose(2, 3, 1, 0)),
    NC1HWC0: ("NCHW", nc1hwc0),
    NC1HWC0_C04: ("NCHW", lambda a, _: nc1hwc0(a, 4)),
    FRACTAL_Z: ("NCHW", fractal_z),
    FRACTAL_NZ: ("NCHW", fractal_nz),
    ND: ("NCHW", lambda a, _: a),
    NCDHW: ("NCDHW", lambda a, _: a),
    NDHWC: ("NCDHW", lambda a, _: a.transpose(0, 2, 3, 4, 1)),
    NDC1HWC0: ("NCDHW", ndc1hwc0),
    FRACTAL_Z_3D: ("NCDHW", fractal_z_3d),
}
SHAPES = {"NCHW": (3, 37, 5, 6), "NCDHW": (18, 5, 2, 3, 4)}


def random_elements(shape, size: int) -> np.ndarray:
    data = np.random.default_rng(7).integers(1, 256, (*shape, size), np.uint8)
    return np.ascontiguousarray(data).view(f"V{size}").reshape(shape)


class Tensor:
    """A description with data, destroyed with `end`."""

    def __init__(self, acl, data_type, data_format, array=None, dims=None) -> None:
        self.acl = acl
        self.made = [
            acl.create_tensor_desc(data_type, list(array.shape if dims is None else dims), data_format)
        ]
        if array is not None:
            raw = np.ascontiguousarray(array).tobytes()
            assert acl.set_tensor_const(self.made[0], acl.util.bytes_to_ptr(raw), len(raw)) == 0

    def to(self, data_format: int) -> int:
        """Converts the newest description."""
        desc, ret = self.acl.trans_tensor_desc_format(self.made[-1], data_format)
        assert ret == 0, self.acl.get_recent_err_msg()
        self.made.append(desc)
        return desc

    def end(self) -> None:
        for desc in self.made:
            self.acl.destroy_tensor_desc(desc)


@pytest.fixture
def tensor(acl):
    made = []

    def make(*arguments, **keywords):
        made.append(Tensor(acl, *arguments, **keywords))
        return made[-1]

    yield make
    for each in made:
        each.end()


def dims(acl, desc: int) -> list[int]:
    return [acl.get_tensor_desc_dim_v2(desc, i)[0] for i in range(acl.get_tensor_desc_num_dims(desc))]


def content(acl, desc: int) -> bytes:
    return acl.util.ptr_to_bytes(acl.get_tensor_desc_address(desc), acl.get_tensor_desc_size(desc))


PAIRS = [
    (source, target)
    for source in LAYOUTS
    for target in LAYOUTS
    if LAYOUTS[source][0] == LAYOUTS[target][0]
    and source in (NCHW, NHWC, HWCN, NCDHW, NDHWC)
    # What stands in the last two dims of FRACTAL_NZ, and in all of ND, is the source's own order.
    and (target not in (FRACTAL_NZ, ND) or source == NCHW)
]


@CONVERTS
@pytest.mark.rules("COM-054", "COM-040", "COM-049")
@pytest.mark.parametrize("data_type", [FLOAT16, 2, INT32, 9, 17])
@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_a_layout_becomes_another_as_numpy_says(acl, tensor, source, target, data_type):
    axes, from_plain = LAYOUTS[source]
    plain = random_elements(SHAPES[axes], SIZES[data_type])
    block = channel_block(SIZES[data_type])
    expected = LAYOUTS[target][1](plain, block)
    desc = tensor(data_type, source, from_plain(plain, block)).to(target)
    assert acl.get_tensor_desc_format(desc) == target
    assert acl.get_tensor_desc_type(desc) == data_type
    assert dims(acl, desc) == list(expected.shape)
    assert content(acl, desc) == np.ascontiguousarray(expected).tobytes()


@CONVERTS
@pytest.mark.rules("COM-054")
@pytest.mark.parametrize("data_type", SIZES)
@pytest.mark.parametrize("there", [NC1HWC0, FRACTAL_Z, FRACTAL_NZ, HWCN, NHWC])
def test_every_type_comes_back_as_it_was(acl, tensor, data_type, there):
    plain = random_elements(SHAPES["NCHW"], SIZES[data_type])
    made = tensor(data_type, NCHW, plain)
    made.to(there)
    back = made.to(NCHW)
    assert dims(acl, back) == list(plain.shape)
    assert content(acl, back) == plain.tobytes()


@CONVERTS
@pytest.mark.rules("COM-054")
def test_a_padded_layout_becomes_another_directly(acl, tensor):
    plain = random_elements(SHAPES["NCHW"], 2)
    made = tensor(FLOAT16, NHWC, plain.transpose(0, 2, 3, 1))
    made.to(NC1HWC0)
    desc = made.to(FRACTAL_Z)
    assert content(acl, desc) == np.ascontiguousarray(fractal_z(plain, 16)).tobytes()


@CONVERTS
@pytest.mark.rules("COM-054")
def test_without_an_origin_the_padding_becomes_part_of_the_tensor(acl, tensor):
    plain = random_elements((2, 20, 3, 4), 2)
    desc = tensor(FLOAT16, NC1HWC0, nc1hwc0(plain, 16)).to(NCHW)
    assert dims(acl, desc) == [2, 32, 3, 4]
    assert content(acl, desc) == padded(plain, 1, 16).tobytes()


@CONVERTS
@pytest.mark.rules("COM-054", "COM-036", "COM-037")
def test_the_origin_says_how_much_is_padding(acl, tensor):
    plain = random_elements((5, 20, 3, 4), 2)
    made = tensor(FLOAT16, FRACTAL_Z, fractal_z(plain, 16))
    assert acl.trans_tensor_desc_format(made.made[0], NCHW)[1] in PARAMETER_FAULTS
    assert acl.set_tensor_origin_format(made.made[0], NCHW) == 0
    assert acl.set_tensor_origin_shape(made.made[0], [5, 20, 3, 4]) == 0
    assert content(acl, made.to(NCHW)) == plain.tobytes()


@CONVERTS
@pytest.mark.rules("COM-054")
def test_an_origin_that_does_not_fit_is_refused(acl, tensor):
    made = tensor(FLOAT16, NC1HWC0, dims=[2, 2, 3, 4, 16])
    acl.set_tensor_origin_format(made.made[0], NCHW)
    acl.set_tensor_origin_shape(made.made[0], [2, 99, 3, 4])
    assert acl.trans_tensor_desc_format(made.made[0], NCHW) in [(0, code) for code in PARAMETER_FAULTS]


@CONVERTS
@pytest.mark.rules("COM-054")
@pytest.mark.parametrize("shape", [(7, 5), (1, 1), (16, 16), (2, 33, 40), (2, 3, 17, 15)])
def test_fractal_nz_cuts_the_last_two_dims_of_any_tensor(acl, tensor, shape):
    array = random_elements(shape, 2)
    made = tensor(FLOAT16, ND, array)
    desc = made.to(FRACTAL_NZ)
    assert dims(acl, desc) == list(fractal_nz(array, 16).shape)
    assert content(acl, desc) == np.ascontiguousarray(fractal_nz(array, 16)).tobytes()
    assert content(acl, made.to(ND)) == array.tobytes()


@CONVERTS
@pytest.mark.rules("COM-054")
def test_the_source_stays_as_it_is(acl, tensor):
    plain = random_elements((1, 3, 2, 2), 4)
    made = tensor(FLOAT, NCHW, plain)
    made.to(NC1HWC0)
    assert acl.get_tensor_desc_format(made.made[0]) == NCHW
    assert dims(acl, made.made[0]) == [1, 3, 2, 2]
    assert content(acl, made.made[0]) == plain.tobytes()


@CONVERTS
@pytest.mark.rules("COM-054")
def test_a_description_without_data_becomes_one_without_data(acl, tensor):
    desc = tensor(FLOAT16, NCHW, dims=[2, 3, 4, 5]).to(NC1HWC0)
    assert dims(acl, desc) == [2, 1, 4, 5, 16]
    assert acl.get_tensor_desc_address(desc) == 0


@CONVERTS
@pytest.mark.rules("COM-054", "COM-019")
def test_dims_that_are_not_known_stay_so(acl, tensor):
    assert dims(acl, tensor(FLOAT16, NCHW, dims=[-1, 20, 4, 5]).to(NHWC)) == [-1, 4, 5, 20]
    assert dims(acl, tensor(FLOAT16, NCHW, dims=[2, -1, 4, 5]).to(NC1HWC0)) == [2, -1, 4, 5, 16]
    assert dims(acl, tensor(FLOAT16, NCHW, dims=[2, 20, -1, 5]).to(FRACTAL_Z)) == [-1, 1, 16, 16]


@CONVERTS
@pytest.mark.rules("COM-054")
@pytest.mark.parametrize(
    ("source", "shape", "target"),
    [
        (NCHW, [2, 3, 4], NHWC),
        (NCHW, [2, 3, 4, 5], NDHWC),
        (NCDHW, [1, 2, 3, 4, 5], NC1HWC0),
        (ND, [7], FRACTAL_NZ),
        (ND, [2, 3], FRACTAL_Z),
        (NC1HWC0, [2, 3], NCHW),
        (FRACTAL_NZ, [2, 3], ND),
        (NCHW, [2, 3, 4, 5], -1),
        (NCHW, [2, 3, 4, 5], 999),
        (NCHW, [2, 3, 4, 5], 2**40),
        (ND, [-2], NHWC),
    ],
)
def test_what_has_no_meaning_is_refused(acl, tensor, source, shape, target):
    desc, ret = acl.trans_tensor_desc_format(tensor(FLOAT16, source, dims=shape).made[0], target)
    assert desc == 0
    assert ret in PARAMETER_FAULTS


@CONVERTS
@pytest.mark.rules("COM-054")
@pytest.mark.parametrize("data_type", [STRING, INT4, -1])
def test_a_type_without_whole_bytes_is_refused(acl, tensor, data_type):
    made = tensor(data_type, NCHW, dims=[1, 2, 3, 4])
    assert acl.trans_tensor_desc_format(made.made[0], NHWC)[1] in UNSUPPORTED_TYPE


@CONVERTS
@pytest.mark.rules("COM-054")
def test_data_that_do_not_fill_the_tensor_are_refused(acl):
    desc = acl.create_tensor_desc(FLOAT, [1, 2, 3, 4], NCHW)
    assert acl.set_tensor_const(desc, acl.util.bytes_to_ptr(bytes(8)), 8) == 0
    assert acl.trans_tensor_desc_format(desc, NHWC)[1] in PARAMETER_FAULTS
    acl.destroy_tensor_desc(desc)


@CONVERTS
@pytest.mark.rules("COM-054")
@pytest.mark.parametrize("desc", [0, 1, -1, 2**63, None])
def test_what_is_no_description_is_refused(acl, desc):
    assert acl.trans_tensor_desc_format(desc, NHWC)[1] != 0


@pytest.mark.rules("COM-047")
def test_a_description_is_an_array_of_one(acl, tensor):
    desc = tensor(FLOAT16, NCHW, dims=[1, 2, 3, 4]).made[0]
    same = acl.get_tensor_desc_by_index(desc, 0)
    assert isinstance(same, int)
    assert acl.get_tensor_desc_type(same) == FLOAT16
    assert dims(acl, same) == [1, 2, 3, 4]


@pytest.mark.rules("COM-048")
@pytest.mark.parametrize("index", [1, 2, -1, 2**64])
def test_an_index_beyond_the_array_gives_none(acl, tensor, index):
    assert acl.get_tensor_desc_by_index(tensor(FLOAT16, NCHW, dims=[1, 2, 3, 4]).made[0], index) == 0


@pytest.mark.rules("COM-047")
@pytest.mark.parametrize("desc", [0, None, 7, 2**63])
def test_nothing_has_no_descriptions(acl, desc):
    assert acl.get_tensor_desc_by_index(desc, 0) == 0
    assert acl.get_recent_err_msg().startswith("[COM-047]")


@pytest.mark.rules("COM-049", "COM-041")
def test_the_address_is_that_of_the_data(acl, tensor):
    array = random_elements((2, 3), 4)
    made = tensor(FLOAT, ND, array)
    assert content(acl, made.made[0]) == array.tobytes()
    assert acl.get_tensor_desc_address(tensor(FLOAT, ND, dims=[2, 3]).made[0]) == 0
