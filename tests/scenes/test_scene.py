"""The contract of every scene: what it refuses, that JSON keeps all of it, and that it is the same at each call."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import torch

from convlab import scenes
from convlab.arithmetic import ConvSpec
from convlab.scenes import Change, Grid, Label, Link, Mark, Place, Scene, Step

BUILDERS: list[Any] = [
    pytest.param(lambda: scenes.sliding_window(ConvSpec(2, 2, (3,), padding=1), 5), id="sliding window, 1D"),
    pytest.param(lambda: scenes.sliding_window(ConvSpec(1, 1, (3, 3)), (4, 5)), id="sliding window, 2D"),
    pytest.param(lambda: scenes.sliding_window(ConvSpec(2, 2, (2, 2, 2), groups=2), 3), id="sliding window, 3D"),
    pytest.param(
        lambda: scenes.sliding_window(
            ConvSpec(1, 1, (2,)),
            torch.tensor([[0.1, -1 / 3, 1e-12]], device="cpu"),
            torch.tensor([[[1e6, 0.7]]], device="cpu"),
            torch.tensor([0.25], device="cpu"),
        ),
        id="sliding window, fractions",
    ),
    pytest.param(lambda: scenes.padding_modes(5, 2), id="padding modes, 1D"),
    pytest.param(lambda: scenes.padding_modes((3, 4), (2, 1)), id="padding modes, 2D"),
    pytest.param(lambda: scenes.unfold(ConvSpec(2, 2, (2,), padding=1), 4), id="unfold, 1D"),
    pytest.param(lambda: scenes.unfold(ConvSpec(1, 1, (2, 2)), 3), id="unfold, 2D"),
]

every_builder = pytest.mark.parametrize("build", BUILDERS)

WHOLE = Scene(
    "all parts",
    "a scene that has every part",
    (
        Grid("input", ((1, 2.5, None),), kinds=("p.z",), title="in", across="W = 3", down="H = 1", first=(0, -1)),
        Grid("output", ((0,),), left=4, top=0.5, side=2, scale="count", limit=3, decimals=None),
    ),
    (
        Step(
            "the first",
            "two\nlines",
            (Mark("input", "read", ((0, 0), (0, 1)), ("a", "b")), Mark("output", "written", ((0, 0),))),
            (0,),
            (Change("output", 0, 0, 3.5),),
            (Place("output", 0, 0),),
        ),
        Step("the second", changes=(Change("output", 0, 0, 4),)),
    ),
    (Link(Place("input", 0, 0), Place("output", 0, 0)),),
    (Label("=", 3.5, 0.5),),
    True,
)


@every_builder
def test_json_keeps_all_of_it(build: Callable[[], Scene]) -> None:
    scene = build()
    assert Scene.from_json(scene.to_json()) == scene
    assert Scene.from_json(scene.to_json()).to_json() == scene.to_json()


def test_json_keeps_every_part() -> None:
    assert Scene.from_json(WHOLE.to_json()) == WHOLE
    names = {field.name for field in dataclasses.fields(Scene)}
    assert set(json.loads(WHOLE.to_json())) == names == set(WHOLE.to_dict())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('["output",0,0,3.5]', '["output",0,0,3.25]', id="a number"),
        pytest.param('"decimals":null', '"decimals":1', id="how a number is written"),
        pytest.param('"kinds":["p.z"]', '"kinds":["..z"]', id="a kind"),
        pytest.param('"notes":["a","b"]', '"notes":["a","c"]', id="a note"),
        pytest.param('"accumulates":true', '"accumulates":false', id="how numbers come"),
    ],
)
def test_the_comparison_sees_a_small_change(old: str, new: str) -> None:
    text = WHOLE.to_json()
    assert text.count(old) == 1
    assert Scene.from_json(text.replace(old, new)) != WHOLE


@every_builder
def test_is_the_same_at_each_call_and_leaves_chance_alone(build: Callable[[], Scene]) -> None:
    torch.manual_seed(3)
    state = torch.get_rng_state()
    first = build()
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(4)
    assert build() == first
    assert hash(build()) == hash(first)


@every_builder
@pytest.mark.usefixtures("meta_device")
def test_is_built_whatever_the_default_device_is(build: Callable[[], Scene]) -> None:
    scene = build()
    torch.set_default_device(None)
    assert build() == scene


@every_builder
def test_is_told_in_words(build: Callable[[], Scene]) -> None:
    scene = build()
    assert scene.title
    assert re.fullmatch(r"[A-Z].{20,250}\.", scene.alt), scene.alt
    for step in scene.steps:
        assert step.title
        assert step.text
        assert step.at
        assert step.marks
    assert len({step.title for step in scene.steps}) == len(scene.steps)


@every_builder
def test_each_number_changes_once_and_comes_to_where_none_was(build: Callable[[], Scene]) -> None:
    scene = build()
    assert not scene.accumulates
    changed = [(change.grid, change.row, change.column) for step in scene.steps for change in step.changes]
    assert len(set(changed)) == len(changed)
    assert all(scene.grid(grid).values[row][column] is None for grid, row, column in changed)
    assert None not in [value for rows in scene.values_at(-1).values() for row in rows for value in row]


GRID = Grid("input", ((1, 2, 3), (4, 5, 6)))
STEP = Step("a step")


@pytest.mark.parametrize(
    ("build", "words"),
    [
        pytest.param(lambda: Grid("a", ()), "rows of one length, at least 1, but 'a' has rows of []", id="no rows"),
        pytest.param(lambda: Grid("a", ((),)), "but 'a' has rows of [0]", id="no columns"),
        pytest.param(lambda: Grid("a", ((1,), (1, 2))), "but 'a' has rows of [1, 2]", id="uneven rows"),
        pytest.param(lambda: Grid("a", ((1, 2),), kinds=("p",)), "a letter for each cell", id="too few kinds"),
        pytest.param(lambda: Grid("a", ((1,),), kinds=("x",)), "kinds must be letters of", id="an unknown kind"),
        pytest.param(lambda: Scene("", "", (), (STEP,)), "a scene needs grids", id="no grids"),
        pytest.param(lambda: Scene("", "", (GRID, GRID), (STEP,)), "a name of its own", id="a name twice"),
        pytest.param(lambda: Scene("", "", (GRID,), ()), "a scene needs at least one step", id="no steps"),
        pytest.param(
            lambda: Scene("", "", (GRID,), (Step("", marks=(Mark("input", "read", ((2, 0),)),)),)),
            "a mark must lie in its grid, but row 2, column 0 of 'input' does not: it has 2 x 3 cells",
            id="a mark below the grid",
        ),
        pytest.param(
            lambda: Scene("", "", (GRID,), (Step("", marks=(Mark("input", "read", ((0, -1),)),)),)),
            "row 0, column -1",
            id="a mark left of the grid",
        ),
        pytest.param(
            lambda: Scene("", "", (GRID,), (Step("", marks=(Mark("output", "read", ((0, 0),)),)),)),
            "of 'output' does not: it has 0 x 0 cells",
            id="a mark in no grid",
        ),
        pytest.param(
            lambda: Scene("", "", (GRID,), (Step("", marks=(Mark("input", "read", ((0, 0),), ("a", "b")),)),)),
            "a note for each of its cells or none",
            id="notes that do not fit",
        ),
        pytest.param(
            lambda: Scene("", "", (GRID,), (Step("", changes=(Change("input", 0, 3, 1),)),)),
            "a change must lie in its grid",
            id="a change beside the grid",
        ),
        pytest.param(
            lambda: Scene("", "", (GRID,), (Step("", at=(Place("input", 5, 5),)),)),
            "a place of a step must lie in its grid",
            id="a place beside the grid",
        ),
        pytest.param(
            lambda: Scene("", "", (GRID,), (STEP,), (Link(Place("input", 0, 0), Place("input", 9, 0)),)),
            "a link must lie in its grid",
            id="a link to nowhere",
        ),
        pytest.param(
            lambda: Scene("", "", (GRID,), (Step("", links=(0,)),)), "a step must light links", id="a link too many"
        ),
    ],
)
def test_refuses(build: Callable[[], object], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        build()


def test_the_same_parts_are_taken_where_they_fit() -> None:
    mark = Mark("input", "read", ((1, 2),), ("a",))
    link = Link(Place("input", 0, 0), Place("input", 1, 2))
    step = Step("", "", (mark,), (0,), (Change("input", 1, 2, None),), (Place("input", 1, 2),))
    assert Scene("", "", (GRID,), (step,), (link,)).values_at(0)["input"][1] == [4, 5, None]


def test_a_number_that_json_does_not_have_is_refused() -> None:
    scene = Scene("", "", (Grid("input", ((float("nan"),),)),), (STEP,))
    with pytest.raises(ValueError, match="not JSON compliant"):
        scene.to_json()


def test_json_of_a_mark_outside_its_grid_is_refused() -> None:
    text = Scene("", "", (GRID,), (Step("", at=(Place("input", 1, 2),)),)).to_json()
    with pytest.raises(ValueError, match="must lie in its grid"):
        Scene.from_json(text.replace('["input",1,2]', '["input",1,3]'))


def test_numbers_so_far() -> None:
    assert [WHOLE.values_at(step)["output"] for step in (0, 1, -1, -2)] == [[[3.5]], [[4]], [[4]], [[3.5]]]
    assert WHOLE.grids[1].values == ((0,),)
    with pytest.raises(IndexError):
        WHOLE.values_at(2)


def test_size_and_grid() -> None:
    assert WHOLE.size == (6, 2.5)
    assert WHOLE.grid("output").side == 2
    with pytest.raises(KeyError):
        WHOLE.grid("kernel")
