"""Convolutions as torch modules: causal in one axis; separable and deformable in one, two and three axes."""

from convlab.nn.causal import CausalConv1d
from convlab.nn.deform import DeformConv1d, DeformConv2d, DeformConv3d
from convlab.nn.separable import SeparableConv1d, SeparableConv2d, SeparableConv3d

__all__ = [
    "CausalConv1d",
    "DeformConv1d",
    "DeformConv2d",
    "DeformConv3d",
    "SeparableConv1d",
    "SeparableConv2d",
    "SeparableConv3d",
]
