"""What is said of every element of a tensor is what a NaN in the input shows, through any functions in a row."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from functools import partial
from operator import itemgetter
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from convlab.arithmetic.fields import Span
from convlab.inspection import record
from convlab.inspection.axis_seen import AxisSeen, hull
from convlab.inspection.rules import Views, follow
from convlab.inspection.seen import Seen

SHAPE = (4, 6)
Step = Callable[[Tensor], Tensor]


class Steps(nn.Module):
    def __init__(self, steps: list[Step]) -> None:
        super().__init__()
        self.steps = steps

    def forward(self, x: Tensor) -> Tensor:
        for step in self.steps:
            x = step(x)
        return x


def seen_after(steps: list[Step], shape: tuple[int, ...] = SHAPE) -> Seen:
    made = record(Steps(steps), [torch.empty(shape, device="meta")])
    assert made.error is None
    views = Views(made)
    for call in made.model.walk():
        if call.module is None:
            follow(call, views)
    return views[made.model.outputs[0]]


def shown_by_nan(
    steps: list[Step], axis: int, shape: tuple[int, ...] = SHAPE
) -> Iterator[tuple[tuple[int, ...], Span]]:
    """Each element of the output by its place, with the first and last input index along the axis that it sees."""
    x = torch.rand(shape, dtype=torch.float64)
    reached = []
    for index in range(shape[axis]):
        spoiled = x.clone()
        spoiled.select(axis, index).fill_(torch.nan)
        reached.append(Steps(steps)(spoiled).isnan())
    for place in itertools.product(*map(range, reached[0].shape)):
        indices = [index for index, nans in enumerate(reached) if nans[place]]
        yield place, (indices[0], indices[-1]) if indices else None


def said(seen: Seen, axis: AxisSeen, place: tuple[int, ...]) -> Span:
    """What is said of the element at this place."""
    index_of = {}
    for factors, index in zip(seen.dims, place, strict=True):
        for factor in reversed(factors):
            index, index_of[factor] = divmod(index, factor.size)
    row = 0
    for factor in axis.along:
        row = row * factor.size + index_of[factor]
    return hull(axis.fixed, axis.field.at(row) if axis.field else None)


def check(steps: list[Step], shape: tuple[int, ...] = SHAPE) -> list[bool]:
    """Whether what the elements see of each axis is said; that it is right is asserted."""
    seen = seen_after(steps, shape)
    known = []
    for number, axis in enumerate(seen.axes):
        shown = dict(shown_by_nan(steps, number, shape))
        ordered = axis.defined and not (axis.along and axis.field is None)
        for place, span in shown.items():
            if ordered:
                assert said(seen, axis, place) == span, (number, place)
        if axis.defined and not ordered:
            assert axis.fixed == hull(*shown.values()), "all of them together"
        known.append(ordered)
    return known


def shapes_of(count: int) -> list[tuple[int, ...]]:
    """Ways to write a number as a product of one to three factors."""
    divisors = [size for size in range(1, count + 1) if count % size == 0]
    triples = [(a, b, count // a // b) for a in divisors for b in divisors if count % (a * b) == 0]
    return [(count,), *((a, b * c) for a, b, c in triples), *triples]


def with_mean(x: Tensor, dim: int) -> Tensor:
    return x + x.mean(dim, keepdim=True)


def stacked(x: Tensor, dim: int, times: int) -> Tensor:
    return torch.stack([x] * times, dim)


@st.composite
def programs(draw: st.DrawFn) -> list[Step]:
    """Functions that each fit the shape that those before it give."""
    steps: list[Step] = []
    x = torch.empty(SHAPE)
    for _ in range(draw(st.integers(1, 6))):
        ndim, kind = x.ndim, draw(st.integers(0, 10))
        dim = draw(st.integers(0, ndim - 1))
        size = x.shape[dim]
        step: Step
        if kind <= 2:
            step = partial(torch.reshape, shape=draw(st.sampled_from(shapes_of(math.prod(x.shape)))))
        elif kind <= 4:
            step = partial(torch.permute, dims=draw(st.permutations(range(ndim))))
        elif kind == 5:
            step = partial(torch.mean, dim=dim, keepdim=draw(st.booleans()))
        elif kind == 6:
            step = partial(torch.select, dim=dim, index=draw(st.integers(-size, size - 1)))
        elif kind == 7 and size > 1:
            part = slice(draw(st.integers(0, size - 1)), None, draw(st.integers(1, 3)))
            step = itemgetter((slice(None),) * dim + (part,))
        elif kind == 8 and ndim > 1:
            step = partial(F.avg_pool1d, kernel_size=draw(st.integers(1, x.shape[-1])), stride=draw(st.integers(1, 3)))
        elif kind == 9:
            step = partial(with_mean, dim=dim)
        elif ndim < 4:
            step = partial(stacked, dim=draw(st.integers(0, ndim)), times=draw(st.integers(1, 2)))
        else:
            step = partial(torch.flip, dims=(dim,))
        if x.ndim == 0 or (kind == 8 and x.ndim > 3):
            break
        x = step(x)
        steps.append(step)
        if x.ndim == 0 or x.ndim > 3 or x.numel() == 0:
            break
    return steps


@settings(max_examples=150, deadline=None)
@given(programs())
def test_whatever_is_said_is_right(steps: list[Step]) -> None:
    assume(steps and Steps(steps)(torch.empty(SHAPE)).numel() > 0)
    check(steps)


# What the rules must be able to say, so that saying nothing is no way out.
@pytest.mark.parametrize(
    ("steps", "known"),
    [
        pytest.param([lambda x: x.flatten()], [True, True], id="flattened"),
        pytest.param([lambda x: x.flatten(), lambda x: x.reshape(4, 6)], [True, True], id="and back"),
        pytest.param([lambda x: x.flatten(), lambda x: x.mean(0)], [True, True], id="flattened and mixed"),
        pytest.param([lambda x: x.reshape(2, 2, 3, 2), lambda x: x.mean((1, 3))], [True, True], id="blocks of 2 x 2"),
        pytest.param([lambda x: x.reshape(2, 2, 6), lambda x: x.mean(0)], [True, True], id="rows apart"),
        pytest.param([lambda x: x.reshape(6, 4)], [True, False], id="cut anew across the axes"),
        pytest.param([lambda x: x.reshape(6, 4), lambda x: x.mean((0, 1))], [True, True], id="and mixed"),
        pytest.param(
            [lambda x: x.t(), lambda x: x.reshape(4, 6)], [False, True], id="a view instead of a transposition"
        ),
        pytest.param([lambda x: x.flip(1)], [True, False], id="turned around"),
        pytest.param([lambda x: x.unsqueeze(0), lambda x: x.squeeze(0)], [True, True], id="an axis put in and out"),
        pytest.param([lambda x: x.repeat(1, 2), lambda x: x.reshape(4, 2, 6)], [True, True], id="repeated as a whole"),
        pytest.param([lambda x: x.repeat_interleave(2, 0)], [True, True], id="each repeated"),
        pytest.param([lambda x: torch.cat([x[:2], x[2:]], 0)], [False, True], id="cut and put together again"),
        pytest.param([lambda x: x.unflatten(1, (3, 2)).movedim(2, 0)], [True, True], id="cut and moved"),
        pytest.param([lambda x: x @ x.t()], [False, True], id="each row with each"),
        pytest.param([lambda x: torch.einsum("ij,kj->ik", x, torch.ones(3, 6).to(x))], [True, True], id="einsum"),
        pytest.param([lambda x: x.softmax(1)], [True, True], id="softmax"),
        pytest.param([lambda x: x.max(1).values], [True, True], id="a maximum"),
        pytest.param([lambda x: x.unbind(1)[2]], [True, True], id="unbound"),
        pytest.param([lambda x: x[:, None, ::2][..., 1]], [True, True], id="indices of all kinds"),
        pytest.param([lambda x: x.narrow(1, 2, 3), lambda x: x.expand(2, 4, 3)], [True, True], id="narrowed, expanded"),
    ],
)
def test_what_can_be_said(steps: list[Step], known: list[bool]) -> None:
    assert check(steps) == known


@pytest.mark.parametrize(
    ("shape", "steps"),
    [
        pytest.param((1, 4, 4, 6), [lambda x: F.pixel_shuffle(x, 2)], id="channels to pixels"),
        pytest.param((1, 1, 4, 6), [lambda x: F.pixel_unshuffle(x, 2)], id="pixels to channels"),
        pytest.param((1, 2, 4, 6), [lambda x: F.conv2d(x, torch.ones(4, 1, 1, 1).to(x), groups=2)], id="groups"),
        pytest.param((1, 6, 5), [lambda x: F.conv1d(x, torch.ones(4, 3, 2).to(x), groups=2)], id="groups of three"),
        pytest.param(
            (1, 2, 3), [lambda x: F.conv_transpose1d(x, torch.ones(2, 1, 2).to(x), stride=2)], id="transposed"
        ),
        pytest.param((1, 1, 7), [lambda x: F.adaptive_avg_pool1d(x, 3)], id="to a given size"),
        pytest.param((1, 1, 6), [lambda x: F.interpolate(x, 4)], id="the nearest of fewer"),
        pytest.param((1, 1, 6), [lambda x: F.interpolate(x, 9)], id="the nearest of more"),
        pytest.param((1, 1, 4), [lambda x: F.interpolate(x, 6, mode="nearest-exact")], id="the exactly nearest"),
        pytest.param((1, 1, 6), [lambda x: F.interpolate(x, scale_factor=0.4)], id="the nearest, by a factor"),
        pytest.param((1, 1, 6), [lambda x: F.interpolate(x, 4, mode="area")], id="areas"),
        pytest.param((2, 3, 4), [lambda x: F.scaled_dot_product_attention(x, x, x)], id="attention"),
        pytest.param((2, 3, 4), [lambda x: torch.bmm(x, x.mT)], id="products of batches"),
        pytest.param((2, 3, 4), [lambda x: F.linear(x, torch.ones(5, 4).to(x))], id="a linear layer"),
    ],
)
def test_layers(shape: tuple[int, ...], steps: list[Step]) -> None:
    """Without padding, so that every element is as if far from the border."""
    known = check(steps, shape)
    assert any(known)


def test_channels_of_one_place_count_together_but_samples_do_not() -> None:
    """By convention a place sees what any of its channels sees."""
    halves: Step = lambda x: torch.cat([x[..., ::2], x[..., 1::2]], 1)  # noqa: E731
    (*_, axis) = seen_after([halves], (2, 1, 3, 6)).axes
    assert axis.field is not None
    assert (axis.field.size, axis.field.jump) == (2, 2)
    (*_, axis) = seen_after([lambda x: torch.cat([x[..., :3], x[..., 3:]], 0)], (2, 1, 3, 6)).axes
    assert not axis.defined


def test_no_window_reads_behind_the_last_of_what_was_mixed_in_front() -> None:
    """Each of these elements sees four, 6 apart; behind the last there is none."""
    mixed: Step = lambda x: x.reshape(4, 6).mean(0)  # noqa: E731
    assert check([mixed], (24,)) == [True]
    (axis,) = seen_after([mixed], (24,)).axes
    assert axis.extent(24) is None
    (axis,) = seen_after([mixed, lambda x: F.avg_pool1d(x[None], 3, 1)[0]], (24,)).axes
    assert not axis.defined


def test_a_wrong_word_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from convlab.inspection import rules

    def wrong(call: Any, views: Views) -> Seen:
        return views.only(call)

    monkeypatch.setitem(rules.RULES, "transpose", wrong)
    with pytest.raises(AssertionError):
        check([lambda x: x[:, :4].transpose(0, 1)])


def test_a_rule_of_another_shape_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    from convlab.inspection import rules

    monkeypatch.setitem(rules.RULES, "transpose", lambda call, views: views.only(call))
    assert check([lambda x: x.transpose(0, 1)]) == [False, False]
