"""The explorer of a deformable convolution on an empty page: its output is that of `convlab.deform_conv`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import torch

from browser import checks, chromium, controls, deform, front
from browser.needs import LONG, refuse
from convlab.explorers.deform import Deform

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = LONG

ROW = torch.tensor([1.0, 4.0, -2.0, 6.0, 3.0])
PLANE = torch.tensor([[1.0, 5, 2, 0], [-3, 8, 4, 6], [7, 2, 9, 1], [4, 0, 3, 5]])
VOLUME = torch.arange(36.0).reshape(3, 3, 4).remainder(7) - 2
# One key more, and at once, before it is told, what Python repeats of the one before.
MOVE_AND_HEAR = """() => {
    const stage = document.querySelector('.deform-stage');
    stage.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
    window.model.hear({ offsets: [[0.25]] }) }"""
TRAITS = ("sampling", "offsets", "chosen", "themes")

CASES = [
    pytest.param((ROW,), {}, id="1D"),
    pytest.param((ROW, torch.tensor([2.0, -1.0])), {"stride": 2, "padding": 1, "position": 0}, id="1D, in the padding"),
    pytest.param((PLANE,), {}, id="2D"),
    pytest.param(
        (PLANE, torch.tensor([[1.0, -2], [0.5, 3]]), None, torch.linspace(0, 2, 36).reshape(4, 3, 3)),
        {"position": (2, 0)},
        id="2D, with a mask",
    ),
    pytest.param((PLANE / 3,), {"padding": 1, "dilation": 2, "position": (0, 0)}, id="2D, fractions, in a corner"),
    pytest.param((VOLUME, torch.ones(2, 2, 2)), {}, id="3D"),
]


def shown(page: Page, explorer: Deform) -> Locator:
    """The explorer on an empty page."""
    front.render(page, explorer, *TRAITS)
    view = page.locator(deform.VIEW)
    view.wait_for()
    return view


def told(view: Locator) -> list[list[float]]:
    """The offsets that are shown, as soon as Python was told them."""
    view.page.wait_for_function(
        "view => JSON.stringify(window.model.get('offsets')) === view.dataset.offsets", arg=view.element_handle()
    )
    offsets: list[list[float]] = view.page.evaluate("() => window.model.get('offsets')")
    return offsets


def differences(explorer: Deform, now: deform.Now, offsets: list[list[float]]) -> list[str]:
    """How the browser's output differs from that of `convlab.deform_conv` with the offsets that it told."""
    explorer.offsets = offsets
    return [] if now.output == pytest.approx(explorer.output, abs=1e-4) else [f"{now}, but {explorer.output}"]


@pytest.mark.parametrize(("tensors", "options"), CASES)
def test_what_the_browser_adds_up_is_the_output(
    tensors: tuple[torch.Tensor, ...], options: dict[str, Any], browser: Browser
) -> None:
    explorer = Deform(*tensors, **options)
    with chromium.guarded_page(browser) as (page, guard):
        view = shown(page, explorer)
        stage = view.locator(".deform-stage")
        for keys in (
            ["n", "ArrowRight", "ArrowDown", "n", "Shift+ArrowUp", "PageUp", "ArrowLeft"],
            ["p", *["Shift+ArrowRight"] * 5, "ArrowLeft", "p", *["Shift+ArrowLeft"] * 4, "PageDown"],
        ):
            for key in keys:
                stage.press(key)
            offsets = told(view)
            refuse(differences(explorer, deform.read(view), offsets) + deform.sum_faults(deform.read(view)))
            assert explorer.offsets == offsets  # Python has no other ones
        for button in ("zero offsets", "shift all", "dilate", "reset"):
            view.get_by_role("button", name=button).click()
            offsets = json.loads(view.get_attribute("data-offsets") or "")
            refuse(differences(explorer, deform.read(view), offsets))
        assert told(view) == offsets == [list(moves) for moves in explorer.window.start]
        assert differences(explorer, deform.read(view), [[0.25] * len(moves) for moves in offsets])
        refuse(guard.faults())


@pytest.mark.parametrize(
    "tensors",
    [
        pytest.param((ROW,), id="1D"),
        pytest.param((PLANE,), id="2D"),
        pytest.param((VOLUME, torch.ones(2, 2, 2)), id="3D"),
    ],
)
def test_its_pictures_words_and_keys(tensors: tuple[torch.Tensor, ...], browser: Browser) -> None:
    with chromium.guarded_page(browser) as (page, guard):
        view, body = shown(page, Deform(*tensors)), page.locator("body")
        refuse(deform.faults(view) + controls.name_faults(body) + controls.keyboard_faults(body))
        page.set_viewport_size({"width": 320, "height": 900})
        refuse(view.evaluate(checks.CUT_OFF) + guard.faults())


def test_dragging_with_the_mouse(browser: Browser) -> None:
    explorer = Deform(PLANE, torch.ones(2, 2), torch.zeros(8, 3, 3), position=(1, 1))
    with chromium.guarded_page(browser) as (page, guard):
        view = shown(page, explorer)
        deform.drag(view, 0, down=0.52, right=-0.27)
        now = deform.read(view)
        assert (now.chosen, now.place, now.lit) == (0, (1.5, 0.75), 4)
        assert now.text.splitlines()[0] == "0.125*(-3) + 0.375*8 + 0.125*7 + 0.375*2 = 4.25"
        assert now.title == "tap (0, 0): lattice (1, 1) + offset (0.5, -0.25) = (1.5, 0.75)"
        assert now.facts == "Offsets of your own."
        deform.drag(view, 3, down=9, right=2.6)  # far outside
        now = deform.read(view)
        assert (now.chosen, now.place, now.value) == (3, (4, 4), 0)
        assert now.text.splitlines()[1] == "It lies outside the input, where everything is zero."
        deform.drag(view, 3, down=-0.5, right=-1)
        now = deform.read(view)
        assert (now.place, now.value) == ((3.5, 3), 2.5)
        assert (
            now.text.splitlines()[1]
            == "1 of the 2 elements around it lies outside the input, where everything is zero."
        )
        assert told(view) == [[0.5, -0.25], [0, 0], [0, 0], [1.5, 1]]
        assert front.saved(page, count=1, name="offsets")[-1] == told(view)
        assert front.saved(page, count=1, name="chosen")[-1] == 3
        refuse(guard.faults())


def test_points_that_move_together(browser: Browser) -> None:
    explorer = Deform(PLANE, torch.ones(2, 2), torch.zeros(8, 3, 3), position=(1, 1))
    with chromium.guarded_page(browser) as (page, guard):
        view = shown(page, explorer)
        view.get_by_label("move all together").check()
        deform.drag(view, 0, right=1)
        assert deform.read(view).facts.startswith(
            "Every offset is (0, 1): an ordinary convolution of the input, shifted"
        )
        deform.drag(view, 3, right=0.5)
        assert told(view) == [[0, 1.5]] * 4
        refuse(guard.faults())


def test_through_the_slices(browser: Browser) -> None:
    with chromium.guarded_page(browser) as (page, guard):
        view = shown(page, Deform(VOLUME, torch.ones(2, 2, 2), torch.zeros(24, 2, 2, 3), position=0))
        captions = view.locator(".deform-plane figcaption")
        assert captions.all_inner_texts() == ["input, depth 0: weight 1", "input, depth 1: weight 0"]
        view.get_by_role("slider", name="depth").press("ArrowRight")
        assert deform.read(view).place == (0.25, 0, 0)
        assert captions.all_inner_texts() == ["input, depth 0: weight 0.75", "input, depth 1: weight 0.25"]
        deform.drag(view, 0, down=0.5, right=0.25)
        now = deform.read(view)
        assert (now.place, now.lit) == ((0.25, 0.5, 0.25), 8)
        expected = (
            torch.nn.functional.grid_sample(  # its order is x, y, z, from -1 in the first element to 1 in the last
                VOLUME[None, None],
                torch.tensor([0.25 / 1.5 - 1, 0.5 - 1, 0.25 - 1])[None, None, None, None],
                align_corners=True,
            )
        )
        assert now.value == pytest.approx(float(expected), abs=1e-5)
        refuse(guard.faults())


def test_what_python_repeats_late_does_not_throw_the_reader_back(browser: Browser) -> None:
    explorer = Deform(ROW, torch.ones(1), torch.zeros(1, 5), position=1)
    with chromium.guarded_page(browser) as (page, guard):
        view = shown(page, explorer)
        stage = view.locator(".deform-stage")
        stage.press("ArrowRight")
        assert front.saved(page, count=1, name="offsets") == [[[0.25]]]
        page.evaluate(MOVE_AND_HEAR)
        assert deform.read(view).place == (1.5,)
        assert front.saved(page, count=2, name="offsets") == [[[0.25]], [[0.5]]]
        front.hear(page, offsets=[[-1.0]])  # now Python has others
        assert deform.read(view).place == (0,)
        refuse(guard.faults())


def test_faults_are_found(browser: Browser) -> None:
    explorer = Deform(PLANE)
    with chromium.guarded_page(browser) as (page, _):
        view = shown(page, explorer)
        assert deform.faults(view) == []
        view.evaluate("view => { view.querySelector('.deform-products span').textContent = '99' }")
        assert deform.sum_faults(deform.read(view))
        view.get_by_role("button", name="dilate").click()
        view.evaluate("view => { view.querySelector('.convlab-text').textContent = '0.5*3 = 4' }")
        assert deform.sum_faults(deform.read(view))


def test_the_theme_follows_the_page(browser: Browser) -> None:
    with chromium.guarded_page(browser, dark=True) as (page, guard):
        page.set_content("<body style='background: #111111'></body>")
        refuse(checks.theme_faults(shown(page, Deform(PLANE)), "dark") + guard.faults())
