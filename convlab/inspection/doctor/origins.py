"""Where a tensor came from, in plain sentences: which layer made it, and out of what."""

from __future__ import annotations

import math

from convlab.inspection.doctor.case import (
    ARITHMETIC,
    JOINS,
    KEEPS_CHANNELS,
    KEEPS_FEATURES,
    KEEPS_LAYOUT,
    PRODUCTS,
    VIEWS,
    Case,
    function_of,
)
from convlab.inspection.doctor.phrases import by, count, listed, named
from convlab.inspection.doctor.wanted import square_side, without_batch
from convlab.inspection.record import Call, TensorInfo
from convlab.inspection.windows import named as arguments_of


def origin_of(case: Case, call: Call) -> str:
    """Which earlier layer made what a call got.

    Example:
        >>> from torch import empty, nn
        >>> case = Case.of(nn.Sequential(nn.Linear(4, 3), nn.Linear(5, 2)), empty(1, 4))
        >>> origin_of(case, case.failing)
        'It comes from `0` (Linear, out_features=3).'
    """
    function = function_of(call)
    if function in (*JOINS, *PRODUCTS, *ARITHMETIC):
        return _of_several(case, call)
    tensor = call.inputs[0]
    if function in VIEWS:
        return _made_by(case, tensor, f"The {tensor.shape}")
    name = case.is_input(tensor)
    if name is not None:
        alone = len(case.inputs) == 1
        return "That is the model's input as it was given." if alone else f"That is the model's input `{name}`."
    return _flattened(case, call, tensor) or chain(case, tensor)


def given_shapes(case: Case) -> str:
    """The shapes of all inputs.

    Example:
        >>> from torch import empty, nn
        >>> given_shapes(Case.of(nn.ReLU(), empty(2, 3)))
        '(2, 3)'
    """
    return listed([str(tuple(tensor.shape)) for tensor in case.inputs.values()])


def _of_several(case: Case, call: Call) -> str:
    """A sentence for each of the first two tensors; those of one shape go by their places."""
    shapes = [given.shape for given in call.inputs[:2]]
    differ = len(set(shapes)) == len(shapes)
    subjects = [f"The {shape}" for shape in shapes] if differ else ["The first", "The second"]
    pairs = zip(call.inputs, subjects, strict=False)
    return " ".join(_made_by(case, given, subject) for given, subject in pairs)


def chain(case: Case, tensor: TensorInfo) -> str:
    """The layer that made a tensor, and the one that made its channels, in a sentence; "" where none did.

    Example:
        >>> import torch
        >>> from torch import nn
        >>> case = Case.of(nn.Sequential(nn.Conv1d(1, 4, 3), nn.ReLU(), nn.Linear(4, 2)), torch.empty(1, 1, 9))
        >>> chain(case, case.failing.inputs[0])
        'It comes from `0` (Conv1d, out_channels=4).'
    """
    made = case.back(tensor, KEEPS_LAYOUT)[1]
    if made is None:
        return ""
    if function_of(made) in JOINS:
        shapes = listed([str(given.shape) for given in made.inputs])
        return f"It comes from {named(made)}, which joins {shapes}."
    channels = case.back(tensor, KEEPS_CHANNELS)[1]
    if channels is not None and channels is not made and channels.module is not None:
        return f"It comes from {named(made)}; its channels were made by {named(channels, _out(channels))}."
    return f"It comes from {named(made, _out(made))}."


def _out(call: Call) -> str:
    """The argument that says how many channels or features a layer makes."""
    for argument in ("out_channels", "out_features", "num_features", "embedding_dim"):
        if hasattr(call.module, argument):
            return f"{argument}={getattr(call.module, argument)}"
    return ""


def _made_by(case: Case, tensor: TensorInfo, subject: str) -> str:
    """Who made a tensor, out of which shape."""
    name = case.is_input(tensor)
    if name is not None:
        return f"{subject} is the model's input `{name}`."
    made = case.back(tensor, KEEPS_LAYOUT)[1]
    if made is None:
        return f"{subject} is stored in the model."
    before = f" from {made.inputs[0].shape}" if made.inputs and made.inputs[0].shape != tensor.shape else ""
    return f"{subject} was made by {named(made)}{before}."


def _flattened(case: Case, call: Call, tensor: TensorInfo) -> str | None:
    """Features that were channels and positions before."""
    made = case.back(tensor, KEEPS_FEATURES)[1]
    wanted = getattr(call.module, "in_features", None)
    if made is None or function_of(made) not in ("flatten", *VIEWS) or not made.inputs or not wanted:
        return None
    maps = made.inputs[0].shape
    if len(tensor.shape) != 2 or len(maps) < 3:
        return None
    channels, sizes = maps[1], maps[2:]
    if tensor.shape[1] == wanted:
        return None
    unbatched = without_batch(case, made.inputs[0]) if math.prod(tensor.shape) == wanted else False
    if unbatched is not False:
        sample = "one sample:" if unbatched else f"one sample if {maps} is one: then,"
        taken = f"with no batch axis, {named(made)} took the {maps[0]} channels for the batch"
        return f"All in all these are {wanted} numbers, {sample} {taken}."
    if math.prod(maps[1:]) != tensor.shape[1]:
        return f"{named(made)} made {tensor.shape} of {maps}, which is not one row for each sample."
    words = f"They are {count(channels, 'channel')} of {by(sizes)}, flattened by {named(made)}"
    side = square_side(wanted, channels, len(sizes))
    if side:
        words += f"; {wanted} would be {count(channels, 'channel')} of {by((side,) * len(sizes))}"
    pool = case.back(made.inputs[0], KEEPS_LAYOUT)[1]
    if pool is not None and _makes_one_size(pool):
        return f"{words}. {named(pool)} makes maps of that size from any input."
    return f"{words}. The size of the maps follows from the size of the input, {given_shapes(case)}."


def _makes_one_size(call: Call) -> bool:
    """Whether a call is an adaptive pool whose sizes are all given: a None among them keeps an axis as it is."""
    given = arguments_of(call, ("input", "output_size")).get("output_size")
    sizes = given if call.module is None else getattr(call.module, "output_size", None)
    return "adaptive" in function_of(call) and None not in (sizes if isinstance(sizes, tuple | list) else [sizes])
