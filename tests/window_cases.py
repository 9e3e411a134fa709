"""Windows of a convolution as a module takes them: how many spatial axes, and which arguments besides the channels."""

from typing import Any

WINDOWS: dict[str, tuple[int, dict[str, Any]]] = {
    "1D": (1, {}),
    "2D": (2, {}),
    "3D": (3, {}),
    "kernel per axis": (2, {"kernel_size": (1, 4)}),
    "stride": (2, {"stride": 2}),
    "stride per axis": (3, {"stride": (1, 3, 2)}),
    "padding": (2, {"padding": 2}),
    "padding per axis": (3, {"padding": (0, 1, 2)}),
    "padding valid": (1, {"padding": "valid"}),
    "padding same": (2, {"padding": "same"}),
    "padding same, even kernel, dilation": (1, {"padding": "same", "kernel_size": 4, "dilation": 3}),
    "dilation": (2, {"dilation": (2, 3)}),
    "no bias": (2, {"bias": False}),
}
