"""Explorers: pictures to play with. Each is a function that gives controls and, under them, a picture that follows."""

from convlab.explorers.base import Explorer, Shown
from convlab.explorers.deform import deform
from convlab.explorers.groups import groups
from convlab.explorers.kernel_lab import kernel_lab
from convlab.explorers.output_shape import output_shape
from convlab.explorers.padding_modes import padding_modes
from convlab.explorers.receptive_field import receptive_field
from convlab.explorers.sliding_window import sliding_window
from convlab.explorers.transposed import transposed
from convlab.explorers.view import SceneView

__all__ = [
    "Explorer",
    "SceneView",
    "Shown",
    "deform",
    "groups",
    "kernel_lab",
    "output_shape",
    "padding_modes",
    "receptive_field",
    "sliding_window",
    "transposed",
]
