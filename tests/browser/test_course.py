"""Every explorer of every notebook: in JupyterLab, and as a stored picture. `test_site` tries them without a kernel."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser import books, chromium, controls, jupyter, pages, views
from browser.needs import LONG, refuse
from convlab import explorers
from convlab.site import needed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

pytestmark = LONG

COURSE = books.course()
PLACES = {cell: explorer for notebook in COURSE.values() for cell, explorer in needed.explorers(notebook).items()}
FIRST = {explorer: cell for cell, explorer in reversed(PLACES.items())}.values()
"""The cells in which an explorer comes for the first time: there all of its controls are moved."""
WITH_A_FIRST = [
    pytest.param(
        name, id=Path(name).stem, marks=() if set(FIRST) & set(needed.explorers(COURSE[name])) else pytest.mark.long
    )
    for name in COURSE
]
EACH = pytest.mark.parametrize("name", [pytest.param(name, id=Path(name).stem) for name in COURSE])


def photograph(area: Locator, name: str) -> None:
    """Keep a picture of an explorer in the folder that the variable CONVLAB_BROWSER_PICTURES names, if it names one."""
    if folder := os.environ.get("CONVLAB_BROWSER_PICTURES"):
        area.screenshot(path=Path(folder) / f"{name}.png")


def with_names(faults: list[str], cell: str, explorer: str) -> list[str]:
    """The faults, with where they are."""
    return [f"{cell}, {explorer}: {fault}" for fault in faults]


def test_the_course_has_every_explorer() -> None:
    assert set(PLACES.values()) == {name for name in explorers.__all__ if name.islower()}
    assert len(FIRST) == len(set(PLACES.values()))


@pytest.mark.parametrize("name", WITH_A_FIRST)
def test_in_jupyterlab(name: str, browser: Browser, lab: jupyter.Lab) -> None:
    notebook = books.put_explorers(lab, f"explorers-{name}", COURSE[name])
    with jupyter.opened(browser, lab, f"explorers-{name}", notebook) as (opened, guard):
        refuse(opened.faults())
        found: list[str] = []
        for cell, explorer in needed.explorers(COURSE[name]).items():
            area = opened.output(cell)
            most = None if cell in FIRST else 2
            found += with_names(views.faults(area, explorer) + controls.faults(area, most=most), cell, explorer)
            photograph(area, f"{cell}-{explorer}-jupyterlab")
        refuse(found + opened.faults() + guard.faults())


@EACH
def test_stored_it_is_a_picture(name: str, browser: Browser, scripts: Path, tmp_path: Path) -> None:
    path = pages.exported(COURSE[name], tmp_path / "stored.html")
    found: list[str] = []
    with chromium.guarded_page(browser) as (page, guard):
        page.goto(path.as_uri())
        for cell, explorer in needed.explorers(COURSE[name]).items():
            found += with_names(pages.static_faults(pages.output(page, cell)), cell, explorer)
        refuse(found + guard.faults())
