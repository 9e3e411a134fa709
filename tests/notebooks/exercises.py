"""The exercises of a notebook: which cells they are, and the notebook with their solutions filled in."""

from __future__ import annotations

import ast
import copy
import symtable
from collections.abc import Collection

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from convlab.practice import card, catalogue
from convlab.practice.exercise import Task

TAG = "exercise"
NOT_RUN = "skip-execution"
"""The tag of a cell that is left out when a notebook runs, its stored outputs as they are: nbclient's own."""


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


def leave_out(notebook: NotebookNode, wanted: Collection[str], *, with_readers: bool = False) -> None:
    """Tag every code cell that is not needed for the wanted ones; `with_readers`, those that read their names stay."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    kept, changed = set(wanted), set[str]()
    for cell in code if with_readers else []:
        bound, read = names(cell.source)
        if cell.id in kept or read & changed:
            kept.add(cell.id)
            changed |= bound
    needed = set[str]()
    for cell in reversed(code):
        bound, read = names(cell.source)
        if cell.id in kept or bound & needed:
            needed |= read - bound if cell.id in wanted else read  # an exercise reads the name that it binds itself
        else:
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), NOT_RUN]


def names(source: str) -> tuple[set[str], set[str]]:
    """The names that a cell binds for others, and those that it reads; none where it is a magic or a mistake."""
    try:
        cell = symtable.symtable(
            "\n".join(line for line in source.splitlines() if not line.startswith("%")), "cell", "exec"
        )
    except SyntaxError:
        return set(), set()
    bound = {symbol.get_name() for symbol in cell.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    read: set[str] = set()
    tables = [cell]
    for table in tables:
        tables += table.get_children()
        symbols = [symbol for symbol in table.get_symbols() if symbol.is_referenced()]
        read |= {symbol.get_name() for symbol in symbols if table is cell or symbol.is_global()}
    return bound, read


def outcomes(notebook: NotebookNode) -> dict[str, str]:
    """The first line that each check of a notebook that has run says, by the name of the exercise."""
    found = {}
    for id_, name in names_in(notebook).items():
        (cell,) = (cell for cell in notebook.cells if cell.id == id_)
        said = [output.data["text/plain"] for output in cell.outputs if "text/plain" in output.get("data", {})]
        found[name] = said[0].splitlines()[0] if said else "nothing"
    return found
