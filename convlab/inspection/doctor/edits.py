"""Changes that could make a model run: lines to paste, and how they are carried out on a copy."""

from __future__ import annotations

import copy
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.parameter import is_lazy

from convlab.inspection.doctor.case import Case
from convlab.inspection.doctor.rewriting import Rewrite


@dataclass(frozen=True)
class Edit:
    """One change.

    Attributes:
        at: The place that is changed: "input", "model", the name of a layer, or "forward: view".
        code: The line, which calls the model `model` and its inputs by their names in `Case.inputs`.
        description: What it does, in a sentence.
        cost: How far it goes, or how unlikely it is to be meant: the smaller, the earlier it is tried.
        rewrite: The change of the reader's source, where `code` is a line of it.
        group: Of edits of one group, such as other sizes of the input, the first that helps is enough.
        in_order: The same change for a model with a `view` that finds the elements of this one out of order in memory.

    Example:
        >>> Edit("fc1", "model.fc1 = nn.Linear(2704, 120)", "Give fc1 what arrives.", 2).at
        'fc1'
    """

    at: str
    code: str
    description: str
    cost: float
    rewrite: Rewrite | None = None
    group: str = ""
    in_order: Edit | None = None


@dataclass
class Copy:
    """A copy of the model with its inputs, on which edits are carried out.

    Attributes:
        model: The model.
        inputs: Its input tensors by their names.

    Example:
        >>> changed = Copy(nn.Linear(4, 2), {"x": torch.empty(5)})
        >>> changed.carry_out([Edit("input", "x = x[:4]", "", 1), Edit("model", "model = nn.Linear(4, 3)", "", 2)])
        >>> changed.model(changed.inputs["x"]).shape
        torch.Size([3])
    """

    model: nn.Module
    inputs: dict[str, torch.Tensor]

    def carry_out(self, edits: Sequence[Edit]) -> None:
        """Makes the changes, one after the other.

        Raises:
            Exception: If a line raises one, or the method that it stands in is not to be found.
        """
        package = sys.modules["convlab"]
        names: dict[str, Any] = {
            "torch": torch, "nn": nn, "F": F, "convlab": package, "model": self.model, **self.inputs
        }  # fmt: skip
        old, training = set(self.model.modules()), self.model.training
        for edit in edits:
            if edit.rewrite is None:
                exec(edit.code, names)
            elif not edit.rewrite.apply(names["model"].get_submodule(edit.at.rpartition("forward")[0].rstrip("."))):
                raise LookupError("the method is not to be found")
        self.model = names["model"]
        for module in set(self.model.modules()) - old:  # as they would be if the model had been built with them
            module.training = training
        self.inputs = {name: names[name] for name in self.inputs}


def change_of_input(case: Case, name: str, value: str, words: str, cost: float, group: str = "") -> Edit:
    """Another value for an input.

    Example:
        >>> case = Case.of(nn.Linear(4, 2), torch.empty(1, 5))
        >>> change_of_input(case, "x", "x[:, :4]", "keep the first 4 features", 1).description
        'Change the input (`x` has the shape (1, 5)): keep the first 4 features.'
    """
    shape = tuple(case.inputs[name].shape)
    group = f"{group} {name}" if group else ""
    return Edit(
        "input", f"{name} = {value}", f"Change the input (`{name}` has the shape {shape}): {words}.", cost, group=group
    )


def arguments_with(case: Case, inputs: dict[str, torch.Tensor]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of the model's `forward` with other tensors in the place of its own.

    Example:
        >>> case = Case(nn.Linear(4, 2), (torch.empty(1, 5), "mean"), {}, Case.of(nn.Linear(4, 2)).record)
        >>> arguments_with(case, {"x": torch.ones(2)})
        ((tensor([1., 1.]), 'mean'), {})
    """
    position = iter(inputs.values())
    args = tuple(next(position) if isinstance(value, torch.Tensor) else value for value in case.args)
    options = {n: next(position) if isinstance(v, torch.Tensor) else v for n, v in case.options.items()}
    return args, options


def without_memory(model: nn.Module) -> nn.Module:
    """A copy of the model whose parameters and buffers have shapes alone.

    Example:
        >>> without_memory(nn.Linear(4, 2)).weight.device
        device(type='meta')
    """
    state = [tensor for tensor in [*model.parameters(), *model.buffers()] if not is_lazy(tensor)]
    memo: dict[int, Any] = {}
    for tensor in state:
        shell = tensor.detach().to("meta")
        memo[id(tensor)] = nn.Parameter(shell, tensor.requires_grad) if isinstance(tensor, nn.Parameter) else shell
    return copy.deepcopy(model, memo)
