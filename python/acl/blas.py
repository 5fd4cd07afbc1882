"""Matrix products (chapter 10.10)."""

from . import _blas
from ._api import fill

fill(globals(), __name__, _blas)
