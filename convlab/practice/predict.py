"""Predict, then run: the reader writes a guess down before the answer is shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch

from convlab.practice.feedback import State, block, clean, inline, say, wrapped

CLOSE = 1e-3
"""How far a guessed float may be away, as a part of the answer; a rounded one with two digits is right, too."""

LONGEST = 300
"""Characters of a value that are shown."""


def predict(guess: Any, actual: Any) -> bool | None:
    """Whether the guess was right, with the answer beside it; None, and nothing shown of the answer, without a guess.

    Lists, tuples and shapes are compared entry by entry, words without upper and lower case, floats with a tolerance.
    An exception that `actual` raises is an answer, too: the guess "error" is right, and so is the exception's class.

    Args:
        guess: A number, a shape, a word, a tensor and so on; None and `...` are no guess yet.
        actual: The answer, or a function without arguments that gives it, called only after a guess is there.

    Example:
        >>> predict(..., lambda: 28 - 5 + 1)
        ○ Write your guess first.
        >>> predict((1, 8, 25, 25), lambda: torch.zeros(1, 8, 26, 25).shape)
        ✗ Not right. Your guess: (1, 8, 25, 25). It is (1, 8, 26, 25).
        They differ at position 2: 25 and 26.
        False
        >>> predict(0.33, 1 / 3)
        ✓ Right. It is 0.3333.
        True
    """
    if _is_missing(guess):
        line = "○ Write your guess first."
        say(line, html=block("blank", line))
        return None
    error = None
    if callable(actual) and not isinstance(actual, type):
        try:
            actual = actual()
        except Exception as raised:
            error, actual = raised, raised
    difference = _of_error(guess, error) if error is not None else _difference(guess, actual)
    state: State = "right" if difference is None else "wrong"
    words = "✓ Right." if difference is None else "✗ Not right."
    told = "" if difference is None else f"Your guess: {_words(guess)}. "
    told += f"It raises {_words(actual)}." if error is not None else f"It is {_words(actual)}."
    text = "\n".join(wrapped(line) for line in (f"{words} {told}", difference) if line)
    body = f"<p>{inline(difference)}</p>" if difference else ""
    say(text, html=block(state, f"<strong>{words}</strong> {inline(told)}", body))
    return difference is None


def _is_missing(guess: object) -> bool:
    """Whether the reader has not filled in the stub."""
    if isinstance(guess, list | tuple):
        return any(map(_is_missing, guess))
    return guess is None or guess is ... or (isinstance(guess, str) and not guess.strip())


def _of_error(guess: object, error: Exception) -> str | None:
    """What is wrong with a guess where there is an exception; empty where there is no more to say than that."""
    if isinstance(guess, type) and issubclass(guess, BaseException):
        return None if isinstance(error, guess) else ""
    words = {"error", "an error", "it raises", *(kind.__name__.casefold() for kind in type(error).__mro__[:-1])}
    return None if isinstance(guess, str) and guess.strip().casefold() in words else ""


def _difference(guess: Any, actual: Any) -> str | None:
    """Where the two differ, in a sentence; empty where that is all there is to say; None if they agree."""
    guess, actual = _plain(guess), _plain(actual)
    if isinstance(actual, torch.Tensor):
        return _of_tensors(guess, actual)
    if isinstance(actual, list):
        return _of_lists(guess.tolist() if isinstance(guess, torch.Tensor) else guess, actual)
    if _is_number(guess) and _is_number(actual):
        return None if _close(guess, actual) else ""
    if isinstance(guess, str) and _is_number(actual):
        return "Your guess is a word, but the answer is a number."
    if isinstance(guess, str):
        whole = str(actual).strip().casefold()
        return None if guess.strip().casefold() in (whole, whole.removeprefix("torch.")) else ""
    if isinstance(guess, list | torch.Tensor):
        return "Your guess has entries, but the answer is a single value."
    try:
        return None if type(guess) is type(actual) and bool(guess == actual) else ""
    except Exception:  # the class of the answer may compare in a way of its own
        return ""


def _plain(value: Any) -> Any:
    """A shape, a tuple or an array as a list, and a tensor or an array without axes as its number."""
    if isinstance(value, tuple):
        return list(value)
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        return value.item() if value.ndim == 0 else value
    return value


def _of_lists(guess: Any, actual: Sequence[Any]) -> str | None:
    if not isinstance(guess, list):
        return f"The answer has {_entries(len(actual))}, but your guess is a single value."
    if len(guess) != len(actual):
        return f"The answer has {_entries(len(actual))}, but your guess has {len(guess)}."
    for place, pair in enumerate(zip(guess, actual, strict=True)):
        found = _difference(*pair)
        if found is not None:
            return found or f"They differ at position {place}: {_words(pair[0])} and {_words(pair[1])}."
    return None


def _of_tensors(guess: Any, actual: torch.Tensor) -> str | None:
    if not isinstance(guess, list | torch.Tensor):
        return f"The answer is a tensor of shape {tuple(actual.shape)}, but your guess is a single value."
    try:
        if isinstance(guess, list):
            made = torch.tensor(guess)
            guess = torch.tensor(guess, dtype=torch.float64) if made.is_floating_point() else made
    except (TypeError, ValueError, RuntimeError):
        return f"The answer is a tensor of shape {tuple(actual.shape)}, and your guess has rows of several lengths."
    if guess.shape != actual.shape:
        return f"The answer has shape {tuple(actual.shape)}, but your guess has shape {tuple(guess.shape)}."
    far = ~torch.isclose(guess.to(torch.complex128), actual.to(torch.complex128), rtol=CLOSE, atol=0, equal_nan=True)
    for place in map(tuple, far.nonzero().tolist()):
        pair = guess[place].item(), actual[place].item()
        if not _close(*pair):
            return f"They first differ at {list(place)}: {_words(pair[0])} and {_words(pair[1])}."
    return None


def _is_number(value: object) -> bool:
    return isinstance(value, bool | int | float | complex)


def _close(guess: Any, actual: Any) -> bool:
    """Whether a number is near enough: ints and bools exactly, floats with a tolerance, or rounded to their digits."""
    if isinstance(guess, bool) is not isinstance(actual, bool):
        return False
    if isinstance(actual, int):
        return bool(guess == actual)
    if isinstance(actual, complex) or isinstance(guess, complex):
        return bool(abs(guess - actual) <= CLOSE * abs(actual))
    if math.isnan(actual) or math.isnan(guess):
        return math.isnan(actual) and math.isnan(guess)
    digits = len(repr(float(guess)).partition(".")[2])
    rounded = "e" not in repr(guess) and digits >= 2 and round(actual, digits) == guess
    return rounded or math.isclose(guess, actual, rel_tol=CLOSE, abs_tol=1e-9)


def _entries(count: int) -> str:
    return f"{count} {'entry' if count == 1 else 'entries'}"


def _words(value: Any) -> str:
    """A value as the reader writes it, floats with four digits; what is long is cut."""
    if isinstance(value, BaseException):
        text = f"{type(value).__name__}: {value}"
    elif isinstance(value, type):
        text = value.__name__
    elif isinstance(value, float):
        text = f"{value:.4g}" if not value.is_integer() else repr(value)
    elif isinstance(value, list | tuple):
        inside = ", ".join(map(_words, value)) + "," * (len(value) == 1 and isinstance(value, tuple))
        text = f"[{inside}]" if isinstance(value, list) else f"({inside})"
    elif isinstance(value, torch.Tensor):
        text = _words(value.tolist()) if value.numel() <= 24 else f"a tensor of shape {tuple(value.shape)}"
    else:
        text = str(value) if isinstance(value, str) else repr(value)
    text = clean(text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} ..."
