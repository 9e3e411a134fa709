"""Hints one at a time; solutions after an attempt, or when asked twice."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from convlab.practice import catalogue, reveal, store
from convlab.practice.exercise import Design, Exercise, Mistake
from convlab.practice.reveal import hint, solution, source_of


def answer(input_size: int) -> int:
    """Calls another function of this module."""
    return reveal_me(input_size) + LIMIT


def reveal_me(number: int) -> int:
    """What `answer` calls."""
    return len(inspect.cleandoc("x" * number))


LIMIT = 12
MISTAKES = (Mistake("`*` for + in a_b", "kernel_size**2 * C_in, not `C_in**2`. $5 <b>", None), Mistake("b", "B.", None))
EXERCISE = Exercise(
    "answer", "02_conv1d", "?", "?", 1, 1, 1, ("one", "two\nlines", "three"), answer, reveal_me, tuple, MISTAKES
)
DESIGN = Design("stack", "07_dilated", "?", "?", 1, 1, 1, ("a", "b", "c"), [(3, 1)], [(5, 2)], lambda given: None, ())


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVLAB_HOME", str(tmp_path))
    tasks: dict[str, Any] = {"answer": EXERCISE, "stack": DESIGN}
    monkeypatch.setattr(catalogue, "find", lambda name: tasks[name])


def test_hints_come_one_at_a_time_and_then_all(capsys: pytest.CaptureFixture[str]) -> None:
    shown = []
    for _ in range(5):
        hint("answer")
        shown.append(capsys.readouterr().out)
    assert [text.splitlines()[0] for text in shown[:3]] == [
        "Hint 1 of 3 for answer: one",
        "Hint 2 of 3 for answer: two",
        "Hint 3 of 3 for answer: three",
    ]
    assert [text.splitlines()[-1] for text in shown[:3]] == [
        '`practice.hint("answer")` gives the next one.',
        '`practice.hint("answer")` gives the next one.',
        'It was the last; `practice.solution("answer")` shows two solutions.',
    ]
    assert shown[3].splitlines() == [
        "The 3 hints for answer:",
        "1. one",
        "2. two",
        "   lines",
        "3. three",
        'Next is the solution: `practice.solution("answer")` shows two solutions.',
    ]
    assert shown[4] == shown[3]
    assert store.hints_seen("answer") == 3


def test_the_hints_of_another_exercise_wait(capsys: pytest.CaptureFixture[str]) -> None:
    hint("answer")
    hint("stack")
    assert "Hint 1 of 3 for stack: a" in capsys.readouterr().out


def test_the_solution_is_shown_when_asked_twice(capsys: pytest.CaptureFixture[str]) -> None:
    solution("answer")
    first = capsys.readouterr().out
    assert first.startswith('Try it first: `practice.check("answer", answer)`')
    assert first.count("\n") == 1
    assert "def " not in first
    solution("answer")
    assert "def answer" in capsys.readouterr().out


@pytest.mark.parametrize("passed", [True, False])
def test_the_solution_is_shown_after_an_attempt(passed: bool, capsys: pytest.CaptureFixture[str]) -> None:
    store.record("answer", passed=passed, mistake=None)
    solution("answer")
    text = capsys.readouterr().out
    titles = ["A solution of answer:", "Another one, in another style:", "Why the common wrong ones fail:"]
    assert [line for line in text.splitlines() if line.endswith(":") and not line.startswith(" ")] == titles
    assert "- b: B." in text


def test_a_design_shows_both_answers(capsys: pytest.CaptureFixture[str]) -> None:
    store.record("stack", passed=False, mistake=None)
    solution("stack")
    text = capsys.readouterr().out
    assert "[(3, 1)]" in text
    assert "[(5, 2)]" in text
    assert "wrong ones" not in text


def test_markdown_shows_signs_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(reveal, "say", lambda text, *, markdown: shown.append(markdown))
    store.record("answer", passed=True, mistake=None)
    solution("answer")
    line = r"- **`*` for + in a\_b**: kernel\_size\*\*2 \* C\_in, not `C_in**2`. \$5 \<b>"
    assert line in shown[0].splitlines()
    assert shown[0].count("```python\n") == 2


def test_a_source_has_all_that_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reveal_me, "__module__", "convlab.practice._bank.some")
    assert re.sub(r"\n .*", "", source_of(answer)).split("\n\n\n") == [
        "import inspect",
        "def reveal_me(number: int) -> int:",
        "LIMIT = 12",
        "def answer(input_size: int) -> int:",
    ]


@pytest.mark.parametrize("name", catalogue.names())
def test_the_sources_of_the_bank_run_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    task = catalogue.find(name)
    for given in (task.solution, task.alternative):
        namespace: dict[str, Any] = {}
        if not isinstance(task, Exercise):
            assert source_of(given)
            continue
        exec(source_of(given), namespace)
        case = task.cases()[0]
        made = namespace[given.__name__](*case.args, **case.kwargs)
        assert type(made) is type(given(*case.args, **case.kwargs))


@pytest.mark.parametrize("function", [hint, solution])
def test_an_exercise_that_does_not_exist(function: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    with pytest.raises(ValueError, match="there is no exercise 'cov1d'"):
        function("cov1d")
