"""The walls round a learner's code: a time limit, and a state of torch and Python that is put back afterwards."""

from __future__ import annotations

import builtins
import contextlib
import ctypes
import io
import random
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch

KEPT_CHARACTERS = 4000
"""How much of what an answer prints is kept."""

_AGAIN_AFTER = 0.005  # seconds between two attempts to stop code that catches everything
_LONGEST_IMPORTS = 30.0  # seconds
_NO_INPUT = "an answer is called without a keyboard: input() and breakpoint() have nothing to read"


class TimeIsUp(BaseException):
    """What stops code that runs for too long; no `Exception`, so that few learners catch it.

    Example:
        >>> issubclass(TimeIsUp, Exception)
        False
    """


@dataclass
class Ended:
    """How a call ended.

    Attributes:
        value: What it returned.
        error: What it raised, or None.
        timed_out: Whether it was stopped.
        seconds: How long it took, without the time that was granted for imports.

    Example:
        >>> Ended(value=3, error=None, timed_out=False, seconds=0.1).value
        3
    """

    value: Any
    error: BaseException | None
    timed_out: bool
    seconds: float


class _Timer:
    """Raises `TimeIsUp` in a thread, again and again, until the call there has ended.

    Imports do not count: where modules were loaded meanwhile, as torch's own late ones are, the time begins again.
    """

    def __init__(self, seconds: float) -> None:
        self.ended = False
        self.fired = False
        self.granted = 0.0
        self._ident = threading.get_ident()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(seconds,), daemon=True)
        self._thread.start()

    def _watch(self, seconds: float) -> None:
        if self._has_ended_within(seconds):
            return
        while not self.ended:
            if self._is_importing():
                self._wake.wait(_AGAIN_AFTER)
                continue
            self.fired = True
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._ident), ctypes.py_object(TimeIsUp))
            self._wake.wait(_AGAIN_AFTER)

    def _has_ended_within(self, seconds: float) -> bool:
        """Whether the call ends before a whole limit passes in which no module is loaded."""
        is_importing = False
        while True:
            modules, was_importing, started = len(sys.modules), is_importing, time.monotonic()
            if self._wake.wait(seconds):
                return True
            is_importing = self._is_importing()
            has_imported = was_importing or is_importing or len(sys.modules) > modules
            if not has_imported or self.granted > _LONGEST_IMPORTS:
                return False
            self.granted += time.monotonic() - started

    def _is_importing(self) -> bool:
        """Whether the thread is in an import, as torch's own late ones: half a module breaks later code."""
        frame = sys._current_frames().get(self._ident)
        while frame is not None:
            if frame.f_code.co_filename.startswith("<frozen importlib"):
                return True
            frame = frame.f_back
        return False

    def settle(self) -> None:
        """Ends the thread, and lets an exception arrive that has been sent already.

        It is not taken back: Python 3.11 then stays on the watch for ever, and hangs in a profiled function.
        """
        self._wake.set()
        self._thread.join()
        for _ in range(2):  # Python looks for the exception when a loop turns
            pass


def within(seconds: float, function: Callable[[], Any]) -> Ended:
    """How a call ends that is stopped after some time.

    It is stopped between two steps of Python: one long call of torch ends when it returns. Ctrl-C reaches the caller.

    Args:
        seconds: The limit.
        function: What is called, without arguments.

    Raises:
        KeyboardInterrupt: If the reader interrupts the call.

    Example:
        >>> within(1.0, lambda: 2 + 2).value
        4
    """
    value, error = None, None
    started = time.monotonic()
    timer = _Timer(seconds)
    # Python looks for an exception from another thread when a function is entered and when a loop turns, never between
    # the end of the call and `ended = True`. After that, at most one more can arrive: the loop below takes it.
    try:
        value = function()
        timer.ended = True
    except BaseException as raised:
        timer.ended = True
        error = raised
    while True:
        try:
            timer.settle()
            break
        except TimeIsUp:
            pass
    if isinstance(error, KeyboardInterrupt):
        raise error
    return Ended(value, error, timer.fired, time.monotonic() - started - timer.granted)


@contextlib.contextmanager
def own_state() -> Iterator[None]:
    """Torch and Python as they begin: gradients on, float32, CPU; put back at the end, with the random streams.

    Example:
        >>> with own_state():
        ...     torch.set_default_dtype(torch.float64)
        >>> torch.get_default_dtype()
        torch.float32
    """
    dtype, device, python_random = torch.get_default_dtype(), torch.get_default_device(), random.getstate()
    numpy: Any = sys.modules.get("numpy")
    numpy_random = numpy.random.get_state() if numpy else None
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.random.fork_rng(devices=[]))
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        if device.type != "cpu":
            stack.enter_context(torch.device("cpu"))
        torch.set_default_dtype(torch.float32)
        try:
            yield
        finally:
            if torch.get_default_device().type != "cpu":
                torch.set_default_device(None)
            torch.set_default_dtype(dtype)
            random.setstate(python_random)
            if numpy_random is not None:
                numpy.random.set_state(numpy_random)


class Kept(io.TextIOBase):
    """A text stream that keeps the start of what is written.

    Example:
        >>> kept = Kept()
        >>> print("x" * 10_000, file=kept)
        >>> len(kept.text)
        4000
    """

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        """Keeps what still fits.

        Args:
            text: What is written.

        Example:
            >>> Kept().write("abc")
            3
        """
        self.text += text[: max(0, KEPT_CHARACTERS - len(self.text))]
        return len(text)

    def writable(self) -> bool:
        """Whether it can be written to.

        Example:
            >>> Kept().writable()
            True
        """
        return True


def _no_input(*_args: object, **_kwargs: object) -> str:
    raise EOFError(_NO_INPUT)


@contextlib.contextmanager
def quiet() -> Iterator[tuple[Kept, list[str]]]:
    """Nothing is printed, shown as a warning or read inside; what was printed and warned is kept.

    Example:
        >>> with quiet() as (printed, warned):
        ...     print("a step")
        >>> printed.text.strip()
        'a step'
    """
    printed, warned = Kept(), list[str]()
    asked, hook, stdin = builtins.input, sys.breakpointhook, sys.stdin
    with (
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        builtins.input = _no_input
        sys.breakpointhook = _no_input
        sys.stdin = io.StringIO()
        try:
            yield printed, warned
        finally:
            builtins.input, sys.breakpointhook, sys.stdin = asked, hook, stdin
            warned.extend(dict.fromkeys(str(warning.message) for warning in caught[:100]))
