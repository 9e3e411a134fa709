"""The placement drill in JupyterLab, by keyboard alone, and the reference card on paper."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import execute

from browser import books, jupyter, pages
from browser.needs import LONG, refuse
from browser.test_practice import focus_faults, not_said
from convlab import card
from convlab.practice.placement import PlacementSession

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = LONG

CELL = "start-placement"


def test_the_placement_drill_by_keyboard(browser: Browser, lab: jupyter.Lab) -> None:
    notebook = books.book({"start-imports": "from convlab import practice", CELL: "practice.placement(seed=1)"})
    (lab.folder / "placement.ipynb").write_bytes(execute.as_bytes(notebook))
    session = PlacementSession(seed=1)
    with jupyter.opened(browser, lab, "placement.ipynb", notebook) as (opened, guard):
        page, area = opened.page, opened.output(CELL)
        field = area.get_by_role("textbox", name="answer")
        field.wait_for()
        faults = not_said(area, session.question.text.splitlines()[0].replace("`", ""))
        field.focus()
        page.keyboard.type(session.question.form.show(session.question.answer))
        page.keyboard.press("Enter")
        area.get_by_role("alert").filter(has_text="Right.").wait_for()
        faults += focus_faults(area, "Next")
        session.answer(session.question.form.show(session.question.answer))
        page.keyboard.press("Enter")
        area.get_by_role("alert").filter(has_text=session.next().text.split(".")[0]).wait_for()
        faults += focus_faults(area, "INPUT")
        for _ in range(2):  # from the field to Check, and on to "I do not know"
            page.keyboard.press("Tab")
        faults += focus_faults(area, "I do not know")
        page.keyboard.press("Enter")
        area.get_by_role("alert").filter(has_text="The answer is").wait_for()
        faults += focus_faults(area, "Next")
        faults += not_said(area, "Questions answered: 2. Notebooks that you know: 01.")
        for said in ("The answer is", "Start with notebook 02 Conv1d: open 02_conv1d.ipynb."):
            page.keyboard.press("Enter")  # Next, or Where to start
            if said.startswith("The"):
                page.wait_for_timeout(200)
                field.fill("?")
                page.keyboard.press("Enter")
            area.get_by_role("alert").filter(has_text=said).wait_for()
        faults += not_said(area, "You can skip 01.", "After it, read 03 Conv2d")
        faults += ["the field is still there"] if field.is_visible() else []
        refuse(faults + opened.faults() + guard.faults())


def test_a_page_without_a_kernel_holds_no_question(browser: Browser, scripts: Path, tmp_path: Path) -> None:
    notebook = books.book({"start-imports": "from convlab import practice", CELL: "practice.placement(seed=1)"})
    file = pages.exported(pages.executed(notebook, tmp_path), tmp_path / "placement.html")
    page = browser.new_page()
    errors: list[object] = []
    page.on("pageerror", lambda error: errors.append(error))
    try:
        page.goto(file.as_uri())
        area = pages.output(page, CELL)
        refuse(not_said(area, "Run this cell in your copy of the course to see it."))
        assert area.get_by_role("textbox").count() == 0
        assert area.get_by_role("button").count() == 0
        assert errors == []
    finally:
        page.close()


def test_the_card_is_one_page_on_paper(browser: Browser, tmp_path: Path) -> None:
    file = card.write(tmp_path / "card.html")
    page = browser.new_page()
    try:
        page.goto(file.as_uri())
        counts = {paper: pages_of(page.pdf(format=paper)) for paper in ("A4", "Letter")}
        assert counts == {"A4": 1, "Letter": 1}
        page.evaluate("document.body.append(document.body.cloneNode(true))")
        assert pages_of(page.pdf(format="A4")) == 2
    finally:
        page.close()


def pages_of(pdf: bytes) -> int:
    """How many pages a PDF has."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf))
