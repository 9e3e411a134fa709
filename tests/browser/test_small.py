"""Two explorers in a small notebook: in JupyterLab, in a page without a kernel, and stored without their state."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import execute
import pytest
from nbformat import NotebookNode

from browser import books, checks, chromium, controls, front, jupyter, pages, sums
from browser.needs import LONG, need, refuse
from convlab import scenes
from convlab.arithmetic import ConvSpec
from convlab.site import needed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

EXPLORERS = needed.explorers(books.book(books.SMALL))
EACH = pytest.mark.parametrize("cell", [pytest.param(cell, id=name) for cell, name in EXPLORERS.items()])


@pytest.fixture(scope="module")
def in_lab(browser: Browser, lab: jupyter.Lab) -> Iterator[tuple[jupyter.LabPage, chromium.Guard]]:
    """The small notebook, and one with a defect at its end, run in JupyterLab; and what the page must not do."""
    notebook = books.put(lab, "small.ipynb", {**books.SMALL, **books.WITH_A_DEFECT})
    with jupyter.opened(browser, lab, "small.ipynb", notebook) as found:
        yield found


@pytest.fixture(scope="module")
def ran(scripts: Path, tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    """The small notebook with outputs and the state of its widgets."""
    return pages.executed(books.book(books.SMALL), tmp_path_factory.mktemp("ran"))


@pytest.fixture(scope="module")
def on_page(
    browser: Browser, ran: NotebookNode, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Page, chromium.Guard]]:
    """The small notebook as a page; and what the page must not do."""
    path = pages.exported(ran, tmp_path_factory.mktemp("page") / "small.html")
    with chromium.guarded_page(browser) as (page, guard):
        page.goto(path.as_uri())
        yield page, guard


@LONG
@EACH
def test_in_jupyterlab(cell: str, in_lab: tuple[jupyter.LabPage, chromium.Guard]) -> None:
    opened, guard = in_lab
    refuse(opened.faults())
    area = opened.output(cell)
    view = area.locator(checks.VIEW)
    refuse(checks.faults(view))
    if EXPLORERS[cell] == "sliding_window":
        refuse(sums.faults(view))
    refuse(controls.faults(area))
    refuse(opened.faults() + guard.faults())


@LONG
def test_a_setting_that_torch_refuses(in_lab: tuple[jupyter.LabPage, chromium.Guard]) -> None:
    opened, guard = in_lab
    refuse(controls.refusal_faults(opened.output("small-01"), "dilation", "3"))
    refuse(opened.faults() + guard.faults())


@LONG
def test_a_callback_that_raises_is_noticed(in_lab: tuple[jupyter.LabPage, chromium.Guard]) -> None:
    opened, _ = in_lab
    refuse(opened.faults())
    opened.output("defect-01").get_by_label("count").press("ArrowUp")
    assert opened.faults(within_seconds=10) == ["a callback raised: KeyError: 'a defect'"]


@LONG
def test_jupyterlab_wants_its_token(lab: jupyter.Lab) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"http://127.0.0.1:{lab.port}/api/contents", timeout=30)
    assert lab.ask("GET", "contents")


@EACH
def test_on_a_page_without_a_kernel(cell: str, on_page: tuple[Page, chromium.Guard]) -> None:
    page, guard = on_page
    area = pages.output(page, cell)
    view = area.locator(checks.VIEW)
    refuse(checks.faults(view))
    refuse(controls.name_faults(area) + controls.keyboard_faults(area))
    assert "No Python here" in view.locator(".convlab-offline").inner_text()
    refuse(guard.faults())


def test_on_a_dark_page(browser: Browser, ran: NotebookNode, tmp_path: Path) -> None:
    path = pages.exported(ran, tmp_path / "dark.html", theme="dark")
    with chromium.guarded_page(browser, dark=True) as (page, guard):
        page.goto(path.as_uri())
        view = pages.output(page, "small-01").locator(checks.VIEW)
        view.wait_for()
        refuse(checks.theme_faults(view, "dark") + checks.drawn_faults(view))
        refuse(guard.faults())


def test_stored_without_its_state_it_is_a_picture(browser: Browser, ran: NotebookNode, tmp_path: Path) -> None:
    stored = execute.normalised(execute.read(written(tmp_path / "ran.ipynb", ran)))
    path = pages.exported(stored, tmp_path / "stored.html")
    with chromium.guarded_page(browser) as (page, guard):
        page.goto(path.as_uri())
        assert page.locator(".convlab-view").count() == 0
        for cell in EXPLORERS:
            refuse(pages.static_faults(pages.output(page, cell)))
        refuse(guard.faults())


def written(path: Path, notebook: NotebookNode) -> Path:
    """The path, with the notebook in it."""
    path.write_bytes(execute.as_bytes(notebook))
    return path


def test_what_python_repeats_late_does_not_throw_the_reader_back(browser: Browser) -> None:
    scene = scenes.sliding_window(ConvSpec(1, 1, (2,)), 6)
    with chromium.guarded_page(browser) as (page, guard):
        view = front.shown(page, scene)
        view.locator("button[data-go='next']").click()
        assert front.saved(page, count=1) == [1]
        view.locator("button[data-go='last']").click()
        front.hear(page, step=1)
        assert checks.shown(view).step == 4
        assert front.saved(page, count=2) == [1, 4]
        front.hear(page, step=4)
        front.hear(page, step=2)  # now Python has another one
        assert checks.shown(view).step == 2
        front.hear(page, text="a counter")
        assert checks.shown(view).step == 2
        refuse(guard.faults())


def test_who_clicks_beside_the_picture_can_step(browser: Browser) -> None:
    with chromium.guarded_page(browser) as (page, guard):
        view = front.shown(page, scenes.sliding_window(ConvSpec(1, 1, (2,)), 6))
        stage, picture = (view.locator(part).bounding_box() for part in (".convlab-stage", checks.PICTURE))
        assert stage
        assert picture
        beside = (picture["x"] + picture["width"] + stage["x"] + stage["width"]) / 2
        assert beside > picture["x"] + picture["width"]
        page.mouse.click(beside, picture["y"] + picture["height"] / 2)
        page.keyboard.press("ArrowRight")
        assert checks.shown(view).step == 1
        refuse(guard.faults())


@pytest.mark.parametrize(
    ("missing", "is_required", "outcome"),
    [
        pytest.param(["chromium"], False, pytest.skip.Exception, id="a reader without a browser"),
        pytest.param(["chromium"], True, pytest.fail.Exception, id="where the tests must run"),
    ],
)
def test_what_is_missing_is_named(missing: list[str], is_required: bool, outcome: type[BaseException]) -> None:
    need([], is_required=is_required)
    with pytest.raises(outcome, match="chromium"):
        need(missing, is_required=is_required)


def test_a_system_without_a_browser_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CONVLAB_WEB", str(tmp_path))
    assert any("apt-get install chromium" in words for words in chromium.missing())
    assert any("make web" in words for words in pages.missing())


@pytest.mark.parametrize(
    ("line", "found"),
    [
        pytest.param("2*3 + 1*(-1) = 5", (5, 5), id="a negative factor"),
        pytest.param("channel 0: 1.5*2 + 0.25 = 3.25", (3.25, 3.25), id="a channel and a bias"),
        pytest.param("together: 3 + (-8) = -4", (-5, -4), id="a wrong sum"),
        pytest.param("reads positions 2, 3", None, id="no sum"),
        pytest.param("9 * (-1, 2) = (-9, 18)", None, id="a stamp"),
    ],
)
def test_a_sum_is_read(line: str, found: tuple[float, float] | None) -> None:
    read = sums.sum_in(line)
    assert (read and read[:2]) == found


def test_what_no_explorer_needs_is_not_run() -> None:
    cells = {
        "a": "%load_ext convlab\nfrom convlab import explorers, figures",
        "b": "def double(n):\n    return 2 * n",
        "c": "figures.cells([[1]])",
        "d": "sizes = [double(n) for n in (1, 2)]",
        "e": "%timeit double(3)",
        "f": "explorers.sliding_window(input_size=sizes)",
        "g": "sizes = None",
    }
    left_out = [cell.id for cell in books.for_explorers(books.book(cells)).cells if "tags" in cell.metadata]
    assert left_out == ["c", "e", "g"]


def test_the_explorers_of_a_notebook_are_found() -> None:
    cells = {
        "a": "x = 1\nexplorers.groups(x)",
        "b": "x = explorers.groups()",
        "c": "%timeit 1",
        "d": "f(explorers.x())",
    }
    assert needed.explorers(books.book(cells)) == {"a": "groups"}
