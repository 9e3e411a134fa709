"""The algebra of spans against sets of indices, followed one by one."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convlab.arithmetic.fields import Field, Span, transposed_taps, union, window_taps

Layer = tuple[int, list[list[int]]]
"""The step in the input for each period of the output, and what the outputs of the first period read."""


def windows() -> st.SearchStrategy[Layer]:
    sizes = st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(0, 4), st.integers(1, 3))
    return sizes.map(lambda s: (s[1], [list(reads) for reads in window_taps(s[0], before=s[2], dilation=s[3])]))


def upsamplings() -> st.SearchStrategy[Layer]:
    sizes = st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(0, 4), st.integers(1, 3))
    return sizes.map(lambda s: (1, transposed_taps(s[0], stride=s[1], before=s[2], dilation=s[3])))


def any_layers() -> st.SearchStrategy[Layer]:
    reads = st.lists(st.lists(st.integers(-5, 5), max_size=3), min_size=1, max_size=3)
    return st.tuples(st.integers(1, 4), reads)


CHAINS = st.lists(windows() | upsamplings() | any_layers(), max_size=4)


def seen(layers: list[Layer], index: int) -> Span:
    """What one output sees, index by index, from the output side."""
    indices = {index}
    for step, taps in reversed(layers):
        places = [(divmod(i, len(taps))) for i in indices]
        indices = {period * step + tap for period, place in places for tap in taps[place]}
    return (min(indices), max(indices)) if indices else None


def followed(layers: list[Layer]) -> Field:
    field = Field()
    for step, taps in layers:
        field = field.through(step, taps)
    return field


@given(CHAINS, st.integers(-50, 50))
def test_each_element_sees_what_following_its_taps_finds(layers: list[Layer], index: int) -> None:
    assert followed(layers).at(index) == seen(layers, index)


@given(CHAINS, st.integers(1, 40))
def test_the_whole_is_what_the_elements_see_together(layers: list[Layer], length: int) -> None:
    spans = [span for span in (seen(layers, index) for index in range(length)) if span]
    expected = (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None
    assert followed(layers).whole(length) == expected


@given(CHAINS)
def test_no_shorter_period_repeats_itself(layers: list[Layer]) -> None:
    field = followed(layers)
    period = len(field.spans)
    for length in range(1, period):
        if field.jump * length % period == 0:
            shorter = Field(field.jump * length // period, field.spans[:length])
            assert any(shorter.at(index) != field.at(index) for index in range(period))


@given(CHAINS, CHAINS, st.integers(-20, 20))
def test_a_union_sees_what_its_branches_see(one: list[Layer], two: list[Layer], index: int) -> None:
    joined = union(followed(one), followed(two))
    if joined is None:
        assert followed(one).per_element != followed(two).per_element
        return
    ends = [end for layers in (one, two) for end in seen(layers, index) or ()]
    assert joined.at(index) == ((min(ends), max(ends)) if ends else None)


@pytest.mark.parametrize(
    ("field", "size", "per_element", "start"),
    [
        pytest.param(Field(), 1, 1, 0, id="the input itself"),
        pytest.param(Field(2, ((-3, 3),)), 7, 2, -3, id="a stem of 7 with stride 2"),
        pytest.param(Field(1, ((-1, 0), (0, 0))), 2, Fraction(1, 2), -1, id="upsampled by 2"),
        pytest.param(Field(1, (None, (4, 6))), 3, Fraction(1, 2), None, id="element 0 sees nothing"),
        pytest.param(Field(1, (None,)), 0, 1, None, id="nobody sees anything"),
    ],
)
def test_numbers(field: Field, size: int, per_element: Fraction, start: int | None) -> None:
    assert (field.size, field.per_element, field.start) == (size, per_element, start)


def test_a_long_kernel_costs_no_more_than_a_short_one() -> None:
    assert Field().through(1, window_taps(10**12)).size == 10**12
