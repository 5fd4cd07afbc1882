"""Matrix products (chapter 10.11)."""

from . import _acl
from ._api import fill

fill(globals(), __name__, getattr(_acl, "blas", None))
