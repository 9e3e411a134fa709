"""Does the model run with these changes? Asked of a copy: of shapes alone, and with numbers where that fits."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Sequence
from functools import cached_property

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from convlab.inspection.doctor.case import Case
from convlab.inspection.doctor.checks import missed_on_meta
from convlab.inspection.doctor.edits import Copy, Edit, arguments_with, without_memory
from convlab.inspection.record import record

MOST_BYTES = 2**30
"""Inputs and parameters that take more are not copied: shapes alone are tried."""
MOST_WRITTEN = 2**26
"""Elements that a run with numbers may write."""
LITTLE = 10**7
"""Elements up to which a run with numbers is as quick as one of shapes."""
ELEMENTS_OF_A_CALL = 75_000
"""Elements that are written in about the time that a call takes."""


class Trials:
    """Runs of changed copies of one model.

    Attributes:
        case: The model that failed.
        count: The trials so far.
        work: Calls of layers and functions in them; where there are numbers, large ones count several times.

    Example:
        >>> trials = Trials(Case.of(nn.Linear(4, 2), torch.empty(1, 5)))
        >>> trials.run([Edit("model", "model = nn.Linear(5, 2)", "", 2)]).record.output.shape
        torch.Size([1, 2])
    """

    def __init__(self, case: Case) -> None:
        self.case = case
        self._most_calls = 5000 + 50 * sum(1 for _ in case.record.model.walk())  # a change may send a loop astray
        self.count = self.work = 0

    def run(self, edits: Sequence[Edit]) -> Case | None:
        """The case after these changes, whose record tells whether it ran; None where they cannot be made."""
        self.count += 1
        if not self._shapes_first:
            return self._attempt(edits, on_meta=False)
        case = self._attempt(edits, on_meta=True)
        if case is not None and case.record.error is None and self._fits(case):
            return self._attempt(edits, on_meta=False) or case
        return case

    @cached_property
    def _shapes_first(self) -> bool:
        parameters = sum(tensor.numel() for tensor in self.case.model.parameters() if not is_lazy(tensor))
        return self.case.record.on_meta or _written(self.case) + parameters > LITTLE

    @cached_property
    def _shell(self) -> nn.Module:
        return without_memory(self.case.model)

    @cached_property
    def _numbers(self) -> dict[str, torch.Tensor]:
        return {name: _with_numbers(tensor) for name, tensor in self.case.inputs.items()}

    def _fits(self, case: Case) -> bool:
        """Whether a run with numbers takes little enough memory and time."""
        tensors = [*self.case.inputs.values(), *self.case.model.parameters(), *self.case.model.buffers()]
        taken = sum(tensor.numel() * tensor.element_size() for tensor in tensors if not is_lazy(tensor))
        return taken <= MOST_BYTES and _written(case) <= MOST_WRITTEN

    def _attempt(self, edits: Sequence[Edit], *, on_meta: bool) -> Case | None:
        with torch.no_grad(), torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                changed = self._changed(edits, on_meta=on_meta)
                args, options = arguments_with(self.case, changed.inputs)
                made = record(changed.model, args, options, most_calls=self._most_calls)
            except Exception:
                return None
        if on_meta and made.error is None:
            made.error = missed_on_meta(made)
        case = Case(changed.model, args, options, made)
        self.work += sum(1 for _ in made.model.walk()) + (0 if on_meta else _written(case) // ELEMENTS_OF_A_CALL)
        return case

    def _changed(self, edits: Sequence[Edit], *, on_meta: bool) -> Copy:
        """A copy of model and inputs with the changes."""
        if on_meta:
            inputs = {name: tensor.detach().to("meta") for name, tensor in self.case.inputs.items()}
            changed = Copy(copy.deepcopy(self._shell), inputs)
            with torch.device("meta"):
                changed.carry_out(edits)
        else:
            changed = Copy(copy.deepcopy(self.case.model), copy.deepcopy(self._numbers))
            changed.carry_out(edits)
        return changed


def _with_numbers(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor; where it has a shape alone, one with numbers."""
    if not tensor.is_meta:
        return tensor.detach()
    if not tensor.is_floating_point():
        return torch.zeros(tensor.shape, dtype=tensor.dtype, device="cpu")
    numbers = torch.rand(tensor.shape, device="cpu", generator=torch.Generator().manual_seed(0))
    return numbers.to(tensor.dtype)


def _written(case: Case) -> int:
    """Elements that all calls of the run wrote."""
    return sum(torch.Size(made.shape).numel() for call in case.leaves for made in call.outputs)
