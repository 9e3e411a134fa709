"""What goes wrong with groups and with dilation, as in `_faults`."""

from __future__ import annotations

import torch

from convlab.practice._bank._faults import Fault, before


def _groups(change, sentence):
    """A fault of which channels a group reads: `change` takes their numbers, (groups, C_in/groups)."""

    def changed(call):
        if call.x.shape[1] % call.groups:
            raise ValueError("groups must divide in_channels")
        return {"channels": change(torch.arange(call.x.shape[1]).reshape(call.groups, -1))}

    return before(changed, sentence)


def _filters(change, sentence):
    """A fault of which filters a group owns: `change` takes their numbers, (groups, C_out/groups)."""
    return before(lambda call: {"filters": change(torch.arange(call.w.shape[0]).reshape(call.groups, -1))}, sentence)


def _dealt(numbers):
    """Dealt like cards: number i belongs to group i % groups."""
    return numbers.flatten().reshape(-1, len(numbers)).T


def _spread_input(call):
    """The input with zeros between its elements."""
    spread = call.x.new_zeros(
        *call.x.shape[:2], *(d * (n - 1) + 1 for d, n in zip(call.dilation, call.x.shape[2:], strict=True))
    )
    spread[(..., *(slice(None, None, d) for d in call.dilation))] = call.x
    return {"x": spread, "dilation": (1,) * call.ndim}


def _enlarged(call):
    weight = call.w
    for axis, times in enumerate(call.dilation):
        weight = weight.repeat_interleave(times, 2 + axis)
    return {"w": weight, "dilation": (1,) * call.ndim}


def _filled(call):
    weight = _enlarged(call)["w"]
    for axis, times in enumerate(call.dilation):
        weight = weight.narrow(2 + axis, 0, weight.shape[2 + axis] - times + 1)
    return {"w": weight, "dilation": (1,) * call.ndim}


GROUPS = {
    "groups is ignored": before(
        lambda call: {"w": call.w.repeat(1, call.groups, *(1,) * call.ndim), "groups": 1},
        "Each group sees its own C_in / groups input channels, not all of them.",
    ),
    "every group reads the first input channels": _groups(
        lambda numbers: numbers[:1].expand_as(numbers),
        "Group g reads the input channels from g * C_in / groups on; only group 0 starts at channel 0.",
    ),
    "every group uses the first filters": _filters(
        lambda numbers: numbers[:1].expand_as(numbers),
        "Group g owns the filters from g * C_out / groups on; only group 0 starts at filter 0.",
    ),
    "the input channels are dealt out to the groups": _groups(
        _dealt, "A group reads neighbouring channels: with 4 channels and 2 groups 0, 1 and 2, 3, not 0, 2 and 1, 3."
    ),
    "the filters are dealt out to the groups": before(
        lambda call: {"filters": _dealt(torch.arange(call.w.shape[0]).reshape(call.groups, -1)), "order": "og"},
        "A group owns neighbouring filters: with 4 filters and 2 groups 0, 1 and 2, 3, not 0, 2 and 1, 3.",
    ),
    "each group takes every so many filters": before(
        lambda call: {"filters": _dealt(torch.arange(call.w.shape[0]).reshape(call.groups, -1))},
        "Group g owns neighbouring filters, weight[g * C_out / groups : (g + 1) * C_out / groups], not "
        "weight[g::groups].",
    ),
    "the groups are stacked, not joined": Fault(
        "result",
        lambda call: {"y": call.y.unflatten(1, (call.groups, -1))},
        "The channels of all groups are one axis: torch.cat along axis 1, not torch.stack.",
    ),
    "the groups are joined along the batch": Fault(
        "result",
        lambda call: {"y": torch.cat(call.y.chunk(call.groups, 1))},
        "The channels of all groups are one axis: torch.cat along axis 1, not along axis 0.",
    ),
    "the output channels of the groups are interleaved": before(
        lambda call: {"order": "og"},
        "The channels of group 0 come first in the result, then those of group 1: concatenate them along axis 1.",
    ),
    "the groups are in reverse order": _groups(
        lambda numbers: numbers.flip(0), "The first output channels come from the first input channels."
    ),
    "the groups are added up": before(
        lambda call: {
            "channels": torch.arange(call.x.shape[1]).reshape(1, -1),
            "filters": torch.arange(call.w.shape[0] // call.groups)[None],
            "w": torch.cat(call.w.chunk(call.groups), 1),
            "b": None if call.b is None else call.b.reshape(call.groups, -1).sum(0),
        },
        "The groups stand side by side in the result: concatenate them along axis 1, do not add them.",
    ),
    "the groups are added up, with the first biases": before(
        lambda call: {
            "channels": torch.arange(call.x.shape[1]).reshape(1, -1),
            "filters": torch.arange(call.w.shape[0] // call.groups)[None],
            "w": torch.cat(call.w.chunk(call.groups), 1),
            "b": None if call.b is None else call.b.reshape(call.groups, -1)[0],
        },
        "The groups stand side by side in the result: concatenate them along axis 1, do not add them. Then each "
        "channel adds its own bias.",
    ),
    "every group uses the first biases": before(
        lambda call: {
            "b": None if call.b is None else call.b.reshape(call.groups, -1)[:1].repeat(call.groups, 1).flatten()
        },
        "Output channel o adds bias[o]: group g owns the biases from g * C_out / groups on, as it owns its filters.",
    ),
    "only the last group is kept": before(
        lambda call: {
            "channels": torch.arange(call.x.shape[1]).reshape(call.groups, -1)[-1:],
            "filters": torch.arange(call.w.shape[0]).reshape(call.groups, -1)[-1:],
            "b": None if call.b is None else call.b.reshape(call.groups, -1)[-1],
        },
        "The result holds the channels of all groups, concatenated along axis 1.",
    ),
    "groups is taken for the channels of a group": before(
        lambda call: {"groups": call.x.shape[1] // call.groups},
        "groups is how many groups there are; each has C_in / groups channels.",
    ),
}

DILATION = {
    "the dilation is ignored": before(
        lambda call: {"dilation": (1,) * call.ndim}, "Neighbouring taps are dilation elements apart, not 1."
    ),
    "the dilation is one too large": before(
        lambda call: {"dilation": tuple(d + 1 for d in call.dilation)},
        "dilation is the distance between neighbouring taps, so dilation - 1 elements lie between them; with 1 there "
        "is no hole.",
    ),
    "the dilation is one too small": before(
        lambda call: {"dilation": tuple(max(1, d - 1) for d in call.dilation)},
        "dilation is the distance between neighbouring taps: tap k reads the element start + k * dilation.",
    ),
    "the dilation is one too large, unless it is 1": before(
        lambda call: {"dilation": tuple(d + 1 if d > 1 else 1 for d in call.dilation)},
        "dilation is the distance between neighbouring taps, so dilation - 1 elements lie between them, not dilation.",
    ),
    "the dilation only changes the size": before(
        lambda call: {"apart": (1,) * call.ndim},
        "The size of the result is right, but the taps stand side by side: tap k reads the element start + k * "
        "dilation.",
    ),
    "the dilation is not used on the last axis": before(
        lambda call: {"dilation": (*call.dilation[:-1], 1)}, "The dilation counts on both axes, also in the columns."
    ),
    "the dilation is not used on the first axis": before(
        lambda call: {"dilation": (1, *call.dilation[1:])}, "The dilation counts on both axes, also in the rows."
    ),
    "the dilation is not in the index of the last axis": before(
        lambda call: {"apart": (*call.dilation[:-1], 1)},
        "The size of the result is right, but in the columns the taps stand side by side: tap k reads column j + k * "
        "dilation.",
    ),
    "the dilation is not in the index of the first axis": before(
        lambda call: {"apart": (1, *call.dilation[1:])},
        "The size of the result is right, but in the rows the taps stand side by side: tap k reads row i + k * "
        "dilation.",
    ),
    "there are holes after the last tap, too": before(
        lambda call: {
            "count": lambda call, axis, size, span: (
                (size - call.dilation[axis] * call.taps[axis]) // call.stride[axis] + 1
            )
        },
        "The kernel spans dilation * (kernel_size - 1) + 1 elements: it ends with its last tap.",
    ),
    "the dilation is used as a stride": before(
        lambda call: {"stride": call.dilation, "dilation": (1,) * call.ndim},
        "The dilation moves the taps apart; the window still moves by 1.",
    ),
    "the dilation is used as a stride, too": before(
        lambda call: {"stride": call.dilation}, "The dilation moves the taps apart; the window still moves by 1."
    ),
    "the input is spread, not the kernel": before(
        _spread_input, "The holes lie between the taps of the kernel; the input stays as it is."
    ),
    "the kernel is enlarged, not spread": before(
        _enlarged, "The holes hold nothing: a tap is not repeated to fill them."
    ),
    "the holes hold copies of the taps": before(_filled, "The holes hold nothing: a tap is not repeated to fill them."),
}
