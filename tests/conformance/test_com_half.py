"""acl.float16_to_float and acl.float_to_float16, with NumPy as the reference."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.rules("COM-005")
def test_all_finite_and_infinite_patterns_convert_as_numpy_does(acl):
    patterns = np.arange(65536, dtype=np.uint16)
    expected = patterns.view(np.float16).astype(np.float32)
    actual = np.array([acl.float16_to_float(int(p)) for p in patterns], np.float32)
    numbers = ~np.isnan(expected)
    assert np.array_equal(actual[numbers].view(np.uint32), expected[numbers].view(np.uint32))


@pytest.mark.rules("COM-005")
def test_every_nan_pattern_gives_nan(acl):
    for sign in (0, 0x8000):
        for mantissa in range(1, 0x400):
            assert math.isnan(acl.float16_to_float(sign | 0x7C00 | mantissa))


@pytest.mark.rules("COM-005", "COM-006")
def test_every_number_survives_the_way_there_and_back(acl):
    for pattern in range(65536):
        if (pattern & 0x7C00) != 0x7C00 or (pattern & 0x3FF) == 0:
            assert acl.float_to_float16(acl.float16_to_float(pattern)) == pattern


@pytest.mark.rules("COM-006")
@settings(max_examples=2000, deadline=None)
@given(value=st.floats(width=32, allow_nan=False))
def test_float_to_float16_rounds_as_numpy_does(value):
    import acl

    with np.errstate(over="ignore"):
        expected = int(np.float32(value).astype(np.float16).view(np.uint16))
    assert acl.float_to_float16(value) == expected


@pytest.mark.rules("COM-006")
def test_values_between_two_neighbours_round_as_numpy_does(acl):
    patterns = np.arange(0x7C00, dtype=np.uint16)
    lower = patterns.view(np.float16).astype(np.float32)
    upper = (patterns + np.uint16(1)).view(np.float16).astype(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        middles = ((lower.astype(np.float64) + upper) / 2).astype(np.float32)[:-1]
        expected = middles.astype(np.float16).view(np.uint16)
    actual = [acl.float_to_float16(float(m)) for m in middles]
    assert actual == expected.tolist()


@pytest.mark.rules("COM-006")
@pytest.mark.parametrize(
    ("value", "pattern"), [(0.0, 0), (-0.0, 0x8000), (1.0, 0x3C00), (-2.0, 0xC000), (65504.0, 0x7BFF)]
)
def test_known_values_have_their_ieee_pattern(acl, value, pattern):
    assert acl.float_to_float16(value) == pattern


@pytest.mark.rules("COM-006")
@pytest.mark.parametrize("value", [65520.0, 1e10, math.inf])
def test_too_large_values_become_infinity(acl, value):
    assert acl.float_to_float16(value) == 0x7C00
    assert acl.float_to_float16(-value) == 0xFC00


@pytest.mark.rules("COM-006")
def test_nan_stays_nan(acl):
    pattern = acl.float_to_float16(math.nan)
    assert (pattern & 0x7C00) == 0x7C00
    assert (pattern & 0x3FF) != 0
