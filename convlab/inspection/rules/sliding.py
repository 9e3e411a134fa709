"""Windows that slide, resampling, padding, and maps that are folded into channels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from convlab.arithmetic.fields import transposed_taps, window_taps
from convlab.inspection.axis_seen import LONGEST_PERIOD
from convlab.inspection.calls import Call, TensorInfo
from convlab.inspection.rules.views import Rule, UnclearError, Views
from convlab.inspection.seen import Seen, joined
from convlab.inspection.windows import DEFORMABLE, Window, named, window_of

WINDOWS = [
    *(f"conv{n}d" for n in (1, 2, 3)),
    *(f"conv_transpose{n}d" for n in (1, 2, 3)),
    DEFORMABLE,
    *(f"{kind}_pool{n}d" for kind in ("max", "avg", "lp") for n in (1, 2, 3)),
    *(f"max_pool{n}d_with_indices" for n in (1, 2, 3)),
]
"""The functions that slide a window over the last axes."""

_ADAPTIVE = [
    f"adaptive_{kind}_pool{n}d{end}" for kind in ("avg", "max") for n in (1, 2, 3) for end in ("", "_with_indices")
]


def slide(call: Call, views: Views) -> list[Seen]:
    """What the outputs of a convolution or a pooling see.

    Example:
        >>> RULES["conv2d"] is slide
        True
    """
    return [_slid(call, views, views.only(call))] * len(call.outputs)


def _slid(call: Call, views: Views, seen: Seen) -> Seen:
    """What the outputs of a window see through it, where its inputs see this."""
    window, output = window_of(call), call.outputs[0]
    if window is None:
        raise UnclearError("the window is not clear")
    ndim = len(window.kernel_size)
    channel = len(seen.shape) - ndim - 1
    views.note_window(seen, range(channel + 1, channel + 1 + ndim))
    before, after = seen.shape[channel], output.shape[channel]
    if window.groups == 1:
        seen = seen.mixed({channel: after})
    elif window.groups and not window.groups == before == after:
        parts = [range(before // window.groups)] * (after // window.groups)
        seen = seen.through(channel, before // window.groups, parts, after)
    for axis in range(ndim):
        step, taps = _taps(window, axis)
        size = output.shape[channel + 1 + axis]
        if step > 1 or len(taps) > 1 or tuple(taps[0]) != (0,) or size != seen.shape[channel + 1 + axis]:
            seen = seen.through(channel + 1 + axis, step, taps, size)
    return seen


def deform(call: Call, views: Views) -> Seen:
    """What the outputs of a deformable convolution see: what no offset moves, and what offset and mask see themselves.

    Example:
        >>> RULES["deform_conv"] is deform
        True
    """
    arguments = named(call, ("input", "offset", "weight", "bias"))
    if views.depend([info for name in ("weight", "bias") if isinstance(info := arguments.get(name), TensorInfo)]):
        raise UnclearError("the weight depends on the inputs, too")
    output = call.outputs[0]
    channel = len(output.shape) - len(arguments["weight"].shape) + 1
    parts = [_slid(call, views, views[arguments["input"]])] if views.depend([arguments["input"]]) else []
    for info in (arguments["offset"], arguments.get("mask")):
        if info is not None and views.depend([info]):
            parts.append(views[info].mixed({channel: output.shape[channel]}))
    return joined(parts)


def _taps(window: Window, axis: int) -> tuple[int, Sequence[Sequence[int]]]:
    kernel, stride, before = window.kernel_size[axis], window.stride[axis], window.padding[axis][0]
    if window.transposed:
        return 1, transposed_taps(kernel, stride=stride, before=before, dilation=window.dilation[axis])
    return stride, window_taps(kernel, before=before, dilation=window.dilation[axis])


def adaptive(call: Call, views: Views) -> list[Seen]:
    """What the outputs of a pooling to a given size see.

    Example:
        >>> RULES["adaptive_avg_pool2d"] is adaptive
        True
    """
    seen, shape = views.only(call), call.outputs[0].shape
    for dim in _spatial(call, len(shape)):
        seen = resampled(seen, dim, shape[dim], adaptive_taps(seen.shape[dim], shape[dim]))
    return [seen] * len(call.outputs)


def adaptive_taps(before: int, after: int) -> list[range]:
    """What the outputs of one period of an adaptive pooling read.

    Example:
        >>> adaptive_taps(7, 3)
        [range(0, 3), range(2, 5), range(4, 7)]
        >>> adaptive_taps(12, 6)
        [range(0, 2)]
    """
    period = after // math.gcd(before, after)
    return [range(i * before // after, -(-(i + 1) * before // after)) for i in range(period)]


def resampled(seen: Seen, dim: int, after: int, taps: Sequence[Sequence[int]]) -> Seen:
    """What the elements see when an axis gets another size, in even steps; a single element sees it whole.

    Example:
        >>> (seen,) = Seen.of_inputs([(12,)])
        >>> resampled(seen, 0, 6, adaptive_taps(12, 6)).axes[0].field
        Field(jump=2, spans=((0, 1),))
    """
    before = seen.shape[dim]
    if before == after and list(map(list, taps)) == [[0]]:
        return seen
    if after == 1 and len(taps[0]) == before:
        return seen.mixed({dim: 1})
    return seen.through(dim, before * len(taps) // after, taps, after)


def interpolate(call: Call, views: Views) -> Seen:
    """What the elements of a map of another size see.

    Example:
        >>> RULES["interpolate"] is interpolate
        True
    """
    seen, shape = views.only(call), call.outputs[0].shape
    names = ("input", "size", "scale_factor", "mode", "align_corners", "recompute_scale_factor", "antialias")
    arguments = named(call, names)
    mode, factor = arguments.get("mode", "nearest"), arguments.get("scale_factor")
    if arguments.get("antialias"):
        raise UnclearError("antialias widens the window")
    ndim = len(shape) - 2
    views.note_window(seen, range(2, len(shape)))
    given = not arguments.get("recompute_scale_factor") and factor is not None
    factors = (tuple(factor) if isinstance(factor, tuple | list) else (factor,) * ndim) if given else (None,) * ndim
    for dim in range(2, len(shape)):
        before, after = seen.shape[dim], shape[dim]
        if mode == "area":
            seen = resampled(seen, dim, after, adaptive_taps(before, after))
            continue
        if arguments.get("align_corners") and before > after == 1:
            raise UnclearError("the first corner alone is read")
        if before == 1:
            seen = seen.mixed({dim: after})
            continue
        step, taps = interpolation_taps(mode, before, after, bool(arguments.get("align_corners")), factors[dim - 2])
        if (step, list(map(list, taps))) != (1, [[0]]) or before != after:
            seen = seen.through(dim, step, taps, after)
    return seen


def interpolation_taps(
    mode: str, before: int, after: int, align_corners: bool = False, factor: float | None = None
) -> tuple[int, list[Sequence[int]]]:
    """The step, and what the outputs of one period read, with a weight that is not zero.

    Args:
        mode: As in torch, but not "area".
        before: Elements of the input.
        after: Elements of the output.
        align_corners: Whether the corners of both lie on one another.
        factor: The scale factor where it was given, and so counts for the positions; None where the sizes do.

    Raises:
        UnclearError: If the mode is not known, or the pattern is too long.

    Example:
        >>> interpolation_taps("bilinear", 4, 8)
        (1, [(-1, 0), (0, 1)])
        >>> interpolation_taps("nearest", 6, 4)
        (3, [(0,), (1,)])
    """
    ratio = Fraction(before, after) if factor is None else 1 / Fraction(factor).limit_denominator(10_000)
    if align_corners:
        ratio = Fraction(before - 1, after - 1) if after > 1 else Fraction(0)
    period = min(ratio.denominator, after)
    if period > LONGEST_PERIOD:
        raise UnclearError("the pattern repeats itself too late")
    taps: list[Sequence[int]] = []
    for i in range(period):
        if mode in ("nearest", "nearest-exact"):
            taps.append((math.floor((i + (Fraction(1, 2) if mode == "nearest-exact" else 0)) * ratio),))
            continue
        place = i * ratio if align_corners else (i + Fraction(1, 2)) * ratio - Fraction(1, 2)
        first = math.floor(place)
        reach = {"linear": (0, 2), "bilinear": (0, 2), "trilinear": (0, 2), "bicubic": (-1, 3)}.get(mode)
        if reach is None:
            raise UnclearError(f"no rule for the mode {mode}")
        taps.append((first,) if place == first else tuple(range(first + reach[0], first + reach[1])))
    return max(1, ratio.numerator), taps


def pad(call: Call, views: Views) -> Seen:
    """What the elements of a padded map see; the border itself is left out of account.

    Example:
        >>> RULES["pad"] is pad
        True
    """
    seen, shape = views.only(call), call.outputs[0].shape
    amounts = named(call, ("input", "pad"))["pad"]
    for place in range(len(amounts) // 2):
        dim = len(shape) - 1 - place
        before = amounts[2 * place]
        if before or shape[dim] != seen.shape[dim]:
            seen = seen.through(dim, 1, [(-before,)], shape[dim])
    return seen


def shuffle_pixels(call: Call, views: Views) -> Seen:
    """What the elements see where channels become pixels, or pixels become channels.

    Example:
        >>> RULES["pixel_shuffle"] is shuffle_pixels
        True
    """
    seen = views.only(call)
    arguments = named(call, ("input", "upscale_factor"))
    r = int(arguments["upscale_factor" if "upscale_factor" in arguments else "downscale_factor"])
    *batch, channels, height, width = seen.shape
    n = len(batch)
    views.note_window(seen, [n + 1, n + 2])
    if call.kind == "pixel_shuffle":
        seen = seen.reshaped([*batch, channels // r**2, r, r, height, width])
        seen = seen.permuted([*range(n), n, n + 3, n + 1, n + 4, n + 2])
    else:
        seen = seen.reshaped([*batch, channels, height // r, r, width // r, r])
        seen = seen.permuted([*range(n), n, n + 2, n + 4, n + 1, n + 3])
    return seen.reshaped(call.outputs[0].shape)


def shuffle_channels(call: Call, views: Views) -> Seen:
    """What the elements see where channels change places.

    Example:
        >>> RULES["channel_shuffle"] is shuffle_channels
        True
    """
    seen = views.only(call)
    return seen.disordered(1) if seen.moves(1) else seen


def _spatial(call: Call, ndim: int) -> range:
    spatial = int(call.kind.removesuffix("_with_indices")[-2])
    return range(ndim - spatial, ndim)


RULES: dict[str, Rule] = {
    **dict.fromkeys(WINDOWS, slide),
    DEFORMABLE: deform,
    **dict.fromkeys(_ADAPTIVE, adaptive),
    **dict.fromkeys(["interpolate", "upsample", "upsample_nearest", "upsample_bilinear"], interpolate),
    **dict.fromkeys(["pixel_shuffle", "pixel_unshuffle"], shuffle_pixels),
    **dict.fromkeys(["channel_shuffle", "native_channel_shuffle"], shuffle_channels),
    "pad": pad,
}
"""The rule of each function, by its name."""
