"""Devices, contexts, streams, events, memory (chapter 10.5)."""

from . import _acl
from ._api import fill

fill(globals(), __name__, getattr(_acl, "rt", None))
