"""The exercises of a notebook: which cells they are, and the notebook with their solutions filled in."""

from __future__ import annotations

import ast
import copy

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from convlab.practice import card, catalogue
from convlab.practice.exercise import Task
from convlab.site.needed import leave_out

TAG = "exercise"


def cells_of(task: Task) -> tuple[NotebookNode, NotebookNode]:
    """The card of an exercise, and the cell in which the reader writes."""
    words, code = new_markdown_cell(card.markdown(task)), new_code_cell(card.stub(task))
    code.metadata["tags"] = [TAG]
    return words, code


def names_in(notebook: NotebookNode) -> dict[str, str]:
    """The names of the exercises of a notebook, by the ids of the cells in which the reader writes."""
    found = {}
    for cell in notebook.cells:
        if cell.cell_type == "code" and TAG in cell.metadata.get("tags", []):
            call = ast.parse(cell.source).body[-1]
            assert isinstance(call, ast.Expr)
            assert isinstance(call.value, ast.Call)
            found[cell.id] = ast.literal_eval(call.value.args[0])
    return found


def filled(notebook: NotebookNode) -> NotebookNode:
    """The notebook with the solutions filled in; what they cannot change is tagged, so that it is not run again."""
    found, exercises = copy.deepcopy(notebook), names_in(notebook)
    for cell in found.cells:
        if cell.id in exercises:
            cell.source = card.solved(catalogue.find(exercises[cell.id]))
    leave_out(found, exercises, with_readers=True)
    return found


def outcomes(notebook: NotebookNode) -> dict[str, str]:
    """The first line that each check of a notebook that has run says, by the name of the exercise."""
    found = {}
    for id_, name in names_in(notebook).items():
        (cell,) = (cell for cell in notebook.cells if cell.id == id_)
        said = [output.data["text/plain"] for output in cell.outputs if "text/plain" in output.get("data", {})]
        found[name] = said[0].splitlines()[0] if said else "nothing"
    return found
