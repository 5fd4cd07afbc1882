"""Profiling (chapter 10.12)."""

from . import _acl
from ._api import fill

fill(globals(), __name__, getattr(_acl, "prof", None))
