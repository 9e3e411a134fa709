"""The integers of convolution: sizes, taps, receptive fields and costs. Standard library only."""

from convlab.arithmetic.cost import Bytes, num_bytes, num_inner_macs, num_macs, num_params
from convlab.arithmetic.interpolation import Corner, corners
from convlab.arithmetic.receptive_field import ReceptiveField, receptive_field
from convlab.arithmetic.sizes import (
    conv_output_size,
    conv_transpose_output_size,
    effective_kernel_size,
    output_size,
    padding_amounts,
    same_padding,
)
from convlab.arithmetic.spec import PADDING_MODES, ConvSpec
from convlab.arithmetic.taps import Tap, taps

__all__ = [
    "PADDING_MODES",
    "Bytes",
    "ConvSpec",
    "Corner",
    "ReceptiveField",
    "Tap",
    "conv_output_size",
    "conv_transpose_output_size",
    "corners",
    "effective_kernel_size",
    "num_bytes",
    "num_inner_macs",
    "num_macs",
    "num_params",
    "output_size",
    "padding_amounts",
    "receptive_field",
    "same_padding",
    "taps",
]
