"""convlab: convolution in PyTorch, explained by code that is under test."""

import importlib
from typing import TYPE_CHECKING

from convlab import data
from convlab.arithmetic import conv_output_size, conv_transpose_output_size, effective_kernel_size, same_padding
from convlab.inspection import diagnose, trace
from convlab.ops import conv, conv_transpose, deform_conv, explain_method

if TYPE_CHECKING:
    from convlab import animation, explorers, figures, practice, scenes
    from convlab.notebook import explain_errors

__version__ = "0.1.0"

__all__ = [
    "animation",
    "conv",
    "conv_output_size",
    "conv_transpose",
    "conv_transpose_output_size",
    "data",
    "deform_conv",
    "diagnose",
    "effective_kernel_size",
    "explain_errors",
    "explain_method",
    "explorers",
    "figures",
    "practice",
    "same_padding",
    "scenes",
    "trace",
]


_ROOMS = ("animation", "explorers", "figures", "practice", "scenes")
_OF_NOTEBOOKS = ("explain_errors", "load_ipython_extension", "unload_ipython_extension")


def __getattr__(name: str) -> object:
    """What pictures, explorers, practice and `explain_errors` need is loaded when they are asked for, not before."""
    if name in _ROOMS:
        return importlib.import_module(f"convlab.{name}")
    if name in _OF_NOTEBOOKS:
        import convlab.notebook

        return getattr(convlab.notebook, name)
    raise AttributeError(f"module 'convlab' has no attribute {name!r}")
