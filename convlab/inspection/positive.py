"""A run of a model in which every path from the input to the output has a gradient, and none cancels out another."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree

from convlab.inspection.calls import Call, TensorInfo, name_of
from convlab.inspection.windows import DEFORMABLE, window_of
from convlab.ops.arguments import CONV

# fmt: off
_LEFT_OUT = frozenset([
    "relu", "relu6", "leaky_relu", "rrelu", "elu", "selu", "celu", "gelu", "silu", "mish", "softplus", "logsigmoid",
    "hardswish", "hardshrink", "softshrink", "tanhshrink", "threshold", "prelu", "clamp", "clip", "clamp_min",
    "clamp_max", "abs", "dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout",
    "batch_norm", "instance_norm", "layer_norm", "group_norm", "local_response_norm", "rms_norm",
])
"""Activations, dropout and norms: what goes in comes out."""

_GATES = frozenset(["sigmoid", "hardsigmoid", "tanh", "hardtanh", "softsign"])
"""Functions that stay small: x / (1 + x) stands for them, which never gets flat."""
# fmt: on


def positive_run(
    model: nn.Module, args: Sequence[Any], options: Mapping[str, Any], dtype: torch.dtype = torch.float64
) -> Any:
    """What the model gives with positive weights and in one dtype, as a function of linear and smooth parts.

    The model runs as a copy in evaluation mode that shares its tensors, and gets weights of its own.

    Args:
        model: Any module.
        args: The positional arguments of its `forward`, on real memory.
        options: The keyword arguments.
        dtype: That of all floating tensors in the run.

    Example:
        >>> x = torch.ones(1, 1, 5, requires_grad=True)
        >>> positive_run(nn.Sequential(nn.Conv1d(1, 1, 3), nn.ReLU()), [x], {}).sum().backward()
        >>> bool((x.grad > 0).all())
        True
    """
    tensors = [*model.parameters(), *model.buffers()]
    shared = copy.deepcopy(model, {id(tensor): tensor for tensor in tensors}).eval()
    generator = torch.Generator().manual_seed(0)
    lent = {name: _positive(parameter, generator) for name, parameter in model.named_parameters()}
    lent |= {name: _real(buffer) for name, buffer in model.named_buffers()}
    with _Positive(dtype):
        return torch.func.functional_call(shared, lent, tuple(args), dict(options))


def _positive(parameter: Tensor, generator: torch.Generator) -> Tensor:
    """Numbers between 0.5 and 1.5, of a matrix or kernel divided by how many are added up."""
    device = "cpu" if parameter.is_meta else parameter.device
    if not parameter.is_floating_point():
        return _real(parameter)
    numbers = 0.5 + torch.rand(parameter.shape, generator=generator, dtype=torch.float64, device="cpu")
    added = parameter[0].numel() if parameter.ndim > 1 and parameter.numel() else 1
    return (numbers / added).to(device)


def _real(tensor: Tensor) -> Tensor:
    return torch.zeros(tensor.shape, dtype=tensor.dtype, device="cpu") if tensor.is_meta else tensor.detach().clone()


class _Positive(TorchFunctionMode):
    """Puts linear or smooth functions in the place of those that hide paths."""

    def __init__(self, dtype: torch.dtype) -> None:
        super().__init__()
        self._dtype = dtype

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """The function, or what stands for it."""
        args, kwargs = pytree.tree_map_only(Tensor, self._converted, (tuple(args), dict(kwargs or {})))
        kwargs, name = dict(kwargs or {}), name_of(func)
        first = args[0] if args else kwargs.get("input")
        if not isinstance(first, Tensor) or not first.is_floating_point():
            return func(*args, **kwargs)
        if name in _LEFT_OUT:
            return first.clone()
        if name in _GATES:
            return first / (1 + first.abs())
        if name == DEFORMABLE:
            return _unmoved(**inspect.signature(func).bind(*args, **kwargs).arguments)
        if "max_pool" in name:
            return _averaged(func, first, args, kwargs)
        if name in ("max", "amax", "min", "amin", "maximum", "minimum"):
            return _mean(func, args, kwargs)
        return func(*args, **kwargs)

    def _converted(self, tensor: Tensor) -> Tensor:
        return tensor.to(self._dtype) if tensor.is_floating_point() else tensor


def _unmoved(
    input: Tensor, offset: Tensor, weight: Tensor, bias: Tensor | None = None, mask: Tensor | None = None, **window: Any
) -> Tensor:
    """A convolution, of which no tap is moved, in the place of a deformable one, and the means of offset and mask."""
    output = CONV[weight.ndim - 2](input, weight, bias, **window)
    for tensor in (offset, mask):
        if tensor is not None:
            output = output + tensor.mean(1 - weight.ndim, keepdim=True)
    return output


def _averaged(func: Callable[..., Any], x: Tensor, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """The mean of each window in the place of its maximum; the indices, where asked for, are those of the maxima."""
    with torch.no_grad():
        pooled = func(*args, **kwargs)
    peaks = pooled if isinstance(pooled, Tensor) else pooled[0]
    name = name_of(func)
    if name.startswith("adaptive"):
        average = getattr(F, name.removesuffix("_with_indices").replace("max", "avg"))
        means = average(x, peaks.shape[-int(name.removesuffix("_with_indices")[-2]) :])
    else:
        noted = pytree.tree_map_only(Tensor, lambda each: TensorInfo(0, tuple(each.shape), each.dtype), (args, kwargs))
        window = window_of(Call("", name, arguments=noted))
        if window is None:
            return pooled
        ndim = len(window.kernel_size)
        maps = x.reshape(-1, 1, *x.shape[-ndim:])
        ends = zip(reversed(window.padding), reversed(window.stride), strict=True)
        borders = [amount for (before, after), stride in ends for amount in (before, after + stride)]  # for ceil_mode
        weight = torch.ones(1, 1, *window.kernel_size, dtype=x.dtype, device=x.device)
        convolve = (F.conv1d, F.conv2d, F.conv3d)[ndim - 1]
        means = convolve(F.pad(maps, borders), weight / weight.numel(), stride=window.stride, dilation=window.dilation)
        for dim in range(-ndim, 0):
            means = means.narrow(dim, 0, peaks.shape[dim])
        means = means.reshape(peaks.shape).contiguous()
    return means if isinstance(pooled, Tensor) else (means, *pooled[1:])


def _mean(func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """A mean in the place of a maximum or a minimum, in the form in which the function gives it."""
    with torch.no_grad():
        found = func(*args, **kwargs)
    tensors = [leaf for leaf in (*args, *kwargs.values()) if isinstance(leaf, Tensor)]
    if len(tensors) == 2:
        return (tensors[0] + tensors[1]) / 2
    dims = kwargs.get("dim", args[1] if len(args) > 1 else None)
    shape = (found if isinstance(found, Tensor) else found[0]).shape
    means = (tensors[0].mean() if dims is None else tensors[0].mean(dims)).reshape(shape)
    return means if isinstance(found, Tensor) else type(found)((means, *found[1:]))
