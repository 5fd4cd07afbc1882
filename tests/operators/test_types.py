"""The rows of the other files once more, with the other types that the operator's signature allows.

Rows of float32 get float16, bfloat16 and float64. What they have to give is what the float32 operator, which its own rows check,
gives for the same numbers after rounding. Rows of whole numbers get the other types that hold their values.
"""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from cases import DTYPES, TOLERANCE, Case, Const, Laid, Suite, check_all, is_float, signatures, types_of

# Those of test_direct.py have NaN and infinities, which the engine's layers do not all pass on.
OTHERS = ("test_direct", "test_drawn", "test_types")
FILES = sorted(path.stem for path in Path(__file__).parent.glob("test_*.py") if path.stem not in OTHERS)

# An attribute chooses their type.
INDICES = {("NonZero", "y"), ("Unique", "idx"), ("UniqueWithCounts", "idx"), ("UniqueWithCounts", "count")}


def array_of(value) -> np.ndarray:
    return np.asarray(getattr(value, "array", value))


def ports(kind: str, side: str, count: int) -> list[tuple[str, list]]:
    """Name and types of the port of each of `count` values; a list port takes those that the others leave."""
    signature = signatures()[kind]
    names, texts = signature[side + "s"].split(", "), signature[side + "_types"]
    result = []
    for name, text in zip(names, texts, strict=True):
        times = count - len(names) + 1 if name.endswith("*") else 1
        result += [(name, [DTYPES[each] for each in text.split(", ")])] * times
    return result


def with_types(row: Case, old: np.dtype, new: np.dtype, change: Callable = np.ndarray.astype) -> Case:
    """The row with `new` in the place of `old` wherever the signature lets it be."""

    def changed(value, port):
        name, types = port
        if value is None or array_of(value).dtype != old or new not in types or (row.type, name) in INDICES:
            return value
        array = change(array_of(value), new)
        return replace(value, array=array) if isinstance(value, (Const, Laid)) else array

    def all_changed(values, side):
        places = zip(
            values, ports(row.type, side, len(values)), strict=False
        )  # Optional ones may be left out.
        return [changed(value, port) for value, port in places]

    return replace(
        row, inputs=all_changed(row.inputs, "input"), expected=all_changed(row.expected, "output"), name=""
    )


def variants(row: Case) -> Iterator[tuple[np.dtype, np.dtype]]:
    """The type of the row's first input, and each that may stand in its place."""
    old = next((array_of(each).dtype for each in row.inputs if each is not None), None)
    if old is None or old == np.bool_ or (is_float(old) and old != np.float32):
        return
    arrays = [array_of(each) for each in [*row.inputs, *row.expected] if each is not None]
    for new in map(np.dtype, types_of(row.type)):
        if new == np.float64 and any(not np.isfinite(each).all() for each in arrays if is_float(each.dtype)):
            continue  # The engine computes in float32, where an infinity of float64 becomes the largest number.
        if new in (old, np.bool_) or is_float(new) != is_float(old):
            continue
        same = [each for each in arrays if each.dtype == old and each.size]
        if is_float(new) or all(
            np.iinfo(new).min <= each.min() and each.max() <= np.iinfo(new).max for each in same
        ):
            yield old, new


def rounded(row: Case, new: np.dtype) -> Case:
    """The row of float32 with the numbers of the narrower type."""
    return with_types(
        row, np.dtype(np.float32), np.dtype(np.float32), lambda x, _: x.astype(new).astype(x.dtype)
    )


@pytest.mark.parametrize("file", FILES)
def test_types(file, atc, tmp_path):
    wanted = [
        (row, old, new)
        for row in getattr(importlib.import_module(file), "CASES", [])
        for old, new in variants(row)
    ]
    if not wanted:
        return
    wide = Suite(
        [rounded(row, new) if is_float(new) else replace(row) for row, _, new in wanted], tmp_path, atc
    )
    rows = []
    for (_, old, new), each in zip(wanted, wide.cases, strict=True):
        answers = [
            raw.view(shape.dtype).reshape(shape.shape)
            for raw, shape in zip(wide.answers[each.name], each.expected, strict=True)
        ]
        if is_float(new) and new.itemsize == 2:
            # The lowest float32, where no segment has a number, is the lowest of the type.
            low, high = float(ml_dtypes.finfo(new).min), float(ml_dtypes.finfo(new).max)
            answers = [
                np.where(np.isfinite(each), np.clip(each, low, high), each).astype(each.dtype)
                if is_float(each.dtype)
                else each
                for each in answers
            ]
        # Results of a fixed type come from steps in the narrower one, too.
        within = max(each.within, TOLERANCE.get(new, 0))
        rows.append(with_types(replace(each, expected=answers, within=within), old, new))
    check_all(rows, atc)
