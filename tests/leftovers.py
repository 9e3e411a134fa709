"""What a run could leave behind in a model, in torch and in Python."""

from __future__ import annotations

import random
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as all_modules
from torch.utils import _pytree as pytree


def everything(model: nn.Module) -> dict[str, Any]:
    """All that a run could leave behind: numbers, modes, hooks, gradients, attributes."""
    return {
        "state": {name: tensor.clone() for name, tensor in model.state_dict(keep_vars=False).items()},
        "identity": {name: (id(tensor), tensor._version) for name, tensor in model.state_dict(keep_vars=True).items()},
        "mode": [module.training for module in model.modules()],
        "hooks": [len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules()],
        "grads": [None if p.grad is None else p.grad.clone() for p in model.parameters()],
        "wants gradients": [p.requires_grad for p in model.parameters()],
        "attributes": [sorted(vars(module)) for module in model.modules()],
        "global hooks": (len(all_modules._global_forward_hooks), len(all_modules._global_forward_pre_hooks)),
        "random": (torch.get_rng_state(), random.getstate()),
        "gradients on": torch.is_grad_enabled(),
        "dtype and device": (torch.get_default_dtype(), torch.get_default_device()),
    }


def same(one: Any, two: Any) -> bool:
    """Whether two trees have the same structure and, to the last bit, the same leaves."""
    leaves, structure = pytree.tree_flatten(one)
    others, other_structure = pytree.tree_flatten(two)
    return structure == other_structure and all(
        torch.equal(a, b) if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor) else a == b
        for a, b in zip(leaves, others, strict=True)
    )
