"""The values that the sweep gives to every argument, and the cases made of them."""

import json
import sys
from enum import Enum
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "spec" / "generate"))

MODULES = ("acl", "acl.rt", "acl.util", "acl.mdl", "acl.media", "acl.op", "acl.blas")


class Odd(Enum):
    """Values that exist only in a running program; Surroundings.value() makes them."""

    valid = "a valid one"
    stale = "one that was released"
    forged = "a valid one with a bit changed"
    foreign = "one of another device"
    other_type = "a handle of another type"
    host = "host memory"


VALUES: dict[str, object] = {
    **{odd.name: odd for odd in Odd},
    "None": None,
    **{str(number): number for number in (0, 1, -1, 2, 3, 4, 5, 6, 9, 10, 63, 64, 65, 127, 128, 255, 256)},
    "int16 + 1": 1 << 15,
    "largest int32": (1 << 31) - 1,
    "int32 + 1": 1 << 31,
    "smallest int32": -(1 << 31),
    "uint32 + 1": 1 << 32,
    "largest int64": (1 << 63) - 1,
    "2^63": 1 << 63,
    "2^64 - 1": (1 << 64) - 1,
    "2^64": 1 << 64,
    "-2^63": -(1 << 63),
    "-2^70": -(1 << 70),
    "a float": 1.5,
    "not a number": float("nan"),
    "a text": "/nowhere/at/all",
    "an empty text": "",
    "a text with a null": "a\0b",
    "a lone surrogate": "\ud800",
    "bytes": b"bytes",
    "an object": object(),
    "an empty list": [],
    "a list with a huge number": [1 << 70],
    "a list with a negative number": [-5],
    "a list with None": [None],
    "a nested list": [[1, 2], [3]],
    "a long list": [1] * 1000,
    "a tuple with a huge number": (1 << 70, 1 << 70),
    "a dict": {},
}


def functions() -> list[dict]:
    """The functions with arguments, as spec/functions.json has them."""
    listed = json.loads((ROOT / "spec" / "functions.json").read_text(encoding="utf-8"))
    return [f for f in listed if f["args"] and f["python"].rsplit(".", 1)[0] in MODULES]


def cases(module: str) -> list[tuple[str, str, str]]:
    """(function, argument, name of the value), in a fixed order."""
    return [
        (function["python"], argument, name)
        for function in functions()
        if function["python"].rsplit(".", 1)[0] == module
        for argument in function["args"]
        for name in VALUES
    ]
