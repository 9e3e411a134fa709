"""The layout that a layer or a function wants of what it gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

from convlab.inspection.doctor.case import Case, function_of, spatial_axes, weight_of
from convlab.inspection.record import Call, TensorInfo
from convlab.inspection.windows import DEFORMABLE, named, window_of

_MODES = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}
"""The ways to interpolate that go with one number of spatial axes only."""


@dataclass(frozen=True)
class Wanted:
    """The layout that a layer wants: (N, channels, *spatial).

    Attributes:
        spatial: The number of spatial axes; None where any number does.
        channels: The number of channels; None where any number does.
        last: Whether the channels stand in the last axis, as for a linear layer.
        whole: Whether it takes integers.
        sequence_first: Whether the batch stands in axis 1, behind the steps of a sequence.

    Example:
        >>> Wanted(2, 3).last
        False
    """

    spatial: int | None
    channels: int | None = None
    last: bool = False
    whole: bool = False
    sequence_first: bool = False


def wanted_by(call: Call) -> Wanted | None:
    """The layout that a layer or function wants; None where it takes any.

    Example:
        >>> wanted_by(Call("0", "Conv2d", nn.Conv2d(3, 8, 3)))
        Wanted(spatial=2, channels=3, last=False, whole=False, sequence_first=False)
    """
    module, spatial = call.module, spatial_axes(call.kind)
    if module is None:
        return _wanted_by_function(call)
    if isinstance(module, nn.modules.conv._ConvNd):
        return Wanted(spatial or len(module.kernel_size), module.in_channels or None)
    if isinstance(module, nn.modules.batchnorm._NormBase):
        return Wanted(spatial, module.num_features or None)
    if isinstance(module, nn.GroupNorm):
        return Wanted(None, module.num_channels)
    if isinstance(module, nn.Linear):
        return Wanted(0, module.in_features or None, last=True)
    if isinstance(module, nn.RNNBase):
        return Wanted(1, module.input_size, last=True, sequence_first=not module.batch_first)
    if isinstance(module, nn.MultiheadAttention):
        return Wanted(1, module.embed_dim, last=True, sequence_first=not module.batch_first)
    if isinstance(module, nn.Embedding):
        return Wanted(None, whole=True)
    if "Pool" in call.kind or "Pad" in call.kind or "PixelShuffle" in call.kind:
        return Wanted(spatial or 2)
    return None


def without_batch(case: Case, maps: TensorInfo) -> bool | None:
    """Whether maps are those of one sample, as the last layer that slid a window over them tells.

    Args:
        case: The model that stopped.
        maps: What some layer in it got.

    Returns:
        None where no layer tells and three axes may as well be (C, H, W) as (N, C, L).

    Example:
        >>> from torch import empty
        >>> model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(8, 2))
        >>> cases = [Case.of(model, empty(shape)) for shape in ((3, 9, 9), (2, 3, 9, 9))]
        >>> [without_batch(case, case.leaves[1].inputs[0]) for case in cases]
        [True, False]
    """
    made = case.producer(maps)
    for _ in case.leaves:
        wanted = wanted_by(made) if made is not None else None
        if made is None or (wanted is not None and wanted.spatial and not wanted.last):
            break
        made = case.producer(made.inputs[0]) if made.inputs else None
    if made is None or wanted is None or not wanted.spatial:
        return None if len(maps.shape) <= 3 else False
    given = made.outputs[0].shape
    return len(maps.shape) == wanted.spatial + 1 and (len(given) == len(maps.shape) or given[1:] == maps.shape)


def square_side(features: int, channels: int, axes: int) -> int:
    """The side of square maps that have so many features in all their channels; 0 where there are no such maps.

    Args:
        features: Elements of all maps together.
        channels: Maps.
        axes: Axes of a map.

    Example:
        >>> square_side(400, 16, 2), square_side(401, 16, 2), square_side(16 * 6, 16, 2)
        (5, 0, 0)
    """
    if min(features, channels, axes) < 1 or features % channels:
        return 0
    side = round((features / channels) ** (1 / axes))
    return side if channels * side**axes == features else 0


def sizes_of_view(call: Call) -> tuple[int, ...]:
    """The sizes that a view asks for; none where it asks for another dtype.

    Example:
        >>> sizes_of_view(Call("", "view", arguments=(("x", (2, 3), -1), {})))
        (2, 3, -1)
    """
    flat: list[Any] = []
    for part in [*call.arguments[0][1:], *call.arguments[1].values()]:
        flat += list(part) if isinstance(part, tuple | list) else [part]
    return tuple(flat) if all(isinstance(size, int) for size in flat) else ()


def _wanted_by_function(call: Call) -> Wanted | None:
    function, spatial, weight = function_of(call), spatial_axes(call.kind), weight_of(call)
    if function.startswith("conv") and spatial and weight is not None and len(weight.shape) == spatial + 2:
        window = window_of(call)
        groups = window.groups if window is not None else 1
        return Wanted(spatial, weight.shape[0] if "transpose" in function else weight.shape[1] * groups)
    if function == DEFORMABLE:
        window = window_of(call)
        return None if window is None else Wanted(len(window.kernel_size), call.inputs[2].shape[1] * window.groups)
    if "pool" in function and spatial:
        return Wanted(spatial)
    if function == "linear" and weight is not None and len(weight.shape) == 2:
        return Wanted(0, weight.shape[1], last=True)
    if function == "embedding":
        return Wanted(None, whole=True)
    if function in ("interpolate", "upsample"):
        return _wanted_by_interpolation(call)
    return None


def _wanted_by_interpolation(call: Call) -> Wanted | None:
    """As many spatial axes as the size has numbers, or as the mode is made for."""
    arguments = named(call, ("input", "size", "scale_factor", "mode"))
    sizes = arguments.get("size") if arguments.get("size") is not None else arguments.get("scale_factor")
    axes = len(sizes) if isinstance(sizes, tuple | list) else _MODES.get(str(arguments.get("mode")))
    return Wanted(axes) if axes else None
