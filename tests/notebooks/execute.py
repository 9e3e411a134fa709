"""Run notebooks in place and store their outputs: `python tests/notebooks/execute.py FILES...`.

The same notebook gives the same bytes each time: what differs from run to run (timings, widget state, the kernel's
version) is not stored, and a file whose bytes would stay the same is not written. A notebook with a failing cell is
reported and left as it was.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
import time
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbval.plugin import get_sanitize_patterns  # type: ignore[import-untyped]

from convlab.site import running
from convlab.site.running import NotebookError

SECONDS_PER_CELL = running.SECONDS_PER_CELL
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
RUN_TO_RUN_METADATA = ("ExecuteTime", "collapsed", "execution", "scrolled", "trusted")
ANSI_COLOUR = running.ANSI_COLOUR
SANITIZE = get_sanitize_patterns(Path(__file__).with_name("sanitize.cfg").read_text(encoding="utf-8"))


def executed(notebook: NotebookNode, folder: Path) -> NotebookNode:
    """The notebook with the outputs of a run in `folder`, from the first cell to the last.

    Raises:
        NotebookError: If a cell fails, takes too long, or stops the kernel.
    """
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:  # zmq warns of Windows' own kind of loop
        return runner.run(running.run(notebook, folder, seconds_per_cell=SECONDS_PER_CELL))


def normalised(notebook: NotebookNode) -> NotebookNode:
    """The notebook without what differs from run to run; cell ids that are there stay."""
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    count = 0
    for cell in notebook.cells:
        cell.metadata = {key: cell.metadata[key] for key in cell.metadata if key not in RUN_TO_RUN_METADATA}
        if cell.cell_type != "code":
            continue
        has_run = bool(cell.source.strip())
        count += has_run
        cell.execution_count = count if has_run else None
        cell.outputs = _normalised_outputs(cell.outputs if has_run else [], count)
    return notebook


def _normalised_outputs(outputs: list[NotebookNode], count: int) -> list[NotebookNode]:
    kept: list[NotebookNode] = []
    for output in outputs:
        if output.output_type == "stream" and kept and kept[-1].get("name") == output.name:
            kept[-1].text += output.text  # how a text is cut into pieces depends on the moment
            continue
        if "data" in output:
            if output.data.pop(WIDGET_VIEW, None) and "text/plain" in output.data:  # the model's id is random
                for pattern, text in SANITIZE:
                    output.data["text/plain"] = re.sub(pattern, text, output.data["text/plain"])
            if not output.data:
                continue
        if output.output_type == "execute_result":
            output.execution_count = count
        kept.append(output)
    return kept


def with_ids(notebook: NotebookNode, stem: str) -> NotebookNode:
    """The notebook with an id, `STEM-NN`, for each cell that has none."""
    taken = {cell.get("id") for cell in notebook.cells}
    for number, cell in enumerate(notebook.cells):
        if "id" not in cell:
            free = (f"{stem}-{n:02d}" for n in range(number, number + 2 * len(notebook.cells)))
            cell["id"] = next(name for name in free if name not in taken)
            taken.add(cell["id"])
    return notebook


def as_bytes(notebook: NotebookNode) -> bytes:
    """The notebook as the bytes of a file."""
    text: str = nbformat.writes(notebook, version=nbformat.NO_CONVERT)
    return (text.rstrip("\n") + "\n").encode()


def read(path: Path) -> NotebookNode:
    """The notebook of a file, each cell with an id.

    Raises:
        NotebookError: If the file cannot be read as a notebook of format 4.
    """
    try:
        text = path.read_text(encoding="utf-8")
        version = json.loads(text)["nbformat"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotebookError(f"this is no notebook that can be read: {error!r}") from error
    if version != 4:
        raise NotebookError(f"nbformat must be 4, but nbformat={version}")
    return with_ids(nbformat.v4.reads(text), path.stem)


def execute_file(path: Path) -> bool:
    """Run a notebook and store its outputs; whether that changed the file.

    Raises:
        NotebookError: If it does not run to its end. The file is then as it was.
    """
    new = as_bytes(normalised(executed(read(path), path.parent)))
    if new == path.read_bytes():
        return False
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.write_bytes(new)
    os.replace(unfinished, path)  # at once: a reader sees the old file or the new one
    return True


def main(arguments: list[str] | None = None) -> int:
    """Run the notebooks that are named; 1 if one of them fails."""
    parser = argparse.ArgumentParser(description="Run notebooks in place and store their outputs.")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE")
    failed = 0
    for path in parser.parse_args(arguments).files:
        start = time.perf_counter()
        try:
            outcome = "changed" if execute_file(path) else "same"
        except NotebookError as error:
            failed, outcome = 1, "FAILED"
            print(f"{path}: {error}", file=sys.stderr)
        print(f"{outcome:8}{path}  {time.perf_counter() - start:.1f} s", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
