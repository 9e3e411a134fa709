"""`check` judges, keeps and shows; nothing that goes wrong with keeping stops it."""

from __future__ import annotations

from typing import Any

import pytest

from convlab.practice import checking, feedback, store


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What is recorded and shown, in order."""
    events: list[tuple[Any, ...]] = []
    monkeypatch.setattr(
        store, "record", lambda name, *, passed, mistake: events.append(("record", name, passed, mistake))
    )
    monkeypatch.setattr(feedback, "show", lambda verdict: events.append(("show", verdict)))
    return events


def _right(n: int, k: int, s: int = 1, p: int = 0, d: int = 1) -> int:
    return (n + 2 * p - d * (k - 1) - 1) // s + 1


def _blank(n: int, k: int, s: int = 1, p: int = 0, d: int = 1) -> None: ...


def test_an_attempt_is_kept_and_then_shown(kept: list[tuple[Any, ...]]) -> None:
    verdict = checking.check("conv_output_size", _right)
    assert verdict.passed
    assert kept == [("record", "conv_output_size", True, None), ("show", verdict)]


def test_a_mistake_is_kept_by_its_name(kept: list[tuple[Any, ...]]) -> None:
    verdict = checking.check("conv_output_size", lambda *args, **kwargs: None)
    assert verdict.mistake == "returns None"
    assert kept[0] == ("record", "conv_output_size", False, "returns None")


def test_a_blank_answer_is_no_attempt(kept: list[tuple[Any, ...]]) -> None:
    verdict = checking.check("conv_output_size", _blank)
    assert verdict.is_blank
    assert kept == [("show", verdict)]


def test_an_unknown_name_is_refused(kept: list[tuple[Any, ...]]) -> None:
    with pytest.raises(ValueError, match="close: conv1d"):
        checking.check("cov1d", _right)
    assert kept == []


def test_a_failure_to_write_is_said_in_a_line_and_breaks_nothing(
    kept: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise PermissionError("no")

    monkeypatch.setattr(store, "record", fail)
    verdict = checking.check("conv_output_size", _right)
    assert kept == [("show", verdict)]
    assert capsys.readouterr().out == "This attempt was not kept: PermissionError.\n"
