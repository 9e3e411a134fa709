"""convlab: convolution in PyTorch, explained by code that is under test."""

from convlab import data
from convlab.arithmetic import conv_output_size, conv_transpose_output_size, effective_kernel_size, same_padding
from convlab.ops import conv, conv_transpose

__version__ = "0.1.0"

__all__ = [
    "conv",
    "conv_output_size",
    "conv_transpose",
    "conv_transpose_output_size",
    "data",
    "effective_kernel_size",
    "figures",
    "same_padding",
]


def __getattr__(name: str) -> object:
    """`convlab.figures` loads matplotlib when it is first asked for, not before."""
    if name == "figures":
        import convlab.figures

        return convlab.figures
    raise AttributeError(f"module 'convlab' has no attribute {name!r}")
