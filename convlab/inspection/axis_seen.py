"""What the elements of a tensor see of one axis of an input, and along which of their own axes that moves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from convlab.arithmetic.fields import Field, Span, union

LONGEST_PERIOD = 2048
"""Spans of a field beyond which it is given up."""


@dataclass(eq=False)
class Factor:
    """Elements that lie behind one another along an axis of a tensor, or along a part of one.

    An axis that was joined from several, by a flatten, has several factors, the outermost first.

    Attributes:
        size: How many elements.

    Example:
        >>> Factor(3) == Factor(3)
        False
    """

    size: int


@dataclass(frozen=True)
class AxisSeen:
    """What the elements of a tensor see of one axis of an input.

    Attributes:
        along: The factors along which the view moves over the input, the outermost first; all together count as one
            axis, row by row. Empty where every element sees the same.
        field: How it moves; None where nothing moves, and where the order is lost.
        fixed: What every element sees besides; where the order is lost, what all of them see together.
        defined: Whether anything is known.
        ends: Whether the field ends with its last element, and would be wrong for a window that reads behind that.

    Example:
        >>> AxisSeen((Factor(8),), Field(2, ((0, 3),))).lost().fixed
        (0, 17)
    """

    along: tuple[Factor, ...] = ()
    field: Field | None = None
    fixed: Span = None
    defined: bool = True
    ends: bool = False

    @property
    def together(self) -> Span:
        """What all elements see together."""
        return hull(self.fixed, self.field.whole(product(self.along)) if self.field else None)

    def extent(self, length: int) -> tuple[int, int | Fraction, int | None] | None:
        """The size, jump and start of the receptive field on an input axis of this length; None where not defined.

        Where every element sees the whole axis, the size counts the padding that it sees, and the jump is 0.

        Example:
            >>> AxisSeen((Factor(8),), Field(2, ((-1, 1),))).extent(16)
            (3, 2, -1)
            >>> AxisSeen((), None, (-1, 16)).extent(16)
            (18, 0, -1)
        """
        if self.field and not self.fixed and self.defined and not self.ends:
            jump = self.field.per_element
            return self.field.size, jump.numerator if jump.denominator == 1 else jump, self.field.start
        seen = self.together
        whole = self.fixed is not None and self.fixed[0] <= 0 and self.fixed[1] >= length - 1
        known = self.defined and (whole if self.field else not self.along)
        return (seen[1] - seen[0] + 1, 0, seen[0]) if known and seen else None

    def lost(self) -> AxisSeen:
        """The same without the order of what moves; mixing all of it makes this known again."""
        return replace(self, field=None, fixed=self.together)

    def without(self, factor: Factor, index: int | None = None) -> AxisSeen:
        """What is seen by elements that mix all that lie along this factor, or that are the one of this index.

        Example:
            >>> inner = Factor(2)
            >>> AxisSeen((Factor(4), inner), Field()).without(inner).field  # pairs
            Field(jump=2, spans=((0, 1),))
        """
        if factor not in self.along:
            return self
        place = self.along.index(factor)
        along = self.along[:place] + self.along[place + 1 :]
        if self.field is None:
            return UNKNOWN if index is not None and factor.size > 1 else replace(self, along=along)
        if not along:
            seen = self.field.whole(factor.size) if index is None else self.field.at(index)
            return AxisSeen((), None, hull(self.fixed, seen))
        inner = product(self.along[place + 1 :])
        if inner > LONGEST_PERIOD:
            return replace(self.lost(), along=along) if index is None else UNKNOWN
        if place == 0 and index is not None:
            return replace(self, along=along, field=self.field.through(1, [(index * inner,)]))
        step = factor.size * inner
        first, last = (0, step) if index is None else (index * inner, (index + 1) * inner)
        field = self.field.through(step, [range(first + phase, last + phase, inner) for phase in range(inner)])
        one_period = place == 0 and inner > 1
        return replace(self, along=along, field=field, ends=self.ends or one_period)

    def cut(self, factor: Factor, pieces: Sequence[Factor]) -> AxisSeen:
        """The same where pieces stand for a factor."""
        along = [piece for each in self.along for piece in (pieces if each is factor else (each,))]
        return replace(self, along=tuple(along))

    def gathered(self, factors: Sequence[Factor], whole: Factor) -> AxisSeen:
        """The same where these factors, which lie next to one another, become one.

        Example:
            >>> rows, columns = Factor(4), Factor(3)
            >>> AxisSeen((rows,), Field()).gathered([rows, columns], Factor(12)).field  # each row, three times
            Field(jump=1, spans=((0, 0), (0, 0), (0, 0)))
            >>> AxisSeen((columns,), Field()).gathered([rows, columns], Factor(12)).field is None
            True
        """
        if not any(factor in self.along for factor in factors):
            return self
        solid = [factor for factor in factors if factor.size > 1 or factor in self.along]
        leading, rest = tuple(solid[: len(self.along)]), product(solid[len(self.along) :])
        if self.field and leading == self.along and rest * len(self.field.spans) <= LONGEST_PERIOD:
            field = self.field if rest == 1 else self.field.through(1, [(0,)] * rest)
            return replace(self, along=(whole,), field=field)
        along = [whole if factor in factors else factor for factor in self.along]
        return replace(self.lost(), along=tuple(dict.fromkeys(along)))


NOTHING = AxisSeen()
UNKNOWN = AxisSeen(defined=False)


def together(axes: Sequence[AxisSeen]) -> AxisSeen:
    """What is seen of one axis through any of several tensors, whose factors are the same.

    Example:
        >>> wide = AxisSeen((), None, (0, 9))
        >>> together([wide, NOTHING, AxisSeen((), None, (4, 20))]).fixed
        (0, 20)
    """
    first = axes[0]
    if all(axis == first for axis in axes):
        return first
    if not all(axis.defined for axis in axes):
        return UNKNOWN
    moving = [axis for axis in axes if axis.along]
    by_all = hull(*(axis.fixed for axis in axes if axis.field or not axis.along))
    everything = hull(*(axis.together for axis in axes))
    if by_all == everything:  # then it does not matter what moves
        return AxisSeen((), None, everything)
    finest = max((axis.along for axis in moving), key=len, default=())
    fields = [_spread(axis, finest) for axis in moving]
    known = [field for field in fields if field is not None]
    field = union(*known) if known and len(known) == len(fields) else None
    if field or not moving:
        fixed, ends = hull(*(axis.fixed for axis in axes)), any(axis.ends for axis in moving)
        return AxisSeen(finest, field, fixed, ends=ends)
    along = dict.fromkeys(factor for axis in moving for factor in axis.along)
    return AxisSeen(tuple(along), None, everything)


def _spread(axis: AxisSeen, along: tuple[Factor, ...]) -> Field | None:
    """How the view moves along these factors, of which the outermost are its own; None where they are not."""
    count = len(axis.along)
    repeats = product(along[count:])
    if axis.field is None or along[:count] != axis.along or repeats * len(axis.field.spans) > LONGEST_PERIOD:
        return None
    return axis.field if repeats == 1 else axis.field.through(1, [(0,)] * repeats)


def hull(*spans: Span) -> Span:
    """From the first to the last of what any of the spans holds.

    Example:
        >>> hull((0, 2), None, (5, 6))
        (0, 6)
    """
    seen = [span for span in spans if span]
    return (min(first for first, _ in seen), max(last for _, last in seen)) if seen else None


def product(factors: Sequence[Factor]) -> int:
    """How many elements lie along several factors.

    Example:
        >>> product([Factor(3), Factor(4)])
        12
    """
    return math.prod(factor.size for factor in factors)
