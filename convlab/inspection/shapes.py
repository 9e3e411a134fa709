"""Calls of torch on tensors without memory, where a call with the same shapes need not be made twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.overrides import _get_current_function_mode
from torch.utils._python_dispatch import _get_current_dispatch_mode

META = torch.device("meta")

# Functions whose result is one new tensor, and of which shape, strides and dtype depend on nothing but the arguments.
# fmt: off
_PURE = frozenset([
    "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "deform_conv", "linear",
    "bilinear", "matmul", "mm", "bmm", "addmm", "batch_norm", "instance_norm", "layer_norm", "group_norm",
    "local_response_norm", "rms_norm", "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish",
    "softplus", "sigmoid", "tanh", "hardtanh", "hardswish", "hardsigmoid", "prelu", "dropout", "dropout1d", "dropout2d",
    "dropout3d", "alpha_dropout", "softmax", "log_softmax", "scaled_dot_product_attention", "max_pool1d", "max_pool2d",
    "max_pool3d", "avg_pool1d", "avg_pool2d", "avg_pool3d", "adaptive_avg_pool1d", "adaptive_avg_pool2d",
    "adaptive_avg_pool3d", "adaptive_max_pool2d", "add", "sub", "mul", "div", "pow", "neg", "exp", "sqrt", "cat",
    "stack", "pad", "interpolate", "pixel_shuffle", "pixel_unshuffle", "embedding",
])
# fmt: on


_RECURRENT = ("lstm", "gru", "rnn_tanh", "rnn_relu")


class ShapesOnly:
    """Calls functions on tensors without memory, and remembers what came out for which shapes.

    Example:
        >>> call = ShapesOnly()
        >>> x = torch.empty(2, 3, device="meta")
        >>> call(torch.cat, ([x, x],), {}).shape, call(torch.cat, ([x, x], 1), {}).shape
        (torch.Size([4, 3]), torch.Size([2, 6]))
    """

    def __init__(self) -> None:
        self._made: dict[Any, tuple[torch.Size, tuple[int, ...], torch.dtype]] = {}

    def __call__(self, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """What the function gives."""
        name = getattr(function, "__name__", "")
        if name not in _PURE:
            with META:
                return _of_one_moment(function, args) if name in _RECURRENT else function(*args, **kwargs)
        tensors: list[int] = []
        key = (function, _signature(args, tensors), _signature(kwargs, tensors))
        try:
            made = self._made.get(key)
        except TypeError:  # an argument that cannot be a key
            return function(*args, **kwargs)
        if made:
            return torch.empty_strided(made[0], made[1], dtype=made[2], device=META)
        result = function(*args, **kwargs)
        if type(result) is torch.Tensor and id(result) not in tensors and not result._is_view():
            self._made[key] = result.shape, result.stride(), result.dtype
        return result


def alone() -> bool:
    """Whether no mode of torch is on that would miss a call which is not made.

    Example:
        >>> alone()
        True
    """
    return _get_current_function_mode() is None and _get_current_dispatch_mode() is None


def _of_one_moment(function: Callable[..., Any], args: Sequence[Any]) -> Any:
    """What a recurrent function gives, from its first moment: torch would go through all of them."""
    x, time = args[0], int(bool(args[-1]))
    if x.ndim != 3 or x.shape[time] < 2:  # packed sequences have two axes
        return function(*args)
    output, *states = function(x.narrow(time, 0, 1), *args[1:])
    return output.expand(
        [size if dim != time else x.shape[time] for dim, size in enumerate(output.shape)]
    ).clone(), *states


def _signature(value: Any, tensors: list[int]) -> Any:
    """All that the result can depend on, as a key; notes the tensors by their ids."""
    if isinstance(value, torch.Tensor):
        tensors.append(id(value))
        return type(value), value.shape, value.stride(), value.dtype
    if isinstance(value, tuple | list):
        return type(value), *(_signature(entry, tensors) for entry in value)
    if isinstance(value, dict):
        return tuple((name, _signature(entry, tensors)) for name, entry in value.items())
    return type(value), value
