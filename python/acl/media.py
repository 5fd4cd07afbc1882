"""Media processing V1 (chapter 10.7)."""

from . import _media
from ._api import fill

fill(globals(), __name__, _media)
