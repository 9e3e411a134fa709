"""Every exercise stands in its notebook, as its data say; and with the solutions filled in, every check says so."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import execute
import exercises
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from convlab.practice import card, catalogue
from convlab.site import needed

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
EACH = pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in NOTEBOOKS])
FEWEST = 4


def faults(stem: str, notebook: NotebookNode) -> list[str]:
    """What the exercises of a notebook lack, against the catalogue."""
    names = list(exercises.names_in(notebook).values())
    wanted = [name for name in catalogue.names() if catalogue.find(name).notebook == stem]
    found = [f"{name} is missing" for name in wanted if name not in names]
    found += [f"{name} stands here, but its data say otherwise" for name in names if name not in wanted]
    found += [f"{name} stands here twice" for name in set(names) if names.count(name) > 1]
    cells = [(cell.cell_type, cell.source) for cell in notebook.cells]
    for name in set(names) & set(wanted):
        card, code = ((cell.cell_type, cell.source) for cell in exercises.cells_of(catalogue.find(name)))
        if code not in cells:
            found.append(f"the cell of {name} is not the empty one")
        elif cells[cells.index(code) - 1] != card:
            found.append(f"the card of {name} is not what its data say")
    return found


@EACH
def test_its_exercises_are_those_of_the_catalogue(path: Path) -> None:
    notebook = execute.read(path)
    assert faults(path.stem, notebook) == []
    assert len(exercises.names_in(notebook)) >= FEWEST


def solved(*arguments: str | Path) -> dict[str, dict[str, bool]]:
    """Which checks pass in these notebooks, by their paths."""
    script = Path(__file__).with_name("solve.py")
    ran = subprocess.run([sys.executable, script, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    found: dict[str, dict[str, bool]] = json.loads(ran.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def checks() -> dict[str, dict[str, bool]]:
    """What every check says once the solutions are filled in."""
    return solved(*NOTEBOOKS)


@pytest.mark.long
@EACH
def test_with_the_solutions_every_check_passes(path: Path, checks: dict[str, dict[str, bool]]) -> None:
    assert list(checks[str(path)]) == list(exercises.names_in(execute.read(path)).values())
    assert [name for name, passed in checks[str(path)].items() if not passed] == []


@EACH
def test_unfilled_they_stop_nothing_and_say_so(path: Path) -> None:
    outcomes = exercises.outcomes(execute.read(path))
    assert {name: said for name, said in outcomes.items() if not said.startswith("○ Not written yet.")} == {}


def with_exercises(*names: str) -> NotebookNode:
    cells = [cell for name in names for cell in exercises.cells_of(catalogue.find(name))]
    notebook: NotebookNode = new_notebook(cells=cells)
    return notebook


NAMES = tuple(name for name in catalogue.names() if catalogue.find(name).notebook == "02_conv1d")


def without_the_last(notebook: NotebookNode) -> None:
    del notebook.cells[-2:]


def another_word(notebook: NotebookNode) -> None:
    notebook.cells[0].source += " More."


def half_written(notebook: NotebookNode) -> None:
    notebook.cells[1].source = notebook.cells[1].source.replace("pass  # your code", "return 0")


def once_more(notebook: NotebookNode) -> None:
    notebook.cells += with_exercises(NAMES[0]).cells


def from_elsewhere(notebook: NotebookNode) -> None:
    notebook.cells += with_exercises("conv3d").cells


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        pytest.param(without_the_last, "is missing", id="one is left out"),
        pytest.param(another_word, "the card of", id="the card says something else"),
        pytest.param(half_written, "not the empty one", id="an answer was stored"),
        pytest.param(once_more, "twice", id="one stands there twice"),
        pytest.param(from_elsewhere, "otherwise", id="one of another notebook"),
    ],
)
def test_refused(spoil: Callable[[NotebookNode], None], fault: str) -> None:
    notebook = with_exercises(*NAMES)
    assert faults("02_conv1d", notebook) == []
    spoil(notebook)
    assert any(fault in said for said in faults("02_conv1d", notebook))


@pytest.mark.long
def test_a_wrong_solution_is_seen(tmp_path: Path) -> None:
    notebook = with_exercises("window_count", "dot")
    notebook.cells.insert(0, new_code_cell("from convlab import practice"))
    notebook.cells[2].source = card.solved(catalogue.find("window_count"))
    notebook.cells[4].source = notebook.cells[4].source.replace("pass  # your code", "return window.sum()")
    path = tmp_path / "half.ipynb"
    path.write_bytes(execute.as_bytes(execute.with_ids(notebook, "half")))
    assert solved("--as-they-are", path) == {str(path): {"window_count": True, "dot": False}}


def test_what_the_solutions_can_change_is_run() -> None:
    cells = {
        "a": "from convlab import practice\nsize = 3",
        "b": "other = 4",
        "c": "def conv1d(n):\n    return n + size\n\n\npractice.check('conv1d', conv1d)",
        "d": "made = conv1d(2)",
        "e": "print(made)",
        "f": "print(other)",
    }
    notebook = new_notebook(cells=[new_code_cell(source, id=id_) for id_, source in cells.items()])
    notebook.cells[2].metadata["tags"] = [exercises.TAG]
    needed.leave_out(notebook, ["c"], with_readers=True)
    assert [cell.id for cell in notebook.cells if needed.NOT_RUN in cell.metadata.get("tags", [])] == ["b", "f"]
