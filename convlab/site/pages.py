"""Notebooks that were run, made into pages by Sphinx and MyST-NB, with all that the pages load beside them."""

from __future__ import annotations

import base64
import copy
import hashlib
import io
import itertools
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from convlab.site.running import ANSI_COLOUR
from convlab.site.scripts import FILES, anywidget_file
from convlab.workspace import WorkspaceError

_HERE = Path(__file__).parent
TITLE = "convlab"
THEME = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "navbar_persistent": [],
    "footer_content_items": [],
}

FOLDED = {
    ("source_hidden",): "hide-input",
    ("outputs_hidden",): "hide-output",
    ("outputs_hidden", "source_hidden"): "hide-cell",
}
"""What JupyterLab calls the folded parts of a cell, and the tag that the tool knows."""

INDEX = """# Convolution in PyTorch

A course of {count} notebooks, as pages: what you see is what their code gave when it was run. Pictures move, and in the
explorers you can step, point and change settings here.

To run the code, and to do the exercises, take the course to your own machine: [how to start](#start).

```{{toctree}}
:maxdepth: 1

{entries}
```

(start)=
## On your own machine

With Python 3.11 or newer, in a clone of the project:

```sh
make lab
```

It installs what the course needs, puts a working copy of the notebooks into a folder, and opens it in JupyterLab.
Without make: `python -m pip install '.[course]'`, and then `convlab lab`.
"""


def read(files: Mapping[str, bytes]) -> dict[str, NotebookNode]:
    """Notebooks from the bytes of their files, by the names of their pages.

    Args:
        files: By their names.

    Raises:
        WorkspaceError: If there is none, or one cannot be read.

    Example:
        >>> list(read({"01_a.ipynb": b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}'}))
        ['01_a']
    """
    if not files:
        raise WorkspaceError("there is no notebook to make a page of")
    found = {}
    for name, content in files.items():
        try:
            found[Path(name).stem] = nbformat.reads(content.decode(), as_version=4)
        except (ValueError, KeyError, AttributeError) as error:
            raise WorkspaceError(f"{name} is no notebook that can be read: {error}") from error
    return found


def alternatives(notebooks: Mapping[str, NotebookNode]) -> dict[str, str]:
    """The words for those who cannot see a picture, by the hash of the picture.

    Args:
        notebooks: With their outputs.

    Example:
        >>> picture = nbformat.v4.new_output(
        ...     "display_data", data={"image/png": "AAAA"}, metadata={"image/png": {"alt": "a wave"}}
        ... )
        >>> book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(outputs=[picture])])
        >>> list(alternatives({"01_a": book}).values())
        ['a wave']
    """
    return {
        hashlib.sha256(base64.b64decode(output.data["image/png"])).hexdigest(): words
        for notebook in notebooks.values()
        for output in _outputs(notebook)
        if "image/png" in output.get("data", {})
        and (words := output.get("metadata", {}).get("image/png", {}).get("alt"))
    }


def folded(notebook: NotebookNode) -> NotebookNode:
    """The notebook with tags on the cells that JupyterLab shows folded, so that a page shows them folded, too.

    Args:
        notebook: It stays as it is.

    Example:
        >>> cell = nbformat.v4.new_code_cell("1 + 1", metadata={"jupyter": {"source_hidden": True}})
        >>> folded(nbformat.v4.new_notebook(cells=[cell])).cells[0].metadata.tags
        ['hide-input']
    """
    found = copy.deepcopy(notebook)
    for cell in found.cells:
        parts = tuple(sorted(part for part, is_folded in cell.metadata.get("jupyter", {}).items() if is_folded))
        if parts in FOLDED:
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), FOLDED[parts]]
    return found


def entry(name: str, notebook: NotebookNode) -> str:
    """The line of a page in the list of all: the number by which the notebooks call it, and its title.

    Args:
        name: Of the page.
        notebook: Its first heading is the title.

    Example:
        >>> entry("07_holes", nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Holes: what for?")]))
        '07 Holes: what for? <07_holes>'
    """
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    title = re.search(r"^# (.+)$", prose, re.MULTILINE)
    return f"{name.partition('_')[0]} {title[1]} <{name}>" if title else name


def _outputs(notebook: NotebookNode) -> Iterator[NotebookNode]:
    for cell in notebook.cells:
        yield from cell.get("outputs", [])


def build(notebooks: Mapping[str, NotebookNode], scripts: Path, source: Path, pages: Path) -> None:
    """Make the pages.

    Args:
        notebooks: With outputs and the state of their widgets, by the names of their pages.
        scripts: The folder with what `scripts.fetch` fetched.
        source: An empty folder, for what the tool reads.
        pages: An empty folder, for what it writes.

    Raises:
        WorkspaceError: If the tool has a complaint, as of a reference that leads nowhere.

    Example:
        >>> build({}, Path("web"), Path("source"), Path("pages"))  # doctest: +SKIP
    """
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace

    for name, notebook in notebooks.items():
        nbformat.write(folded(notebook), source / f"{name}.ipynb", version=nbformat.NO_CONVERT)
    index = INDEX.format(count=len(notebooks), entries="\n".join(itertools.starmap(entry, notebooks.items())))
    (source / "index.md").write_text(index, encoding="utf-8")
    static = source / "_static"
    shutil.copytree(_HERE / "static", static)
    for name in FILES:
        shutil.copy(scripts / name, static)
    shutil.copy(anywidget_file(), static / "anywidget.js")
    said = io.StringIO()
    scratch = source / "_scratch"
    with docutils_namespace():  # what Sphinx registers ends with it: a second site may be made
        tool = Sphinx(
            source,
            None,
            pages,
            scratch,
            "html",
            confoverrides=settings(notebooks),
            status=None,
            warning=said,
            parallel=2,
        )
        tool.build()
    (pages / ".buildinfo").unlink(missing_ok=True)
    shutil.rmtree(pages / "_sources", ignore_errors=True)
    faults = ANSI_COLOUR.sub("", said.getvalue()).replace(f"{source}{os.sep}", "").strip()
    if tool.statuscode or faults:
        raise WorkspaceError(f"the pages have faults:\n{faults}")


def settings(notebooks: Mapping[str, NotebookNode]) -> dict[str, Any]:
    """The settings of the tool.

    Args:
        notebooks: With their outputs, by the names of their pages.

    Example:
        >>> settings({})["nb_execution_mode"]
        'off'
    """
    return {
        "project": TITLE,
        "html_title": TITLE,
        "language": "en",
        "extensions": ["myst_nb", "convlab.site.extension"],
        "convlab_alternatives": alternatives(notebooks),
        "exclude_patterns": ["_scratch"],
        "myst_enable_extensions": ["amsmath", "dollarmath"],
        "myst_heading_anchors": 3,
        "nb_execution_mode": "off",
        "nb_merge_streams": True,
        "nb_ipywidgets_js": {"require.js": {}, "widgets.js": {}, "embed-amd.js": {}},
        "mathjax_path": "tex-svg.js",
        "html_theme": "sphinx_book_theme",
        "html_theme_options": THEME,
        "html_context": {"default_mode": "auto"},
        "html_favicon": "_static/icon.svg",
        "html_static_path": ["_static"],
        "html_css_files": ["site.css"],
        "html_copy_source": False,
        "html_show_sphinx": False,
        "html_show_copyright": False,
    }
