"""Moves of axes that give a layer the layout that it wants."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from convlab.inspection.doctor.phrases import by, numbered
from convlab.inspection.doctor.wanted import Wanted, square_side

FOR_A_VIEW = "so that `view` finds the elements in order in memory (`flatten` and `reshape` copy where they must)"
"""What the form `in_order` of a move is for."""


@dataclass(frozen=True)
class Move:
    """What is done to a tensor.

    Attributes:
        text: What stands behind its name.
        words: What that does.
        cost: How far it goes.
        in_order: The text of the same move after which layers keep the elements in order in memory; "" where there is
            no other.

    Example:
        >>> Move(".unsqueeze(0)", "add the batch axis that is missing", 0.7).cost
        0.7
    """

    text: str
    words: str
    cost: float
    in_order: str = ""


def moves_to(shape: tuple[int, ...], wanted: Wanted) -> Iterator[Move]:
    """Ways to a layout, from a tensor of this shape.

    Example:
        >>> [move.text for move in moves_to((3, 16, 16), Wanted(2, 3))]
        ['.unsqueeze(0)']
        >>> [move.text for move in moves_to((2, 16, 16, 3), Wanted(2, 3))][0]
        '.permute(0, 3, 1, 2)'
    """
    if wanted.whole or not shape:
        return
    if wanted.last:
        yield from _moves_to_last(shape, wanted)
    elif wanted.spatial is not None:
        yield from _permutations(shape, wanted.channels, wanted.spatial)
        yield from _unfolded(shape, wanted.channels, wanted.spatial)
        yield from _folded(shape, wanted.channels, wanted.spatial)
        yield from _channels(shape, wanted.channels, wanted.spatial)


def in_order(permuted: str, axis: int, to: int, size: int) -> str:
    """One axis moved in front of others, with the elements in order in memory.

    Torch takes a permuted tensor for one in the format `torch.channels_last`, and convolutions keep that format. A copy
    ends it, but of one channel `contiguous` makes none: it is in order in both formats.

    Args:
        permuted: The move as a permute.
        axis: The axis that it moves.
        to: Where that axis stands behind it.
        size: The size of that axis.

    Example:
        >>> in_order(".permute(0, 3, 1, 2)", 3, 1, 3), in_order(".permute(0, 3, 1, 2)", 3, 1, 1)
        ('.permute(0, 3, 1, 2).contiguous()', '.squeeze(3).unsqueeze(1)')
    """
    return f".squeeze({axis}).unsqueeze({to})" if size == 1 else f"{permuted}.contiguous()"


def _moves_to_last(shape: tuple[int, ...], wanted: Wanted) -> Iterator[Move]:
    """Ways to features in the last axis."""
    features, spatial = wanted.channels, wanted.spatial or 0
    if shape[-1] == features and len(shape) <= spatial + 1:
        axis = 1 if wanted.sequence_first and spatial else 0
        yield Move(f".unsqueeze({axis})", "add the batch axis that is missing", 1)
    if spatial or len(shape) == 3:
        yield from _sequences(shape, wanted)
    if spatial and len(shape) > 3 and math.prod(shape[2:]) == features:
        yield Move(".flatten(2)", f"flatten everything but batch and steps to {features} features", 1)
    if len(shape) > 2 and math.prod(shape[1:]) == features:
        yield Move(".flatten(1)", f"flatten everything but the batch to {features} features", 1)
    elif len(shape) > 1 and math.prod(shape) == features:
        yield Move(".reshape(1, -1)", f"make it a batch of one with {features} features", 1.5)


def _sequences(shape: tuple[int, ...], wanted: Wanted) -> Iterator[Move]:
    """The features to the last axis of three; an axis of size 1 may go."""
    ones = [axis for axis, size in enumerate(shape) if size == 1 and axis]
    layout = "(steps, batch, features)" if wanted.sequence_first else "(batch, steps, features)"
    for dropped in itertools.combinations(ones, max(0, len(shape) - 3)):
        left = [axis for axis in range(len(shape)) if axis not in dropped]
        for features in left[1:] if len(left) == 3 else ():
            if shape[features] != wanted.channels:
                continue
            batch, steps = [axis for axis in left if axis != features]
            order = [left.index(axis) for axis in ((steps, batch) if wanted.sequence_first else (batch, steps))]
            order.append(left.index(features))
            text = _squeezed(dropped) + (_permuted(order) if order != [0, 1, 2] else "")
            if text:
                copied = f"{text}.contiguous()" if order != [0, 1, 2] else ""
                yield Move(text, f"bring it to {layout}", 1 + len(dropped) / 2, copied)


def _permutations(shape: tuple[int, ...], channels: int | None, spatial: int) -> Iterator[Move]:
    """All ways to (N, C, *spatial) by dropping axes of size 1, moving the channels, and adding axes of size 1."""
    ones = [axis for axis, size in enumerate(shape) if size == 1]
    for count in range(len(ones) + 1):
        for dropped in itertools.combinations(ones, count):
            left = [axis for axis in range(len(shape)) if axis not in dropped]
            for channel in [*left, None]:
                others = [axis for axis in left if axis != channel]
                if channel is None:
                    fits = channels in (1, None)
                elif channels is None:
                    fits = channel == left[-spatial - 1 :][0]
                else:
                    fits = shape[channel] == channels
                move = _move(shape, dropped, channel, others, spatial) if fits else None
                if move is not None:
                    yield move


def _move(
    shape: tuple[int, ...], dropped: tuple[int, ...], channel: int | None, others: list[int], spatial: int
) -> Move | None:
    """Axes of size 1 dropped, the channels brought to their place, axes of size 1 added."""
    if len(others) not in (spatial, spatial + 1):
        return None
    cost, text, words, other = float(len(dropped)), _squeezed(dropped), [], ""
    batched = len(others) == spatial + 1
    kept = [axis for axis in range(len(shape)) if axis not in dropped]
    if dropped:
        words.append(f"drop {numbered('axis', dropped)}, of size 1")
    if channel is not None:
        order = [others[0], channel, *others[1:]] if batched else [channel, *others]
        new = [kept.index(axis) for axis in order]
        if sorted(new) != new:
            axis, permuted = kept.index(channel), _permuted(new)
            other = text + in_order(permuted, axis, int(batched), shape[channel])
            text += permuted
            words.append(f"bring axis {channel}, the {_channels_of(shape[channel])}, in front of the spatial axes")
            usual = channel == kept[-1] or (batched and channel == kept[2])
            cost += (1.0 if usual else 3.0) + (1.0 if shape[channel] == 1 else 0.0)
    elif batched:
        text += ".unsqueeze(1)"
        words.append("add the channel axis that is missing")
        cost += 0.8
    if not batched and channel is not None:
        text += ".unsqueeze(0)"
        other += ".unsqueeze(0)" if other else ""
        words.append("add the batch axis that is missing")
        cost += 0.7
    elif not batched:
        text += ".unsqueeze(0).unsqueeze(0)"
        words.append("add the batch axis and the channel axis that are missing")
        cost += 1.0
    if not text or (dropped and ".unsqueeze" in text):
        return None  # an axis of size 1 that goes and comes again is a move, and moves are among the others
    return Move(text, " and ".join(words), cost, other)


def _squeezed(dropped: tuple[int, ...]) -> str:
    return "".join(f".squeeze({axis})" for axis in reversed(dropped))


def _permuted(order: list[int]) -> str:
    swapped = [axis for axis, new in enumerate(order) if axis != new]
    if len(swapped) == 2 and swapped[1] - swapped[0] == 1:
        return f".transpose({swapped[0]}, {swapped[1]})"
    return f".permute({', '.join(map(str, order))})"


def _channels_of(number: int) -> str:
    return "channel" if number == 1 else f"{number} channels"


def _unfolded(shape: tuple[int, ...], channels: int | None, spatial: int) -> Iterator[Move]:
    """Axes that were flattened away."""
    if len(shape) == 2 and channels is not None and spatial:
        side = square_side(shape[1], channels, spatial)
        one_signal = spatial == 1 and shape[0] == channels
        if side > 1 and not one_signal:
            sizes = (channels, *[side] * spatial)
            text = f".reshape(-1, {', '.join(map(str, sizes))})"
            yield Move(text, f"undo the flattening ({shape[1]} = {by(sizes)})", 1)
        if shape[1] == channels:
            text = f"[:, :, {', '.join(['None'] * spatial)}]"
            yield Move(text, "add the spatial axes that are missing, of size 1", 1)
    if len(shape) == 3 and spatial == 2 and channels in (None, shape[1]):
        side = square_side(shape[2], 1, 2)
        if side > 1:
            yield Move(f".unflatten(2, ({side}, {side}))", f"undo the flattening of {side} x {side} to {shape[2]}", 0.9)


def _folded(shape: tuple[int, ...], channels: int | None, spatial: int) -> Iterator[Move]:
    """One spatial axis too few or too many."""
    if len(shape) == spatial + 1 and shape[1] == channels and spatial > 1:
        yield Move(".unsqueeze(2)", "add an axis of depth 1", 2.2)
    if len(shape) != spatial + 3:
        return
    last = shape[-1]
    if channels in (None, shape[2]):
        yield Move(".flatten(0, 1)", f"make the {shape[0]} x {shape[1]} of the first two axes one batch", 2.0)
    if shape[1] == channels:
        words = f"make each of the {shape[2]} slices along axis 2 a sample of its own"
        yield Move(".transpose(1, 2).flatten(0, 1)", words, 2.5)
        yield Move(".mean(2)", f"take the mean over the {shape[2]} slices along axis 2", 3.5)
    if last in (2, 3, 4) and channels in (None, shape[1]):
        yield Move(".mean(-1)", f"take the mean over the last axis, of size {last}", 1.5)
        yield Move("[..., 0]", f"keep the first of the {last} along the last axis", 2.5)
    if shape[0] == 1 and channels in (None, shape[2]):
        yield Move("[0]", "drop the first axis, of size 1", 1.2)


def _channels(shape: tuple[int, ...], channels: int | None, spatial: int) -> Iterator[Move]:
    """The right layout, another number of channels."""
    if channels is None or len(shape) not in (spatial + 1, spatial + 2):
        return
    axis = len(shape) - spatial - 1
    given = shape[axis]
    first = f"[:, :{channels}]" if axis == 1 else f"[:{channels}]"
    if axis == 0 and given > 4:  # then it is rather the batch
        return
    if given == 1 and channels > 1:
        sizes = ", ".join(str(channels) if each == axis else "-1" for each in range(len(shape)))
        yield Move(f".expand({sizes})", f"repeat the one channel {channels} times", 1.8 if channels == 3 else 4)
    if channels == 1 and given in (2, 3, 4):
        yield Move(f".mean({axis}, keepdim=True)", f"take the mean of the {given} channels", 1.9)
        yield Move(first, f"keep the first of the {given} channels", 3.5)
    elif given > channels > 0:
        kept = "the first" if channels == 1 else f"the first {channels}"
        yield Move(first, f"keep {kept} of the {given} channels", 1.5 if (given, channels) == (4, 3) else 5)
