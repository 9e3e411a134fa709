"""Every explorer of every notebook: in JupyterLab, on a page without a kernel, and as a stored picture."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser import books, checks, chromium, controls, deform, jupyter, kernel_lab, pages, sums
from browser.needs import LONG, refuse
from convlab import explorers

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

pytestmark = LONG

COURSE = books.course()
PLACES = {cell: explorer for notebook in COURSE.values() for cell, explorer in books.explorers(notebook).items()}
FIRST = {explorer: cell for cell, explorer in reversed(PLACES.items())}.values()
"""The cells in which an explorer comes for the first time: there all of its controls are moved."""
VIEWS = (checks.VIEW, kernel_lab.VIEW, deform.VIEW)
EACH = pytest.mark.parametrize("name", [pytest.param(name, id=Path(name).stem) for name in COURSE])


def photograph(area: Locator, name: str) -> None:
    """Keep a picture of an explorer in the folder that the variable CONVLAB_BROWSER_PICTURES names, if it names one."""
    if folder := os.environ.get("CONVLAB_BROWSER_PICTURES"):
        area.screenshot(path=Path(folder) / f"{name}.png")


def with_names(faults: list[str], cell: str, explorer: str) -> list[str]:
    """The faults, with where they are."""
    return [f"{cell}, {explorer}: {fault}" for fault in faults]


def picture_faults(area: Locator, explorer: str) -> list[str]:
    """What is wrong with the pictures of a cell."""
    views, labs, windows = (area.locator(view) for view in VIEWS)
    views.or_(labs).or_(windows).first.wait_for()
    found = [fault for view in views.all() for fault in checks.faults(view)]
    if explorer == "sliding_window":
        found += [fault for view in views.all() for fault in sums.faults(view)]
    found += [fault for lab in labs.all() for fault in kernel_lab.faults(lab)]
    return found + [fault for window in windows.all() for fault in deform.faults(window)]


def test_the_course_has_every_explorer() -> None:
    assert set(PLACES.values()) == {name for name in explorers.__all__ if name.islower()}
    assert len(FIRST) == len(set(PLACES.values()))


@EACH
def test_in_jupyterlab(name: str, browser: Browser, lab: jupyter.Lab) -> None:
    notebook = books.put_explorers(lab, f"explorers-{name}", COURSE[name])
    with jupyter.opened(browser, lab, f"explorers-{name}", notebook) as (opened, guard):
        refuse(opened.faults())
        found: list[str] = []
        for cell, explorer in books.explorers(COURSE[name]).items():
            area = opened.output(cell)
            most = None if cell in FIRST else 2
            found += with_names(picture_faults(area, explorer) + controls.faults(area, most=most), cell, explorer)
            photograph(area, f"{cell}-{explorer}-jupyterlab")
        refuse(found + opened.faults() + guard.faults())


@EACH
def test_on_a_page_without_a_kernel(name: str, browser: Browser, scripts: Path, tmp_path: Path) -> None:
    ran = pages.executed(books.for_explorers(COURSE[name]), books.COURSE)
    found: list[str] = []
    for theme in ("light", "dark"):
        wanted = ran if theme == "light" else books.explorers_alone(ran)
        path = pages.exported(wanted, tmp_path / f"{theme}.html", theme=theme)
        with chromium.guarded_page(browser, dark=theme == "dark") as (page, guard):
            page.goto(path.as_uri())
            for cell, explorer in books.explorers(COURSE[name]).items():
                area = pages.output(page, cell)
                found += with_names(faults_without_kernel(area, explorer, theme), cell, explorer)
                photograph(area, f"{cell}-{explorer}-{theme}")
            found += guard.faults()
    refuse(found)


def faults_without_kernel(area: Locator, explorer: str, theme: str) -> list[str]:
    """What is wrong with an explorer on a page; all of it is looked at on the light one."""
    view = area.locator(", ".join(VIEWS)).first
    view.wait_for()
    if theme == "dark":
        return checks.theme_faults(view, "dark")
    found = picture_faults(area, explorer) + controls.name_faults(area) + controls.keyboard_faults(area)
    if not view.locator(".convlab-offline").is_visible():
        found.append("nothing says that there is no kernel")
    return found


@EACH
def test_stored_it_is_a_picture(name: str, browser: Browser, scripts: Path, tmp_path: Path) -> None:
    path = pages.exported(COURSE[name], tmp_path / "stored.html")
    found: list[str] = []
    with chromium.guarded_page(browser) as (page, guard):
        page.goto(path.as_uri())
        for cell, explorer in books.explorers(COURSE[name]).items():
            found += with_names(pages.static_faults(pages.output(page, cell)), cell, explorer)
        refuse(found + guard.faults())
