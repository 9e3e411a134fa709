"""What the axes of a tensor hold, part by part, and what becomes of the parts when axes are moved, cut and joined."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

Role = Literal["", "first", "batch", "rows", "channel", "space", "time", "feature", "new", "state", "constant"]
"""What the elements along an axis are.

"first" is the first axis of an input, of which no layer has said more yet; "rows" what a layer took for the batch and
no input had as an axis, as where frames were folded into it; "new" an axis of one element that was put in; "state" an
axis of a parameter or buffer, "constant" one of another tensor that no input reached.
"""

BATCH: tuple[Role, ...] = ("batch", "first")


@dataclass(eq=False)
class Part:
    """Elements along an axis that belong together. An axis that was joined from several has several parts.

    Attributes:
        size: How many.
        role: What they are.
        by: The place that said so.
        whole: The part of which this is a piece.
        first: Whether it is the first of the two pieces.
        given: Whether it is an axis of an input.
        moved: Whether it was once moved among the axes, which nobody does by mistake.
        taken: Whether it was there before the layer that took it for what it is; a layer's own output was not.

    Example:
        >>> Part(3, "channel").role
        'channel'
    """

    size: int
    role: Role = ""
    by: str = ""
    whole: Part | None = None
    first: bool = False
    given: bool = False
    moved: bool = False
    taken: bool = False

    def becomes(self, role: Role, by: str) -> None:
        """Takes a role, unless it has one that says as much."""
        if self.role in ("", "first"):
            self.role, self.by, self.taken = "rows" if role == "batch" and not self.given else role, by, True


Axis: TypeAlias = tuple[Part, ...]
Axes: TypeAlias = tuple[Axis, ...]


def length(axis: Axis) -> int:
    """Elements along the axis.

    Example:
        >>> length((Part(2), Part(3)))
        6
    """
    return math.prod(part.size for part in axis)


def roles(axis: Axis) -> set[Role]:
    """The roles of the parts along an axis; those of one element count only where there is nothing else.

    Example:
        >>> roles((Part(1, "channel"), Part(7, "space")))
        {'space'}
    """
    return {part.role for part in axis if part.size > 1} or {part.role for part in axis}


def with_role(axes: Iterable[Axis], wanted: tuple[Role, ...]) -> list[Part]:
    """The parts along these axes that have one of these roles.

    Example:
        >>> [part.size for part in with_role([(Part(2, "first"),), (Part(3),)], BATCH)]
        [2]
    """
    return [part for axis in axes for part in axis if part.role in wanted]


def alone(axis: Axis) -> Part | None:
    """The only part along an axis, those of one element left out; None where there are several.

    Example:
        >>> alone((Part(5), Part(1))).size
        5
    """
    longer = [part for part in axis if part.size > 1] or list(axis)
    return longer[0] if len(longer) == 1 else None


def regrouped(axes: Axes, shape: Sequence[int]) -> Axes | None:
    """The same parts along axes of other sizes, as `view` makes them; None where that would cut across a part's rows.

    Example:
        >>> batch, channel, row = (Part(2, "batch"),), (Part(6, "channel"),), (Part(5, "space"),)
        >>> [[part.role for part in axis] for axis in regrouped((batch, channel, row), (2, 30))]
        [['batch'], ['channel', 'space']]
        >>> regrouped((batch, channel, row), (2, 5, 6)) is None
        True
    """
    left = [part for axis in axes for part in axis]
    if 0 in shape:
        return None
    result: list[Axis] = []
    for size in shape:
        axis: list[Part] = []
        if size == 1 and left and left[0].size == 1:
            axis.append(left.pop(0))
        while size > 1:
            if not left:
                return None
            part = left.pop(0)
            if size % part.size == 0:
                axis.append(part)
                size //= part.size
            elif part.size % size == 0:
                one, two = pieces(part, size)
                axis.append(one)
                left.insert(0, two)
                size = 1
            else:
                return None
        result.append(tuple(axis) or (Part(1, "new"),))
    if result:
        result[-1] += tuple(left)
    return tuple(map(_mended, result))


def pieces(part: Part, size: int) -> tuple[Part, Part]:
    """A part in two pieces, the first of this size.

    Of samples the first piece is the batch; the second may be anything, as the frames of a clip.

    Example:
        >>> [(piece.size, piece.role) for piece in pieces(Part(8, "batch"), 2)]
        [(2, 'batch'), (4, '')]
    """
    role = "" if part.role in BATCH else part.role
    return (
        Part(size, part.role, part.by, part, first=True, moved=part.moved, taken=part.taken),
        Part(part.size // size, role, part.by, part, first=False, moved=part.moved, taken=part.taken),
    )


def _mended(axis: Axis) -> Axis:
    """The axis, where the two pieces of a part follow each other again, with the part."""
    parts: list[Part] = []
    for part in axis:
        parts.append(part)
        while len(parts) > 1 and parts[-2].first and not parts[-1].first and parts[-2].whole is parts[-1].whole:
            whole = parts[-1].whole
            if whole is None:
                break
            parts[-2:] = [whole]
    return tuple(parts)


def scattered(axes: Axes, shape: Sequence[int]) -> tuple[Part, ...] | None:
    """The order in which the parts should have been moved before this `view`, which tears them; None if it need not be.

    There are four such orders: one part to the end, as from channels to tokens; the last one to the front, as back
    again; the same sizes in another order; two pieces of one part brought together again, as the heads of attention.

    Example:
        >>> batch, channel, row = (Part(2, "batch"),), (Part(6, "channel"),), (Part(3, "space"),)
        >>> [part.role for part in scattered((batch, channel, row), (2, 3, 6))]
        ['batch', 'space', 'channel']
        >>> scattered((batch, channel, row), (2, 18)) is None
        True
    """
    parts = [part for axis in axes for part in axis if part.size > 1]
    wanted = [size for size in shape if size > 1]
    ends = _ends(wanted)
    if len(parts) < 2 or not wanted or ends <= _ends_of(parts) or _ends_of(parts) <= ends:
        return None
    orders: list[list[Part]] = []
    for k in (0, 1):
        to_end, to_front = [*parts[:k], *parts[k + 1 :], parts[k]], [*parts[:k], parts[-1], *parts[k:-1]]
        if wanted[-1] == parts[k].size and (ends <= _ends_of(to_end) or _ends_of(to_end) <= ends):
            orders.append(to_end)
        if _ends_of(to_front) <= ends:
            orders.append(to_front)
    if len(parts) <= 6 and sorted(wanted) == sorted(part.size for part in parts):
        orders += [list(order) for order in itertools.permutations(parts) if [part.size for part in order] == wanted]
    for i, j in itertools.combinations(range(len(parts)), 2):
        together = [*parts[:i], *parts[i + 1 : j], parts[i], *parts[j:]]
        if parts[i].whole and parts[i].whole is parts[j].whole and ends <= _ends_of(together):
            orders.append(together)
    return next((tuple(order) for order in orders if order != parts), None)


def _ends(sizes: Iterable[int]) -> set[int]:
    """Where axes of these sizes end, counted in elements of the first."""
    return set(itertools.accumulate(sizes, lambda before, size: before * size))


def _ends_of(parts: Iterable[Part]) -> set[int]:
    return _ends(part.size for part in parts)


def moved(axes: Axes, order: Sequence[int]) -> Axes:
    """The axes in another order, their parts marked where the order is another.

    Example:
        >>> moved(((Part(2),), (Part(3),)), (1, 0))[0][0]
        Part(size=3, role='', by='', whole=None, first=False, given=False, moved=True, taken=False)
    """
    for place, number in enumerate(order):
        for part in axes[number]:
            part.moved = part.moved or place != number
    return tuple(axes[number] for number in order)


def broadcast(operands: Sequence[Axes]) -> Axes:
    """The axes of what comes out where tensors are broadcast to each other.

    Example:
        >>> [length(axis) for axis in broadcast([((Part(4),), (Part(1),)), ((Part(3),),)])]
        [4, 3]
    """
    rank = max(map(len, operands), default=0)
    result = []
    for behind in range(rank, 0, -1):
        there = [axes[-behind] for axes in operands if len(axes) >= behind]
        there.sort(key=lambda axis: (length(axis) == 1, bool(roles(axis) & {"state", "constant", "new"})))
        result.append(there[0])
    return tuple(result)


def sliced(axes: Axes, shape: Sequence[int]) -> Axes:
    """The axes where some were shortened, lengthened or repeated: those of another size are new parts of the old role.

    Example:
        >>> [axis[0].size for axis in sliced(((Part(2, "batch"),), (Part(9, "space"),)), (2, 4))]
        [2, 4]
    """
    return tuple(axis if length(axis) == size else (_like(axis, size),) for axis, size in zip(axes, shape, strict=True))


def _like(axis: Axis, size: int) -> Part:
    kinds = roles(axis)
    role, by = (axis[0].role, axis[0].by) if len(kinds) == 1 else ("", "")
    taken = any(part.taken for part in axis)
    return Part(size, "" if role == "new" else role, by, moved=any(part.moved for part in axis), taken=taken)
