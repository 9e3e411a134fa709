"""An exception of a model or of torch shown with its diagnosis: in a `with` block, or in every cell of a notebook."""

from __future__ import annotations

import sys
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ContextDecorator, ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import replace
from io import StringIO
from traceback import walk_stack
from types import TracebackType
from typing import Any

import torch
from torch import nn
from torch.utils import _pytree as pytree

from convlab.inspection import doctor
from convlab.inspection.diagnosis import TITLE, Diagnosis
from convlab.inspection.record import record
from convlab.notebook.failing import failed_call

KINDS = (RuntimeError, ValueError, TypeError, IndexError, AssertionError, ZeroDivisionError)
"""What torch raises for a tensor that does not fit."""
NOT_EXPLAINED = (RecursionError, torch.OutOfMemoryError, torch.AcceleratorError)

_watching: list[object] = []
"""Who may still meet an exception that was explained further inside."""
_explained: deque[BaseException] = deque(maxlen=8)
_at_work = False


def explain_errors() -> _Explaining:
    """A `with` block, or a decorator, that says of a failing call of a model or of torch why it failed and what helps.

    The explanation is shown, in Jupyter as a block above the traceback, elsewhere on stderr; then the exception goes on
    as it is. An exception that has nothing to do with tensors is left alone. What runs without error costs nothing.

    Example:
        >>> net = nn.Linear(400, 120)
        >>> with explain_errors():
        ...     net(torch.rand(1, 400)).shape
        torch.Size([1, 120])
        >>> with explain_errors():
        ...     net(torch.rand(1, 2704))
        Traceback (most recent call last):
        RuntimeError: mat1 and mat2 shapes cannot be multiplied (1x2704 and 400x120)
    """
    return _Explaining()


def load_ipython_extension(shell: Any) -> None:
    """What `%load_ext convlab` calls: from now on each cell that fails is explained, below its traceback.

    Args:
        shell: The running IPython.

    Example:
        >>> from types import SimpleNamespace
        >>> from IPython.core.events import EventManager, available_events
        >>> shell = SimpleNamespace(events=EventManager(None, available_events))  # the part of IPython that is used
        >>> load_ipython_extension(shell)
        >>> len(shell.events.callbacks["post_run_cell"])
        1
        >>> unload_ipython_extension(shell)
    """
    shell.events.register("post_run_cell", _after_cell)
    if shell not in _watching:
        _watching.append(shell)


def unload_ipython_extension(shell: Any) -> None:
    """What `%unload_ext convlab` calls: cells that fail are no longer explained.

    Args:
        shell: The running IPython.

    Example:
        >>> unload_ipython_extension(None)  # where it is not loaded, nothing happens
    """
    if shell in _watching:
        shell.events.unregister("post_run_cell", _after_cell)
        _watching.remove(shell)
        _explained.clear()


def _after_cell(result: Any) -> None:
    error = getattr(result, "error_in_exec", None)
    if error is not None:
        _explain(error)
    _explained.clear()


class _Explaining(ContextDecorator):
    def __enter__(self) -> None:
        _watching.append(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        _watching.remove(self)
        if error is not None:
            _explain(error)
        if not _watching:
            _explained.clear()


def _explain(error: BaseException) -> None:
    """Shows the diagnosis of an exception, if there is one; whatever happens here, the exception stays as it is."""
    global _at_work
    parts = list(_chain(error))
    if _at_work or any(part is known for part in parts for known in _explained):
        return
    _at_work = True  # the doctor runs the reader's code, in which there may be a block like this one
    try:
        with _unchanged(parts), suppress(BaseException):  # an interrupt, too: the reader's exception stops the code
            with _in_silence():
                diagnosis = next(filter(None, map(_diagnosis, parts)), None)
            if diagnosis is not None:
                _show(diagnosis)
                _explained.extend([error] if _watching else [])
    finally:
        _at_work = False


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The exception, and those from which it was raised: `raise ... from error`."""
    seen: list[BaseException] = []
    while error is not None and all(error is not known for known in seen):
        yield error
        seen.append(error)
        error = error.__cause__


def _diagnosis(error: BaseException) -> Diagnosis | None:
    if not isinstance(error, KINDS) or isinstance(error, NOT_EXPLAINED):
        return None
    failed = failed_call(error)
    if failed is None:
        return None
    args, kwargs = _copied((failed.args, failed.kwargs))
    if not isinstance(failed.function, nn.Module):
        diagnosis = doctor.diagnose_function(failed.function, args, kwargs, error, names=failed.names)
    else:
        plain: Exception = error
        if type(error).__module__.startswith("torch._dynamo."):  # of torch.compile: the model itself says it better
            plain = record(failed.function, *_copied((args, kwargs))).error or error
        diagnosis = doctor.diagnose_call(failed.function, args, kwargs, plain, names=failed.names)
    if diagnosis is None:
        return None
    here = [(frame.f_code.co_filename, line) for frame, line in walk_stack(None)]  # is not where the model is called
    return replace(diagnosis, place=failed.place if diagnosis.place in [None, *here] else diagnosis.place)


def _copied(given: Any) -> Any:
    """The same lists, dicts and tensors once more: a model may change what it gets, in each of the doctor's trials."""
    copies: dict[int, torch.Tensor] = {}

    def copied(tensor: torch.Tensor) -> torch.Tensor:
        return copies.setdefault(id(tensor), tensor.detach().clone())

    return pytree.tree_map_only(torch.Tensor, copied, given)


@contextmanager
def _unchanged(errors: Sequence[BaseException]) -> Iterator[None]:
    """Afterwards the exceptions have the traceback and the causes that they have now."""
    names = ("__traceback__", "__cause__", "__context__", "__suppress_context__")  # to set a cause sets the last one
    state = [(error, name, getattr(error, name)) for error in errors for name in names]
    try:
        yield
    finally:
        for error, name, value in state:
            setattr(error, name, value)


@contextmanager
def _in_silence() -> Iterator[None]:
    """What the reader's model prints, draws or warns of is not seen a second time, and no debugger opens."""
    breakpoint_hook = sys.breakpointhook
    with ExitStack() as stack:
        stack.enter_context(redirect_stdout(StringIO()))
        stack.enter_context(redirect_stderr(StringIO()))
        stack.enter_context(warnings.catch_warnings())
        if "IPython" in sys.modules:
            from IPython.utils.capture import capture_output

            stack.enter_context(capture_output())
        warnings.simplefilter("ignore")
        sys.breakpointhook = lambda *args, **kwargs: None
        try:
            yield
        finally:
            sys.breakpointhook = breakpoint_hook


def _show(diagnosis: Diagnosis) -> None:
    """The diagnosis as a block in Jupyter, as text in IPython, else as text on stderr."""
    text = f"{TITLE}\n\n{diagnosis}"
    if "IPython" in sys.modules:
        from IPython.core.getipython import get_ipython
        from IPython.display import display

        if get_ipython() is not None:
            display({"text/plain": text, "text/html": diagnosis._repr_html_()}, raw=True)  # type: ignore[no-untyped-call]
            return
    print(text, end="\n\n", file=sys.stderr, flush=True)
