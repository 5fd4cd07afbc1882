"""pyACL: the Python interface of AscendCL, as implemented by Cairn."""

import importlib

from . import _acl
from ._api import fill

fill(globals(), "acl", _acl)

from . import fv, himpi, mdl, op, prof, rt, util  # noqa: E402, F401  (they need _acl; programs use them)


def __getattr__(name):
    # These bring large libraries along (image codecs, oneDNN): they are loaded when they are first used.
    if name in ("media", "blas"):
        # Not "from . import …", which asks this function again before it imports.
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module 'acl' has no attribute {name!r}")
