"""What goes wrong with windows: each fault is a change of one thing in `_switches`, and the sentence that explains it.

A change takes the call (see `_switches._convolve`) and returns the values that differ, by name. `_faults_of_channels`
holds what goes wrong with channels, bias and batch, and `_faults_of_groups` what goes wrong with groups and dilation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch


@dataclass(frozen=True)
class Fault:
    """A change of the arguments or of the result."""

    stage: str
    change: Callable[[SimpleNamespace], dict[str, Any]]
    sentence: str


def before(change, sentence):
    return Fault("arguments", change, sentence)


def weight(change, sentence):
    return before(lambda call: {"w": change(call.w)}, sentence)


def _padding(change, sentence):
    return before(lambda call: {"pad": change(call.given_padding)}, sentence)


def _size(count, sentence):
    return before(lambda call: {"count": count}, sentence)


def _last_product(weight):
    kept = torch.zeros_like(weight).flatten(1)
    kept[:, -1] = weight.flatten(1)[:, -1]
    return kept.view_as(weight)


def _rows_for_columns(weight):
    if weight.shape[-1] != weight.shape[-2]:
        raise IndexError("a tap that the kernel does not have")
    return weight.transpose(-1, -2)


def _smallest_count(call, axis, size, span):
    counts = (
        (n + sum(pad) - gap * (taps - 1) - 1) // step + 1
        for n, pad, gap, taps, step in zip(call.size, call.pad, call.dilation, call.taps, call.stride, strict=True)
    )
    return min(counts)


def _twice(amounts):
    return [(amount, amount) for amount in amounts]


KERNEL = {
    "the kernel is flipped": before(
        lambda call: {"w": call.w.flip(tuple(range(2, 2 + call.ndim)))},
        "torch computes cross-correlation: the kernel lies on the window as it is. Flipping it first is the "
        "convolution of mathematics.",
    ),
    "the kernel is flipped along its first axis": weight(
        lambda w: w.flip(2), "The first tap meets the first element of the window on every axis; flip none of them."
    ),
    "the kernel is flipped along its last axis": weight(
        lambda w: w.flip(-1), "The first tap meets the first element of the window on every axis; flip none of them."
    ),
    "the kernel is flipped along height and width only": weight(
        lambda w: w.flip(-1, -2),
        "The first tap meets the first element of the window on every axis; flip none of them.",
    ),
    "the kernel's axes are in reverse order": weight(
        lambda w: w.permute(0, 1, *reversed(range(2, w.ndim))), "The weight ends with (kD, kH, kW), in this order."
    ),
    "the depth tap is not in the index": before(
        lambda call: {"apart": (0, *call.dilation[1:])},
        "Each tap along the depth reads a frame of its own: frame d * stride + k, not frame d * stride for every k.",
    ),
    "only the first slice of the kernel is used": weight(
        lambda w: w[:, :, :1], "The sum runs over all three axes of the kernel, kD, kH and kW."
    ),
    "the kernel is transposed": weight(
        lambda w: w.transpose(-1, -2), "The weight ends with (kH, kW): rows first, then columns."
    ),
    "the taps' row and column are swapped": weight(
        _rows_for_columns,
        "The tap in row i and column j is weight[..., i, j]. With [..., j, i], a square kernel is transposed, and any "
        "other has no such tap.",
    ),
    "the weights are left out": weight(
        torch.ones_like, "Each element of the window is multiplied by its weight before the sum."
    ),
    "only the last product is kept": weight(
        _last_product, "The products of a window are added up: += where = overwrites the ones before."
    ),
    "the products are averaged": before(
        lambda call: {"reduce": "mean of products"}, "The products of a window are added up, not averaged."
    ),
    "the largest product is taken": before(
        lambda call: {"reduce": "largest product"},
        "The products are added up; taking the largest is a kind of pooling.",
    ),
}

STRIDE = {
    "the stride is ignored": before(
        lambda call: {"stride": (1,) * call.ndim}, "Neighbouring windows start stride elements apart, not 1."
    ),
    "the windows start at i, not at i * stride": before(
        lambda call: {"move": (1,) * call.ndim},
        "The size of the result is right, but its element i comes from the window that starts at i * stride.",
    ),
    "the first windows are skipped": before(
        lambda call: {
            "first": tuple(step - 1 for step in call.stride),
            "count": lambda call, axis, size, span: (size - span + 1) // call.stride[axis],
        },
        "The first window starts at element 0, not at stride - 1: of the answers with stride 1, keep [::stride].",
    ),
    "the stride's axes are swapped": before(
        lambda call: {"stride": call.stride[::-1]},
        "The numbers of stride stand in the order of the axes: (H, W) or (D, H, W).",
    ),
    "the stride's first number is used for every axis": before(
        lambda call: {"stride": call.stride[:1] * call.ndim}, "Each axis has its own stride where it is a tuple."
    ),
    "the stride is used on the last axis only": before(
        lambda call: {"stride": (1,) * (call.ndim - 1) + call.stride[-1:]}, "The stride counts on every spatial axis."
    ),
    "the stride is not used on the last axis": before(
        lambda call: {"stride": (*call.stride[:-1], 1)}, "The stride counts on every spatial axis."
    ),
    "the stride is not used on the first axis": before(
        lambda call: {"stride": (1, *call.stride[1:])}, "The stride counts on every spatial axis."
    ),
    "the stride is used as a dilation": before(
        lambda call: {"stride": (1,) * call.ndim, "dilation": call.stride},
        "The stride moves the window; the taps inside it stay neighbours.",
    ),
}

SIZE = {
    "the last window is missing": _size(
        lambda call, axis, size, span: (size - span) // call.stride[axis],
        "There is one window more than steps: (size - kernel) // stride + 1.",
    ),
    "the 1 is added before the division": _size(
        lambda call, axis, size, span: (size - span + 1) // call.stride[axis],
        "The 1 of the size formula is added after the division by the stride: (size - kernel) // stride + 1.",
    ),
    "a window too many where the stride leaves a rest": _size(
        lambda call, axis, size, span: -((span - size) // call.stride[axis]) + 1,
        "The division by the stride rounds down: a window that does not fit whole is left out.",
    ),
    "a window too many": _size(
        lambda call, axis, size, span: (size - span) // call.stride[axis] + 2,
        "The last window ends where the padded input ends; there is none after it.",
    ),
    "the result is cut to a square": before(
        lambda call: {"count": _smallest_count},
        "Each axis has a size of its own: compute one output size for each of them.",
    ),
    "the padding is left out of the size": _size(
        lambda call, axis, size, span: (call.size[axis] - span) // call.stride[axis] + 1,
        "The windows are counted on the padded input: size + 2 * padding.",
    ),
}

PADDING = {
    "the padding is ignored": _padding(
        lambda given: [(0, 0)] * len(given), "padding zeros are put on both sides of each axis."
    ),
    "the padding is put before only": _padding(
        lambda given: [(p, 0) for p in given],
        "padding zeros are put on both sides of each axis, so the size counts 2 * padding.",
    ),
    "the padding is put after only": _padding(
        lambda given: [(0, p) for p in given], "padding zeros are put on both sides of each axis, also at its start."
    ),
    "the padding is put twice": _padding(
        lambda given: _twice([2 * p for p in given]), "padding is the number of zeros on each side; do not double it."
    ),
    "all of the padding is put before": _padding(
        lambda given: [(2 * p, 0) for p in given], "padding zeros are put on each side, not 2 * padding on one."
    ),
    "all of the padding is put after": _padding(
        lambda given: [(0, 2 * p) for p in given], "padding zeros are put on each side, not 2 * padding on one."
    ),
    "the padding keeps the size, whatever was asked for": before(
        lambda call: {
            "pad": [
                ((gap * (taps - 1)) // 2, gap * (taps - 1) - (gap * (taps - 1)) // 2)
                for gap, taps in zip(call.dilation, call.w.shape[2:], strict=True)
            ]
        },
        "Only as many zeros are added as padding says, and none where nothing is said of it.",
    ),
    "the padding is shared between both sides": _padding(
        lambda given: [(p // 2, p - p // 2) for p in given], "padding is the number of zeros on each side, not of both."
    ),
    "the padding's axes are swapped": _padding(
        lambda given: _twice(given[::-1]),
        "The numbers of padding stand in the order of the axes, (H, W) or (D, H, W), but F.pad wants the last axis "
        "first: (W, W, H, H) or (W, W, H, H, D, D).",
    ),
    "the padding's first number is used for every axis": _padding(
        lambda given: _twice(given[:1] * len(given)), "Each axis has its own padding where it is a tuple."
    ),
    "only the last axis is padded": _padding(
        lambda given: _twice([0] * (len(given) - 1) + [given[-1]]),
        "Every spatial axis is padded: F.pad(input, (p, p)) pads the last one only.",
    ),
    "the last axis is not padded": _padding(
        lambda given: _twice([*given[:-1], 0]), "Every spatial axis is padded, also the last one."
    ),
    "the first axis is not padded": _padding(
        lambda given: _twice([0, *given[1:]]), "Every spatial axis is padded, also the first one."
    ),
    "the padding holds ones": before(lambda call: {"value": 1.0}, "The padding holds zeros."),
    "the padding repeats the border": before(
        lambda call: {"mode": "replicate"}, "The padding holds zeros, not copies of the border."
    ),
    "the padding wraps around": before(
        lambda call: {"mode": "circular"}, "The padding holds zeros, not elements of the opposite side."
    ),
    "the padding mirrors the input": before(
        lambda call: {"mode": "reflect"}, "The padding holds zeros, not the input mirrored."
    ),
    "the result is padded, not the input": before(
        lambda call: {"pad": [(0, 0)] * call.ndim, "pads_result": True},
        "The zeros are put around the input, before the windows are cut.",
    ),
}
