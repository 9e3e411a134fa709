"""Views that make groups of whole samples, as of frames that whoever calls the model put into the batch."""

from __future__ import annotations

from collections.abc import Sequence

from convlab.inspection.calls import Call
from convlab.inspection.silent.axes import BATCH, Axes, Part, alone, pieces, regrouped, roles
from convlab.inspection.silent.moves import kind_of


def piece_of(part: Part | None, whole: Part) -> bool:
    """Whether a part is another, or a piece of it, or a piece of a piece.

    Example:
        >>> batch = Part(6, "batch")
        >>> [piece_of(axis[0], batch) for axis in regrouped(((batch,), (Part(5),)), (2, 3, 5))]
        [True, True, False]
    """
    while part is not None and part is not whole:
        part = part.whole
    return part is whole


def grouped(before: Axes, after: Axes) -> bool:
    """Whether a view makes groups of whole samples: along axes of their own, or of vectors in a row, as for pairs.

    Maps of several samples in one row are no groups: this is what a wrong number in a view gives.

    Example:
        >>> batch, channel, row = (Part(6, "batch"),), (Part(4, "channel"),), (Part(5, "space"),)
        >>> grouped((batch, channel, row), regrouped((batch, channel, row), (2, 3, 4, 5)))
        True
        >>> grouped((batch, channel, row), regrouped((batch, channel, row), (2, 60)))
        False
        >>> grouped((batch, channel), regrouped((batch, channel), (2, 12)))
        True
    """
    samples = alone(before[0])
    inner = {part for axis in before[1:] for part in axis}
    for number, axis in enumerate(after):
        others = {part for part in axis if part.size > 1 and not (samples and piece_of(part, samples))}
        together = 0 < len(others) < sum(part.size > 1 for part in axis)
        if not others <= inner or (others and number == 0) or (together and len(before) > 2):
            return False
    return samples is not None


def viewed(call: Call, axes: Axes, shape: Sequence[int]) -> Axes | None:
    """The axes of what a view gives; None where it cuts across a part's rows.

    Where the view leaves the number of rows open, a single row of whole samples is a batch of one group.

    Example:
        >>> axes = ((Part(4, "batch"),), (Part(8, "feature"),))
        >>> [axis[0].role for axis in viewed(Call("", "view", arguments=((0, -1, 4, 8), {})), axes, (1, 4, 8))]
        ['batch', '', 'feature']
        >>> [axis[0].role for axis in viewed(Call("", "view", arguments=((0, 1, -1, 8), {})), axes, (1, 4, 8))]
        ['new', 'batch', 'feature']
    """
    result = regrouped(axes, shape)
    samples = alone(axes[0]) if axes and roles(axes[0]) & set(BATCH) else None
    if result and samples and samples.size > 1 == shape[0] and _rows_left_open(call) and grouped(axes, result):
        return regrouped((pieces(samples, 1), *axes[1:]), shape)
    return result


def _rows_left_open(call: Call) -> bool:
    """Whether the size of the first axis is written -1, as in `view(-1, 4, 8)` and `unflatten(0, (-1, 4))`."""
    given = [*call.arguments[0][1:], *call.arguments[1].values()]
    if kind_of(call) == "unflatten" and given[:1] == [0]:
        given = given[1:]
    elif kind_of(call) not in ("view", "reshape"):
        return False
    sizes = given[0] if given and isinstance(given[0], tuple | list) else given
    return list(sizes[:1]) == [-1]
