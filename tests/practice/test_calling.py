"""Learners' functions are called inside walls: what they do is seen, and nothing of it stays."""

from __future__ import annotations

import functools
import importlib
import random
import time
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import convlab
from convlab.practice.calling import call, copied, is_blank
from convlab.practice.exercise import Case
from convlab.practice.limits import KEPT_CHARACTERS, within
from convlab.practice.watching import watched

NOTHING = Case("no arguments", ())
SIGNAL = Case("a signal", (torch.arange(6.0).reshape(1, 1, 6),))


class _Doubling:
    def __call__(self, x: Any) -> Any:
        return 2 * x

    def method(self, x: Any) -> Any:
        return 2 * x


class _DoublingModule(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 2 * x


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda x: 2 * x, id="lambda"),
        pytest.param(functools.partial(torch.mul, 2), id="partial of a built-in function"),
        pytest.param(_Doubling(), id="object"),
        pytest.param(_Doubling().method, id="method"),
        pytest.param(_DoublingModule(), id="module"),
        pytest.param(torch.vmap(lambda x: 2 * x), id="vmap"),
    ],
)
def test_whatever_can_be_called_is_called_and_watched(answer: Callable[..., Any]) -> None:
    outcome = call(answer, SIGNAL, replaces=["mul"], must_watch=True)
    assert torch.equal(outcome.value, 2 * SIGNAL.args[0])
    assert outcome.called == ("mul",)


# ---------------------------------------------------------------------------------------------------- the time limit


def _endless() -> None:
    while True:
        pass


def _endless_that_catches_exceptions() -> None:
    while True:
        try:
            while True:
                pass
        except Exception:
            pass


def _endless_that_catches_everything() -> None:
    caught = 0
    while caught < 20:
        try:
            while True:
                pass
        except:  # noqa: E722
            caught += 1


def _endless_that_raises_another_error() -> None:
    try:
        while True:
            pass
    except BaseException as error:
        raise ValueError("stopped") from error


def _endless_in_torch() -> None:
    x = torch.zeros(3)
    while True:
        x = x + 1


@pytest.mark.parametrize(
    "answer",
    [
        _endless,
        _endless_that_catches_exceptions,
        _endless_that_catches_everything,
        _endless_that_raises_another_error,
        _endless_in_torch,
    ],
)
def test_code_that_does_not_end_is_stopped_and_no_exception_reaches_later_code(answer: Callable[[], None]) -> None:
    outcome = call(answer, NOTHING, seconds=0.05, replaces=["add"], must_watch=True)
    assert outcome.timed_out
    for _ in range(100_000):  # an exception that is on its way would arrive here
        pass


def test_code_that_is_fast_enough_is_not_stopped() -> None:
    ended = within(60, lambda: 3)
    assert (ended.value, ended.error, ended.timed_out) == (3, None, False)


def test_an_import_is_not_cut_in_two(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a module would stay in `sys.modules`, and break whoever imports it next."""
    (tmp_path / "slow_to_import.py").write_text("for _ in range(3_000_000):\n    pass\nWHOLE = True\n")
    monkeypatch.syspath_prepend(tmp_path)

    def answer() -> None:
        import slow_to_import  # type: ignore[import-not-found]

        assert slow_to_import.WHOLE
        while True:
            pass

    assert call(answer, NOTHING, seconds=0.01).timed_out
    import slow_to_import

    assert slow_to_import.WHOLE


def test_time_spent_in_imports_does_not_count(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first torch.func.vjp of a process loads some 300 modules."""
    names = [f"slow_to_import_{i}" for i in range(2)]
    for name in names:
        (tmp_path / f"{name}.py").write_text("for _ in range(6_000_000):\n    pass\n")
    monkeypatch.syspath_prepend(tmp_path)

    def answer() -> None:
        for name in names:
            importlib.import_module(name)
            for _ in range(1_000_000):  # its own work: short, but longer than a timer waits that has run out
                pass

    assert not call(answer, NOTHING, seconds=0.1).timed_out


def test_what_loops_after_an_import_is_stopped(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "quick_to_import.py").write_text("QUICK = True\n")
    monkeypatch.syspath_prepend(tmp_path)

    def answer() -> None:
        importlib.import_module("quick_to_import")
        while True:
            pass

    assert call(answer, NOTHING, seconds=0.02).timed_out


# ------------------------------------------------------------------------------------------------------------ errors


def _raises(error: BaseException) -> Callable[[], None]:
    def answer() -> None:
        raise error

    return answer


@pytest.mark.parametrize("error", [ValueError("a"), SystemExit(3), MemoryError(), StopIteration(), GeneratorExit()])
def test_errors_are_part_of_the_outcome(error: BaseException) -> None:
    assert call(_raises(error), NOTHING).error is error


def test_ctrl_c_reaches_the_kernel() -> None:
    with pytest.raises(KeyboardInterrupt):
        call(_raises(KeyboardInterrupt()), NOTHING)


def _recurses(x: int) -> int:
    return _recurses(x + 1)


def test_the_trace_holds_the_learners_lines_only() -> None:
    def answer(x: torch.Tensor) -> Any:
        return torch.vmap(lambda row: row.reshape(7, 11))(x)

    outcome = call(answer, SIGNAL)
    assert len(outcome.trace) == 2
    assert outcome.trace[0].endswith("in answer: return torch.vmap(lambda row: row.reshape(7, 11))(x)")
    assert "/" not in "".join(outcome.trace)
    deep = call(_recurses, Case("deep", (0,)))
    assert isinstance(deep.error, RecursionError)
    assert len(deep.trace) == 1


def test_an_error_is_told_in_one_line_and_cut() -> None:
    text = call(_raises(ValueError("a\n" + 1000 * "b")), NOTHING).error_text
    assert text.startswith("ValueError: a bbb")
    assert text.endswith(" ...")
    assert len(text) < 350


def _asks() -> str:
    return input("your name? ")


def _stops() -> None:
    breakpoint()


@pytest.mark.parametrize("answer", [_asks, _stops])
def test_code_that_waits_for_the_keyboard_fails(answer: Callable[[], Any]) -> None:
    assert call(answer, NOTHING).error is not None


# -------------------------------------------------------------------------------------------- what is left as it was


def _spoils(x: torch.Tensor) -> torch.Tensor:
    torch.manual_seed(0)
    random.seed(0)
    torch.set_grad_enabled(False)
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    warnings.warn("careful", stacklevel=1)
    return x


@pytest.fixture
def seeds() -> None:
    torch.manual_seed(7)
    random.seed(7)


def test_the_state_of_torch_and_python_is_put_back(seeds: None, recwarn: pytest.WarningsRecorder) -> None:
    call(_spoils, SIGNAL, replaces=["convolution"], must_watch=True)
    found = torch.rand(3), random.random()
    torch.manual_seed(7)
    random.seed(7)
    assert torch.equal(found[0], torch.rand(3))
    assert found[1] == random.random()
    assert torch.is_grad_enabled()
    assert torch.get_default_dtype() == torch.float32
    assert torch.zeros(1).device.type == "cpu"
    assert not recwarn.list


def test_a_reader_who_changed_the_defaults_gets_the_same_results() -> None:
    def answer() -> tuple[torch.dtype, str, bool]:
        made = torch.zeros(1, requires_grad=True) + 1
        return made.dtype, made.device.type, made.requires_grad

    torch.set_default_dtype(torch.float64)
    try:
        with torch.device("meta"), torch.inference_mode():
            outcome = call(answer, NOTHING)
    finally:
        torch.set_default_dtype(torch.float32)
    assert outcome.value == (torch.float32, "cpu", True)


def test_what_is_printed_and_warned_is_kept_and_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    def answer() -> None:
        for _ in range(2000):
            print("a step")
        warnings.warn("careful", stacklevel=1)

    outcome = call(answer, NOTHING)
    assert len(outcome.printed) == KEPT_CHARACTERS
    assert outcome.warned == ("careful",)
    assert capsys.readouterr() == ("", "")


# --------------------------------------------------------------------------------------------------------- arguments


def _inserts_an_axis(x: torch.Tensor) -> None:
    x.unsqueeze_(0)


@pytest.mark.parametrize(
    ("answer", "argument"),
    [
        pytest.param(lambda x: x.add_(1), torch.zeros(3), id="in place"),
        pytest.param(lambda x: x[0].fill_(2), torch.zeros(2, 3), id="through a view"),
        pytest.param(_inserts_an_axis, torch.zeros(3), id="its shape"),
        pytest.param(lambda x: x.append(1), [1, 2], id="a list"),
        pytest.param(lambda x: x[0].zero_(), [torch.ones(2)], id="a tensor in a list"),
        pytest.param(lambda x: x.pop("a"), {"a": 1}, id="a dict"),
    ],
)
def test_changed_arguments_are_named_and_the_case_stays_whole(answer: Callable[..., Any], argument: Any) -> None:
    case = Case("one", (argument,))
    assert call(answer, case, names=["x"]).changed == ("x",)
    assert call(answer, case).changed == ("argument 1",)
    assert call(lambda x: x, case, names=["x"]).changed == ()


@pytest.mark.parametrize(
    "tensor",
    [
        pytest.param(torch.arange(6.0).reshape(2, 3).T, id="transposed"),
        pytest.param(torch.arange(12.0)[1::3], id="a slice with a step"),
        pytest.param(torch.ones(1, 3).expand(4, 3), id="expanded"),
        pytest.param(torch.arange(4.0, requires_grad=True), id="requires grad"),
        pytest.param(torch.tensor([1, float("nan")]), id="nan"),
    ],
)
def test_copies_have_the_same_strides_and_other_memory(tensor: torch.Tensor) -> None:
    copy = copied(tensor)
    assert torch.equal(torch.nan_to_num(copy.detach()), torch.nan_to_num(tensor.detach()))
    assert (copy.stride(), copy.requires_grad) == (tensor.stride(), tensor.requires_grad)
    assert copy.data_ptr() != tensor.data_ptr()


# ------------------------------------------------------------------------------------------------------- what is seen

X = torch.zeros(1, 2, 5, 5)
W = torch.zeros(2, 2, 3, 3)


@pytest.mark.parametrize(
    ("wanted", "function", "seen"),
    [
        pytest.param(["convolution"], lambda: F.conv2d(X, W), ["convolution"], id="functional"),
        pytest.param(["convolution"], lambda: nn.Conv2d(2, 2, 3)(X), ["convolution"], id="layer"),
        pytest.param(["convolution"], lambda: F.conv2d(X, W, padding="same"), ["convolution"], id="same"),
        pytest.param(["convolution"], lambda: F.conv_transpose2d(X, W), ["convolution"], id="transposed"),
        pytest.param(["conv_transpose2d"], lambda: F.conv_transpose2d(X, W), ["conv_transpose2d"], id="its own name"),
        pytest.param(["conv_transpose2d"], lambda: F.conv2d(X, W), [], id="not transposed"),
        pytest.param(
            ["convolution"], lambda: torch.vmap(lambda x: F.conv2d(x[None], W))(X), ["convolution"], id="vmap"
        ),
        pytest.param(["convolution"], lambda: F.unfold(X, 3), [], id="another operator"),
        pytest.param(["im2col"], lambda: F.unfold(X, 3), ["im2col"], id="unfold"),
        pytest.param([F.conv2d], lambda: F.conv2d(X, W), ["conv2d"], id="built in"),
        pytest.param([convlab.conv], lambda: convlab.conv(X, W), ["convlab.conv"], id="convlab's own"),
        pytest.param(
            [convlab.conv], lambda: (lambda own: own(X, W))(convlab.conv), ["convlab.conv"], id="another name"
        ),
        pytest.param([convlab.conv], lambda: convlab.conv_output_size(5, 3), [], id="another function"),
    ],
)
def test_operators_and_functions_are_seen_while_they_run(wanted: Any, function: Any, seen: list[str]) -> None:
    with watched(wanted) as found:
        function()
    assert found == seen


def test_slow_code_is_not_watched_again_unless_it_must_be() -> None:
    calls = []

    def answer() -> None:
        calls.append(1)
        end = time.monotonic() + 0.1
        while time.monotonic() < end:
            pass

    call(answer, NOTHING, replaces=["convolution"])
    assert len(calls) == 1
    call(answer, NOTHING, replaces=["convolution"], must_watch=True)
    assert len(calls) == 3


# ---------------------------------------------------------------------------------------------------- blank functions


def _pass(x: int) -> None:
    pass


def _docstring_only(x: int) -> None:
    """What it must do."""


def _dots(x: int) -> None:
    """What it must do."""
    ...


def _not_implemented(x: int) -> None:
    raise NotImplementedError


def _not_implemented_in_words(x: int) -> None:
    raise NotImplementedError("write me")


def _returns_none(x: int) -> None:
    return None


def _computes(x: int) -> None:
    x + 1


def _zero(x: int) -> int:
    return 0


@pytest.mark.parametrize("stub", [_pass, _docstring_only, _dots, _not_implemented, _not_implemented_in_words])
def test_stubs_are_blank(stub: Callable[..., Any]) -> None:
    assert is_blank(stub)


@pytest.mark.parametrize("answer", [_returns_none, _computes, _zero, lambda x: None, _Doubling(), 3, _raises])
def test_answers_are_not_blank(answer: Any) -> None:
    assert not is_blank(answer)
