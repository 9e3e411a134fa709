"""Convolution of tensors by several algorithms, each checked against the others."""

from convlab.ops.deform import deform_conv
from convlab.ops.dispatch import conv, explain_method
from convlab.ops.transposed import conv_transpose

__all__ = ["conv", "conv_transpose", "deform_conv", "explain_method"]
