"""The course as pages, as `make site` made them: alive without a kernel, on a phone, in the dark, by themselves."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser import books, checks, chromium, controls
from browser.needs import LONG, WANTED, need, refuse
from browser.views import VIEWS, faults_without_kernel
from convlab.site import needed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = LONG

NAMES = sorted(path.stem for path in books.COURSE.glob("*.ipynb"))
EXPLORERS = {Path(name).stem: list(needed.explorers(notebook).values()) for name, notebook in books.course().items()}
ALIVE = ("sliding_window", "transposed", "receptive_field")
"""The explorers whose settings work without a kernel."""

WIDTHS = (1280, 800, 360, 320)
WIDE_ENOUGH = 800
"""From here on code, printed text and formulas are seen whole."""
MOST_BYTES = 4_000_000
"""Of a page with all its scenes; pictures and scripts lie beside it."""

MOST_CONTROLS, FEW_CONTROLS = 12, 2
"""How many controls of an explorer are moved where it comes first, of the stack the lists and two layers; and later."""

EACH = pytest.mark.parametrize("name", NAMES)

# What is wider than the page, and lies in nothing that scrolls by itself.
TOO_WIDE = """() => {
    const scrolls = e => e && e !== document.body
        && (getComputedStyle(e).overflowX !== 'visible' || getComputedStyle(e).position === 'fixed'
            || scrolls(e.parentElement));
    return [...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1
        && e.getClientRects().length && !scrolls(e)).map(e => e.outerHTML.slice(0, 100));
}"""

# Code, printed text and formulas that one must scroll sideways to read, and tables that one must scroll down.
CUT = """() => {
    const wide = [...document.querySelectorAll('.cell_input pre, .cell_output pre, mjx-container[display]')]
        .filter(e => e.scrollWidth > e.clientWidth + 1);
    const high = [...document.querySelectorAll('.cell_output *')]
        .filter(e => e.scrollHeight > e.clientHeight + 2 && /auto|scroll/.test(getComputedStyle(e).overflowY));
    return [...wide, ...high].map(e => e.textContent.trim().slice(0, 50));
}"""


class Quiet(SimpleHTTPRequestHandler):
    """Gives files, and says nothing about it."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[int]:
    """The port on which a folder is given, on this machine only."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(scope="module")
def folder() -> Path:
    """The folder with the pages: the one that the variable CONVLAB_SITE names."""
    found = Path(os.environ.get("CONVLAB_SITE") or "none")
    need(
        [] if (found / "index.html").is_file() else ["the pages of the course: make site"],
        is_required=WANTED == "required",
    )
    return found


@contextmanager
def opened(browser: Browser, folder: Path, name: str) -> Iterator[tuple[Page, chromium.Guard]]:
    """A page of the site, and what it must not do."""
    with served(folder) as port, chromium.guarded_page(browser, port=port) as (page, guard):
        page.goto(f"http://127.0.0.1:{port}/{name}", wait_until="load")
        yield page, guard


def views(page: Page, name: str) -> Locator:
    """The pictures of the explorers of a page, when all are drawn."""
    found = page.locator(VIEWS)
    count = len(EXPLORERS.get(name, []))
    if count:
        found.nth(count - 1).wait_for(state="attached")
    assert found.count() == count
    return found


def area_of(page: Page, number: int) -> Locator:
    """The output with one of the explorers of a page, scrolled to."""
    area = page.locator(".cell_output").filter(has=page.locator(VIEWS)).nth(number)
    area.scroll_into_view_if_needed()
    return area


def width_faults(page: Page) -> list[str]:
    """Nothing is wider than the page, on screens and on phones; on screens nothing is cut off."""
    faults = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(300)
        faults += [f"at {width} pixels the page is too narrow for {found}" for found in page.evaluate(TOO_WIDE)]
        if width >= WIDE_ENOUGH:
            faults += [f"at {width} pixels this is cut off: {found}" for found in page.evaluate(CUT)]
    page.set_viewport_size({"width": 1280, "height": 900})
    return faults


def picture_faults(page: Page) -> list[str]:
    """Every picture is shown, with words for those who cannot see it."""
    faults = []
    for picture in page.locator("main .cell_output img").all():
        picture.scroll_into_view_if_needed()
        if not picture.evaluate("e => e.decode().then(() => e.naturalWidth > 10, () => false)"):
            faults.append(f"{picture.get_attribute('src')} is not shown")
        words = picture.get_attribute("alt") or ""
        if not words.strip() or words == picture.get_attribute("src"):
            faults.append(f"{picture.get_attribute('src')} has no words")
    return faults


@EACH
def test_a_page(name: str, browser: Browser, folder: Path) -> None:
    written = (folder / f"{name}.html").read_text(encoding="utf-8")
    assert len(written.encode()) < MOST_BYTES
    assert [place for place in (sys.prefix, str(books.COURSE.parent)) if place in written] == []  # of this machine
    with opened(browser, folder, f"{name}.html") as (page, guard):
        found = checks.theme_faults(views(page, name), "light")
        for number, explorer in enumerate(EXPLORERS.get(name, [])):
            found += [f"{explorer}: {fault}" for fault in faults_without_kernel(area_of(page, number), explorer)]
        if formulas := page.locator("span.math, div.math").count():
            page.locator("mjx-container svg").nth(formulas - 1).wait_for(state="attached")
        found += picture_faults(page) + width_faults(page)
        page.emulate_media(color_scheme="dark")
        found += checks.theme_faults(views(page, name), "dark")
        refuse(found + guard.faults())


@pytest.mark.parametrize(
    ("name", "number"),
    [
        pytest.param(name, number, id=f"{name}-{explorer}")
        for name, shown in EXPLORERS.items()
        for number, explorer in enumerate(shown)
        if explorer in ALIVE
    ],
)
def test_settings_work_without_a_kernel(name: str, number: int, browser: Browser, folder: Path) -> None:
    with opened(browser, folder, f"{name}.html") as (page, guard):
        views(page, name)
        area = area_of(page, number)
        most = MOST_CONTROLS if (name, number) == place_of(EXPLORERS[name][number]) else FEW_CONTROLS
        found = controls.control_faults(area, most=most)
        words = area.locator(".convlab-offline").inner_text()
        if "made beforehand" not in words:
            found.append(f"nothing says where the pictures come from: {words!r}")
        refuse(found + guard.faults())


@pytest.mark.parametrize(
    ("name", "number", "asked", "words"),
    [
        pytest.param("00_start_here", 0, {"input_size": 2}, "must fit into the padded input", id="a refusal"),
        pytest.param("01_sliding_window", 0, {"kernel_size": 5, "input_size": 5}, "= 1", id="as large as the picture"),
        pytest.param("01_sliding_window", 2, {"padding": 3}, "the output has 9 x 9", id="nothing but padding"),
        pytest.param("02_conv1d", 0, {"stride": 3, "out_channels": 3}, "= 2", id="a third kernel"),
        pytest.param("04_conv3d", 0, {"kernel_size": 3, "padding": 1}, "= 4", id="the size is kept"),
        pytest.param("12_capstone", 0, {f"layer {n}, dilation": 4 for n in (2, 3, 4)}, "28 of the 52", id="holes"),
    ],
)
def test_the_texts_ask_for_settings_that_are_there(
    name: str, number: int, asked: dict[str, int], words: str, browser: Browser, folder: Path
) -> None:
    with opened(browser, folder, f"{name}.html") as (page, guard):
        views(page, name)
        area = area_of(page, number)
        for label, value in asked.items():
            before = controls.read(area)
            controls.give(area.get_by_label(label, exact=True), str(value))
            assert controls.follows(area, before), label
        shown = controls.read(area)
        assert words in shown.message + shown.says
        assert {label: area.get_by_label(label, exact=True).input_value() for label in asked} == {
            label: str(value) for label, value in asked.items()
        }
        refuse(guard.faults())


def place_of(explorer: str) -> tuple[str, int]:
    """Where an explorer comes for the first time: the page, and its number there."""
    return next((name, shown.index(explorer)) for name, shown in EXPLORERS.items() if explorer in shown)


def test_a_stack_can_have_another_number_of_layers(browser: Browser, folder: Path) -> None:
    name, number = place_of("receptive_field")
    with opened(browser, folder, f"{name}.html") as (page, guard):
        views(page, name)
        area = area_of(page, number)

        def take(stack: str) -> str:
            before = controls.read(area)
            area.get_by_label("stack", exact=True).select_option(label=stack)
            assert controls.follows(area, before)
            return controls.read(area).says

        assert "size 16" in take("WaveNet: dilation 1, 2, 4, 8")
        assert area.get_by_label("layer 4, dilation").input_value() == "8"
        before = controls.read(area)
        area.get_by_label("layers", exact=True).press("ArrowDown")
        assert controls.follows(area, before)
        assert "size 8" in controls.read(area).says
        assert area.get_by_label("layer 4, dilation").is_disabled()
        assert "size 7" in take("three 3-kernels")
        refuse(guard.faults())


def test_settings_that_do_nothing_are_noticed(browser: Browser, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controls, "SECONDS_TO_FOLLOW", 0.5)
    name, number = place_of("output_shape")
    with opened(browser, folder, f"{name}.html") as (page, _):
        views(page, name)
        area = area_of(page, number)
        assert not area.locator(controls.CONTROLS).count()  # they rest
        area.evaluate("area => area.querySelectorAll('[disabled]').forEach(e => { e.disabled = false; })")
        assert controls.control_faults(area, most=1)


def test_search(browser: Browser, folder: Path) -> None:
    with opened(browser, folder, "search.html?q=checkerboard") as (page, guard):
        found = page.locator("ul.search a[href*='08_transposed']").first
        found.wait_for()
        assert "highlight=checkerboard" in (found.get_attribute("href") or "") or found.is_visible()
        refuse(guard.faults())


def test_the_first_page_leads_to_every_other(browser: Browser, folder: Path) -> None:
    with opened(browser, folder, "index.html") as (page, guard):
        links = [link.get_attribute("href") for link in page.locator("main article a").all()]
        assert {f"{name}.html" for name in NAMES} <= {(link or "").partition("#")[0] for link in links}
        refuse(width_faults(page) + guard.faults())


@pytest.mark.parametrize(
    "planted",
    [
        pytest.param("<script src='https://elsewhere.example/a.js'></script>", id="a script"),
        pytest.param("<img alt='' src='//elsewhere.example/a.png'>", id="a picture"),
        pytest.param("<style>@import url(https://elsewhere.example/a.css)</style>", id="a style sheet"),
        pytest.param("<script>fetch('https://elsewhere.example/').catch(() => 0)</script>", id="a request of a script"),
    ],
)
def test_a_request_that_leaves_the_site_is_noticed(planted: str, browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text(f"<!DOCTYPE html><link rel='icon' href='data:,'>{planted}", encoding="utf-8")
    with opened(browser, tmp_path, "index.html") as (page, guard):
        page.wait_for_timeout(300)
        assert any("the page asked the network" in fault for fault in guard.faults())


def test_a_page_that_is_too_wide_and_a_picture_without_words_are_noticed(browser: Browser, tmp_path: Path) -> None:
    planted = "<div style='width: 900px'>wide</div><div class='cell_output'><img src='data:,'></div>"
    planted += f"<div class='cell_input'><pre style='overflow: auto; font-size: 14px'>{'x' * 110}</pre></div>"
    planted += "<div class='cell_output'><div style='overflow: auto; height: 9px'>a<br>b</div></div>"
    (tmp_path / "index.html").write_text(f"<!DOCTYPE html><main>{planted}</main>", encoding="utf-8")
    with opened(browser, tmp_path, "index.html") as (page, _):
        assert [fault[:30] for fault in width_faults(page)] == [
            "at 1280 pixels this is cut off",
            "at 800 pixels the page is too ",
            "at 800 pixels this is cut off:",
            "at 800 pixels this is cut off:",
            "at 360 pixels the page is too ",
            "at 320 pixels the page is too ",
        ]
        assert picture_faults(page) == ["data:, is not shown", "data:, has no words"]
