"""Single operators (chapter 10.9)."""

from . import _acl
from ._api import fill

fill(globals(), __name__, getattr(_acl, "op", None))
