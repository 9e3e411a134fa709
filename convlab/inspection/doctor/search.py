"""The search for changes that make a model run: the least intrusive first, each one tried."""

from __future__ import annotations

import heapq
import itertools
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeAlias

import torch
from torch.utils import _pytree as pytree

from convlab.inspection.doctor.building import path
from convlab.inspection.doctor.case import Case, function_of, place
from convlab.inspection.doctor.edits import Edit
from convlab.inspection.doctor.phrases import listed
from convlab.inspection.doctor.proposals import (
    axis_edits,
    call_edits,
    common_edits,
    deform_edits,
    earlier_edits,
    input_edits,
    layer_edits,
    length_edits,
    operand_edits,
    size_edits,
    upstream_edits,
)
from convlab.inspection.doctor.trials import Trials

MOST_FIXES = 4
MOST_TRIALS = 80
MOST_SECONDS = 20.0
"""For models whose single layers take long. Elsewhere work ends the search, not time: so the fixes stay the same."""
WORK_AFTER = 4000
"""Work for the search of another fix, where there is one; see `Trials`."""
MOST_LINES = 4
"""Lines of one fix."""
FAR_FETCHED = 2.0
"""A fix that costs so much more than the best one is left out."""
DOUBTFUL = 1.5
"""What is added to the cost where the output has not one row for each sample."""
FOLLOWING = -0.8
"""What is added to the cost of a change that follows from another one."""
NOT_FORESEEN = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What the doctor's own reading of a model may raise where the model is one that nobody foresaw."""

Proposal: TypeAlias = Callable[[Case], Iterator[Edit]]
PROPOSALS: tuple[Proposal, ...] = (
    input_edits,
    layer_edits,
    deform_edits,
    call_edits,
    axis_edits,
    operand_edits,
    upstream_edits,
    earlier_edits,
    common_edits,
    size_edits,
    length_edits,
)
OF_LAYERS: tuple[Proposal, ...] = (layer_edits, deform_edits, upstream_edits)


@dataclass(frozen=True)
class Cure:
    """Edits that made the model run together.

    Attributes:
        edits: In the order in which they are made.
        cost: That of all of them.

    Example:
        >>> Cure((Edit("fc1", "model.fc1 = nn.Linear(5, 2)", "Build it anew.", 2.0),), 2.0).cost
        2.0
    """

    edits: tuple[Edit, ...]
    cost: float

    @property
    def code(self) -> str:
        """All lines in one."""
        return _code(self.edits)


def proposed(case: Case, proposals: Sequence[Proposal] = PROPOSALS) -> list[Edit]:
    """Everything worth trying at a model that failed; what cannot cope with the model proposes nothing.

    Args:
        case: The model that failed.
        proposals: What makes proposals.

    Example:
        >>> [edit.code for edit in proposed(Case.of(torch.nn.Linear(4, 2), torch.empty(1, 5)))][0]
        'model = nn.Linear(5, 2)'
    """
    found: list[Edit] = []
    for proposal in proposals:
        with suppress(*NOT_FORESEEN):
            found += (_with_what_is_lost(case, edit) for edit in proposal(case))
    return found


def cures(case: Case) -> list[Cure]:
    """What made the model run, the least intrusive first.

    Example:
        >>> [cure.code for cure in cures(Case.of(torch.nn.Linear(4, 2), torch.empty(1, 5)))]
        ['model = nn.Linear(5, 2)']
    """
    trials, waiting = Trials(case), _Waiting()
    for edit in proposed(case):
        waiting.push(edit.cost, (edit,))
    found: list[Cure] = []
    inputs: list[list[torch.Tensor]] = []
    done: set[str] = set()
    end, enough = time.perf_counter() + MOST_SECONDS, math.inf
    while waiting and len(found) < MOST_FIXES + 2 and trials.count < MOST_TRIALS:
        if trials.work > enough or time.perf_counter() > end:
            break
        cost, edits = waiting.pop()
        if found and cost > found[0].cost + FAR_FETCHED:
            break
        code = _code(edits)
        groups = {edit.group for edit in edits} - {""}
        if ({code} | groups) & done:
            continue
        done.add(code)
        after = trials.run(edits)
        if after is not None and any(edit.in_order for edit in edits) and _out_of_order(after):
            edits = tuple(edit.in_order or edit for edit in edits)
            after = trials.run(edits)
        if after is None:
            continue
        if after.record.error is None:
            if all(edit.at == "input" for edit in edits):
                given = list(after.inputs.values())
                if any(_same(given, other) for other in inputs):
                    continue
                inputs.append(given)
            found.append(Cure(edits, cost + _doubt(after)))
            enough = min(enough, trials.work + WORK_AFTER)
            done |= groups
        elif len(edits) < MOST_LINES and not edits[-1].group and _further(case, after):
            changed = {edit.at for edit in edits}
            for edit in proposed(after, OF_LAYERS):
                if edit.at not in changed:
                    waiting.push(cost + edit.cost + FOLLOWING, (*edits, edit))
    found.sort(key=lambda cure: cure.cost)
    return [cure for cure in found if cure.cost <= found[0].cost + FAR_FETCHED][:MOST_FIXES]


class _Waiting:
    """Edits that wait for their trial, the least costly first; of equal ones, the one that came first."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, tuple[Edit, ...]]] = []
        self._numbers = itertools.count()

    def __bool__(self) -> bool:
        return bool(self._heap)

    def push(self, cost: float, edits: tuple[Edit, ...]) -> None:
        heapq.heappush(self._heap, (cost, next(self._numbers), edits))

    def pop(self) -> tuple[float, tuple[Edit, ...]]:
        cost, _, edits = heapq.heappop(self._heap)
        return cost, edits


def _code(edits: Sequence[Edit]) -> str:
    """All lines in one."""
    return "; ".join(edit.code for edit in edits)


def _with_what_is_lost(case: Case, edit: Edit) -> Edit:
    """The edit; where it builds a layer anew that has, say, `spectral_norm` on it, it says that this is lost."""
    lines = [line.partition(" = ") for line in edit.code.split("; ")] if edit.rewrite is None else []
    for name, module in case.model.named_modules():
        sources = [type(hook).__module__ for hook in module._forward_pre_hooks.values()]
        lost = [f"`{source.rpartition('.')[2]}`" for source in sources if source.startswith("torch.nn.utils.")]
        layer = path(case.model, name) if lost else ""
        if lost and any(target == layer and layer not in value for target, _, value in lines):
            words = f"The new layer is without {listed(lost)}, which `{name or 'model'}` has now: put it on again."
            edit = replace(edit, description=f"{edit.description} {words}")
    return edit


def _same(first: list[torch.Tensor], second: list[torch.Tensor]) -> bool:
    return all(a.shape == b.shape and not a.is_meta and torch.equal(a, b) for a, b in zip(first, second, strict=True))


def _out_of_order(after: Case) -> bool:
    """Whether a view found elements out of order in memory, or may find them so where shapes alone were tried."""
    error = after.record.error
    if error is not None:
        return str(error).startswith("view size is not compatible")
    views = [call for call in after.leaves if function_of(call) == "view" and call.inputs and call.outputs]
    return after.record.on_meta and any(len(call.outputs[0].shape) < len(call.inputs[0].shape) for call in views)


def _further(case: Case, after: Case) -> bool:
    """Whether the run came further than without the changes."""
    return place(after.failing) != place(case.failing) and len(after.leaves) >= len(case.leaves)


def _doubt(after: Case) -> float:
    """More cost where the output has not one row for each sample, so that something is mixed up."""
    outputs = [leaf for leaf in pytree.tree_leaves(after.record.output) if isinstance(leaf, torch.Tensor)]
    batches = {tensor.shape[0] for tensor in after.inputs.values() if tensor.dim() > 1}
    if not outputs or not batches or outputs[0].dim() < 2:
        return 0.0
    rows = outputs[0].shape[:2] if outputs[0].dim() == 3 else outputs[0].shape[:1]
    return 0.0 if batches & set(rows) else DOUBTFUL
