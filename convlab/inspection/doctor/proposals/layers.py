"""The failing layer built anew, for other axes or with other arguments, and what comes before a linear layer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from torch import nn

from convlab.inspection.doctor.building import adapted, assignment, constructor, family, in_front, of_family, replaced
from convlab.inspection.doctor.case import KEEPS_FEATURES, Case, function_of, place
from convlab.inspection.doctor.edits import Edit
from convlab.inspection.doctor.phrases import arriving, by, count
from convlab.inspection.doctor.proposals.convolutions import convolution_edits, outputs_before
from convlab.inspection.doctor.proposals.norms import norm_edits, pixel_shuffle_edits, pool_edits
from convlab.inspection.doctor.proposals.paddings import border_edits
from convlab.inspection.doctor.wanted import square_side
from convlab.inspection.record import Call


def layer_edits(case: Case) -> Iterator[Edit]:
    """Changes at the layer of torch that failed: its arguments, its kind, and what comes before it.

    Example:
        >>> import torch
        >>> case = Case.of(nn.BatchNorm2d(8), torch.empty(2, 8, 5))
        >>> [edit.code for edit in layer_edits(case)]
        ['model = nn.BatchNorm1d(8)']
    """
    call, module = case.failing, case.failing.module
    if module is None or not call.inputs:
        return
    yield from _dimension(case, call)
    if isinstance(module, nn.modules.conv._ConvNd):
        yield from convolution_edits(case, call)
    elif isinstance(module, nn.Linear):
        yield from linear_edits(case, call)
    elif isinstance(module, nn.modules.batchnorm._NormBase | nn.GroupNorm | nn.LayerNorm):
        yield from norm_edits(case, call)
    elif "Pool" in call.kind:
        yield from pool_edits(case, call)
    elif "Pad" in call.kind:
        yield from border_edits(case, call)
    elif isinstance(module, nn.PixelShuffle):
        yield from pixel_shuffle_edits(case, call)
    elif isinstance(module, nn.RNNBase):
        yield from _features(case, call, "input_size", 2.0)
    else:
        yield from _others(case, call, call.inputs[0].shape)


def _others(case: Case, call: Call, shape: tuple[int, ...]) -> Iterator[Edit]:
    """Slopes, upsampling and attention for what arrives."""
    module, name = call.module, place(call)
    mode = {3: "linear", 4: "bilinear", 5: "trilinear"}.get(len(shape))
    if isinstance(module, nn.PReLU) and len(shape) > 1 and shape[1] != module.num_parameters:
        words = f"Build `{name}` for {arriving(shape[1], 'channel')}"
        yield replaced(case, call, words, 2.0, num_parameters=shape[1])
    elif isinstance(module, nn.Upsample) and "linear" in module.mode and mode not in (None, module.mode):
        words = f"Let `{name}` go by the mode for {len(shape) - 2} spatial axes"
        yield replaced(case, call, words, 1.5, mode=mode)
    elif isinstance(module, nn.MultiheadAttention):
        widths = {given.shape[-1] for given in call.inputs if len(given.shape) in (2, 3)}
        width = shape[-1]
        heads = module.num_heads if width % module.num_heads == 0 else 1
        words = f"Build `{name}` for {arriving(width, 'feature')}, with {count(heads, 'head')}"
        own = widths == {width}
        whole = next((name for name in (call.name.split(".layers.")[0],) if name != call.name), None)
        outside = Call(whole, "", case.model.get_submodule(whole)) if whole else None
        if outside is not None and width != module.embed_dim:
            words = f"Bring {arriving(width, 'feature')} to {module.embed_dim} before `{whole}`"
            yield in_front(case, outside, f"nn.Linear({width}, {module.embed_dim})", words, 1.8)
        yield replaced(
            case, call, words, 2.0, embed_dim=width, num_heads=heads,
            kdim=None if own else module.kdim, vdim=None if own else module.vdim,
        )  # fmt: skip


def linear_edits(case: Case, call: Call) -> Iterator[Edit]:
    """Other features for a linear layer; a flatten or a pool in front of it.

    Example:
        >>> import torch
        >>> case = Case.of(nn.Sequential(nn.Conv2d(1, 4, 3), nn.Linear(64, 2)), torch.empty(2, 1, 6, 6))
        >>> [edit.code for edit in linear_edits(case, case.failing)][0]
        'model[1] = nn.Sequential(nn.Flatten(), model[1])'
    """
    module: Any = call.module
    shape, wanted = call.inputs[0].shape, module.in_features
    if not shape or shape[-1] == wanted:
        return
    if len(shape) > 2:
        yield from _flatten_in_front(case, call)
    if len(shape) <= 3 or wanted not in (math.prod(shape[1:]), shape[1]):
        yield from _features(case, call, "in_features", 1.9 if len(shape) == 2 else 2.5)
    if len(shape) == 2:
        yield from _pool_before_flatten(case, call)
        yield from outputs_before(case, call, wanted, shape[-1])


def _dimension(case: Case, call: Call) -> Iterator[Edit]:
    """The same layer for as many spatial axes as what arrives has."""
    known, shape = family(call.module), call.inputs[0].shape
    axes = len(shape) - 2
    if known is None or not 0 <= axes <= 3 or (axes == 0 and known[0] != "BatchNorm"):
        return
    kind, spatial = known
    if axes == spatial:
        yield from _kernel_of_another_dimension(case, call)
        return
    fits = getattr(call.module, "in_channels", getattr(call.module, "num_features", shape[1])) == shape[1]
    likely = "Norm" in kind or (fits and (axes > spatial or not case.is_given(call.inputs[0])))
    other = of_family(kind, max(axes, 1))
    changes = adapted(call.module, max(axes, 1))
    for argument in ("in_channels", "num_features"):
        if not fits and hasattr(call.module, argument):
            changes[argument] = shape[1]
    words = f"Take {other.__name__} for `{place(call)}`, which gets {shape}"
    given = case.is_given(call.inputs[0]) and not fits
    yield replaced(case, call, words, 1.6 if likely else 3.6 if given else 2.6, other, **changes)


def _kernel_of_another_dimension(case: Case, call: Call) -> Iterator[Edit]:
    """A Conv2d that was given a kernel of three sizes."""
    known, size = family(call.module), getattr(call.module, "kernel_size", ())
    is_convolution = isinstance(call.module, nn.modules.conv._ConvNd)
    if known is None or not is_convolution or not isinstance(size, tuple) or len(size) == known[1]:
        return
    kind, axes = known
    words = f"Give `{place(call)}` a kernel of {axes} sizes"
    yield replaced(case, call, words, 1.5, None, **adapted(call.module, axes))
    other = of_family(kind, min(3, len(size)))
    words = f"Take {other.__name__} for `{place(call)}`, which has a kernel of {len(size)} sizes"
    yield replaced(case, call, words, 2.5, other)


def _features(case: Case, call: Call, argument: str, cost: float) -> Iterator[Edit]:
    """The layer for the features that arrive."""
    arrives = call.inputs[0].shape[-1] if call.inputs[0].shape else 0
    if arrives and arrives != getattr(call.module, argument):
        words = f"Build `{place(call)}` for {arriving(arrives, 'feature')}"
        changes: dict[str, Any] = {argument: arrives}
        yield replaced(case, call, words, cost, **changes)


def _flatten_in_front(case: Case, call: Call) -> Iterator[Edit]:
    """Maps that go into a linear layer as they are."""
    module: Any = call.module
    shape, wanted, name = call.inputs[0].shape, module.in_features, f"`{place(call)}`"
    axes, rest = len(shape) - 2, math.prod(shape[1:])
    if rest == wanted:
        yield in_front(case, call, "nn.Flatten()", f"Flatten {shape[1:]} to {rest} features before {name}", 1.2)
    elif shape[1] == wanted and axes in (2, 3):
        words = f"Take the mean over each of the {wanted} channels before {name}"
        yield in_front(case, call, f"nn.AdaptiveAvgPool{axes}d(1), nn.Flatten()", words, 1.5)
    maps = case.producer(call.inputs[0])
    if axes > 1 or (maps is not None and "conv" in function_of(maps)):
        layers = f"nn.Sequential(nn.Flatten(), {constructor(module, in_features=rest)})"
        words = f"Flatten {shape[1:]}, and build {name} for the {rest} features."
        yield Edit(place(call), assignment(case.model, call.name, layers), words, 2.8)
    side = square_side(wanted, shape[1], axes)
    if side > 1 and rest != wanted and axes <= 3:
        words = f"Pool {by(shape[2:])} to {by((side,) * axes)} and flatten that to {wanted} features before {name}"
        yield in_front(case, call, f"nn.AdaptiveAvgPool{axes}d({side}), nn.Flatten()", words, 2.2)


def _pool_before_flatten(case: Case, call: Call) -> Iterator[Edit]:
    """An adaptive pool before the flatten, so that the classifier gets the same number for any size."""
    module: Any = call.module
    _, flatten = case.back(call.inputs[0], KEEPS_FEATURES)
    if flatten is None or not isinstance(flatten.module, nn.Flatten):
        return
    maps = flatten.inputs[0].shape
    axes = len(maps) - 2
    side = square_side(module.in_features, maps[1], axes) if axes in (1, 2, 3) else 0
    if side:
        sides = (side,) * axes
        reason = f"{by((maps[1], *sides))} = {module.in_features} for any size of the input"
        words = f"Pool the maps to {by(sides)} before `{place(flatten)}`: {reason}"
        yield in_front(case, flatten, f"nn.AdaptiveAvgPool{axes}d({side})", words, 2.4)
