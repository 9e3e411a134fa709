"""Notebooks run from the first cell to the last, in kernels of this interpreter, with the state of their widgets."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import zmq
from ipykernel.kernelspec import RESOURCES, get_kernel_dict
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat import NotebookNode
from traitlets import default

SECONDS_PER_CELL = 120
ANSI_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
"""What colours a text in a terminal."""


class NotebookError(Exception):
    """A notebook did not run to its end; the message says where, and why.

    Example:
        >>> raise NotebookError("cell 01_a-03: NameError: name 'x' is not defined")
        Traceback (most recent call last):
        convlab.site.running.NotebookError: cell 01_a-03: NameError: name 'x' is not defined
    """


class _ThisPython(KernelSpecManager):
    """Knows one kernel, the interpreter that runs this file, whatever kernels are installed. nbval takes the same."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())


class _ThisPythonKernel(AsyncKernelManager):
    """Starts `_ThisPython`."""

    @default("kernel_spec_manager")
    def _this_python(self) -> KernelSpecManager:
        return _ThisPython(parent=self)

    @default("transport_encryption")
    def _if_available(self) -> str:
        return "auto" if zmq.has("curve") else "disabled"  # without it each kernel prints a warning


async def run(
    notebook: NotebookNode,
    folder: Path,
    *,
    seconds_per_cell: float = SECONDS_PER_CELL,
    variables: Mapping[str, str] | None = None,
) -> NotebookNode:
    """The notebook with the outputs of a run in `folder`, from the first cell to the last, in its own kernel.

    Of the traceback of an error, the parts in the notebook's own cells stay.

    Args:
        notebook: It is changed in place. Its cells have ids.
        folder: The current folder of the kernel.
        seconds_per_cell: How long a cell may take.
        variables: Of the kernel's environment, beside those of this process.

    Raises:
        NotebookError: If a cell fails, takes too long, or stops the kernel.

    Example:
        >>> import asyncio, nbformat
        >>> book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 + 1", id="a")])
        >>> asyncio.run(run(book, Path("."))).cells[0].outputs[0].data  # doctest: +SKIP
        {'text/plain': '2'}
    """
    reached = {"id": "none, the kernel did not start"}
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        kernel_manager_class=_ThisPythonKernel,
        timeout=seconds_per_cell,
        record_timing=False,
        shutdown_kernel="immediate",  # a kernel that shuts down by itself now and then prints a traceback
        on_cell_start=lambda cell, cell_index: reached.update(id=cell.id),
    )
    environment = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}  # pictures are inline
    environment |= {"OMP_NUM_THREADS": "1", **(variables or {})}  # as in the tests: sums are added in the same order
    try:
        done = await client.async_execute(cwd=str(folder), env=environment)
    except (CellExecutionError, CellTimeoutError, RuntimeError) as error:
        said = ANSI_COLOUR.sub("", str(error)).rstrip()
        raise NotebookError(f"cell {reached['id']}: {said}") from error
    for output in (output for cell in done.cells for output in cell.get("outputs", [])):
        if output.output_type == "error":
            output.traceback = [part for part in output.traceback if not _is_in_a_file(part)]
    return done


def _is_in_a_file(part: str) -> bool:
    """Whether this part of a traceback names a file: a path of this machine, and a line that other versions move."""
    return ANSI_COLOUR.sub("", part).startswith("File ")


def run_all(
    notebooks: Mapping[str, NotebookNode],
    folder: Path,
    *,
    seconds_per_cell: float = SECONDS_PER_CELL,
    variables: Mapping[str, str] | None = None,
    at_once: int | None = None,
    tell: Callable[[str], None] = lambda name: None,
) -> None:
    """Run notebooks, some at once.

    Args:
        notebooks: By their names; they are changed in place.
        folder: The current folder of the kernels.
        seconds_per_cell: As `run`.
        variables: As `run`.
        at_once: How many run at once; None takes one for each core, and no more than four.
        tell: Called with the name of each notebook that has run.

    Raises:
        NotebookError: As `run`, with the name of the notebook.

    Example:
        >>> run_all({}, Path("."))
    """
    places = asyncio.Semaphore(at_once or min(4, os.cpu_count() or 1))

    async def one(name: str, notebook: NotebookNode) -> None:
        async with places:
            try:
                await run(notebook, folder, seconds_per_cell=seconds_per_cell, variables=variables)
            except NotebookError as error:
                raise NotebookError(f"{name}: {error}") from error
        tell(name)

    async def all_of_them() -> None:
        async with asyncio.TaskGroup() as group:
            for name, notebook in notebooks.items():
                group.create_task(one(name, notebook))

    try:
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:  # zmq warns of Windows' own kind of loop
            runner.run(all_of_them())
    except* NotebookError as errors:
        first = errors.exceptions[0]
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        raise first from None
