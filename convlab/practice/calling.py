"""One call of a learner's function with the arguments of a case, inside walls, and everything that there is to see."""

from __future__ import annotations

import dis
import linecache
import sysconfig
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from convlab.practice.exercise import Answer, Case
from convlab.practice.limits import own_state, quiet, within
from convlab.practice.watching import watched

_RECORDED_SECONDS = 0.5
_SLOW = 0.05  # seconds; a loop in Python that is watched takes ten times as long
_LONGEST_ERROR = 300
_LONGEST_TRACE = 3
_NOT_THE_LEARNERS = tuple(
    str(Path(folder).resolve())
    for folder in (
        Path(__file__).parents[1],
        Path(torch.__file__).parent,
        sysconfig.get_path("stdlib"),
        sysconfig.get_path("purelib"),
    )
)


@dataclass(frozen=True)
class Outcome:
    """What happened in one call.

    Attributes:
        value: What the answer returned; None where it returned nothing.
        error: What it raised.
        trace: The learner's own lines that led to the error, the last one last, as "line 3, in conv1d: x[9]".
        timed_out: Whether it was stopped.
        printed: The start of what it printed.
        warned: The warnings inside.
        changed: The names of the arguments that it changed.
        called: Which of the watched operators and functions it called.
        seconds: How long it took.

    Example:
        >>> Outcome(value=3).failed
        False
    """

    value: Any = None
    error: BaseException | None = None
    trace: tuple[str, ...] = ()
    timed_out: bool = False
    printed: str = ""
    warned: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    called: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether there is no value: an error, or a call that was stopped.

        Example:
            >>> Outcome(timed_out=True).failed
            True
        """
        return self.timed_out or self.error is not None

    @property
    def error_text(self) -> str:
        """The error in one line, cut where it is long.

        Example:
            >>> Outcome(error=IndexError("list index out of range")).error_text
            'IndexError: list index out of range'
        """
        if self.error is None:
            return ""
        words = " ".join(str(self.error).split())
        words = words if len(words) <= _LONGEST_ERROR else words[:_LONGEST_ERROR] + " ..."
        return f"{type(self.error).__name__}: {words}" if words else type(self.error).__name__


def call(
    answer: Answer,
    case: Case,
    *,
    seconds: float = 2.0,
    replaces: Sequence[str | Callable[..., Any]] = (),
    names: Sequence[str] = (),
    must_watch: bool = False,
) -> Outcome:
    """The outcome of one call with copies of a case's arguments.

    What is to be watched is watched in a second call, since that is slow; not where the first one is slow already.

    Args:
        answer: The learner's function, or anything that can be called.
        case: The arguments.
        seconds: The time limit.
        replaces: Operators and functions to watch for.
        names: What the positional arguments are called.
        must_watch: Whether a slow answer is watched, too.

    Raises:
        KeyboardInterrupt: If the reader interrupts it.

    Example:
        >>> call(lambda n, k: n - k + 1, Case("5 and 3", (5, 3))).value
        3
    """
    args, kwargs = copied(case.args), copied(dict(case.kwargs))
    with own_state(), quiet() as (printed, warned):
        ended = within(seconds, lambda: answer(*args, **kwargs))
    called: list[str] = []
    if replaces and not ended.timed_out and (must_watch or ended.seconds < _SLOW):
        args_again, kwargs_again = copied(case.args), copied(dict(case.kwargs))
        with own_state(), quiet(), watched(replaces) as called:
            within(seconds if must_watch else _RECORDED_SECONDS, lambda: answer(*args_again, **kwargs_again))
    return Outcome(
        value=None if ended.error is not None else ended.value,
        error=None if ended.timed_out else ended.error,
        trace=() if ended.timed_out or ended.error is None else _own_lines(answer, ended.error),
        timed_out=ended.timed_out,
        printed=printed.text,
        warned=tuple(warned[:3]),
        changed=_changed(case, args, kwargs, names),
        called=tuple(called),
        seconds=ended.seconds,
    )


def copied(value: Any) -> Any:
    """A copy of an argument: tensors with their strides, and containers with copies of what they hold.

    Args:
        value: Any argument of a case.

    Example:
        >>> copied([torch.zeros(2, 3).T])[0].stride()
        (1, 3)
    """
    if isinstance(value, torch.Tensor):
        return _copied_tensor(value)
    if isinstance(value, torch.Size):
        return value
    if isinstance(value, Mapping):
        return {key: copied(item) for key, item in value.items()}
    if type(value) in (list, tuple, set):
        return type(value)(copied(item) for item in value)
    return value


def _copied_tensor(value: torch.Tensor) -> torch.Tensor:
    """A copy with its own memory and the same strides, also where elements share memory."""
    plain = value.detach()
    storage = plain.untyped_storage().clone()
    copy = torch.empty(0, dtype=plain.dtype, device=plain.device)
    copy.set_(storage, plain.storage_offset(), plain.shape, plain.stride())
    return copy.requires_grad_(value.requires_grad)


def _changed(case: Case, args: Sequence[Any], kwargs: Mapping[str, Any], names: Sequence[str]) -> tuple[str, ...]:
    named = [names[i] if i < len(names) else f"argument {i + 1}" for i in range(len(case.args))]
    before = [*zip(named, case.args, strict=True), *case.kwargs.items()]
    after = [*args, *kwargs.values()]
    return tuple(name for (name, old), new in zip(before, after, strict=True) if not _unchanged(old, new))


def _unchanged(old: Any, new: Any) -> bool:
    if isinstance(old, torch.Tensor):
        same_kind = isinstance(new, torch.Tensor) and new.dtype == old.dtype and new.shape == old.shape
        return same_kind and torch.equal(torch.nan_to_num(old.detach()), torch.nan_to_num(new.detach()))
    if isinstance(old, Mapping):
        return list(old) == list(new) and all(_unchanged(old[key], new[key]) for key in old)
    if isinstance(old, list | tuple):
        return len(old) == len(new) and all(map(_unchanged, old, new))
    return bool(old == new)


def _own_lines(answer: Answer, error: BaseException) -> tuple[str, ...]:
    """The learner's own lines in the traceback: no path, no line of torch, of Python's library or of this package."""
    own_file = getattr(getattr(answer, "__code__", None), "co_filename", None)
    lines = []
    for frame, number in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        if code.co_filename != own_file and str(Path(code.co_filename)).startswith(_NOT_THE_LEARNERS):
            continue
        if code.co_filename.startswith("<") and not linecache.getline(code.co_filename, number):
            continue
        text = linecache.getline(code.co_filename, number).strip()
        where = f"line {number}, in {code.co_name}"
        lines.append(f"{where}: {text}" if text else where)
    distinct = list(dict.fromkeys(lines))
    return tuple(distinct[-_LONGEST_TRACE:])


def is_blank(answer: Any) -> bool:
    """Whether this is the empty function of a notebook: nothing but a docstring, `...`, `pass` or NotImplementedError.

    Args:
        answer: What the learner hands in.

    Example:
        >>> def conv1d(input, weight): ...
        >>> is_blank(conv1d), is_blank(lambda input, weight: None)
        (True, False)
    """
    code = getattr(answer, "__code__", None)
    if code is None or code.co_name == "<lambda>" or set(code.co_names) - {"NotImplementedError"}:
        return False
    steps = [step for step in _steps(code) if step.opname not in ("RESUME", "NOP", "COPY_FREE_VARS", "MAKE_CELL")]
    if code.co_names:
        return {step.opname for step in steps} <= {
            "LOAD_GLOBAL",
            "PRECALL",
            "CALL",
            "PUSH_NULL",
            "LOAD_CONST",
            "RAISE_VARARGS",
        }
    if {step.opname for step in steps} - {"LOAD_CONST", "RETURN_VALUE", "RETURN_CONST"} or len(steps) > 2:
        return False
    return steps[0].argval in (None, ...) and _written(code, steps[0]) != "None"


def _steps(code: Any) -> list[Any]:
    return list(dis.get_instructions(code))


def _written(code: Any, step: Any) -> str:
    """The text from which a step was made; "" where the source is not known."""
    at = step.positions
    if at is None or at.lineno is None or at.lineno != at.end_lineno:
        return ""
    line = linecache.getline(code.co_filename, at.lineno).encode()
    return line[at.col_offset : at.end_col_offset].decode(errors="replace")
