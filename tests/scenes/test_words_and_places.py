"""Small things that a reader sees: counts in words, what is left out of them, colours, digits and places."""

from __future__ import annotations

import re

import pytest
import torch

from convlab import scenes
from convlab.arithmetic import ConvSpec
from convlab.scenes import Grid
from convlab.scenes.layout import below, beside, edges
from convlab.scenes.numbers import MOST_TERMS, decimals_of, sum_of_products


@pytest.mark.parametrize("terms", [MOST_TERMS, MOST_TERMS + 1, 100])
def test_products_shown_and_products_counted_are_all(terms: int) -> None:
    text = sum_of_products([(1, number) for number in range(terms)], 7, bias=2)
    shown = re.findall(r"1\*(\d+)", text)
    (left_out,) = re.findall(r"\((\d+) more products\)", text) or ["0"]
    assert len(shown) + int(left_out) == terms
    assert (shown[0], shown[-1], text[-8:]) == ("0", str(terms - 1), " + 2 = 7")


@pytest.mark.parametrize(
    ("numbers", "digits"),
    [
        pytest.param([1.0, -20.0], 0, id="whole"),
        pytest.param([0.5, 2.0], 1, id="halves"),
        pytest.param([0.25], 2, id="quarters"),
        pytest.param([1 / 3], 2, id="thirds"),
    ],
)
def test_cells_have_as_many_digits_as_they_need(numbers: list[float], digits: int) -> None:
    assert decimals_of(torch.tensor(numbers, dtype=torch.float64)) == digits


def test_a_weight_of_0_is_no_gap_in_a_matrix() -> None:
    scene = scenes.matrix(ConvSpec(1, 1, (3,)), 4, torch.tensor([[[1.0, 0.0, 2.0]]]))
    assert scene.grid("matrix").kinds == ("...z", "z...")
    assert "of which 6 hold weights" in scene.alt


@pytest.mark.parametrize("picture", [scenes.matrix_and_transpose, scenes.overlap])
def test_places_named_and_places_counted_are_all(picture: object) -> None:
    if picture is scenes.overlap:
        text = scenes.overlap(ConvSpec(1, 1, (9,), transposed=True), 9).steps[8].text
        named = re.findall(r"(\d) by tap", text)
    else:
        text = scenes.matrix_and_transpose(ConvSpec(1, 1, (9,)), 9).steps[0].text.splitlines()[0]
        named = re.findall(r"\d", text.split("input ")[1].split(", and")[0])
    assert len(named) == 6
    assert text.endswith("and 3 more")


def test_counts_have_the_colours_of_counts() -> None:
    assert scenes.overlap(ConvSpec(1, 1, (3,), transposed=True), 3).grid("output").scale == "count"


def test_the_layer_of_this_channel_is_the_last() -> None:
    layers = [ConvSpec(4, 6, (3,), groups=2, bias=False), ConvSpec(6, 2, (1,), bias=False)]
    last, first = scenes.channels(layers).steps[0].text.splitlines()
    assert last == "layer 2: 6 input channels x 1 = 6 weights for this channel; 12 in all"
    assert first == "layer 1: 2 input channels x 3 = 6 weights for each of 6 channels; 36 in all"


@pytest.mark.parametrize("picture", [scenes.scatter, scenes.gather])
def test_too_many_products_of_few_cells_are_refused(picture: object) -> None:
    spec = ConvSpec(1, 1, (9, 9), transposed=True)
    with pytest.raises(ValueError, match=r"4000 products, but here are [0-9]+ cells and [0-9]+ products"):
        picture(spec, 9)  # type: ignore[operator]


def test_blocks_come_to_the_corner_from_wherever_they_stood() -> None:
    wide, narrow = Grid("a", ((1, 2, 3),), left=7, top=5), Grid("b", ((1,),), left=-4, top=-9)
    for put in (beside, below):
        assert edges(put([wide], [narrow]))[:2] == (0, 0)
    assert [grid.left for grid in below([wide], [narrow], centred=False)] == [0, 0]
    assert [grid.left for grid in below([wide], [narrow])] == [0, 1]


def test_groups_are_named_in_title_and_alt() -> None:
    scene = scenes.sliding_window(ConvSpec(4, 2, (1,), groups=2), 3)
    assert scene.title.endswith("C_in = 4, C_out = 2, groups 2")
    assert "over 4 channels of 3 numbers in 2 groups;" in scene.alt
