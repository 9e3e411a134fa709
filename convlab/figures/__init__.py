"""Pictures with matplotlib. A function that draws takes its axes and gives them back; `ax=None` makes new ones."""

from convlab.figures.fields import field
from convlab.figures.galleries import feature_maps, filters
from convlab.figures.histories import history
from convlab.figures.offsets import offset_slices, offsets
from convlab.figures.routes import routes
from convlab.figures.scenes import scene, steps
from convlab.figures.signals import signals
from convlab.figures.style import panels
from convlab.figures.tensors import cells, curves, feature_map, image
from convlab.figures.tradeoffs import tradeoff
from convlab.figures.volumes import frames, slices
from convlab.figures.voxels import voxels

__all__ = [
    "cells",
    "curves",
    "feature_map",
    "feature_maps",
    "field",
    "filters",
    "frames",
    "history",
    "image",
    "offset_slices",
    "offsets",
    "panels",
    "routes",
    "scene",
    "signals",
    "slices",
    "steps",
    "tradeoff",
    "voxels",
]
