"""What the elements of a tensor see of the model's inputs, axis by axis, as the tensor goes from call to call."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from convlab.arithmetic.fields import Field
from convlab.inspection.axis_seen import LONGEST_PERIOD, NOTHING, UNKNOWN, AxisSeen, Factor, product, together


@dataclass(frozen=True, eq=False)
class Seen:
    """What the elements of a tensor see of all inputs.

    Attributes:
        dims: The factors of each axis of the tensor.
        axes: One `AxisSeen` for each axis of each input.

    Example:
        >>> (seen,) = Seen.of_inputs([(1, 3, 32)])
        >>> seen = seen.through(2, 1, [(0, 1, 2)], 30)  # a 3-kernel along the last axis
        >>> seen.shape, seen.axes[2].field.size, seen.mixed({2: None}).axes[2].fixed
        ((1, 3, 30), 3, (0, 31))
    """

    dims: tuple[tuple[Factor, ...], ...]
    axes: tuple[AxisSeen, ...]

    @classmethod
    def of_inputs(cls, shapes: Sequence[Sequence[int]]) -> list[Seen]:
        """Each element of each input sees itself."""
        dims = [tuple((Factor(size),) for size in shape) for shape in shapes]
        own = [[AxisSeen(factors, Field()) for factors in each] for each in dims]
        nothing = [[NOTHING] * len(each) for each in dims]
        chain = itertools.chain.from_iterable
        return [cls(dims[i], tuple(chain([*nothing[:i], own[i], *nothing[i + 1 :]]))) for i in range(len(dims))]

    @classmethod
    def all_the_same(cls, shape: Sequence[int], axes: Sequence[AxisSeen]) -> Seen:
        """Every element of a tensor of this shape sees this."""
        return cls(tuple((Factor(size),) for size in shape), tuple(axes))

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the tensor."""
        return tuple(product(factors) for factors in self.dims)

    def moves(self, dim: int) -> bool:
        """Whether what is seen changes, or may change, along this axis of the tensor."""
        return any(factor in axis.along for axis in self.axes for factor in self.dims[dim])

    def single(self, dim: int) -> Seen:
        """The same with one factor for this axis of the tensor."""
        factors = self.dims[dim]
        if len(factors) == 1:
            return self
        whole = Factor(product(factors))
        return self._each(lambda axis: axis.gathered(factors, whole))._with({dim: (whole,)})

    def through(self, dim: int, step: int, taps: Sequence[Sequence[int]], size: int) -> Seen:
        """After a layer that reads, along this axis, these taps in steps; see `Field.through`."""
        seen = self.single(dim)
        (before,), after = seen.dims[dim], Factor(size)

        def move(axis: AxisSeen) -> AxisSeen:
            if before not in axis.along:
                return axis
            known = axis.field is not None and axis.along == (before,) and not axis.ends
            if axis.field is None or not known or len(axis.field.spans) * len(taps) > LONGEST_PERIOD:
                return UNKNOWN
            return AxisSeen((after,), axis.field.through(step, taps), axis.fixed)

        return seen._each(move)._with({dim: (after,)})

    def mixed(self, sizes: Mapping[int, int | None]) -> Seen:
        """After an operation whose outputs see these axes whole; each gets a new size, or goes where that is None."""
        seen = self
        for dim in sizes:
            for factor in self.dims[dim]:
                seen = seen._each(lambda axis, factor=factor: axis.without(factor))  # type: ignore[misc]
        return seen._with({dim: None if size is None else (Factor(size),) for dim, size in sizes.items()})

    def picked(self, dim: int, index: int) -> Seen:
        """One element along an axis; the axis goes."""
        seen = self
        for factor in reversed(self.dims[dim]):
            index, place = divmod(index, factor.size)
            seen = seen._each(lambda axis, factor=factor, place=place: axis.without(factor, place))  # type: ignore[misc]
        return seen._with({dim: None})

    def disordered(self, dim: int) -> Seen:
        """The same elements in another order along an axis."""
        factors = self.dims[dim]
        moving = self._each(lambda axis: axis.lost() if any(factor in axis.along for factor in factors) else axis)
        return moving.single(dim)

    def permuted(self, order: Sequence[int]) -> Seen:
        """After a change of the order of the axes."""
        return Seen(tuple(self.dims[dim] for dim in order), self.axes)

    def broadcast(self, shape: Sequence[int]) -> Seen:
        """The same, its axes of one element repeated to fill this shape."""
        seen = Seen(((),) * (len(shape) - len(self.dims)) + self.dims, self.axes)
        for dim, (before, after) in enumerate(zip(seen.shape, shape, strict=True)):
            if before != after:
                seen = seen.mixed({dim: after})
        return seen

    def reshaped(self, shape: Sequence[int]) -> Seen:
        """The same elements, row by row, in another shape of as many elements."""
        if 0 in shape:
            return Seen.all_the_same(shape, [UNKNOWN] * len(self.axes))
        seen, dims = self, []
        factors, sizes = list(itertools.chain.from_iterable(self.dims)), list(shape)
        while sizes:
            block, wanted = _next_block(factors, sizes)
            shared = _shared_out(block, wanted)
            if shared is None:  # the axes overlap: only as one can they be cut anew
                whole = Factor(product(block))
                seen = seen._each(lambda axis, block=block, whole=whole: axis.gathered(block, whole))  # type: ignore[misc]
                shared = _shared_out([whole], wanted)
            groups, cuts = shared or ([], {})
            dims += groups
            for factor, pieces in cuts.items():
                seen = seen._each(lambda axis, factor=factor, pieces=pieces: axis.cut(factor, pieces))  # type: ignore[misc]
        for factor in factors:  # of one element, where the shape has no axis for it
            seen = seen._each(lambda axis, factor=factor: axis.without(factor, 0))  # type: ignore[misc]
        return Seen(tuple(map(tuple, dims)), seen.axes)

    def stretched(self, dim: int, size: int) -> Seen:
        """The same as a part of a longer axis, of which the order is lost."""
        seen = self.disordered(dim)
        (before,), after = seen.dims[dim], Factor(size)
        return seen._each(lambda axis: axis.cut(before, (after,)))._with({dim: (after,)})

    def _each(self, change: Callable[[AxisSeen], AxisSeen]) -> Seen:
        axes = tuple(change(axis) if axis.along else axis for axis in self.axes)
        return Seen(self.dims, axes)

    def _with(self, dims: Mapping[int, tuple[Factor, ...] | None]) -> Seen:
        changed = (dims.get(dim, factors) for dim, factors in enumerate(self.dims))
        return Seen(tuple(factors for factors in changed if factors is not None), self.axes)


def joined(views: Sequence[Seen]) -> Seen:
    """What the elements see through any of several tensors of the same shape.

    Example:
        >>> one, two = Seen.of_inputs([(4,), (4,)])
        >>> [axis.field.size for axis in joined([one, two]).axes]
        [1, 1]
    """
    first = views[0]
    if all(view is first for view in views):
        return first
    for dim in range(len(first.dims)):
        views = _alike(views, dim)
    first = views[0]
    axes = [first.axes]
    for view in views[1:]:
        factors = itertools.chain.from_iterable(view.dims), itertools.chain.from_iterable(first.dims)
        names = dict(zip(*factors, strict=True))
        axes.append(tuple(_renamed(axis, names) for axis in view.axes))
    return Seen(first.dims, tuple(together(each) for each in zip(*axes, strict=True)))


def _alike(views: Sequence[Seen], dim: int) -> Sequence[Seen]:
    """The views with as many factors of the same sizes along an axis."""
    sizes = [tuple(factor.size for factor in view.dims[dim]) for view in views]
    if len(set(sizes)) == 1:
        return views
    cut = {size for view, size in zip(views, sizes, strict=True) if view.moves(dim)}
    if len(cut) > 1:
        return [view.single(dim) for view in views]
    (wanted,) = cut or {sizes[0]}
    return [view if view.moves(dim) else view._with({dim: tuple(map(Factor, wanted))}) for view in views]


def _renamed(axis: AxisSeen, names: Mapping[Factor, Factor]) -> AxisSeen:
    return replace(axis, along=tuple(names[factor] for factor in axis.along)) if axis.along else axis


def _next_block(factors: list[Factor], sizes: list[int]) -> tuple[list[Factor], list[int]]:
    """The fewest factors and sizes, taken off their lists, that have equally many elements."""
    block: list[Factor] = []
    wanted = [sizes.pop(0)]
    while product(block) != math.prod(wanted):
        if product(block) < math.prod(wanted):
            block.append(factors.pop(0))
        else:
            wanted.append(sizes.pop(0))
    if wanted == [1] and factors and factors[0].size == 1:
        block.append(factors.pop(0))
    while factors and factors[0].size == 1 and sizes[:1] != [1]:
        block.append(factors.pop(0))
    return block, wanted


def _shared_out(
    block: Sequence[Factor], sizes: Sequence[int]
) -> tuple[list[list[Factor]], dict[Factor, tuple[Factor, ...]]] | None:
    """The factors of each size, and which factors must be cut for that; None where they overlap."""
    groups: list[list[Factor]] = []
    cuts: dict[Factor, tuple[Factor, ...]] = {}
    rest = list(block)
    for size in sizes:
        group: list[Factor] = []
        while product(group) < size:
            needed, factor = size // product(group), rest.pop(0)
            if needed % factor.size and factor.size % needed:
                return None
            if needed % factor.size:
                cuts[factor] = pieces = (Factor(needed), Factor(factor.size // needed))
                factor = pieces[0]
                rest.insert(0, pieces[1])
            group.append(factor)
        groups.append(group)
    groups[-1] += rest
    return groups, cuts
