"""The notebooks that are opened: those of the course that have an explorer, and a small one."""

from __future__ import annotations

import copy
from pathlib import Path

import execute
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from browser.jupyter import Lab
from convlab.site.needed import NOT_RUN, explorers, leave_out

COURSE = Path(__file__).resolve().parents[2] / "notebooks"

SMALL = {
    "small-00": "from convlab import explorers",
    "small-01": "explorers.sliding_window(2, input_size=4, padding=1)",
    "small-02": "explorers.output_shape()",
}

WITH_A_DEFECT = {
    "defect-00": """from convlab import scenes
from convlab.explorers.base import Explorer, whole

def show(count):
    if count == 3:
        raise KeyError("a defect")
    grid = scenes.Grid("numbers", ((1,) * count,))
    mark = scenes.Mark("numbers", "written", ((0, 0),))
    return scenes.Scene("ones", "Ones in a row.", (grid,), (scenes.Step("the first", marks=(mark,)),))""",
    "defect-01": "Explorer('ones', {'count': whole('count', 2, 1, 5)}, show)",
}


def book(cells: dict[str, str]) -> NotebookNode:
    """A notebook of code cells, by their ids."""
    made = [new_code_cell(source, id=id_) for id_, source in cells.items()]
    for cell in made:
        cell.metadata = {}
    found: NotebookNode = new_notebook(cells=made, metadata=execute.METADATA)
    return found


def put(lab: Lab, name: str, cells: dict[str, str]) -> NotebookNode:
    """Write a notebook of code cells into the reader's folder, and return it."""
    return _written(lab, name, book(cells))


def put_explorers(lab: Lab, name: str, notebook: NotebookNode) -> NotebookNode:
    """Write a notebook without the code that no explorer needs into the reader's folder, and return it."""
    tagged = for_explorers(notebook)
    tagged.cells = [cell for cell in tagged.cells if NOT_RUN not in cell.metadata.get("tags", [])]
    return _written(lab, name, tagged)


def _written(lab: Lab, name: str, notebook: NotebookNode) -> NotebookNode:
    (lab.folder / name).write_bytes(execute.as_bytes(notebook))
    return notebook


def course() -> dict[str, NotebookNode]:
    """The notebooks of the course that have an explorer, by their names."""
    read = {path.name: execute.read(path) for path in sorted(COURSE.glob("*.ipynb"))}
    return {name: notebook for name, notebook in read.items() if explorers(notebook)}


def for_explorers(notebook: NotebookNode) -> NotebookNode:
    """The notebook with a tag on every code cell that no explorer needs, so that these are not run."""
    found = copy.deepcopy(notebook)
    leave_out(found, explorers(notebook))
    return found
