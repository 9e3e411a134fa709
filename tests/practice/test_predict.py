"""Predict, then run: which guesses are right, what is said of the others, and that nothing is shown before a guess."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from convlab.practice.predict import predict


def failing() -> None:
    """Raises what torch raises for shapes that do not fit."""
    raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")


@pytest.mark.parametrize(
    "guess",
    [
        pytest.param(None, id="None"),
        pytest.param(..., id="dots"),
        pytest.param("  ", id="an empty word"),
        pytest.param((..., ...), id="a shape of dots"),
        pytest.param((1, 8, ..., 26), id="a shape that is half filled in"),
        pytest.param([[None]], id="dots further inside"),
    ],
)
def test_without_a_guess_nothing_is_run_or_shown(guess: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict(guess, lambda: pytest.fail("it was run")) is None
    assert predict(guess, 42) is None
    assert capsys.readouterr().out == "○ Write your guess first.\n" * 2


@pytest.mark.parametrize(
    ("guess", "actual"),
    [
        pytest.param(26, 26, id="an int"),
        pytest.param(26.0, 26, id="a float for an int"),
        pytest.param(26, torch.tensor(26), id="a tensor without axes"),
        pytest.param(26, np.int64(26), id="an int of NumPy"),
        pytest.param(0.3333, 1 / 3, id="a rounded float"),
        pytest.param(0.33, 1 / 3, id="a float with two digits"),
        pytest.param(-0.67, -2 / 3, id="a negative one with two digits"),
        pytest.param(1e-7, 1e-7 * 1.0005, id="a small float"),
        pytest.param(math.nan, math.nan, id="nan"),
        pytest.param(math.inf, math.inf, id="inf"),
        pytest.param((1, 8, 26, 26), torch.zeros(1, 8, 26, 26).shape, id="a shape"),
        pytest.param([1, 8], torch.Size([1, 8]), id="a shape as a list"),
        pytest.param(torch.Size([1, 8]), (1, 8), id="a shape for a tuple"),
        pytest.param(((1, 1), (2, 2)), [[1, 1], [2, 2]], id="nested"),
        pytest.param((), torch.Size([]), id="the shape of a number"),
        pytest.param(True, True, id="a bool"),
        pytest.param(False, torch.tensor(False), id="a bool of torch"),
        pytest.param(" Conv2d ", "conv2d", id="a word in another case"),
        pytest.param("float32", torch.float32, id="a dtype by its name"),
        pytest.param(torch.float32, torch.float32, id="a dtype"),
        pytest.param([1, 2], torch.tensor([1.0, 2.0]), id="a list for a tensor"),
        pytest.param(torch.tensor([1 / 3]), np.array([1 / 3]), id="a tensor for an array"),
        pytest.param([0.33, 0.67], torch.tensor([1 / 3, 2 / 3]), id="a tensor with two digits"),
        pytest.param(torch.tensor([math.nan, 1]), torch.tensor([math.nan, 1]), id="a tensor with nan"),
        pytest.param([True, False], torch.tensor([True, False]), id="a tensor of bools"),
        pytest.param("error", failing, id="an error"),
        pytest.param("RuntimeError", failing, id="an error by its name"),
        pytest.param(RuntimeError, failing, id="an error by its class"),
        pytest.param(Exception, failing, id="an error by a wider class"),
        pytest.param(26, lambda: 26, id="a function"),
    ],
)
def test_right(guess: Any, actual: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict(guess, actual) is True
    assert capsys.readouterr().out.startswith("✓ Right. It ")


@pytest.mark.parametrize(
    ("guess", "actual", "told"),
    [
        pytest.param(25, 26, "Your guess: 25. It is 26.", id="an int"),
        pytest.param(25.9, 26, "Your guess: 25.9. It is 26.", id="nearly an int"),
        pytest.param(0.3, 1 / 3, "Your guess: 0.3. It is 0.3333.", id="a float with one digit"),
        pytest.param(0.34, 1 / 3, "Your guess: 0.34. It is 0.3333.", id="a float"),
        pytest.param(0.0, 1e-5, "Your guess: 0.0. It is 1e-05.", id="0 for a small float"),
        pytest.param(1, True, "Your guess: 1. It is True.", id="an int for a bool"),
        pytest.param(True, 1, "Your guess: True. It is 1.", id="a bool for an int"),
        pytest.param(math.nan, 1.0, "Your guess: nan. It is 1.0.", id="nan"),
        pytest.param("six", 6, "Your guess is a word, but the answer is a number.", id="a word for a number"),
        pytest.param("conv1", "conv2", "Your guess: conv1. It is conv2.", id="another word"),
        pytest.param((1, 8, 25, 26), torch.Size([1, 8, 26, 26]), "They differ at position 2: 25 and 26.", id="a shape"),
        pytest.param((8, 26), (1, 8, 26), "The answer has 3 entries, but your guess has 2.", id="an axis too few"),
        pytest.param(26, (26,), "The answer has 1 entry, but your guess is a single value.", id="no tuple"),
        pytest.param((26,), 26, "Your guess has entries, but the answer is a single value.", id="a tuple"),
        pytest.param([1, 3], torch.tensor([1, 2]), "They first differ at [1]: 3 and 2.", id="a tensor"),
        pytest.param(
            [[1]], torch.tensor([1]), "The answer has shape (1,), but your guess has shape (1, 1).", id="axes"
        ),
        pytest.param([[1], [1, 2]], torch.tensor([1]), "rows of several lengths", id="a list that is no tensor"),
        pytest.param("ab", torch.tensor([1]), "a tensor of shape (1,), but your guess is a single value", id="a word"),
        pytest.param(torch.float64, torch.float32, "It is torch.float32.", id="another dtype"),
        pytest.param(26, failing, "It raises RuntimeError: mat1 and mat2 shapes cannot", id="an error"),
        pytest.param(ValueError, failing, "Your guess: ValueError. It raises RuntimeError", id="another error"),
        pytest.param("error", 26, "Your guess is a word", id="no error"),
    ],
)
def test_wrong(guess: Any, actual: Any, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict(guess, actual) is False
    text = capsys.readouterr().out
    assert text.startswith("✗ Not right. Your guess: ")
    assert told in " ".join(text.split())


def test_an_interrupt_is_no_answer() -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        predict("error", interrupted)


def test_what_is_shown_is_short_and_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []

    def keep(text: str, *, html: str) -> None:
        shown.extend([text, html])

    monkeypatch.setattr(sys.modules["convlab.practice.predict"], "say", keep)  # the package has a function of that name
    predict("<script>\x1b" + "x" * 10_000, "<b>")
    predict(torch.zeros(100, 100), torch.ones(100, 100))
    assert all(len(part) < 1500 for part in shown)
    assert not any("<script>" in html or "<b>" in html for html in shown[1::2])
    assert "a tensor of shape (100, 100)" in shown[2]


def test_equality_of_its_own() -> None:
    class Odd:
        def __eq__(self, other: object) -> bool:
            raise ZeroDivisionError

        __hash__ = None  # type: ignore[assignment]

    assert predict(Odd(), Odd()) is False


def test_the_answer_is_made_once() -> None:
    calls: list[int] = []
    make: Callable[[], int] = lambda: calls.append(1) or 5  # type: ignore[func-returns-value]  # noqa: E731
    assert predict(5, make)
    assert calls == [1]
