"""A model whose forward is a function that a test writes down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn


class Net(nn.Module):
    """Layers, and what the forward makes of them and the inputs."""

    def __init__(self, calculate: Callable[..., Any], **layers: nn.Module | nn.Parameter) -> None:
        super().__init__()
        self.calculate = calculate
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, *inputs: Tensor) -> Any:
        return self.calculate(self, *inputs)
