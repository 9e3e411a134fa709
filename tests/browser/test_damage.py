"""The checks can fail: an explorer that was broken on purpose is refused, by the check that is meant for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser import books, checks, chromium, controls, damage, front, jupyter, pages, sums
from browser.needs import LONG
from convlab import scenes
from convlab.arithmetic import ConvSpec

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = LONG

Check = Callable[["Locator"], list[str]]


@pytest.fixture(scope="module")
def address(scripts: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where a page with an explorer lies that is in order."""
    folder = tmp_path_factory.mktemp("damage")
    ran = pages.executed(books.book(books.SMALL), folder)
    return pages.exported(ran, folder / "small.html").as_uri()


@pytest.fixture
def page(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Page, chromium.Guard]]:
    """A fresh page, with little patience; and what it must not do."""
    monkeypatch.setattr(checks, "MILLISECONDS_TO_FOLLOW", 300)
    with chromium.guarded_page(browser) as (opened, guard):
        opened.set_default_timeout(2000)
        yield opened, guard


@pytest.fixture
def picture(page: tuple[Page, chromium.Guard]) -> Locator:
    """A picture that is in order."""
    front.shown(page[0], scenes.sliding_window(ConvSpec(1, 1, (3, 3), padding=1), 4))
    return page[0].locator("body")


@pytest.fixture
def explorer(page: tuple[Page, chromium.Guard], address: str) -> Locator:
    """An explorer that is in order."""
    page[0].goto(address, timeout=30_000)
    page[0].locator(checks.VIEW).last.wait_for(timeout=30_000)
    return pages.output(page[0], "small-01")


def faults_after(harm: str, check: Check, area: Locator) -> list[str]:
    """What the check finds before and after the harm; before, it must be nothing."""
    from playwright.sync_api import Error

    wanted = area if check.__module__ == "browser.controls" else area.locator(checks.VIEW)
    assert check(wanted) == []
    area.evaluate(harm)
    try:
        return check(wanted)
    except Error as error:
        return [f"it cannot be pressed: {error.message}"]


@pytest.mark.parametrize(
    ("harm", "check", "words"),
    [
        pytest.param(damage.NO_PICTURE, checks.drawn_faults, "no picture", id="no picture"),
        pytest.param(damage.NO_ALT_TEXT, checks.drawn_faults, "no alt text", id="no alt text"),
        pytest.param(damage.NO_TITLE, checks.drawn_faults, "no title", id="no title"),
        pytest.param(damage.CUT_OFF, checks.cut_off_faults, "leaves its picture", id="a picture cut off"),
        pytest.param(damage.TOO_WIDE, checks.cut_off_faults, "leaves the page", id="a picture too wide"),
        pytest.param(damage.NEVER_FOLLOWS, checks.step_faults, "", id="a picture that never follows"),
        pytest.param(damage.CELLS_STAY, checks.step_faults, "picture does not follow", id="cells that never follow"),
        pytest.param(damage.WORDS_STAY, checks.step_faults, "words do not follow", id="words that never follow"),
        pytest.param(damage.NOTHING_LIT, checks.step_faults, "no cell is lit", id="nothing is lit"),
        pytest.param(damage.NO_KEYS, checks.step_faults, "key End leads", id="keys that do nothing"),
        pytest.param(damage.NO_ARROWS, checks.step_faults, "arrow keys", id="arrow keys that do nothing"),
        pytest.param(damage.NO_BUTTON, checks.step_faults, "button next leads", id="a button that does nothing"),
        pytest.param(damage.SLIDER_STAYS, checks.step_faults, "slider stands", id="a slider that never follows"),
        pytest.param(damage.NO_POINTER, checks.hover_faults, "who points at", id="a pointer that does nothing"),
        pytest.param(damage.POINTER_STAYS, checks.hover_faults, "who leaves", id="a pointer that never leaves"),
        pytest.param(damage.WORDS_STAY, sums.faults, "of another number", id="a sum that never follows"),
        pytest.param(damage.WRONG_SUMS, sums.faults, "not add up", id="a sum that does not add up"),
        pytest.param(damage.NO_SUMS, sums.faults, "no sum", id="words without a sum"),
    ],
)
def test_refused(harm: str, check: Check, words: str, picture: Locator) -> None:
    found = faults_after(harm, check, picture)
    assert any(words in fault for fault in found), found


@pytest.mark.parametrize(
    ("harm", "check", "words"),
    [
        pytest.param(damage.NO_NAME, controls.name_faults, "button has no name", id="a button without a name"),
        pytest.param(damage.NO_LABEL, controls.name_faults, "spinbutton has no name", id="a field without a label"),
        pytest.param(damage.NOT_REACHABLE, controls.keyboard_faults, "not reach", id="a picture out of reach"),
        pytest.param(damage.FIELD_NOT_REACHABLE, controls.keyboard_faults, "not reach", id="a field out of reach"),
        pytest.param(damage.TRAP, controls.keyboard_faults, "the key Tab leads to", id="a field that keeps the key"),
        pytest.param(damage.NO_FOCUS_RING, controls.keyboard_faults, "nobody sees", id="a focus that is not seen"),
    ],
)
def test_controls_refused(harm: str, check: Check, words: str, explorer: Locator) -> None:
    found = faults_after(harm, check, explorer)
    assert any(words in fault for fault in found), found


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        pytest.param(damage.ASKS_THE_NETWORK, "asked the network: http://192.0.2.1", id="a request to an address"),
        pytest.param(damage.ASKS_BY_NAME, "asked the network: https://example.org", id="a request to a name"),
        pytest.param(damage.OPENS_A_SOCKET, "asked the network: wss://example.org", id="a socket"),
        pytest.param(damage.RAISES, "the page raised: a defect", id="an exception"),
        pytest.param(damage.COMPLAINS, "the console has an error: a defect", id="an error in the console"),
    ],
)
def test_refused_by_the_guard(harm: str, words: str, page: tuple[Page, chromium.Guard]) -> None:
    opened, guard = page
    assert guard.faults() == []
    opened.evaluate(f"() => ({harm})(document.body)")
    opened.wait_for_timeout(200)
    assert any(words in fault for fault in guard.faults())


def test_a_page_without_pictures_is_refused(explorer: Locator) -> None:
    assert pages.static_faults(explorer) == ["there are 0 pictures, not 1"]


def test_refused_in_jupyterlab(browser: Browser, lab: jupyter.Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controls, "SECONDS_TO_FOLLOW", 0.2)
    cells = {**books.SMALL, "wrong-00": "print('one')", "wrong-01": "raise KeyError('not expected')"}
    book = books.put(lab, "damage.ipynb", cells)
    with jupyter.opened(browser, lab, "damage.ipynb", book) as (notebook, _):
        assert notebook.faults() == ["the cell wrong-01 failed: KeyError: 'not expected'"]
        area = notebook.output("small-01")
        assert controls.refusal_faults(area, "stride", "2") != []  # torch takes it
        area.evaluate(damage.CONTROLS_DEAD)
        assert any("do not move" in fault for fault in controls.control_faults(area))
