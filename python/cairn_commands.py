"""The commands of the wheel: each hands over to the program inside the package `acl`."""

import importlib.util
import os
import sys
from pathlib import Path


def _become(program: str) -> None:
    # The package is looked up, not imported: the programs need nothing of it.
    spec = importlib.util.find_spec("acl")
    if spec is None or spec.origin is None:
        sys.exit(f"{program}: the package acl is not installed in {sys.prefix}")
    path = str(Path(spec.origin).parent / "bin" / program)
    # Some hand over to Python programs: those run with this interpreter.
    os.environ["PATH"] = os.pathsep.join(
        [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    )
    os.execv(path, [path, *sys.argv[1:]])


def atc() -> None:
    _become("atc")


def cairn() -> None:
    _become("cairn")


def msaccucmp() -> None:
    _become("msaccucmp")


def npu_smi() -> None:
    _become("npu-smi")
