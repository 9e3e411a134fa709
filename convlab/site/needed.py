"""What of a notebook has to run, for some of its cells to show what they show: found in the source, without running."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Collection

from nbformat import NotebookNode

NOT_RUN = "skip-execution"
"""The tag of a cell that is left out when a notebook runs, its stored outputs as they are: nbclient's own."""


def explorers(notebook: NotebookNode) -> dict[str, str]:
    """The names of the explorers that a notebook shows, by the ids of their cells.

    Args:
        notebook: Its cells have ids.

    Example:
        >>> import nbformat
        >>> cell = nbformat.v4.new_code_cell("explorers.groups(2)", id="a")
        >>> explorers(nbformat.v4.new_notebook(cells=[cell]))
        {'a': 'groups'}
    """
    sources = {cell.id: cell.source for cell in notebook.cells if cell.cell_type == "code"}
    return {id_: name for id_, source in sources.items() if (name := _explorer_shown(source))}


def _explorer_shown(source: str) -> str | None:
    """The name of the explorer that is the value of a cell; None where there is none."""
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # a magic, or a mistake that a cell shows
        return None
    last = statements[-1] if statements else None
    call = last.value if isinstance(last, ast.Expr) else None
    name = ast.unparse(call.func) if isinstance(call, ast.Call) else ""
    return name.removeprefix("explorers.") if name.startswith("explorers.") else None


def leave_out(notebook: NotebookNode, wanted: Collection[str], *, with_readers: bool = False) -> None:
    """Tag every code cell that is not needed for the wanted ones, so that its stored outputs stay as they are.

    Args:
        notebook: It is changed.
        wanted: The ids of cells.
        with_readers: Keep those, too, that read a name which a wanted one binds.

    Example:
        >>> import nbformat
        >>> sources = {"a": "import math", "b": "x = 1", "c": "math.pi"}
        >>> cells = [nbformat.v4.new_code_cell(source, id=id_) for id_, source in sources.items()]
        >>> leave_out(nbformat.v4.new_notebook(cells=cells), ["c"])
        >>> [cell.id for cell in cells if NOT_RUN in cell.metadata.get("tags", [])]
        ['b']
    """
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
    """The names that a cell binds for others, and those that it reads; none where it is a magic or a mistake.

    Args:
        source: Of the cell.

    Example:
        >>> names("x = y + 1")
        ({'x'}, {'y'})
    """
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
