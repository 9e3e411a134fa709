"""What the comparison of notebook outputs refuses, run as `make test` runs it, and the one thing that it lets pass."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import execute
import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output

pytestmark = pytest.mark.long

PROJECT = Path(__file__).resolve().parents[2]
BAR = "with tqdm(total=3, unit='epoch') as bar:\n    bar.update()"
PICTURE = "figure = plt.figure(figsize=(1, 1))\nfigure.add_subplot().plot([0, 1])\nplt.show()"

Tamper = Callable[[NotebookNode], None]


def change_print(cell: NotebookNode) -> None:
    cell.outputs[0].text = cell.outputs[0].text.replace("9", "8")


def change_result(cell: NotebookNode) -> None:
    cell.outputs[0].data["text/plain"] = "(1, 16, 30, 31)"


def change_html(cell: NotebookNode) -> None:
    cell.outputs[0].data["text/html"] = "<b>31</b>"


def remove_output(cell: NotebookNode) -> None:
    cell.outputs = []


def add_output(cell: NotebookNode) -> None:
    cell.outputs.append(new_output("stream", name="stdout", text="more\n"))


def change_error(cell: NotebookNode) -> None:
    cell.outputs[0].evalue = "groups must divide out_channels"


def remove_error(cell: NotebookNode) -> None:
    cell.outputs = [new_output("execute_result", data={"text/plain": "0"}, execution_count=7)]


def change_bar(cell: NotebookNode) -> None:
    cell.outputs[0].data["text/plain"] = "40%"


def remove_picture(cell: NotebookNode) -> None:
    cell.outputs = []


def change_picture(cell: NotebookNode) -> None:
    cell.outputs[0].data["image/png"] = "iVBORw0KGgo="


IMPORTS = "import matplotlib.pyplot as plt\nfrom IPython.display import HTML\nfrom tqdm.auto import tqdm"
REFUSED = [
    pytest.param("print(3 * 3)", change_print, id="a changed print"),
    pytest.param("(1, 16, 30, 30)", change_result, id="a changed result"),
    pytest.param("HTML('<b>30</b>')", change_html, id="changed HTML"),
    pytest.param("print('here')", remove_output, id="a missing output"),
    pytest.param("x = 1", add_output, id="an output too many"),
    pytest.param("raise ValueError('groups must divide in_channels')", change_error, id="another error message"),
    pytest.param("raise KeyError('stride')", remove_error, id="no error"),
    pytest.param(BAR, change_bar, id="another text for a progress bar"),
    pytest.param(BAR, remove_output, id="a missing progress bar"),
    pytest.param(PICTURE, remove_picture, id="a missing picture"),
]
# Whatever is stored of them: nbclient, and so `make notebooks`, lets them pass.
CALLBACKS_THAT_RAISE = [
    pytest.param("ipywidgets.interact(lambda x: 1 / x, x=0);", id="interact"),
    pytest.param("button = ipywidgets.Button()\nbutton.on_click(lambda _: 1 / 0)\nbutton.click()", id="a button"),
    pytest.param(
        "slider = ipywidgets.IntSlider()\nslider.observe(lambda _: 1 / 0, 'value')\n"
        "state = {'method': 'update', 'state': {'value': 3}, 'buffer_paths': []}\n"
        "slider._handle_msg({'content': {'data': state}, 'buffers': []})",
        id="a slider that the reader moves",
    ),
]
SOURCES = [str(case.values[0]) for case in REFUSED]
TAMPERS: list[Tamper] = [case.values[1] for case in REFUSED]  # type: ignore[misc]


NAMES = ("untouched", "tampered", "picture", "callback")


def run_nbval(folder: Path) -> dict[str, list[bool]]:
    """Whether each cell passed, by the notebook's stem: pytest with this project's options, in its own process."""
    report = folder / "report.xml"
    command = [sys.executable, "-m", "pytest", "-c", str(PROJECT / "pyproject.toml"), "--rootdir", str(folder)]
    command += ["-p", "no:cacheprovider", "-o", "junit_family=xunit2", f"--junitxml={report}", str(folder)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "MPLBACKEND"))}
    process = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, env=environment)
    assert report.exists(), process.stdout + process.stderr
    passed: dict[str, list[bool]] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        stem = next(
            name for name in ("untouched", "tampered", "picture", "callback") if name in case.attrib["classname"]
        )
        passed.setdefault(stem, []).append(len(case) == 0)
    return passed


@pytest.fixture(scope="module")
def passed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[bool]]:
    """Whether each cell passed in an untouched notebook, in one where every cell is tampered with, and in two others.

    In the third, only a picture is another one; in the fourth, callbacks of widgets raise.
    """
    folder = tmp_path_factory.mktemp("gate")
    cells = [new_code_cell(source, id=f"book-{number:02d}") for number, source in enumerate([IMPORTS, *SOURCES])]
    for cell in cells:
        cell.metadata = {"tags": ["raises-exception"]} if cell.source.startswith("raise") else {}
    untouched = execute.normalised(execute.executed(new_notebook(cells=cells), folder))
    tampered = copy.deepcopy(untouched)
    for cell, tamper in zip(tampered.cells[1:], TAMPERS, strict=True):
        tamper(cell)
    picture = copy.deepcopy(untouched)
    picture.cells = [cell for cell in picture.cells if cell.source in (IMPORTS, PICTURE)]
    change_picture(picture.cells[-1])
    sources = ["import ipywidgets", *(str(case.values[0]) for case in CALLBACKS_THAT_RAISE)]
    raising = [new_code_cell(source, id=f"back-{number:02d}") for number, source in enumerate(sources)]
    callback = execute.normalised(execute.executed(new_notebook(cells=raising), folder))
    for name, book in zip(NAMES, (untouched, tampered, picture, callback), strict=True):
        nbformat.validate(book)
        (folder / f"{name}.ipynb").write_bytes(execute.as_bytes(book))
    return run_nbval(folder)


def test_an_untouched_notebook_passes(passed: dict[str, list[bool]]) -> None:
    assert passed["untouched"] == [True] * (1 + len(REFUSED))


@pytest.mark.parametrize("number", [pytest.param(1 + number, id=str(case.id)) for number, case in enumerate(REFUSED)])
def test_refused(number: int, passed: dict[str, list[bool]]) -> None:
    assert len(passed["tampered"]) == 1 + len(REFUSED)
    assert not passed["tampered"][number]


def test_cells_that_were_not_tampered_with_pass(passed: dict[str, list[bool]]) -> None:
    assert passed["tampered"][0]


def test_another_picture_passes_so_pictures_are_checked_in_pytest(passed: dict[str, list[bool]]) -> None:
    assert passed["picture"] == [True, True]


@pytest.mark.parametrize(
    "number", [pytest.param(1 + number, id=str(case.id)) for number, case in enumerate(CALLBACKS_THAT_RAISE)]
)
def test_a_callback_that_raises_is_refused(number: int, passed: dict[str, list[bool]]) -> None:
    assert passed["callback"][0]
    assert not passed["callback"][number]
