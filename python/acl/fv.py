"""Feature retrieval (chapter 10.13)."""

from . import _acl
from ._api import fill

fill(globals(), __name__, getattr(_acl, "fv", None))
