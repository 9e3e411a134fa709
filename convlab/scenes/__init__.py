"""What pictures show, as plain data: the same scene is drawn by matplotlib, by an animation and in the browser."""

from convlab.scenes.borders import padding_modes
from convlab.scenes.channels import channels, connections
from convlab.scenes.columns import unfold
from convlab.scenes.deform import deform, growing_offsets
from convlab.scenes.gather import gather
from convlab.scenes.matrix import matrix, matrix_and_transpose
from convlab.scenes.overlap import overlap
from convlab.scenes.parts import Change, Grid, Label, Link, Mark, Place, Point, Step
from convlab.scenes.scene import Scene
from convlab.scenes.stack import receptive_field
from convlab.scenes.transposed import scatter
from convlab.scenes.window import sliding_window

__all__ = [
    "Change",
    "Grid",
    "Label",
    "Link",
    "Mark",
    "Place",
    "Point",
    "Scene",
    "Step",
    "channels",
    "connections",
    "deform",
    "gather",
    "growing_offsets",
    "matrix",
    "matrix_and_transpose",
    "overlap",
    "padding_modes",
    "receptive_field",
    "scatter",
    "sliding_window",
    "unfold",
]
