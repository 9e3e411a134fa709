"""What the elements along one axis see of the input, followed through windows, holes, upsampling and branches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

Span = tuple[int, int] | None
"""The first and the last input index that an element sees; None where it sees none."""


@dataclass(frozen=True)
class Field:
    """What each element along one axis sees of one axis of the input, borders left out of account.

    A stride, a dilation or an upsampling repeats itself: element `i + len(spans)` sees what element `i` sees, moved by
    `jump` input elements. So the spans of one period say all.

    Attributes:
        jump: Input elements from one period to the next.
        spans: What the elements 0, 1, ... of the first period see.

    Example:
        >>> field = Field().through(1, [(0, 1, 2)]).through(2, [(0, 1)])  # a 3-kernel, then pooling by 2
        >>> field
        Field(jump=2, spans=((0, 3),))
        >>> field.size, field.per_element, field.start
        (4, Fraction(2, 1), 0)
    """

    jump: int = 1
    spans: tuple[Span, ...] = ((0, 0),)

    @property
    def size(self) -> int:
        """Input elements from the first to the last that one element sees; the largest over the period."""
        return max((last - first + 1 for first, last in filter(None, self.spans)), default=0)

    @property
    def per_element(self) -> Fraction:
        """Input elements between what neighbours see, on average over a period."""
        return Fraction(self.jump, len(self.spans))

    @property
    def start(self) -> int | None:
        """The first input index that element 0 sees; None if it sees none."""
        return self.spans[0][0] if self.spans[0] else None

    def at(self, index: int) -> Span:
        """What one element sees; an index may be negative, in the padding.

        Example:
            >>> Field(2, ((0, 3),)).at(-1)
            (-2, 1)
        """
        periods, place = divmod(index, len(self.spans))
        span = self.spans[place]
        return span and (span[0] + periods * self.jump, span[1] + periods * self.jump)

    def through(self, step: int, taps: Sequence[Sequence[int]]) -> Field:
        """What the outputs of one more layer see.

        Args:
            step: Elements that the layer moves on in its input for each period of its output, at least 1.
            taps: For each output of the layer's first period, the indices that it reads from the layer's input.

        Example:
            >>> Field().through(1, [(0,), (0,)])  # nearest upsampling by 2: two outputs read one element
            Field(jump=1, spans=((0, 0), (0, 0)))
        """
        repeats = len(self.spans) // math.gcd(len(self.spans), step)
        if len(self.spans) == 1:  # then the first and the last tap see the most
            taps = [_ends(reads) for reads in taps]
        spans = [_hull([self.at(period * step + tap) for tap in reads]) for period in range(repeats) for reads in taps]
        return _shortest(self.jump * step * repeats // len(self.spans), spans)

    def whole(self, length: int) -> Span:
        """What the first `length` elements see together.

        Example:
            >>> Field(2, ((0, 3),)).whole(5)
            (0, 11)
        """
        ends = min(length, len(self.spans))
        return _hull([self.at(index) for index in (*range(ends), *range(length - ends, length))])


def union(*fields: Field) -> Field | None:
    """What an element sees through any of several branches; None where the branches move at different paces.

    Args:
        *fields: At least one.

    Example:
        >>> skip, branch = Field(), Field().through(1, [(-1, 0, 1)])
        >>> union(skip, branch)
        Field(jump=1, spans=((-1, 1),))
        >>> union(skip, Field().through(2, [(0,)])) is None
        True
    """
    if len({field.per_element for field in fields}) > 1:
        return None
    period = math.lcm(*(len(field.spans) for field in fields))
    spans = [_hull([field.at(index) for field in fields]) for index in range(period)]
    return _shortest(int(fields[0].per_element * period), spans)


def window_taps(kernel_size: int, *, before: int = 0, dilation: int = 1) -> list[range]:
    """What the first output of a sliding window reads, for `Field.through(stride, ...)`.

    Args:
        kernel_size: Elements of the window.
        before: Elements of padding at the beginning.
        dilation: Elements from one tap to the next.

    Example:
        >>> [list(reads) for reads in window_taps(3, before=2, dilation=2)]
        [[-2, 0, 2]]
    """
    return [range(-before, -before + dilation * (kernel_size - 1) + 1, dilation)]


def transposed_taps(kernel_size: int, *, stride: int = 1, before: int = 0, dilation: int = 1) -> list[list[int]]:
    """What the first `stride` outputs of a transposed convolution read, for `Field.through(1, ...)`.

    Args:
        kernel_size: Elements of the kernel.
        stride: Outputs from what one input element reaches to what the next one reaches.
        before: The padding, elements cropped at the beginning.
        dilation: Outputs from one tap to the next.

    Example:
        >>> transposed_taps(3, stride=2)
        [[0, -1], [0]]
    """
    reached = [[divmod(i + before - tap * dilation, stride) for tap in range(kernel_size)] for i in range(stride)]
    return [[index for index, rest in taps if rest == 0] for taps in reached]


def _ends(reads: Sequence[int]) -> Sequence[int]:
    if isinstance(reads, range):  # whose ends are known without a walk
        return reads[:: max(1, len(reads) - 1)]
    return (min(reads), max(reads)) if reads else ()


def _hull(spans: Sequence[Span]) -> Span:
    seen = [span for span in spans if span]
    return (min(first for first, _ in seen), max(last for _, last in seen)) if seen else None


def _shortest(jump: int, spans: Sequence[Span]) -> Field:
    """The field of these spans, its period cut to the shortest that repeats itself."""
    for length in range(1, len(spans)):
        if len(spans) % length == 0 and jump * length % len(spans) == 0:
            field = Field(jump * length // len(spans), tuple(spans[:length]))
            if all(field.at(index) == span for index, span in enumerate(spans)):
                return field
    return Field(jump, tuple(spans))
