"""Models (chapter 10.6)."""

from . import _acl
from ._api import fill

fill(globals(), __name__, getattr(_acl, "mdl", None))
