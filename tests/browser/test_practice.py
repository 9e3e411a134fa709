"""An exercise and a drill in JupyterLab, as a reader does them by keyboard: wrong, a hint, right, and the progress."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import execute
import exercises
from nbformat import NotebookNode

from browser import books, checks, jupyter
from browser.needs import LONG, refuse
from convlab.practice import card, catalogue
from convlab.practice.drill.session import Session

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

pytestmark = LONG

NOTEBOOK = books.COURSE / "02_conv1d.ipynb"
OTHERS = {
    "practice-hint": 'practice.hint("conv1d")',
    "practice-drill": 'practice.drill("macs", seed=1)',
    "practice-progress": "practice.progress()",
}
RIGHT = """def conv1d(input, weight, bias=None, stride=1, padding=0):
    windows = F.pad(input, (padding, padding)).unfold(2, weight.shape[2], stride)
    output = torch.einsum("nclk,ock->nol", windows, weight)
    return output if bias is None else output + bias[:, None]"""
FLIPPED = RIGHT.replace("windows, weight)", "windows, weight.flip(2))")

CUT_OFF = """area => {
    const right = Math.min(area.getBoundingClientRect().right, innerWidth) + 1;
    return [...area.querySelectorAll('.convlab-progress *')]
        .filter(e => e.getBoundingClientRect().right > right)
        .map(e => `${e.tagName} '${e.textContent.slice(0, 40)}' is cut off at ${innerWidth} pixels`);
}"""


def test_an_exercise_a_drill_and_the_progress(browser: Browser, lab: jupyter.Lab) -> None:
    cell, notebook = with_the_exercise("conv1d")
    task = catalogue.find("conv1d")
    (sentence,) = (mistake.sentence for mistake in task.mistakes if mistake.name == "the kernel is flipped")
    (lab.folder / "practice.ipynb").write_bytes(execute.as_bytes(notebook))
    with jupyter.opened(browser, lab, "practice.ipynb", notebook) as (opened, guard):
        refuse(not_said(opened.output(cell), "Not written yet."))

        area = opened.run(cell, card.with_check(task, FLIPPED))
        refuse(not_said(area, "Not right yet. conv1d: the kernel is flipped", sentence.replace("`", "")))
        assert not_said(area, "Right. conv1d", within_seconds=0) == ["nothing says 'Right. conv1d'"]
        picture = area.get_by_role("img", name="They first differ at [0, 0, 0]")
        refuse([] if checks.is_seen(picture) else ["there is no picture, or it has no words"])

        refuse(not_said(opened.run("practice-hint"), "Hint 2 of 3 for conv1d:"))
        area = opened.run(cell, card.with_check(task, RIGHT))
        refuse(not_said(area, "Right. conv1d"))

        refuse(drill_faults(opened.output("practice-drill"), Session("macs", seed=1, keep=lambda topic, passed: None)))

        opened.page.set_viewport_size({"width": 800, "height": 900})
        area = opened.run("practice-progress")
        refuse(not_said(area, "passed on", "mistake: the kernel is flipped (1 time)", "1 of 1 right"))
        refuse(area.evaluate(CUT_OFF))
        refuse(opened.faults() + guard.faults())


def with_the_exercise(name: str) -> tuple[str, NotebookNode]:
    """The cell of an exercise, and a notebook of the cell with the imports, of this cell, and of the others."""
    course = execute.read(NOTEBOOK)
    (cell,) = (id_ for id_, found in exercises.names_in(course).items() if found == name)
    code = {found.id: found.source for found in course.cells if found.cell_type == "code"}
    imports = next(iter(code))
    return cell, books.book({imports: code[imports], cell: code[cell], **OTHERS})


def not_said(area: Locator, *words: str, within_seconds: float = 6) -> list[str]:
    """Those of the words that an output does not show before long."""
    end = time.monotonic() + within_seconds
    while True:
        shown = " ".join(area.inner_text().split())
        found = [f"nothing says {each!r}" for each in words if each not in shown]
        if not found or time.monotonic() > end:
            return found
        area.page.wait_for_timeout(50)


def drill_faults(area: Locator, session: Session) -> list[str]:
    """What goes wrong when the first question is answered by the keyboard alone, and the next one is asked for."""
    page, field, first = area.page, area.get_by_role("textbox"), session.question
    faults = [] if first.code in area.inner_text() else [f"it does not ask for {first.code}"]
    field.focus()
    for typed, said, focused in (
        ("many", "This answer cannot be read.", "INPUT"),
        (first.form.show(first.answer), "Right.", "Next"),
    ):
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
        area.get_by_role("alert").filter(has_text=said).wait_for()
        faults += focus_faults(area, focused)
    if faults:
        return faults
    session.answer(typed)
    page.keyboard.press("Enter")
    area.get_by_role("alert").filter(has_text=session.next().code).wait_for()
    return faults + focus_faults(area, "INPUT") + not_said(area, session.summary)


def focus_faults(area: Locator, wanted: str) -> list[str]:
    """Whether the button with this name has the focus, or the element of this kind."""
    from playwright.sync_api import TimeoutError as Late

    try:
        area.page.wait_for_function(
            "wanted => [document.activeElement.tagName, document.activeElement.textContent].includes(wanted)",
            arg=wanted,
            timeout=3000,
        )
    except Late:
        return [f"the focus is not on {wanted}"]
    return []
