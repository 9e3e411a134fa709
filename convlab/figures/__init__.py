"""Pictures with matplotlib. Every function takes its axes, `ax=None` makes a new figure, and gives them back."""

from convlab.figures.style import panels
from convlab.figures.tensors import cells, curves, feature_map, image

__all__ = ["cells", "curves", "feature_map", "image", "panels"]
