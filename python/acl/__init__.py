"""pyACL: the Python interface of AscendCL, as implemented by Cairn."""

import importlib

from . import _acl
from ._api import fill

fill(globals(), "acl", _acl)

from . import blas, fv, himpi, mdl, op, prof, rt, util  # noqa: E402, F401  (they need _acl; programs use them)


def __getattr__(name):
    # The media module brings the image codecs along: it is loaded when it is first used.
    if name == "media":
        # Not "from . import media", which asks this function again before it imports.
        return importlib.import_module(".media", __name__)
    raise AttributeError(f"module 'acl' has no attribute {name!r}")
