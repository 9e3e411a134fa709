"""`explain_errors` shows a diagnosis once, and leaves the exception, code that runs, and the memory as they were."""

from __future__ import annotations

import contextlib
import gc
import inspect
import sys
import traceback
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules import module as all_modules

import convlab
from convlab.inspection import doctor
from convlab.inspection.diagnosis import TITLE, Diagnosis, Fix
from convlab.notebook import explain

SENTENCE = "fc1 gets 2704 features, but was built for 400."
Ask = Callable[..., Diagnosis | None]


class Raises(nn.Module):
    """A model that raises a given exception."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error

    def forward(self, x: Tensor) -> Tensor:
        """Raises."""
        raise self.error


class Doctor:
    """Stands in for the doctor: says one sentence, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, tuple[Any, ...]]] = []
        self.answer: Ask = lambda function, args, kwargs, error, names: Diagnosis("fc1", error, SENTENCE, ())

    def __call__(self, function: Any, args: tuple[Any, ...], kwargs: Any, error: Exception, *, names: Any) -> Any:
        self.asked.append((function, args))
        return self.answer(function, args, kwargs, error, names)


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[Doctor]:
    stand_in = Doctor()
    monkeypatch.setattr(doctor, "diagnose_call", stand_in, raising=False)
    monkeypatch.setattr(doctor, "diagnose_function", stand_in, raising=False)
    yield stand_in
    assert explain._at_work is False
    assert len(explain._explained) == len(explain._watching) == 0


net = nn.Linear(400, 10)
wrong = torch.zeros(1, 2704)


def raised_by(code: Callable[[], Any]) -> BaseException:
    with pytest.raises(BaseException) as caught:  # noqa: PT011
        code()
    return caught.value


def explained(code: Callable[[], Any]) -> None:
    with convlab.explain_errors():
        code()


def shown(capsys: pytest.CaptureFixture[str]) -> int:
    printed = capsys.readouterr()
    assert printed.out == ""
    return printed.err.count(TITLE)


# --- What is shown ----------------------------------------------------------------------------------------------------


def test_the_diagnosis_goes_to_stderr(capsys: pytest.CaptureFixture[str], asked: Doctor) -> None:
    fix = Fix("Give fc1 the 2704 features that arrive.", "net = nn.Linear(2704, 10)")
    asked.answer = lambda function, args, kwargs, error, names: Diagnosis("fc1", error, SENTENCE, (fix,))
    raised_by(lambda: explained(lambda: net(wrong)))
    line = inspect.currentframe().f_lineno - 1  # type: ignore[union-attr]
    assert capsys.readouterr().err == (
        f"{TITLE}\n\n{SENTENCE}\n\nThe call is in line {line} of test_explain_errors.py:\n"
        "    raised_by(lambda: explained(lambda: net(wrong)))\n\nWhat made it run when it was tried:\n"
        "1. Give fc1 the 2704 features that arrive.\n   net = nn.Linear(2704, 10)\n\n"
    )
    ((function, (given,)),) = asked.asked
    assert function is net
    assert torch.equal(given, wrong)


def test_as_a_decorator(capsys: pytest.CaptureFixture[str]) -> None:
    @convlab.explain_errors()
    def train(times: int) -> Any:
        return train(times - 1) if times else net(wrong)

    raised_by(lambda: train(3))
    assert shown(capsys) == 1


def a_step_of_training() -> None:
    F.cross_entropy(net(torch.zeros(2, 400)), torch.zeros(3, dtype=torch.long))


def a_wrapped_error() -> None:
    try:
        net(wrong)
    except RuntimeError as error:
        raise KeyError("training failed") from error


def nested() -> None:
    with convlab.explain_errors(), convlab.explain_errors():
        explained(lambda: net(wrong))


def nested_and_wrapped() -> None:
    with convlab.explain_errors():
        explained(a_wrapped_error)


def one_shown_and_one_swallowed_on_the_way() -> None:
    try:
        explained(lambda: net(wrong))
    finally:
        with contextlib.suppress(RuntimeError):
            explained(lambda: net(wrong[0]))


def one_model_after_another() -> None:
    for _ in range(3):
        with contextlib.suppress(RuntimeError):
            explained(lambda: net(wrong))
    net(wrong)


def while_another_is_handled() -> None:
    try:
        net(wrong)
    except RuntimeError:
        Path("there is no such file").read_text()


@pytest.mark.parametrize(
    ("code", "times"),
    [
        pytest.param(lambda: net(wrong), 1, id="a model"),
        pytest.param(lambda: wrong @ net.weight, 1, id="an operator outside of any model"),
        pytest.param(a_step_of_training, 1, id="a loss function outside of any model"),
        pytest.param(a_wrapped_error, 1, id="the exception behind another one"),
        pytest.param(nested, 1, id="nested blocks show it once"),
        pytest.param(nested_and_wrapped, 1, id="nested blocks, raised from"),
        pytest.param(one_shown_and_one_swallowed_on_the_way, 2, id="two exceptions"),
        pytest.param(one_model_after_another, 4, id="each one that is swallowed"),
        pytest.param(while_another_is_handled, 0, id="another exception while one is handled"),
        pytest.param(lambda: vars(net)["key"], 0, id="no tensors"),
        pytest.param(lambda: int("x"), 0, id="a ValueError without tensors"),
        pytest.param(lambda: convlab.conv(wrong, wrong, stride=0), 0, id="an argument error of convlab"),
        pytest.param(lambda: Raises(AttributeError("fc3"))(wrong), 0, id="a model without the layer"),
        pytest.param(lambda: Raises(KeyboardInterrupt())(wrong), 0, id="KeyboardInterrupt"),
        pytest.param(lambda: Raises(SystemExit())(wrong), 0, id="SystemExit"),
        pytest.param(lambda: Raises(RecursionError())(wrong), 0, id="RecursionError"),
        pytest.param(lambda: Raises(torch.OutOfMemoryError())(wrong), 0, id="no memory left"),
        pytest.param(lambda: Raises(StopIteration())(wrong), 0, id="StopIteration"),
    ],
)
def test_how_often_something_is_shown(
    code: Callable[[], Any], times: int, capsys: pytest.CaptureFixture[str], asked: Doctor
) -> None:
    raised_by(lambda: explained(code))
    assert shown(capsys) == len(asked.asked) == times


def test_an_outer_block_that_sees_no_error_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    def caught_inside() -> None:
        with contextlib.suppress(RuntimeError):
            net(wrong)

    explained(caught_inside)
    assert shown(capsys) == 0


# --- What stays -------------------------------------------------------------------------------------------------------


def that_raises(error: BaseException) -> Ask:
    def answer(*args: Any) -> None:
        raise error

    return answer


def that_recurses(*args: Any) -> Any:
    return that_recurses(*args)


def that_raises_the_readers(function: Any, args: Any, kwargs: Any, error: Exception, names: Any) -> Any:
    raise error from ValueError("of the doctor's")


def that_has_nothing_to_say(*args: Any) -> None:
    return None


DOCTORS = [
    pytest.param(Doctor().answer, 1, id="that knows"),
    pytest.param(that_has_nothing_to_say, 0, id="that has nothing to say"),
    pytest.param(that_raises(ValueError("of the doctor's")), 0, id="that raises"),
    pytest.param(that_raises(KeyboardInterrupt()), 0, id="that is interrupted"),
    pytest.param(that_raises(SystemExit()), 0, id="whose trial exits"),
    pytest.param(that_raises_the_readers, 0, id="that raises the reader's"),
    pytest.param(that_recurses, 0, id="that recurses"),
]


@pytest.mark.parametrize(("answer", "times"), DOCTORS)
def test_the_exception_stays_as_it_is(
    answer: Ask, times: int, asked: Doctor, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(block: contextlib.AbstractContextManager[None]) -> tuple[BaseException, str]:
        error = RuntimeError("mat1 and mat2", 7)
        model = Raises(error)

        def code() -> None:
            with block:
                model(wrong)

        caught = raised_by(code)
        assert caught is error
        return caught, "".join(traceback.format_exception(caught))

    asked.answer = answer
    _, as_usual = run(contextlib.nullcontext())
    error, text = run(convlab.explain_errors())
    assert shown(capsys) == times
    assert text == as_usual
    assert error.args == ("mat1 and mat2", 7)
    assert vars(error) == {}
    assert (error.__cause__, error.__context__, error.__suppress_context__) == (None, None, False)


def test_a_cause_stays_the_cause(asked: Doctor) -> None:
    asked.answer = that_raises_the_readers
    error = raised_by(lambda: explained(a_wrapped_error))
    assert repr(error) == "KeyError('training failed')"
    assert isinstance(error.__cause__, RuntimeError)
    assert error.__cause__.__cause__ is None
    assert error.__suppress_context__


def test_of_a_compiled_model_the_plain_error_is_explained(asked: Doctor, capsys: pytest.CaptureFixture[str]) -> None:
    met = []

    def answer(function: Any, args: Any, kwargs: Any, error: Exception, names: Any) -> None:
        met.append(error)

    asked.answer = answer
    error = raised_by(lambda: explained(lambda: torch.compile(net, backend="eager")(wrong)))
    assert type(error).__module__.startswith("torch._dynamo")
    assert [(type(plain), str(plain)) for plain in met] == [
        (RuntimeError, "mat1 and mat2 shapes cannot be multiplied (1x2704 and 400x10)")
    ]


class ChangesItsInput(nn.Module):
    """A model that takes from a dict what it needs, and works in place."""

    def forward(self, batch: dict[str, Tensor]) -> Any:
        """Fails after the change."""
        return net(batch["image"].add_(1))


def test_the_input_is_not_changed_once_more(asked: Doctor, capsys: pytest.CaptureFixture[str]) -> None:
    def tries_again(function: Any, args: Any, kwargs: Any, error: Exception, names: Any) -> Diagnosis | None:
        error = raised_by(lambda: function(*args, **kwargs))  # type: ignore[assignment]
        args[0].clear()
        return Diagnosis("model", error, SENTENCE, ())

    batch = {"image": torch.zeros(1, 2704)}
    asked.answer = tries_again
    raised_by(lambda: explained(lambda: ChangesItsInput()(batch)))
    assert shown(capsys) == 1
    assert torch.equal(batch["image"], torch.ones(1, 2704))


def everything_that_can_be_hooked() -> list[Any]:
    hooks = [value for name, value in vars(all_modules).items() if name.startswith("_global_") and "hook" in name]
    assert len(hooks) >= 4
    stack = torch._C._len_torch_function_stack()
    return [
        [dict(hook) for hook in hooks if isinstance(hook, dict)],
        stack,
        sys.gettrace(),
        sys.excepthook,
        torch.nn.Module.__call__,
    ]


def test_code_that_runs_meets_nothing(capsys: pytest.CaptureFixture[str], asked: Doctor) -> None:
    before = everything_that_can_be_hooked()
    with convlab.explain_errors() as nothing:
        inside = everything_that_can_be_hooked()
        result = net(torch.zeros(1, 400))
    assert before == inside == everything_that_can_be_hooked()
    assert nothing is None
    assert result.shape == (1, 10)
    assert asked.asked == []
    assert shown(capsys) == 0


class Talkative(nn.Module):
    """A model as people write it when they look for a mistake."""

    def forward(self, x: Tensor) -> Any:
        """Prints, warns, stops in the debugger, and has a block of its own."""
        print("shape", x.shape)
        print("shape", x.shape, file=sys.stderr)
        breakpoint()
        with convlab.explain_errors():
            return net(x)


def test_what_the_model_does_is_seen_once(
    capsys: pytest.CaptureFixture[str], asked: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The doctor runs the model again; the reader neither sees nor hears of that, and no block inside asks it again."""

    def tries_again(function: Any, args: Any, kwargs: Any, error: Exception, names: Any) -> Diagnosis | None:
        assert type(raised_by(lambda: function(*args, **kwargs))) is RuntimeError
        return None

    stops: list[int] = []
    monkeypatch.setattr(sys, "breakpointhook", lambda: stops.append(1))
    asked.answer = tries_again
    raised_by(lambda: explained(lambda: Talkative()(wrong)))
    printed = capsys.readouterr()
    assert printed.out.count("shape") == printed.err.count("shape") == len(stops) == 1
    assert [type(function) for function, _ in asked.asked] == [nn.Linear, Talkative]


def test_nothing_is_kept(asked: Doctor, capsys: pytest.CaptureFixture[str]) -> None:
    """A model that failed, its input and the frames go when the reader lets them go."""

    def failing() -> weakref.ref[nn.Module]:
        model = nn.Linear(4, 2)
        with contextlib.suppress(RuntimeError), convlab.explain_errors():
            explained(lambda: model(wrong))
        return weakref.ref(model)

    kept = failing()
    assert shown(capsys) == len(asked.asked) == 1
    asked.asked.clear()
    gc.collect()
    assert kept() is None


def test_the_entrance_hands_on() -> None:
    assert convlab.explain_errors is explain.explain_errors
    with pytest.raises(AttributeError, match="module 'convlab' has no attribute 'explain_error'"):
        _ = convlab.explain_error
