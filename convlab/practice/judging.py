"""From an answer to a verdict: what is wrong, in which case, and what the mistake is called."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from convlab.practice.calling import Outcome, call, copied, is_blank
from convlab.practice.comparing import difference, kind_of
from convlab.practice.conditions import in_common
from convlab.practice.exercise import Answer, Case, Design, Exercise, Task
from convlab.practice.explaining import Named, Tried, from_bank, from_outcomes, is_rounding, works_without_batch
from convlab.practice.limits import own_state, quiet, within
from convlab.practice.verdict import Verdict
from convlab.practice.wording import call_in_words, form_of, of_calls, of_changes, of_difference, of_time, parameters

SECONDS_PER_CASE = 2.0
SECONDS = 10.0

_ORDER = ("none", "type", "length", "shape", "dtype", "device", "values")
_PRINTED = 60


def judge(task: Task, answer: Any, *, seconds: float = SECONDS, seconds_per_case: float = SECONDS_PER_CASE) -> Verdict:
    """The verdict on an answer. Nothing is shown and nothing is kept.

    Args:
        task: The exercise.
        answer: What the learner hands in: a function; of a design, the design.
        seconds: The time limit of all cases.
        seconds_per_case: The time limit of one case.

    Raises:
        KeyboardInterrupt: If the reader interrupts it.

    Example:
        >>> from convlab.practice.catalogue import find
        >>> judge(find("conv_output_size"), lambda n, k, s=1, p=0, d=1: (n + 2 * p - d * (k - 1) - 1) // s + 1)
        conv_output_size: passed
    """
    with own_state():
        if isinstance(task, Design):
            return _judge_design(task, answer, seconds)
        return _judge_function(task, answer, seconds, seconds_per_case)


def _judge_function(task: Exercise, answer: Any, seconds: float, seconds_per_case: float) -> Verdict:
    if is_blank(answer) or answer is None or answer is ...:
        return Verdict(task, False, f"Not written yet. Write `{task.signature}`. {_help(task)}", is_blank=True)
    if not callable(answer):
        sentence = f"A function is checked, but this is {kind_of(answer)}."
        advice = f'Hand in the function without calling it: `practice.check("{task.name}", {task.name})`.'
        return _refused(task, Named("not a function", f"{sentence} {advice}"))
    asked = task.cases()
    cases = [_as_taken(task, answer, case) for case in asked]
    for case, taken in zip(asked, cases, strict=True):
        if taken is None:
            sentence = f"`{task.signature}` is wanted, but your function takes {parameters(answer)}."
            return _refused(
                task, Named("other parameters", sentence), case=case, case_text=f"{call_in_words(task, case)}."
            )
    names = list(inspect.signature(task.solution).parameters)
    tried: list[Tried] = []
    spent = 0.0
    for case, taken in zip(asked, cases, strict=True):
        assert taken is not None
        outcome = call(
            answer,
            taken,
            seconds=max(0.05, min(seconds_per_case, seconds - spent)),
            replaces=task.replaces,
            names=names,
            must_watch=not tried,
        )
        spent += outcome.seconds
        expected = task.solution(*copied(case.args), **copied(dict(case.kwargs)))
        if outcome.timed_out:
            return _refused(
                task, of_time(outcome), case=case, expected=expected, case_text=f"{call_in_words(task, case)}."
            )
        wrong = None if outcome.failed else difference(expected, outcome.value)
        tried.append(Tried(case, expected, outcome, wrong))
    return _verdict(task, answer, tried, seconds_per_case)


def _verdict(task: Exercise, answer: Answer, tried: Sequence[Tried], seconds: float) -> Verdict:
    forbidden = next((each for each in tried if each.outcome.called), None)
    if forbidden is not None:
        return _refused(task, of_calls(forbidden.outcome.called), case=forbidden.case)
    failing = [each for each in tried if not each.is_right]
    changing = [each for each in tried if each.outcome.changed]
    if not failing and not changing:
        return Verdict(task, True, f"Right. {len(tried)} cases were checked.")
    worst = _worst(failing) if failing else changing[0]
    named = (from_bank(task, tried) or _swapped(task, answer)) if failing else None
    if named is not None:
        worst = failing[0]
    elif worst.outcome.failed:
        named = _raised(task, answer, tried, worst, seconds)
    elif (told := of_difference(worst, tried)) is not None:
        named = told
    elif changing:
        worst, named = changing[0], of_changes(changing[0].outcome.changed, changing[0].case.args)
    elif is_rounding(tried):
        advice = "The last digits are wrong in float64: somewhere on the way the numbers were in float32."
        named = Named("computed in float32", advice)
    else:
        named = from_outcomes(task, tried)
        worst = failing[0]
    return _told(task, worst, named)


def _swapped(task: Exercise, answer: Answer) -> Named | None:
    """The mistake of a function whose parameters have the right names in another order."""
    try:
        mine = list(inspect.signature(answer).parameters)
    except (TypeError, ValueError):
        return None
    wanted = list(inspect.signature(task.solution).parameters)
    if mine == wanted or sorted(mine) != sorted(wanted):
        return None
    sentence = f"`{task.signature}` is wanted, but your function takes {parameters(answer)}, in another order."
    return Named("parameters in another order", sentence)


def _worst(failing: Sequence[Tried]) -> Tried:
    """The first case that raises, else the first with the difference that comes first: type, shape, dtype, values."""

    def rank(each: Tried) -> int:
        return 0 if each.difference is None else 1 + _ORDER.index(each.difference.kind)

    return min(failing, key=rank)


def _raised(task: Exercise, answer: Answer, tried: Sequence[Tried], worst: Tried, seconds: float) -> Named:
    error = worst.outcome.error
    if isinstance(error, SystemExit):
        return Named("ends Python", "Your function calls exit(): it would end the notebook's Python. Use return.")
    if all(each.outcome.failed for each in tried):
        if works_without_batch(answer, tried, seconds):
            sentence = "Your function works for one sample, but the input has a batch axis first: (N, C_in, ...)."
            return Named("forgets the batch", sentence)
        return Named(f"raises {type(error).__name__}", f"Your function raises {type(error).__name__}.")
    found = from_outcomes(task, tried)
    if found is not None:
        return found
    common = in_common([each.case for each in tried if not each.is_right])
    where = f"; in each of them {common}" if common else ""
    return Named(f"raises {type(error).__name__}", f"Your function raises {type(error).__name__} in some cases{where}.")


def _told(task: Exercise, worst: Tried, named: Named | None) -> Verdict:
    index = worst.difference.index if worst.difference is not None else None
    return _refused(
        task,
        named,
        case=worst.case,
        expected=worst.expected,
        got=worst.outcome.value,
        index=index,
        case_text=f"{call_in_words(task, worst.case)}: {_happened(worst)}",
        outcome=worst.outcome,
    )


def _happened(worst: Tried) -> str:
    if worst.outcome.error is not None:
        return "\n".join(
            (f"it raised {worst.outcome.error_text.rstrip('.')}.", "", *(f"    {line}" for line in worst.outcome.trace))
        )
    if worst.difference is not None:
        return f"{worst.difference.sentence}."
    return f"{' and '.join(worst.outcome.changed)} changed."


def _refused(
    task: Task,
    named: Named | None,
    *,
    case: Case | None = None,
    expected: Any = None,
    got: Any = None,
    index: tuple[int, ...] | None = None,
    case_text: str = "",
    outcome: Outcome | None = None,
) -> Verdict:
    """A verdict that says what is wrong, then shows the smallest case, then says where help is."""
    sentence = named.sentence if named is not None else "The result is not right, and this mistake has no name here."
    warned = [
        f"Python warned: {text.splitlines()[0][:200]}" for text in (outcome.warned[:1] if outcome else ()) if text
    ]
    message = "\n\n".join(filter(None, (sentence, case_text, *warned, _help(task))))
    return Verdict(task, False, message, named.name if named else None, case, expected, got, index)


def _help(task: Task) -> str:
    return f'`practice.hint("{task.name}")` gives a hint.'


def _as_taken(task: Exercise, answer: Answer, case: Case) -> Case | None:
    """The case in a form that the answer takes: as it is, all by position, or all by name; None where it takes none."""
    try:
        taken = inspect.signature(answer)
    except (TypeError, ValueError):
        return case
    wanted = inspect.signature(task.solution).bind(*case.args, **case.kwargs)
    wanted.apply_defaults()
    last = max((i for i, name in enumerate(wanted.arguments) if name in case.kwargs), default=-1) + 1
    by_position = tuple(wanted.arguments.values())[: max(last, len(case.args))]
    given = {name: wanted.arguments[name] for name in list(wanted.arguments)[: len(by_position)]}
    for args, kwargs in ((case.args, case.kwargs), (by_position, {}), ((), given)):
        try:
            taken.bind(*args, **kwargs)
        except TypeError:
            continue
        return Case(case.id, args, kwargs, case.traits)
    return None


def _judge_design(task: Design, answer: Any, seconds: float) -> Verdict:
    if answer is None or answer is ... or is_blank(answer):
        return Verdict(task, False, f"Not written yet. {_help(task)}", is_blank=True)
    with quiet():
        ended = within(seconds, lambda: task.judge(copied(answer)))
    if ended.timed_out:
        return _refused(
            task, Named("takes too long", "Your design is too large to be judged: it took too long."), got=answer
        )
    if ended.error is not None or not (ended.value is None or _is_finding(ended.value)):
        sentence = f"This answer could not be read. Wanted is {form_of(task.solution)}; this is {form_of(answer)}."
        return _refused(task, Named("another form", sentence), got=answer)
    if ended.value is None:
        return Verdict(task, True, "Right. Your design has all the properties that were asked for.")
    return _refused(task, Named(*ended.value), got=answer)


def _is_finding(value: Any) -> bool:
    return isinstance(value, tuple) and len(value) == 2 and all(isinstance(item, str) for item in value)
