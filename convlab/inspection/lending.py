"""What a run gets in the place of the model's state and of its inputs, and what is put back after it."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy
from torch.utils import _pytree as pytree

COPIED_UP_TO = 2**28
"""Bytes of parameters up to which a run with numbers gets copies, in case that it writes into them.

What a `forward` writes into the parameters of a larger model stays there."""


def copy_of_a_lazy_model(model: nn.Module, name: str) -> nn.Module:
    """A copy of a model with layers that have no shapes yet.

    Args:
        model: The model.
        name: The parameter or buffer that has no shape yet.

    Raises:
        ValueError: If it is a buffer, which torch does not copy.

    Example:
        >>> copy_of_a_lazy_model(nn.Linear(1, 1), "weight")
        Linear(in_features=1, out_features=1, bias=True)
    """
    try:
        return copy.deepcopy(model)
    except ValueError:  # torch does not copy lazy buffers
        sentence = f"the model must be initialised, but {name} has no shape yet: run it once on real data"
        raise ValueError(sentence) from None


def copied(tree: Any) -> Any:
    """The arguments with a copy of each tensor, so that a change in place does not reach the reader's.

    The copies lie in memory as the tensors do, with gaps and in the same order: a `view` works for both or for none.

    Example:
        >>> copied([torch.zeros(2, 3).T])[0].stride()
        (1, 3)
    """
    copies: dict[int, torch.Tensor] = {}
    memory: dict[int, Any] = {}

    def one(tensor: torch.Tensor) -> torch.Tensor:
        if id(tensor) not in copies:
            given = tensor.detach()
            if given.is_meta:
                copies[id(tensor)] = torch.empty_strided(given.shape, given.stride(), dtype=given.dtype, device="meta")
            else:
                copies[id(tensor)] = copy.deepcopy(given, memory)
        return copies[id(tensor)]

    return pytree.tree_map_only(torch.Tensor, one, tree)


def attributes_of(model: nn.Module) -> list[tuple[Any, Any]]:
    """What a run may leave behind in the model: each module's attributes, and the lists, dicts and sets among them.

    Example:
        >>> model = nn.ReLU()
        >>> kept = attributes_of(model)
        >>> model.seen = 1
        >>> put_back(kept)
        >>> hasattr(model, "seen")
        False
    """
    kept: list[tuple[Any, Any]] = []
    for module in model.modules():
        if isinstance(module, torch.jit.ScriptModule):
            continue
        kept.append((vars(module), dict(vars(module))))
        for value in vars(module).values():
            if isinstance(value, list | dict | set):
                kept.append((value, copy.copy(value) if value else ()))  # most are empty, and there are many
    return kept


def put_back(attributes: list[tuple[Any, Any]]) -> None:
    """Gives the modules the attributes that they had.

    Example:
        >>> put_back([])
    """
    for holder, entries in attributes:
        if not holder and not entries:
            continue
        holder.clear()
        if isinstance(holder, list):
            holder.extend(entries)
        else:
            holder.update(entries)


def lent_state(model: nn.Module, *, on_meta: bool) -> dict[str, torch.Tensor]:
    """What stands in for the parameters and buffers during the run: copies, but for parameters of a large model.

    Example:
        >>> model = nn.Linear(1, 1)
        >>> lent_state(model, on_meta=False)["weight"] is model.weight
        False
    """
    own = sum(parameter.nbytes for parameter in model.parameters() if not is_lazy(parameter)) <= COPIED_UP_TO
    lent = {}
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if is_lazy(tensor):
            continue  # it gets its shape in the run
        lent[name] = tensor.detach().to("meta") if on_meta else tensor.detach().clone() if own else tensor.detach()
    for name, buffer in model.named_buffers():
        if not on_meta and not is_lazy(buffer):
            lent[name] = buffer.detach().clone()
    return lent
