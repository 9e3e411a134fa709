"""Real data that works offline: each set comes inside a package and is read when its loader is called."""

from convlab.data.pictures import photo
from convlab.data.sources import Source, source

__all__ = ["Source", "photo", "source"]
