"""pyACL: the Python interface of AscendCL, as implemented by Cairn."""

from . import _acl
from ._api import fill

fill(globals(), "acl", _acl)

from . import blas, fv, himpi, mdl, op, prof, rt, util  # noqa: E402  (they need _acl)


def __getattr__(name):
    # The media module brings the image codecs along: it is loaded when it is first used.
    if name == "media":
        from . import media

        return media
    raise AttributeError(f"module 'acl' has no attribute {name!r}")
