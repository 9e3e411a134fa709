"""Pictures with matplotlib. A function that draws takes its axes and gives them back; `ax=None` makes new ones."""

from convlab.figures.style import panels
from convlab.figures.tensors import cells, curves, feature_map, image

__all__ = ["cells", "curves", "feature_map", "image", "panels"]
