"""What every explorer does: it follows its controls, says why settings are refused, and lets no defect pass."""

from __future__ import annotations

import asyncio
import base64
import io
from typing import Any

import ipywidgets  # type: ignore[import-untyped]
import pytest
import torch
from PIL import Image

from convlab.explorers import base
from convlab.explorers.base import Explorer, Shown, choice, whole, yes_no
from convlab.scenes import Change, Grid, Mark, Place, Scene, Step


def row(count: int, numbers: str = "up") -> Shown:
    """A row of numbers, one step for each; nine are refused, eight are a defect."""
    if count == 9:
        raise ValueError(f"count must not be 9, but count={count}")
    if count == 8:
        raise KeyError("count")
    steps = tuple(
        Step(
            f"number {n if numbers == 'up' else count - 1 - n}",
            marks=(Mark("row", "read", ((0, n),)),),
            changes=(Change("row", 0, n, n),),
            at=(Place("row", 0, n),),
        )
        for n in range(count)
    )
    scene = Scene("a row", f"{count} numbers in a row.", (Grid("row", ((None,) * count,), limit=9),), steps)
    return Shown(scene, f"{count} numbers")


@pytest.fixture
def explorer() -> Explorer:
    return Explorer("row", {"count": whole("count", 4, 1, 9), "numbers": choice("numbers", "up", ("up", "down"))}, row)


def test_it_shows_the_scene_of_its_settings(explorer: Explorer) -> None:
    assert explorer.scene == row(4).scene
    assert Scene.from_json(explorer.view.scene) == row(4).scene
    assert (explorer.text, explorer.message, explorer.step) == ("4 numbers", "", 0)
    assert explorer.values() == {"count": 4, "numbers": "up"}
    assert repr(explorer) == "row: 4 numbers in a row."


def test_a_scene_alone_needs_no_text() -> None:
    assert Explorer("row", {"count": whole("count", 2, 1, 9)}, lambda count: row(count).scene).text == ""


def test_it_follows_a_control(explorer: Explorer) -> None:
    explorer.controls["count"].value = 6
    assert explorer.scene == row(6).scene
    explorer.controls["numbers"].set_state({"index": 1})  # what the browser sends
    assert explorer.scene == row(6, "down").scene


def test_a_refusal_stands_in_place_of_the_picture_until_the_next_change(explorer: Explorer) -> None:
    explorer.set(count=9)
    assert (explorer.scene, explorer.view.scene, explorer.text) == (None, "", "")
    assert explorer.message == "count must not be 9, but count=9"
    assert repr(explorer) == "row: count must not be 9, but count=9"
    explorer.set(count=5)
    assert (explorer.message, explorer.scene) == ("", row(5).scene)


def test_a_defect_is_raised_and_said(explorer: Explorer) -> None:
    with pytest.raises(KeyError, match="count"):
        explorer.controls["count"].value = 8
    assert explorer.message == "This is a defect of the explorer: KeyError: 'count'"
    assert explorer.scene is None
    with pytest.raises(KeyError, match="count"):
        explorer.set(count=8, numbers="down")
    with pytest.raises(KeyError, match="count"):
        Explorer("row", {"count": whole("count", 8, 1, 9)}, row)


def test_controls_that_are_set_together_give_one_picture(explorer: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []

    def show(**values: Any) -> Shown:
        seen.append(values)
        return row(**values)

    monkeypatch.setattr(explorer, "_show", show)
    explorer.set(count=3, numbers="down")
    assert seen == [{"count": 3, "numbers": "down"}]


def test_a_change_is_one_message_to_the_browser(explorer: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(explorer.view, "_send", lambda message, **_: sent.append(message["state"]))
    explorer.step = 2
    sent.clear()
    explorer.set(count=3, numbers="down")
    assert [sorted(state) for state in sent] == [["scene", "step", "text"]]
    explorer.set(count=9)
    assert [sorted(state) for state in sent[1:]] == [["message", "scene", "text"]]


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        pytest.param({"length": 3}, TypeError, "row has the controls count, numbers, but no 'length'", id="no control"),
        pytest.param({"count": 10}, ValueError, "the control count of row does not take count=10", id="too large"),
        pytest.param({"count": "two"}, ValueError, "the control count of row does not take count='two'", id="a word"),
        pytest.param({"numbers": "left"}, ValueError, "does not take numbers='left'", id="no option"),
        pytest.param({"count": 2, "numbers": 3}, ValueError, "does not take numbers=3", id="the second of two"),
        pytest.param({"numbers": None}, ValueError, "does not take numbers=None", id="nothing"),
        pytest.param({"numbers": torch.ones(2)}, ValueError, "does not take numbers=tensor", id="a tensor"),
    ],
)
def test_set_refuses_what_a_control_does_not_take(
    values: dict[str, Any], error: type[Exception], words: str, explorer: Explorer
) -> None:
    with pytest.raises(error, match=words):
        explorer.set(**values)
    assert explorer.values() == {"count": 4, "numbers": "up"}
    assert explorer.scene == row(4).scene


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        pytest.param(2, {"count": 6}, 2, id="the title is there"),
        pytest.param(2, {"numbers": "down"}, 1, id="the title is elsewhere"),
        pytest.param(3, {"count": 2}, 1, id="the title is gone, and so is the number"),
    ],
)
def test_the_step_is_kept_where_it_still_exists(
    before: int, change: dict[str, Any], after: int, explorer: Explorer
) -> None:
    explorer.step = before
    explorer.set(**change)
    assert explorer.step == after


@pytest.mark.parametrize("step", [-1, 4])
def test_a_step_that_is_not_there_is_refused(step: int, explorer: Explorer) -> None:
    with pytest.raises(ValueError, match=f"step must be from 0 to 3, but step={step}"):
        explorer.step = step


def test_no_step_can_be_chosen_where_there_is_no_picture(explorer: Explorer) -> None:
    explorer.set(count=9)
    with pytest.raises(ValueError, match="there is no picture of settings that are refused: count must not be 9"):
        explorer.step = 0
    with pytest.raises(ValueError, match="there is no picture of settings that are refused: count must not be 9"):
        explorer.picture()


def test_a_notebook_stores_a_picture_and_words_beside_the_widget(explorer: Explorer) -> None:
    bundle, metadata = explorer._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "image/png", "text/plain"}
    assert bundle["text/plain"] == "row: 4 numbers in a row."
    assert metadata == {"image/png": {"alt": "4 numbers in a row."}}
    data = base64.b64decode(bundle["image/png"])
    picture = Image.open(io.BytesIO(data))
    assert picture.format == "PNG"
    assert picture.width > picture.height > 50
    assert len(data) < 40_000
    assert explorer._repr_mimebundle_() == (bundle, metadata)


def test_a_refused_setting_stores_its_words(explorer: Explorer) -> None:
    explorer.set(count=9)
    bundle, metadata = explorer._repr_mimebundle_()
    assert "image/png" not in bundle
    assert (bundle["text/plain"], metadata) == ("row: count must not be 9, but count=9", {})


def test_the_stored_picture_is_the_one_of_the_step(explorer: Explorer) -> None:
    middle = explorer.picture()
    explorer.step = 2  # of 4: the middle
    assert explorer.picture() == middle
    explorer.step = 3
    assert explorer.picture() != middle
    assert "number 3" in explorer.picture().alt


@pytest.mark.parametrize(
    "control",
    [
        pytest.param(whole("count", 1, 0, 3), id="a number"),
        pytest.param(choice("mode", "zeros", ("zeros", "circular")), id="a choice"),
        pytest.param(choice("kernel", 3, (("three", 3), ("five", 5))), id="a choice with words"),
        pytest.param(yes_no("bias", False), id="a box"),
    ],
)
def test_a_control_has_a_label_and_a_tooltip(control: ipywidgets.ValueWidget) -> None:
    assert control.description
    assert control.tooltip
    assert control.style.description_width == "initial"  # a long label is not cut off


def test_a_choice_refuses_what_is_no_option() -> None:
    with pytest.raises(ValueError, match="mode must be one of 'zeros', 'circular', but mode='mirror'"):
        choice("mode", "mirror", ("zeros", "circular"))


@pytest.mark.parametrize("value", ["3", 3.0, None, (3, 3)])
def test_a_field_for_a_whole_number_takes_nothing_else(value: Any) -> None:
    with pytest.raises(TypeError, match="stride must be an int, but stride="):
        whole("stride", value, 1, 4)


@pytest.mark.parametrize(("accumulates", "number"), [(True, 3), (False, 7)], ids=["so far", "at the end"])
def test_the_stored_picture_has_the_numbers_that_the_browser_shows(accumulates: bool, number: int) -> None:
    steps = tuple(Step(f"step {value}", changes=(Change("sum", 0, 0, value),)) for value in (1, 3, 7))
    scene = Scene("", "A sum.", (Grid("sum", ((0,),), limit=9),), steps, accumulates=accumulates)
    explorer = Explorer("sum", {"count": whole("count", 1, 1, 2)}, lambda count: scene)
    explorer.step = 1
    shown = Scene("", "A sum.", (Grid("sum", ((number,),), limit=9),), (Step("step 3"),), accumulates=accumulates)
    assert explorer.picture().data == Explorer("sum", explorer.controls, lambda count: shown).picture().data


def test_when_the_kernel_rests_the_settings_beside_are_made() -> None:
    asked: list[int] = []

    def show(count: int) -> Scene:
        asked.append(count)
        if count == 5:
            raise ValueError("count must be at most 4")
        return Scene("ones", "Ones.", (Grid("ones", ((1,) * count,)),), (Step("all"),))

    explorer = Explorer("ones", {"count": whole("count", 2, 1, 5)}, show)

    async def moved(value: int) -> None:
        explorer.controls["count"].value = value
        await asyncio.sleep(2 * base.SECONDS_TO_REST)

    asyncio.run(moved(3))
    assert asked == [2, 3, 4]
    asyncio.run(moved(4))
    assert asked == [2, 3, 4, 5]
    assert explorer.message == ""
    explorer.controls["count"].value = 5
    assert explorer.message == "count must be at most 4"


def test_settings_that_have_changed_since_are_not_made() -> None:
    asked: list[int] = []

    def show(count: int) -> Scene:
        asked.append(count)
        return Scene("ones", "Ones.", (Grid("ones", ((1,) * count,)),), (Step("all"),))

    explorer = Explorer("ones", {"count": whole("count", 2, 1, 9)}, show)

    async def moved() -> None:
        explorer.controls["count"].value = 4
        explorer.set(count=7)
        await asyncio.sleep(2 * base.SECONDS_TO_REST)

    asyncio.run(moved())
    assert asked == [2, 4, 7]
