"""A model that stops, and what the doctor says of it."""

from __future__ import annotations

import tokenize
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from io import StringIO
from typing import Any

from torch import nn

from convlab.inspection.diagnosis import Diagnosis, Fix
from convlab.inspection.doctor.case import Case, Names, place
from convlab.inspection.doctor.checks import missed_on_meta
from convlab.inspection.doctor.search import Cure, cures
from convlab.inspection.doctor.words import explanation
from convlab.inspection.inputs import as_arguments, needs_numbers, unwrapped, with_numbers
from convlab.inspection.record import Record, record

PLAIN = 1.0
"""A change that costs so little names the mistake itself."""


def diagnose(model: nn.Module, input: Any) -> Diagnosis | None:
    """Why the model stops with this input, and what to change; None where it runs.

    The model is run once as it is, and then in changed copies: each fix that is shown made such a copy run. Given a
    tensor, a `forward` that writes into parameters of more than 256 MiB in all changes those of the model itself.

    Args:
        model: Any module.
        input: A tensor, several, or a shape such as `(1, 3, 32, 32)`, which is run without memory.

    Raises:
        TypeError: If the model is not a module, or the input is nothing of these.

    Example:
        >>> diagnosis = diagnose(nn.Sequential(nn.Flatten(), nn.Linear(400, 10)), (1, 16, 13, 13))
        >>> print(diagnosis.layer, "|", diagnosis.fixes[0].code)
        1 | model[1] = nn.Linear(2704, 10)
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be an nn.Module, but it is of type {type(model).__name__}")
    model = unwrapped(model)
    args, options = as_arguments(model, input)
    case = case_of(model, args, options)
    return diagnose_case(case) if case.record.error is not None else None


def diagnose_record(
    model: nn.Module, args: Sequence[Any], options: Mapping[str, Any], made: Record
) -> Diagnosis | None:
    """The same from a run that is recorded already; None where nothing stopped it.

    Example:
        >>> import torch
        >>> model, x = nn.Linear(4, 2), torch.empty(1, 5)
        >>> diagnose_record(model, [x], {}, record(model, [x])).layer
        'model'
    """
    return None if made.error is None else diagnose_case(Case(model, tuple(args), dict(options), made))


def diagnose_call(
    model: nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any], error: Exception, *, names: Names
) -> Diagnosis | None:
    """What is to say of a call of the reader's that raised; None where the same call runs now, or raises another error.

    Args:
        model: What was called.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        error: What it raised.
        names: How the reader writes the model and its inputs.

    Example:
        >>> import torch
        >>> net, rows = nn.Linear(4, 2), torch.empty(1, 5)
        >>> error = RuntimeError("mat1 and mat2 shapes cannot be multiplied (1x5 and 4x2)")
        >>> diagnosis = diagnose_call(net, (rows,), {}, error, names=Names("net", ("rows",)))
        >>> diagnosis.error is error, diagnosis.fixes[0].code
        (True, 'net = nn.Linear(5, 2)')
    """
    case = case_of(model, args, kwargs)
    if not (case.record.on_meta or same_failure(error, case.record.error)):
        return None
    return replace(diagnose_case(case, names), error=error)


def case_of(model: nn.Module, args: Sequence[Any], options: Mapping[str, Any]) -> Case:
    """The run of a model as a case.

    Example:
        >>> import torch
        >>> case_of(nn.Linear(4, 2), [torch.empty(1, 4)], {}).record.error is None
        True
    """
    made = record(model, args, options)
    if needs_numbers(made):  # the model looks into tensors that have none
        device = next((parameter.device for parameter in model.parameters() if not parameter.is_meta), "cpu")
        args, options = with_numbers((tuple(args), dict(options)), device)
        made = record(model, args, options)
    if made.error is None and made.on_meta:
        made.error = missed_on_meta(made)
    return Case(model, tuple(args), dict(options), made)


def diagnose_case(case: Case, names: Names | None = None) -> Diagnosis:
    """What is to say of a case that failed.

    Example:
        >>> import torch
        >>> case = case_of(nn.Linear(4, 2), [torch.empty(1, 5)], {})
        >>> diagnose_case(case, Names(model="net", inputs=("rows",))).fixes[0].code
        'net = nn.Linear(5, 2)'
    """
    names = names or Names()
    error = case.record.error
    assert error is not None
    with _in_silence():
        found = cures(case)
    layer = _at_fault(case, found)
    fixes = tuple(_fix(case, cure, names) for cure in found)
    spot = case.failing.place
    text = explanation(case)
    for name, new in zip(case.inputs, names.inputs, strict=False):
        text = text.replace(f"the model's input `{name}`", f"the model's input `{new}`")
    if found and all(edit.at == "input" for edit in found[0].edits) and found[0].cost < 2:
        text += " The layers fit each other: with the input changed as in fix 1, all of them run."
    return Diagnosis(layer, error, text, fixes, (spot.file, spot.line) if spot is not None else None)


def _at_fault(case: Case, found: Sequence[Cure]) -> str:
    """The layer that failed, or an earlier one where it is plain that the mistake was made there."""
    failed = place(case.failing)
    changed = found[0].edits[0].at if found else failed
    return changed if found and found[0].cost <= PLAIN and changed not in ("input", "model") else failed


def same_failure(error: BaseException, other: BaseException | None) -> bool:
    """Whether two exceptions are of one type and say the same, the parameters being lent to a run as plain tensors.

    Where torch lists the arguments of a call that it refuses, it marks a parameter: `!Parameter!`.

    Example:
        >>> same_failure(ValueError("a Parameter"), ValueError("a Tensor")), same_failure(ValueError("a"), None)
        (True, False)
        >>> same_failure(TypeError("got !Parameter!"), TypeError("got Tensor"))
        True
    """
    texts = [str(one).replace("Parameter", "Tensor").replace("!Tensor!", "Tensor") for one in (error, other)]
    return type(error) is type(other) and texts[0] == texts[1]


@contextmanager
def _in_silence() -> Iterator[None]:
    """What the model prints or warns of was seen when it ran as it is; the trials do not say it again."""
    with redirect_stdout(StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _fix(case: Case, cure: Cure, names: Names) -> Fix:
    """The cure in the reader's names; a line of the reader's own forward has them already."""
    new = dict(zip(case.inputs, names.inputs, strict=False))
    description = " ".join(edit.description for edit in cure.edits)
    for name, other in new.items():
        description = description.replace(f"(`{name}` has", f"(`{other}` has")
    lines = [edit.code if edit.rewrite else renamed(edit.code, {"model": names.model, **new}) for edit in cure.edits]
    in_source = any(edit.rewrite for edit in cure.edits)  # a line of forward and one for the model do not join
    return Fix(description, ("\n" if in_source else "; ").join(lines))


def renamed(code: str, names: Mapping[str, str]) -> str:
    """A line of code with other names; attributes and the names of arguments stay.

    Example:
        >>> renamed("model.model[0] = f(x, model=x)", {"model": "net", "x": "images"})
        'net.model[0] = f(images, model=images)'
    """
    edits: list[tuple[int, int, str]] = []
    tokens = list(tokenize.generate_tokens(StringIO(code).readline))
    depth = 0
    for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False):
        depth += (token.string in "([{") - (token.string in ")]}") if token.type == tokenize.OP else 0
        attribute = before is not None and before.string == "."
        keyword = depth > 0 and after is not None and after.string == "="
        if token.type == tokenize.NAME and token.string in names and not attribute and not keyword:
            edits.append((token.start[1], token.end[1], names[token.string]))
    for begin, end, name in reversed(edits):
        code = code[:begin] + name + code[end:]
    return code
