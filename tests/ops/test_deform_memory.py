"""What `deform_conv` keeps and takes in memory, as torch counts it, against the columns."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

import convlab


class Shape(NamedTuple):
    """Kernels of 3, padding of 1, a mask."""

    channels: tuple[int, int]
    size: tuple[int, ...]

    @property
    def columns(self) -> int:
        """Bytes of the sampled columns."""
        return int(4 * self.channels[0] * 3 ** len(self.size) * math.prod(self.size))

    def tensors(self) -> dict[str, Tensor]:
        """The arguments by name."""
        (in_channels, out_channels), ndim = self.channels, len(self.size)
        sizes = {
            "input": (1, in_channels, *self.size),
            "offset": (1, ndim * 3**ndim, *self.size),
            "weight": (out_channels, in_channels, *(3,) * ndim),
            "bias": (out_channels,),
            "mask": (1, 3**ndim, *self.size),
        }
        return {name: torch.ones(size) for name, size in sizes.items()}


SHAPES = {
    "2D": Shape((64, 64), (56, 56)),
    "3D": Shape((16, 16), (16, 16, 16)),
    "one channel": Shape((1, 8), (32, 32, 32)),
    "a photograph": Shape((3, 16), (224, 224)),
}


def peak(run: Any) -> int:
    """The most bytes at a time that are taken while this runs."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as found:
        kept = run()  # noqa: F841
    live = highest = 0
    for event in sorted(found.profiler.kineto_results.events(), key=lambda event: event.start_ns()):
        if event.name() == "[memory]":
            live += event.nbytes()
            highest = max(highest, live)
    return highest


@pytest.mark.parametrize("name", SHAPES)
def test_the_peak_beside_the_columns(name: str) -> None:
    """Of one channel in 3D the gradients of offset and mask alone are four times the columns."""
    shape = SHAPES[name]
    tensors = shape.tensors()
    with torch.no_grad():
        assert peak(lambda: convlab.deform_conv(**tensors, padding=1)) <= 1.5 * shape.columns
    leaves = [tensor.requires_grad_() for tensor in tensors.values()]
    made = sum(tensor.nbytes for tensor in leaves)

    def forward_and_backward() -> Any:
        nonlocal made
        output = convlab.deform_conv(**tensors, padding=1)
        made += output.nbytes
        return output, torch.autograd.grad(output.sum(), leaves)

    everything = peak(forward_and_backward)
    assert everything - made <= 2.0 * shape.columns
    if name in ("2D", "3D"):
        assert everything <= 2.5 * shape.columns


@pytest.mark.parametrize(
    ("learns", "columns"),
    [("bias", 0), ("weight", 1), ("input", 0), ("offset", 0), ("mask", 0), ("input offset weight bias mask", 1)],
)
def test_what_is_kept_for_the_backward(learns: str, columns: int) -> None:
    shape = Shape((16, 16), (20, 20))
    tensors = shape.tensors()
    for name in learns.split():
        tensors[name].requires_grad_()
    given = {tensor.data_ptr() for tensor in tensors.values()}
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        kept[tensor.data_ptr()] = tensor.nbytes
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        convlab.deform_conv(**tensors, padding=1)
    assert sum(size for place, size in kept.items() if place not in given) == columns * shape.columns
    assert bool(given & set(kept)) == (learns != "bias")
