"""Where the reader guesses before the answer is shown: how the cell looks, and that it tells right from wrong."""

from __future__ import annotations

import ast
import copy
import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import chdir, redirect_stdout
from pathlib import Path
from typing import Any

import execute
import matplotlib
import pytest
import torch
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from convlab import practice
from convlab.site import needed

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
TAG = "predict"
NO_GUESS = "○ Write your guess first."
FEWEST, MOST_LINES = 2, 4

ANSWERS: dict[str, list[Any]] = {
    "01_sliding_window": [11, [5, 5], ["A", "B", "C"]],
    "02_conv1d": [(8, 2), RuntimeError, [6, 7, 8]],
    "03_conv2d": [27, 0, [3, 2]],
    "04_conv3d": [(4, 2, 5, 5), (5, 54), (4, 24, 49)],
    "05_shapes_and_errors": ["fc1", (1, 10), 25],
    "06_grouped_and_depthwise": [(32, 16, 3, 3), 4672, 9],
    "07_dilated": [531, 127, 7],
    "08_transposed": [(5, 5), 7, (44, 60)],
    "09_deformable": [(2, 18, 10, 15), 27],
    "10_backward": [[11, 4], 4, 28],
    "11_how_it_runs": [57600, [1, 10], 16, 100000000],
    "12_capstone": [15, (7, 9216), 3],
}
"""The answers of each notebook in their order, found by hand; an exception's class where an error is meant."""


def cells_to_guess(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells in which the reader writes a guess."""
    return [cell for cell in notebook.cells if TAG in cell.metadata.get("tags", [])]


def faults(notebook: NotebookNode, answers: Sequence[Any]) -> list[str]:
    """What is wrong with the looks of the cells that take a guess."""
    found = []
    calling = [cell for cell in notebook.cells if cell.cell_type == "code" and "practice.predict" in cell.source]
    if calling != cells_to_guess(notebook):
        found.append(f"the tag {TAG!r} and the call of practice.predict belong together")
    if len(calling) != len(answers):
        found.append(f"there are {len(calling)} cells that take a guess, but {len(answers)} answers")
    for cell, answer in zip(calling, answers, strict=False):
        above = notebook.cells[notebook.cells.index(cell) - 1]
        if above.cell_type != "markdown" or "*Predict" not in above.source.split("\n\n")[-1]:
            found.append(f"{cell.id}: the question must stand right above")
        found += [f"{cell.id}: {fault}" for fault in (*faults_in_the_source(cell.source, answer), *outputs(cell))]
    return found


def faults_in_the_source(source: str, answer: Any) -> list[str]:
    """Where a source is not a guess of three dots, with a comment, and a prediction of what a function computes."""
    found = []
    written = re.fullmatch(
        r"guess = \.\.\.  # (.+)\npractice\.predict\(\s*guess, lambda: (.+?)\s*\)", source, re.DOTALL
    )
    body = ast.parse(source).body
    if written is None or len(body) != 2 or len(source.splitlines()) > MOST_LINES:
        return [f"it must be 'guess = ...  # what' and 'practice.predict(guess, lambda: ...)', not {source!r}"]
    if not any(isinstance(node, ast.Call | ast.Attribute) for node in ast.walk(function_in(source).body)):
        found.append("the answer must be computed")
    if re.search(rf"(?<![\w.]){re.escape(str(answer))}(?![\w.])", written[1]):
        found.append("the comment gives the answer away")
    return found


def function_in(source: str) -> ast.Lambda:
    """The function that gives the answer."""
    call = ast.parse(source).body[-1]
    assert isinstance(call, ast.Expr)
    assert isinstance(call.value, ast.Call)
    assert isinstance(call.value.args[-1], ast.Lambda)
    return call.value.args[-1]


def outputs(cell: NotebookNode) -> list[str]:
    """Whether more is stored than the one line."""
    shown = [output.get("data", {}).get("text/plain") for output in cell.outputs]
    return [] if shown == [NO_GUESS] else [f"its output must be {NO_GUESS!r}, not {shown}"]


def untold(source: str, answer: Any, names: dict[str, Any]) -> list[str]:
    """The guesses that the cell judges wrongly, where `names` are what the notebook has made, and side effects."""
    is_error = isinstance(answer, type)
    rights = [answer, "error"] if is_error else [answer]
    wrongs = [(1, 1), 1, TypeError] if is_error else ["error", *near(answer)]
    before = state(names)
    found = [f"{guess!r} is not taken as right" for guess in rights if said(source, guess, names) is not True]
    found += [f"{guess!r} is not taken as wrong" for guess in wrongs if said(source, guess, names) is not False]
    return found if state(names) == before else [*found, "it changes a tensor or what is random later"]


def near(answer: Any) -> list[Any]:
    """Guesses that are nearly right: the next number, a last entry that is another one, an entry too few."""
    if isinstance(answer, tuple | list):
        kind, rest = type(answer), answer[:-1]
        return [kind(rest), *(kind([*rest, other]) for other in near(answer[-1]))]
    return [answer + "?", "not " + answer] if isinstance(answer, str) else [answer + 1, answer - 1, [answer]]


def said(source: str, guess: Any, names: dict[str, Any]) -> bool | None:
    """What the cell says to this guess, in place of the three dots."""
    call = ast.parse(source).body[-1]
    assert isinstance(call, ast.Expr)
    with redirect_stdout(io.StringIO()):
        told: bool | None = eval(compile(ast.Expression(call.value), "cell", "eval"), names | {"guess": guess})
    return told


def state(names: dict[str, Any]) -> list[object]:
    """What a later cell could notice: where the random numbers are, and how often each tensor was written to."""
    tensors = {name: value._version for name, value in names.items() if isinstance(value, torch.Tensor)}
    return [torch.get_rng_state().tolist(), tensors]


def guessed(notebook: NotebookNode, answers: Sequence[Any]) -> dict[str, list[str]]:
    """What the cells judge wrongly, by their ids. Of the others only those that they need are run."""
    rest = dict(zip((cell.id for cell in cells_to_guess(notebook)), answers, strict=True))
    found: dict[str, list[str]] = {}
    names: dict[str, Any] = {"__name__": "notebook"}
    needed.leave_out(notebook, rest)
    for cell in notebook.cells:
        if cell.id in rest:
            found[cell.id] = untold(cell.source, rest[cell.id], names)
        elif cell.cell_type == "code" and needed.NOT_RUN not in cell.metadata.get("tags", []):
            lines = [line for line in cell.source.splitlines() if not line.startswith("%")]
            exec(compile("\n".join(lines), cell.id, "exec"), names)
    return found


def main(paths: Sequence[str]) -> None:
    """Print a line of JSON: what `guessed` finds in each notebook, by its stem."""
    matplotlib.use("agg")
    found = {}
    for path in map(Path, paths):
        with redirect_stdout(io.StringIO()), chdir(path.parent):
            found[path.stem] = guessed(execute.read(path), ANSWERS[path.stem])
    print(json.dumps(found))


EACH = pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in NOTEBOOKS])


@EACH
def test_the_cells_take_a_guess_and_show_nothing_before(path: Path) -> None:
    notebook = execute.read(path)
    assert faults(notebook, ANSWERS.get(path.stem, [])) == []
    assert len(cells_to_guess(notebook)) >= (FEWEST if "01" <= path.stem[:2] <= "10" else 0)


@pytest.fixture(scope="module")
def misjudged() -> dict[str, dict[str, list[str]]]:
    """What the cells of all notebooks judge wrongly: one process, to which no other test has done anything."""
    paths = [str(path) for path in NOTEBOOKS if path.stem in ANSWERS]
    ran = subprocess.run([sys.executable, __file__, *paths], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    found: dict[str, dict[str, list[str]]] = json.loads(ran.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("stem", ANSWERS)
def test_they_tell_right_from_wrong(stem: str, misjudged: dict[str, dict[str, list[str]]]) -> None:
    assert len(misjudged[stem]) == len(ANSWERS[stem])
    assert {id_: found for id_, found in misjudged[stem].items() if found} == {}


GOOD = "guess = ...  # a shape, such as (1, 8)\npractice.predict(guess, lambda: torch.zeros(3, 4).shape)"


@pytest.fixture
def good() -> NotebookNode:
    """A notebook with one question and one cell that takes the guess."""
    cell = new_code_cell(GOOD, id="cell", metadata={"tags": [TAG]})
    cell.outputs = [new_output("display_data", data={"text/plain": NO_GUESS, "text/html": "<p></p>"})]
    notebook: NotebookNode = new_notebook(cells=[new_markdown_cell("Zeros.\n\n*Predict:* the shape?"), cell])
    return notebook


def source(old: str, new: str) -> Callable[[NotebookNode], None]:
    def change(notebook: NotebookNode) -> None:
        assert old in notebook.cells[1].source
        notebook.cells[1].source = notebook.cells[1].source.replace(old, new)

    return change


def untagged(notebook: NotebookNode) -> None:
    del notebook.cells[1].metadata["tags"]


def once_more(notebook: NotebookNode) -> None:
    notebook.cells += copy.deepcopy(notebook.cells)


def elsewhere(notebook: NotebookNode) -> None:
    notebook.cells[0].source += "\n\nNow to something else."


def answered(notebook: NotebookNode) -> None:
    notebook.cells[1].outputs[0].data["text/plain"] = "✓ Right. It is (3, 4)."


def with_its_result(notebook: NotebookNode) -> None:
    notebook.cells[1].outputs.append(new_output("execute_result", data={"text/plain": "False"}, execution_count=2))


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        pytest.param(source("guess = ...", "guess = (3, 4)"), "it must be", id="a guess was stored"),
        pytest.param(source("  # a shape, such as (1, 8)", ""), "it must be", id="nothing says what to write"),
        pytest.param(source("lambda: ", ""), "it must be", id="the answer is computed at once"),
        pytest.param(source("practice", "x = 1\npractice"), "it must be", id="another line"),
        pytest.param(source("torch.zeros(3, 4).shape", "(3, 4)"), "must be computed", id="the answer is written down"),
        pytest.param(source("(1, 8)", "(3, 4)"), "gives the answer away", id="the answer as an example"),
        pytest.param(untagged, "belong together", id="no tag"),
        pytest.param(once_more, "1 answers", id="an answer is missing"),
        pytest.param(elsewhere, "right above", id="the question is further up"),
        pytest.param(answered, "its output", id="the answer was stored"),
        pytest.param(with_its_result, "its output", id="a result was stored"),
    ],
)
def test_refused(spoil: Callable[[NotebookNode], None], fault: str, good: NotebookNode) -> None:
    assert faults(good, [(3, 4)]) == []
    spoil(good)
    assert any(fault in told for told in faults(good, [(3, 4)]))


@pytest.mark.parametrize(
    ("expression", "answer", "fault"),
    [
        pytest.param("torch.zeros(3, 4).shape", (3, 4), None, id="a shape"),
        pytest.param("len('abc')", 3, None, id="a number"),
        pytest.param("'fc1'.upper()", "fc1", None, id="a word"),
        pytest.param("torch.zeros(2) @ torch.zeros(3)", RuntimeError, None, id="an error that is meant"),
        pytest.param("torch.zeros(3, 5).shape", (3, 4), "(3, 4) is not taken as right", id="another shape"),
        pytest.param("torch.zeros(2) @ torch.zeros(3)", (3, 4), "is not taken as right", id="an error that is not"),
        pytest.param("nothing.shape", (3, 4), "is not taken as right", id="a name that is missing"),
        pytest.param("nothing.shape", RuntimeError, "is not taken as right", id="an error of another kind"),
        pytest.param("torch.zeros(3)", RuntimeError, "is not taken as right", id="no error where one is meant"),
        pytest.param("torch.rand(3, 4).shape", (3, 4), "random later", id="it draws random numbers"),
        pytest.param("zeros.add_(1).shape", (3, 4), "it changes a tensor", id="it writes to a tensor"),
    ],
)
def test_what_is_misjudged_is_seen(expression: str, answer: Any, fault: str | None) -> None:
    names = {"torch": torch, "practice": practice, "zeros": torch.zeros(3, 4)}
    found = untold(f"guess = ...  # what\npractice.predict(guess, lambda: {expression})", answer, names)
    assert any(fault in told for told in found) if fault else found == []


def test_what_takes_every_guess_is_seen() -> None:
    class Lenient:
        def predict(self, guess: object, actual: object) -> bool:
            return True

    assert "(3, 5) is not taken as wrong" in untold(GOOD, (3, 4), {"torch": torch, "practice": Lenient()})


if __name__ == "__main__":
    main(sys.argv[1:])
