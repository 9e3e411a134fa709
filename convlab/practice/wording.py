"""What a verdict tells the learner: the sentences about a mistake, and the call in which it showed."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch

from convlab.practice.calling import Outcome
from convlab.practice.comparing import kind_of, shown
from convlab.practice.exercise import Answer, Case, Exercise
from convlab.practice.explaining import Named, Tried

_PRINTED = 60
_IN_WORDS = {"convolution_backward": "gradient of a convolution (convolution_backward)"}


def of_difference(worst: Tried, tried: Sequence[Tried] = ()) -> Named | None:
    """The mistake that the kind of a result names by itself: None, a list, another dtype.

    Args:
        worst: The case in which it showed.
        tried: All cases. Where None is right in some of them, it is a value like any other.

    Example:
        >>> from convlab.practice.comparing import difference
        >>> of_difference(Tried(Case("5", (5,)), 5, Outcome(value=5.0), difference(5, 5.0))).name
        'returns a float'
    """
    found, printed = worst.difference, worst.outcome.printed.strip()
    if found is None or found.mistake is None:
        return None
    if _may_be_none(tried) and (worst.expected is None or worst.outcome.value is None):
        return None
    if found.kind == "none" and printed:
        text = printed.splitlines()[0]
        text = text if len(text) <= _PRINTED else text[:_PRINTED] + " ..."
        return Named(
            "prints instead of returning",
            f"Your function prints ({text}) and returns nothing: end it with return, and the result behind it.",
        )
    if found.kind == "none":
        return Named(found.mistake, "Your function returns None: end it with return, and the result behind it.")
    if any(_is_another_number(each.expected, each.outcome.value) for each in tried):
        return Named(
            found.mistake, f"Your function {found.mistake}. An int is wanted, and in some cases another number."
        )
    where = "" if found.kind == "dtype" else " The kind of thing that is returned is part of the answer."
    return Named(found.mistake, f"Your function {found.mistake}. {found.advice or where.strip()}".strip())


def _may_be_none(tried: Sequence[Tried]) -> bool:
    """Whether None is a right answer in some cases, and this answer is not None in all of them."""
    return any(each.expected is None for each in tried) and any(each.outcome.value is not None for each in tried)


def _is_another_number(expected: Any, got: Any) -> bool:
    """Whether a float is wrong, however it is rounded down."""
    return isinstance(expected, int) and isinstance(got, float) and got // 1 != expected


def of_changes(changed: Sequence[str], arguments: Sequence[Any] = ()) -> Named:
    """The mistake of a function that changes its arguments.

    Args:
        changed: Their names.
        arguments: All arguments of the call.

    Example:
        >>> of_changes(["input"]).name
        'changes its input'
    """
    names = " and ".join(changed)
    advice = "operations that end in _ , += and assignments to elements work in place: take a copy first, with .clone()"
    if arguments and not any(isinstance(argument, torch.Tensor) for argument in arguments):
        advice = (
            "pop, append, sort and assignments to entries change the list itself: take a copy first, with list(...)"
        )
    return Named("changes its input", f"Your function changes its argument {names}: {advice}.")


def of_calls(called: Sequence[str]) -> Named:
    """The mistake of a function that calls what it must replace.

    Args:
        called: What it called.

    Example:
        >>> of_calls(["convolution"]).name
        "calls torch's own function"
    """
    # torch's pooling in 1D arrives at the operator of 2D
    words = ("pooling" if "avg_pool" in name else _IN_WORDS.get(name, name) for name in called)
    what = " and ".join(dict.fromkeys(words))
    if called[0].startswith("convlab."):
        return Named(
            "calls convlab's own function",
            f"Your answer calls {what} (seen while it ran): this is what is to be written here.",
        )
    sentence = f"Your answer calls torch's own {what} (seen while it ran): this is what is to be written here."
    return Named("calls torch's own function", sentence)


def of_time(outcome: Outcome) -> Named:
    """The mistake of a function that was stopped.

    Args:
        outcome: What happened.

    Example:
        >>> of_time(Outcome(timed_out=True, seconds=2.0)).name
        'does not end'
    """
    sentence = (
        f"Your function was stopped after {max(1, round(outcome.seconds))} s: it does not end, or it is far too slow."
    )
    return Named(
        "does not end", f"{sentence} Look at the condition of each while loop: does every turn bring it nearer?"
    )


def call_in_words(task: Exercise, case: Case) -> str:
    """The call of a case, with the shapes of its tensors.

    Args:
        task: The exercise.
        case: One of its cases.

    Example:
        >>> from convlab.practice.catalogue import find
        >>> call_in_words(find("conv_output_size"), Case("5 and 3", (5, 3)))
        'In the case "5 and 3", `conv_output_size(5, 3)`'
    """
    names = list(inspect.signature(task.solution).parameters)
    given = [_argument(names[i] if i < len(names) else "", value, False) for i, value in enumerate(case.args)]
    given += [_argument(name, value, True) for name, value in case.kwargs.items()]
    return f'In the case "{case.id}", `{task.name}({", ".join(given)})`'


def _argument(name: str, value: Any, is_named: bool) -> str:
    if isinstance(value, torch.Tensor) and value.ndim:
        dtype = "" if value.dtype == torch.float32 else f", {str(value.dtype).removeprefix('torch.')}"
        return f"{name}: {'x'.join(map(str, value.shape))}{dtype}"
    return f"{name}={shown(value)}" if is_named else shown(value)


def parameters(answer: Answer) -> str:
    """The parameters of a function, as it was written.

    Args:
        answer: The function.

    Example:
        >>> parameters(lambda n, k=1: n)
        '(n, k=1)'
    """
    return str(inspect.signature(answer)).partition(" ->")[0]


def form_of(value: Any) -> str:
    """The form of a design without its numbers.

    Args:
        value: A design.

    Example:
        >>> form_of([(3, 1, 2), (3, 1, 4)])
        'a list of tuples of 3 ints'
    """
    if not isinstance(value, list | tuple) or not value:
        return kind_of(value)
    return ("a list of " if isinstance(value, list) else "a tuple of ") + _items(value)


def _items(value: list[Any] | tuple[Any, ...]) -> str:
    """What a sequence holds: "3 ints", "tuples of 3 ints", "an int or a float"."""
    if all(isinstance(item, list | tuple) and item for item in value):
        inner = list(dict.fromkeys(_items(item) for item in value))
        outer = "tuples" if all(isinstance(item, tuple) for item in value) else "lists"
        return f"{outer} of {' or '.join(inner)}"
    kinds = list(dict.fromkeys(kind_of(item) for item in value))
    return f"{len(value)} {kinds[0].partition(' ')[2]}s" if len(kinds) == 1 and " " in kinds[0] else " or ".join(kinds)
