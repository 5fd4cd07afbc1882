"""Media processing V2 (chapter 10.8)."""

from . import _acl
from ._api import fill

fill(globals(), __name__, getattr(_acl, "himpi", None))
