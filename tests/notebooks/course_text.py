"""The notebooks of the course as tests read them."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat import NotebookNode

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"


def book(stem: str) -> NotebookNode:
    """A notebook of the course."""
    found: NotebookNode = nbformat.read(FOLDER / f"{stem}.ipynb", as_version=4)
    return found


def prose(stem: str) -> str:
    """The text of a notebook."""
    return "\n\n".join(cell.source for cell in book(stem).cells if cell.cell_type == "markdown")
