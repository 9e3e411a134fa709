"""Groups: which input channel reaches which output channel, and what the layer costs beside a dense one."""

from __future__ import annotations

from functools import lru_cache

from convlab import scenes
from convlab.arithmetic import ConvSpec, num_macs, num_params
from convlab.explorers.base import Explorer, Shown
from convlab.explorers.controls import choice, whole, yes_no
from convlab.explorers.presets import OWN, Preset, follow_presets

MOST_CHANNELS = 12
MOST_OUT_CHANNELS = 24

PRESETS: dict[str, Preset] = {
    "dense": lambda now: {"groups": 1, "then_pointwise": False},
    "grouped": lambda now: {"in_channels": 8, "out_channels": 8, "groups": 2, "then_pointwise": False},
    "depthwise": lambda now: {
        "groups": now["in_channels"],
        "out_channels": now["in_channels"],
        "then_pointwise": False,
    },
    "depth multiplier 2": lambda now: {
        "groups": now["in_channels"],
        "out_channels": 2 * now["in_channels"],
        "then_pointwise": False,
    },
    "pointwise": lambda now: {"groups": 1, "kernel_size": 1, "then_pointwise": False},
    "separable": lambda now: {"groups": now["in_channels"], "then_pointwise": True},
}
"""The kinds of layers by their names."""


def groups(
    in_channels: int = 8,
    out_channels: int = 8,
    groups: int = 1,
    *,
    kernel_size: int = 3,
    input_size: int = 32,
    then_pointwise: bool = False,
) -> Explorer:
    """Which input channels each output channel of a 2D convolution reads, and what that costs.

    The reader chooses the channels, the groups and the kernel, or takes dense, grouped, depthwise, pointwise or
    separable from a list; pointing at an output channel lights the channels that reach it. The counters are parameters
    and multiply-accumulate operations (MACs), and their ratio to the dense layer with the same channels. The padding
    keeps the size, and there is no bias.

    Args:
        in_channels: Channels of the input, 1 to 12.
        out_channels: Channels of the output, 1 to 24.
        groups: Number of independent convolutions side by side, 1 to 12.
        kernel_size: Taps along both axes, 1 to 7.
        input_size: Height and width of the input, 1 to 224; the picture does not show it, the MACs count it.
        then_pointwise: Whether the layer has `in_channels` outputs, and a pointwise convolution (1x1) follows that
            makes `out_channels` of them; with `groups=in_channels` this is a separable convolution.

    Raises:
        ValueError: If a number is outside of its range.

    Example:
        >>> explorer = groups(8, 8, groups=8)
        >>> print(explorer.text)
        parameters: 8 * 1 * 3 * 3 = 72, 0.125 of the dense layer's 576
        MACs of a 32x32 input: 73,728, 0.125 of the dense layer's 589,824
        >>> explorer.set(groups=3)
        >>> explorer.message
        'groups must divide in_channels, but in_channels=8 and groups=3'
    """
    controls = {
        "kind": choice("kind", OWN, [*PRESETS, OWN], tip="layers that have a name"),
        "in_channels": whole("in_channels", in_channels, 1, MOST_CHANNELS),
        "out_channels": whole("out_channels", out_channels, 1, MOST_OUT_CHANNELS),
        "groups": whole("groups", groups, 1, MOST_CHANNELS),
        "kernel_size": whole("kernel_size", kernel_size, 1, 7),
        "input_size": whole("input_size", input_size, 1, 224, tip="height and width, for the MACs"),
        "then_pointwise": yes_no(
            "then pointwise", then_pointwise, tip="a 1x1 convolution follows, which mixes the channels"
        ),
    }
    explorer = Explorer("groups", controls, _show)
    follow_presets(explorer, "kind", PRESETS)
    return explorer


def _show(kind: str, **settings: int) -> Shown:
    return _shown(**settings)


@lru_cache(maxsize=1)  # the list of kinds follows the other controls, and then asks again
def _shown(
    in_channels: int, out_channels: int, groups: int, kernel_size: int, input_size: int, then_pointwise: bool
) -> Shown:
    kernel = (kernel_size, kernel_size)
    first = ConvSpec(
        in_channels, in_channels if then_pointwise else out_channels, kernel, padding="same", groups=groups, bias=False
    )
    layers = [first]
    if then_pointwise:
        layers.append(ConvSpec(in_channels, out_channels, (1, 1), bias=False))
    dense = ConvSpec(in_channels, out_channels, kernel, padding="same", bias=False)
    params, dense_params = sum(map(num_params, layers)), num_params(dense)
    macs, dense_macs = sum(num_macs(layer, input_size) for layer in layers), num_macs(dense, input_size)
    product = " + ".join(" * ".join(map(str, layer.weight_shape)) for layer in layers)
    text = (
        f"parameters: {product} = {params:,}, {_ratio(params, dense_params)}\n"
        f"MACs of a {input_size}x{input_size} input: {macs:,}, {_ratio(macs, dense_macs)}"
    )
    return Shown(scenes.channels(layers), text)


def _ratio(count: int, dense: int) -> str:
    return "as the dense layer" if count == dense else f"{count / dense:.3g} of the dense layer's {dense:,}"
