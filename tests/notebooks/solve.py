"""Run notebooks with the solutions of their exercises filled in, and print what each check says, as JSON.

It runs in a process of its own, in one IPython a notebook: what other tests did to torch is not there.
"""

from __future__ import annotations

import argparse
import io
import json
import os
from collections.abc import Sequence
from contextlib import chdir, redirect_stdout
from pathlib import Path

import execute
import exercises
import matplotlib
import matplotlib.pyplot as plt
from IPython.core.interactiveshell import InteractiveShell
from nbformat import NotebookNode

from convlab.site import needed


def run(notebook: NotebookNode, folder: Path) -> dict[str, bool]:
    """Run the cells that are not left out, and return which checks passed, by the exercise."""
    names, found = exercises.names_in(notebook), {}
    shell = InteractiveShell(ipython_dir=os.environ["CONVLAB_HOME"])  # type: ignore[no-untyped-call]
    with chdir(folder):
        for cell in notebook.cells:
            if cell.cell_type == "code" and needed.NOT_RUN not in cell.metadata.get("tags", []):
                ran = shell.run_cell(cell.source)  # type: ignore[no-untyped-call]
                if "raises-exception" not in cell.metadata.get("tags", []):
                    ran.raise_error()
                if cell.id in names:
                    found[names[cell.id]] = bool(ran.result.passed)
    plt.close("all")
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line of JSON: the checks of each notebook, by its path."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--as-they-are", action="store_true", help="leave in the exercises what stands there")
    parser.add_argument("paths", nargs="+", type=Path)
    parsed = parser.parse_args(arguments)
    matplotlib.use("agg")
    found = {}
    for path in parsed.paths:
        notebook = execute.read(path)
        with redirect_stdout(io.StringIO()):
            found[str(path)] = run(notebook if parsed.as_they_are else exercises.filled(notebook), path.parent)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
