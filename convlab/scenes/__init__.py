"""What pictures show, as plain data: the same scene is drawn by matplotlib, by an animation and in the browser."""

from convlab.scenes.parts import Change, Grid, Label, Link, Mark, Place, Step
from convlab.scenes.scene import Scene

__all__ = ["Change", "Grid", "Label", "Link", "Mark", "Place", "Scene", "Step"]
