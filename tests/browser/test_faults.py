"""Faults in JupyterLab, which has no network and a folder with spaces and Chinese letters; on a phone, and by ear."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import kernels
import pytest

from browser import books, checks, controls, jupyter
from browser.needs import LONG, refuse
from browser.test_practice import FLIPPED, RIGHT, not_said
from convlab import workspace
from convlab.practice import card, catalogue

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator

pytestmark = LONG

TASK = catalogue.find("conv1d")
IMPORTS = "import os\n\nimport torch\nimport torch.nn.functional as F\nfrom convlab import explorers, practice"
CELLS = {
    "faults-00": IMPORTS,
    "faults-explorer": "explorers.sliding_window(2, input_size=5, padding=1)",
    "faults-check": card.with_check(TASK, FLIPPED),
    "faults-predict": "practice.predict(3, lambda: 4)",
    "faults-drill": 'practice.drill("macs", seed=1)',
    "faults-progress": "practice.progress()",
}
KILLED = RIGHT.replace("    windows", "    os.kill(os.getpid(), 9)\n    windows", 1)

# What ends to the right of what can be seen and lies in nothing that can be scrolled, or is cut short in its own box.
OUT_OF_REACH = """area => {
    const seen = e => e.getClientRects().length && e.getBoundingClientRect().width > 1
        && getComputedStyle(e).clipPath === 'none';
    const scrolls = e => e && e !== area.parentElement && (/auto|scroll/.test(getComputedStyle(e).overflowX)
        && e.scrollWidth > e.clientWidth || scrolls(e.parentElement));
    const right = Math.min(area.getBoundingClientRect().right, innerWidth) + 1;
    const name = e => `${e.tagName} '${(e.textContent || e.title || e.className).slice(0, 40)}'`;
    const all = [...area.querySelectorAll('*')].filter(seen);
    const away = all.filter(e => e.getBoundingClientRect().right > right && !scrolls(e.parentElement));
    const short = all.filter(e => /hidden|clip/.test(getComputedStyle(e).overflowX)
        && e.matches('button, label, p, td, th, div') && e.clientWidth && e.scrollWidth > e.clientWidth + 1);
    return [...away.map(e => `${name(e)} is out of reach at ${innerWidth} pixels`),
        ...short.map(e => `${name(e)} is cut short at ${innerWidth} pixels`)];
}"""

# Whether a screen reader says these words when they appear.
IS_TOLD = """(area, words) => [...area.querySelectorAll(
    '[role=alert], [role=status], [aria-live=polite], [aria-live=assertive]')].some(
    e => e.innerText.replace(/\\s+/g, ' ').includes(words))"""

WITHOUT_WORDS = """area => [...area.querySelectorAll('img, [role=img]')].filter(
    e => !(e.getAttribute('alt') || e.getAttribute('aria-label') || '').trim()).map(e => e.outerHTML.slice(0, 80))"""

EMPTY_HEADERS = "area => [...area.querySelectorAll('th')].filter(e => !e.textContent.trim()).map(e => e.outerHTML)"


@pytest.fixture(scope="module")
def opened(browser: Browser, lab: jupyter.Lab) -> Iterator[jupyter.LabPage]:
    """A notebook that was run there, and had no network to ask."""
    notebook = books.put(lab, "faults.ipynb", CELLS)
    with jupyter.opened(browser, lab, "faults.ipynb", notebook) as (found, guard):
        refuse(found.faults())
        found.page.keyboard.press("ControlOrMeta+b")  # the list of files goes
        yield found
        refuse(guard.faults())


def told_faults(area: Locator, *words: str) -> list[str]:
    """Those of the words that a screen reader does not say when they appear."""
    return [f"nobody is told {each!r}" for each in words if not area.evaluate(IS_TOLD, each)]


def heard_faults(area: Locator) -> list[str]:
    """What a screen reader cannot say: controls without a name, pictures without words, columns without a header."""
    faults = [f"no words: {found}" for found in area.evaluate(WITHOUT_WORDS)]
    return faults + controls.name_faults(area) + [f"no words: {found}" for found in area.evaluate(EMPTY_HEADERS)]


def test_a_notebook_runs_there_with_the_outputs_that_are_stored(lab: jupyter.Lab) -> None:
    sanitize = Path(__file__).parents[1] / "notebooks" / "sanitize.cfg"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", "."]
    command += ["--nbval", "--nbval-current-env", f"--nbval-sanitize-with={sanitize}", min(workspace.course())]
    environment = {**os.environ, "CONVLAB_HOME": str(lab.folder.parent / "no progress yet")}
    ended = subprocess.run(command, cwd=lab.folder, env=environment, capture_output=True, text=True, timeout=200)
    assert ended.returncode == 0, ended.stdout[-3000:] + ended.stderr[-3000:]


def test_what_a_screen_reader_says(opened: jupyter.LabPage) -> None:
    found = [fault for cell in CELLS if cell != "faults-00" for fault in heard_faults(opened.output(cell))]
    explorer = opened.output("faults-explorer")
    explorer.locator("button[data-go='next']").press("Enter")
    assert checks.reaches(explorer.locator(checks.VIEW), 1)
    found += told_faults(explorer, "output (0, 1)")
    found += told_faults(opened.output("faults-check"), "Not right yet. conv1d: the kernel is flipped")
    found += told_faults(opened.output("faults-predict"), "Not right. Your guess: 3. It is 4.")
    drill = opened.output("faults-drill")
    drill.get_by_role("textbox", name="answer").fill("12")
    drill.get_by_role("button", name="Check").press("Enter")
    drill.get_by_role("alert").wait_for()
    found += heard_faults(drill) + told_faults(drill, "12")
    if not opened.output("faults-progress").get_by_role("region", name="Your progress").count():
        found.append("the progress has no name")
    refuse(found)


def test_320_pixels(opened: jupyter.LabPage) -> None:
    before = opened.page.viewport_size
    assert before is not None
    opened.page.set_viewport_size({"width": 320, "height": 640})
    try:
        found = []
        for cell in CELLS:
            area = opened.output(cell)
            opened.page.wait_for_timeout(200)
            found += [f"{cell}: {fault}" for fault in area.evaluate(OUT_OF_REACH)]
            if folder := os.environ.get("CONVLAB_BROWSER_PICTURES"):
                opened.page.screenshot(path=Path(folder) / f"{cell}-320.png")
        found += controls.keyboard_faults(opened.output("faults-explorer"))
    finally:
        opened.page.set_viewport_size(before)
    refuse(found)


@pytest.mark.parametrize(
    ("cell", "harm", "words"),
    [
        pytest.param("check", "[role=status]').role = 'note'", "nobody is told", id="a verdict that nobody is told"),
        pytest.param("check", "img').alt = ''", "no words", id="a picture without words"),
        pytest.param("drill", "button').innerHTML = ''", "has no name", id="a button without a name"),
        pytest.param("progress", "th').innerHTML = ''", "no words: <th", id="a column without a header"),
        pytest.param(
            "check",
            "p').style.cssText = 'position: fixed; left: 1200px; width: 300px'",
            "out of reach",
            id="words out of reach",
        ),
        pytest.param("drill", "p').style.cssText = 'width: 9px; overflow: hidden'", "cut short", id="words cut short"),
    ],
)
def test_refused(cell: str, harm: str, words: str, opened: jupyter.LabPage) -> None:
    area, wanted = opened.output(f"faults-{cell}"), ["Not right yet."] if cell == "check" else []

    def found() -> list[str]:
        return [*told_faults(area, *wanted), *heard_faults(area), *area.evaluate(OUT_OF_REACH)]

    assert not any(words in fault for fault in found())
    area.evaluate(f"area => {{ area.querySelector('{harm}; }}")
    assert any(words in fault for fault in found()), found()


def test_a_kernel_that_is_killed_inside_a_check(browser: Browser, lab: jupyter.Lab) -> None:
    cells = {"killed-00": IMPORTS, "killed-01": card.with_check(TASK, RIGHT), "killed-02": "practice.progress()"}
    notebook = books.put(lab, "killed.ipynb", cells)
    progress = lab.folder.parent / "home" / "progress.json"
    with jupyter.opened(browser, lab, "killed.ipynb", notebook) as (shown, _):
        page = shown.page
        refuse(not_said(shown.output("killed-01"), "Right. conv1d"))
        before = progress.read_bytes()
        shown.start("killed-01", card.with_check(TASK, KILLED))
        dialog = page.get_by_role("dialog")
        dialog.get_by_text("appears to have died. It will restart automatically.").wait_for()
        dialog.get_by_role("button").last.click()
        assert progress.read_bytes() == before
        page.wait_for_function(jupyter.IS_IDLE)
        shown.run("killed-00")
        refuse(not_said(shown.run("killed-02"), "passed on"))
        page.keyboard.press("ControlOrMeta+s")
        page.wait_for_timeout(500)
        stored = [cell["source"] for cell in json.loads((lab.folder / "killed.ipynb").read_text("utf-8"))["cells"]]
        assert ["".join(source) for source in stored] == [
            cells["killed-00"],
            card.with_check(TASK, KILLED),
            cells["killed-02"],
        ]


def test_no_other_machine_was_asked(opened: jupyter.LabPage, lab: jupyter.Lab) -> None:
    assert kernels.asked(lab.folder.parent.parent) == []
