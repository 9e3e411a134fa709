"""`%load_ext convlab` in real kernels: below each traceback the diagnosis, once, the same at each run; nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import execute
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from convlab.inspection.diagnosis import TITLE

SETUP = """import asyncio, sys, torch, convlab
from torch import nn
from convlab.inspection import doctor
from convlab.inspection.diagnosis import Diagnosis, Fix

asked = []

def stand_in(model, args, kwargs, error, *, names):
    asked.append(args)
    code = type(model).forward.__code__
    fixes = (Fix("Change it.", f"{names.model} = nn.Linear(5, 2)"), Fix("Or this.", f"{names.inputs[0]} = x"))
    return Diagnosis("fc1", error, "It does not fit.", fixes, (code.co_filename, code.co_firstlineno + 1))

doctor.diagnose_call = stand_in

class Net(nn.Module):
    def forward(self, x):
        return x @ torch.zeros(4, 2)

net, images = Net(), torch.zeros(1, 5)"""
FAILS = "out = net(images)"

# What stands in a cell, and what it shows: o: the diagnosis, E: a traceback, t: text
CELLS = [
    (SETUP, ""),
    (FAILS, "E"),
    ("%load_ext convlab", ""),
    (FAILS, "Eo"),
    ("net(torch.zeros(1, 4)).shape", "t"),
    ("{}['key']", "E"),
    ("raise KeyboardInterrupt", "E"),
    ("with convlab.explain_errors():\n    net(images)", "oE"),
    ("with convlab.explain_errors(), convlab.explain_errors():\n    net(images)", "oE"),
    ("try:\n    net(images)\nexcept RuntimeError:\n    pass", ""),
    ("await asyncio.sleep(0)\nnet(images)", "Eo"),
    ("%time net(images)", "tEo"),
    ("%load_ext convlab\n%reload_ext convlab\nnet(images)", "tEo"),
    ("print(type(sys.last_value).__name__, len(asked))", "t"),
    ("%xmode Minimal\nnet(images)", "tEo"),
    ("%xmode Context\n%unload_ext convlab\nnet(images)", "tE"),
    ("with convlab.explain_errors():\n    net(images)", "oE"),
    ("def stand_in(*args, **kwargs):\n    raise KeyboardInterrupt\n\ndoctor.diagnose_call = stand_in", ""),
    ("%load_ext convlab", ""),
    (FAILS, "E"),
]

TEXT = """\
It does not fit.

The call is in line 18 of a notebook cell:
    return x @ torch.zeros(4, 2)

What made it run when it was tried:
1. Change it.
   net = nn.Linear(5, 2)
2. Or this.
   images = x"""


def ran(folder: Path) -> NotebookNode:
    """The cells with their outputs, as `make notebooks` would store them."""
    cells = [new_code_cell(source, id=f"cell-{number:02d}") for number, (source, _) in enumerate(CELLS)]
    for cell in cells:
        cell.metadata = {"tags": ["raises-exception"]}
    stored: NotebookNode = execute.normalised(execute.executed(new_notebook(cells=cells), folder))
    return stored


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> NotebookNode:
    return ran(tmp_path_factory.mktemp("first"))


def letter(output: Any) -> str:
    if output.output_type == "display_data":
        assert set(output.data) == {"text/plain", "text/html"}
        assert output.data["text/plain"].startswith(TITLE)
        return "o"
    return {"error": "E", "stream": "t", "execute_result": "t"}[output.output_type]


def test_what_each_cell_shows(book: NotebookNode) -> None:
    shown = [(cell.source, "".join(map(letter, cell.outputs))) for cell in book.cells]
    assert shown == CELLS


def test_the_traceback_is_the_one_without_the_extension(book: NotebookNode) -> None:
    without, with_it, with_a_broken_doctor = (cell.outputs[0] for cell in book.cells if cell.source == FAILS)
    numbers = re.compile(r"In\[\d+\]")
    assert len(without.traceback) >= 3
    for other in (with_it, with_a_broken_doctor):
        assert (other.ename, other.evalue) == (without.ename, without.evalue)
        assert [numbers.sub("", frame) for frame in other.traceback] == [
            numbers.sub("", frame) for frame in without.traceback
        ]


def test_the_block(book: NotebookNode) -> None:
    block = next(output for cell in book.cells for output in cell.outputs if letter(output) == "o")
    assert block.data["text/plain"] == f"{TITLE}\n\n{TEXT}"
    assert ">net = nn.Linear(5, 2)</pre>" in block.data["text/html"]
    blocks = [output.data for cell in book.cells for output in cell.outputs if letter(output) == "o"]
    assert all(data == block.data for data in blocks)  # by each way of calling the model, `%time` and await included


def test_the_error_stays_the_last_one_for_the_debugger(book: NotebookNode) -> None:
    asking = next(cell for cell in book.cells if cell.source.startswith("print(type(sys.last_value)"))
    assert asking.outputs[0].text == "RuntimeError 6\n"


def test_a_second_run_stores_the_same(book: NotebookNode, tmp_path: Path) -> None:
    again = ran(tmp_path)
    for first, second in zip(book.cells, again.cells, strict=True):
        if not first.source.startswith("%time"):
            assert first.outputs == second.outputs
