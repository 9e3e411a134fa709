"""The tool behind `make notebooks`: the same bytes at each run, no file touched by a failing cell, this interpreter."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import execute
import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

pytestmark = pytest.mark.long

SUCH_AS_THE_COURSE_HAS = [
    "import sys\n\nimport ipywidgets\nimport matplotlib.pyplot as plt\nfrom tqdm.auto import tqdm",
    "print('one', flush=True)\nprint('two')\nprint(sys.executable)",
    "fig, ax = plt.subplots(figsize=(2, 1))\nax.plot([0, 1, 4])\nplt.show()\nprint('after the picture')",
    "slider = ipywidgets.IntSlider()\nslider",
    "int('x')",
    "",
    "with tqdm(total=2, unit='epoch') as bar:\n    bar.update(2)",
]


def notebook(*sources: str) -> NotebookNode:
    """Code cells with ids; those that fail are tagged so."""
    cells = [new_code_cell(source, id=f"book-{number:02d}") for number, source in enumerate(sources)]
    for cell in cells:
        cell.metadata = {"tags": ["raises-exception"]} if cell.source == "int('x')" else {}
    book: NotebookNode = new_notebook(cells=cells)
    return book


def written(path: Path, book: NotebookNode) -> Path:
    """The path, with the notebook in it."""
    path.write_bytes(execute.as_bytes(book))
    return path


@pytest.fixture(scope="module")
def ran_twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes], list[str]]:
    """A notebook, its bytes after each of two runs in processes of their own, and what the runs printed."""
    path = written(tmp_path_factory.mktemp("twice") / "book.ipynb", notebook(*SUCH_AS_THE_COURSE_HAS))
    versions, reports = [], []
    for _ in range(2):
        command = [sys.executable, execute.__file__, path.name]
        process = subprocess.run(command, capture_output=True, text=True, cwd=path.parent, check=True)
        versions.append(path.read_bytes())
        reports.append(process.stdout)
        assert process.stderr == ""
    return path, versions, reports


def test_a_second_run_gives_the_same_bytes(ran_twice: tuple[Path, list[bytes], list[str]]) -> None:
    path, (first, second), (report_of_first, report_of_second) = ran_twice
    assert first == second
    assert first.endswith(b"}\n")
    assert report_of_first.split()[:2] == ["changed", "book.ipynb"]
    assert report_of_second.split()[:2] == ["same", "book.ipynb"]
    assert [file.name for file in path.parent.iterdir()] == ["book.ipynb"]


def test_the_outputs_are_stored_and_the_rest_is_fixed(ran_twice: tuple[Path, list[bytes], list[str]]) -> None:
    path, _, _ = ran_twice
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    imports, printing, drawing, widget, failing, empty, training = book.cells
    assert [cell.execution_count for cell in book.cells] == [1, 2, 3, 4, 5, None, 6]
    assert [cell.id for cell in book.cells] == [f"book-{number:02d}" for number in range(7)]
    assert book.metadata == execute.METADATA
    assert imports.outputs == empty.outputs == []
    assert [output.text for output in printing.outputs] == [f"one\ntwo\n{sys.executable}\n"]
    assert [output.output_type for output in drawing.outputs] == ["display_data", "stream"]
    assert "image/png" in drawing.outputs[0].data
    assert list(widget.outputs[0].data) == ["text/plain"]
    assert [output.data for output in training.outputs] == [{"text/plain": "(progress bar)"}]
    assert failing.outputs[0].ename == "ValueError"
    assert all(cell.metadata == {} or list(cell.metadata) == ["tags"] for cell in book.cells)


def test_a_failing_cell_leaves_the_file_untouched(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "book.ipynb", notebook("print('now')", "1 / 0", "print('never')"))
    before = path.read_bytes()
    assert execute.main([str(path)]) == 1
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["book.ipynb"]
    printed = capsys.readouterr()
    assert "FAILED" in printed.out
    assert f"{path}: cell book-01:" in printed.err
    assert "ZeroDivisionError: division by zero" in printed.err


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param("import time\ntime.sleep(60)", "cell book-00: A cell timed out", id="too slow"),
        pytest.param("import os\nos._exit(1)", "cell book-00: Kernel died", id="kernel dies"),
    ],
)
def test_a_kernel_that_does_not_answer(
    source: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(execute, "SECONDS_PER_CELL", 1)
    path = written(tmp_path / "book.ipynb", notebook(source))
    before = path.read_bytes()
    assert execute.main([str(path)]) == 1
    assert message in capsys.readouterr().err
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(None, id="no file"),
        pytest.param("", id="empty file"),
        pytest.param("{}", id="no notebook"),
        pytest.param('{"nbformat": 3, "worksheets": []}', id="an old format"),
    ],
)
def test_what_is_no_notebook_is_reported(text: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "book.ipynb"
    if text is not None:
        path.write_text(text)
    assert execute.main([str(path)]) == 1
    assert str(path) in capsys.readouterr().err


def test_the_kernel_is_this_interpreter_in_the_folder_of_the_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "jupyter" / "kernels" / "python3"
    other.mkdir(parents=True)
    broken = {"argv": [shutil.which("false") or "false"], "display_name": "another Python", "language": "python"}
    (other / "kernel.json").write_text(json.dumps(broken))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("MPLBACKEND", "agg")
    show = "import os, sys\nprint(sys.executable)\nprint(os.getcwd())\nprint(os.environ['MPLBACKEND'])"
    ran = execute.executed(notebook(show), tmp_path)
    printed = "".join(output.text for output in ran.cells[0].outputs).splitlines()
    assert printed == [sys.executable, str(tmp_path.resolve()), "module://matplotlib_inline.backend_inline"]


def tagged_and_timed(cell: NotebookNode) -> None:
    cell.metadata = {"tags": ["exercise"], "execution": {"shell.execute_reply": "now"}, "scrolled": True}


def in_two_pieces(cell: NotebookNode) -> None:
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text) for text in ("on", "e\n")]


def with_a_view_only(cell: NotebookNode) -> None:
    cell.outputs = [nbformat.v4.new_output("display_data", data={execute.WIDGET_VIEW: {"model_id": "random"}})]


@pytest.mark.parametrize(
    ("change", "key", "expected"),
    [
        pytest.param(tagged_and_timed, "metadata", {"tags": ["exercise"]}, id="timings go, tags stay"),
        pytest.param(
            in_two_pieces,
            "outputs",
            [{"output_type": "stream", "name": "stdout", "text": "one\n"}],
            id="a stream is joined",
        ),
        pytest.param(with_a_view_only, "outputs", [], id="a widget's random id goes"),
    ],
)
def test_normalised(change: Callable[[NotebookNode], None], key: str, expected: object) -> None:
    book = notebook("f()")
    change(book.cells[0])
    assert execute.normalised(book).cells[0][key] == expected


def test_frames_in_files_are_not_stored(tmp_path: Path) -> None:
    book = notebook("import json\njson.loads('x')")
    book.cells[0].metadata = {"tags": ["raises-exception"]}
    (error,) = execute.executed(book, tmp_path).cells[0].outputs
    parts = [execute.ANSI_COLOUR.sub("", part) for part in error.traceback]
    assert [part.split()[0] for part in parts if part.startswith(("Cell", "File"))] == ["Cell"]
    assert "json.loads('x')" in "".join(parts)
    assert parts[-1].startswith("JSONDecodeError: ")


def test_cells_without_an_id_get_one_that_is_free(tmp_path: Path) -> None:
    cells = [new_markdown_cell("a"), new_code_cell("b", id="book-00"), new_markdown_cell("c", id="book-goals")]
    del cells[0]["id"]
    path = tmp_path / "book.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}))
    assert [cell.id for cell in execute.read(path).cells] == ["book-01", "book-00", "book-goals"]
