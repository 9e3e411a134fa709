"""Pictures with matplotlib. A function that draws takes its axes and gives them back; `ax=None` makes new ones."""

from convlab.figures.connections import connections
from convlab.figures.galleries import filters
from convlab.figures.signals import signals
from convlab.figures.style import panels
from convlab.figures.tensors import cells, curves, feature_map, image
from convlab.figures.volumes import frames, slices

__all__ = ["cells", "connections", "curves", "feature_map", "filters", "frames", "image", "panels", "signals", "slices"]
