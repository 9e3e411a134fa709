"""What a deformable convolution costs against the plain one of the same shapes: time, memory and rounding, in one run.

Run it from the repository, on a machine that does nothing else:

    python tests/benchmarks/deform_conv.py

The two take turns, with two threads; the median counts. The plain convolution is torch's own, called in the same way.
The peak is that of forward and backward together, without the arguments, the output and the gradients, as a multiple of
the sampled columns (N * C_in * prod(kernel_size) * prod(out) numbers).

What bounds it: the three matrix products alone take as long as the plain convolution, a little longer in 2D. Each
sampled number is a sum of four or eight, which are read from all over the input; the backward reads them once more for
the gradients of offset and mask, and adds to them for that of the input, for which it must sort all corners by the
element that they read. In 3D there are eight corners for few channels, so that sorting and weights take the most.
"""

from __future__ import annotations

import argparse
import gc
import platform
import statistics
import time
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import convlab


class Shape(NamedTuple):
    """A convolution that keeps the size: kernels of 3, padding of 1, a mask."""

    channels: int
    size: tuple[int, ...]
    goal: float


SHAPES = {"2D": Shape(64, (56, 56), 3.5), "3D": Shape(16, (16, 16, 16), 6.0)}
PLAIN: dict[int, Callable[..., Tensor]] = {2: F.conv2d, 3: F.conv3d}


class Memory(TorchDispatchMode):
    """The bytes that live in memory that was taken inside this context, at their peak."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.live: dict[int, int] = {}
        self.peak = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the operation, and write down what is new."""
        kwargs = kwargs or {}
        given = {key for tensor in tree_leaves((args, kwargs)) for key in parts_of(tensor)}
        result = func(*args, **kwargs)
        for tensor in tree_leaves(result):
            for key, storage in parts_of(tensor).items():
                if key not in given and key not in self.live:
                    self.live[key] = storage.nbytes()
                    weakref.finalize(storage, self.live.pop, key, None)
        self.peak = max(self.peak, sum(self.live.values()))
        return result


def parts_of(tensor: Any) -> dict[int, Any]:
    """The memory of a tensor by its address; a sparse one has three parts."""
    if not isinstance(tensor, Tensor):
        return {}
    if tensor.layout == torch.sparse_csr:
        parts = [tensor.crow_indices(), tensor.col_indices(), tensor.values()]
    else:
        parts = [tensor]
    return {part.untyped_storage()._cdata: part.untyped_storage() for part in parts}


def tensors_of(shape: Shape) -> dict[str, Tensor]:
    """Arguments by name, all of which want a gradient."""
    ndim, taps = len(shape.size), 3 ** len(shape.size)
    generator = torch.Generator().manual_seed(0)
    sizes = {
        "input": (1, shape.channels, *shape.size),
        "offset": (1, ndim * taps, *shape.size),
        "weight": (shape.channels, shape.channels, *(3,) * ndim),
        "bias": (shape.channels,),
        "mask": (1, taps, *shape.size),
    }
    return {name: torch.randn(size, generator=generator).requires_grad_() for name, size in sizes.items()}


def ratios(shape: Shape, rounds: int) -> tuple[float, float]:
    """Time of the deformable convolution over that of the plain one: forward, and forward plus backward."""
    tensors = tensors_of(shape)
    plain = PLAIN[len(shape.size)]
    arriving = torch.randn(tensors["input"].shape)

    def run_plain() -> Tensor:
        return plain(tensors["input"], tensors["weight"], tensors["bias"], padding=1)

    def run_deformable() -> Tensor:
        return convlab.deform_conv(**tensors, padding=1)

    calls = {"plain": run_plain, "deformable": run_deformable}
    forward: dict[str, list[float]] = {name: [] for name in calls}
    both: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds + 3):
        for name, call in calls.items():
            begin = time.perf_counter()
            with torch.no_grad():
                call()
            middle = time.perf_counter()
            call().backward(arriving)
            end = time.perf_counter()
            if number >= 3:
                forward[name].append(middle - begin)
                both[name].append(end - middle)
    medians = [{name: statistics.median(taken) for name, taken in times.items()} for times in (forward, both)]
    first, second = (found["deformable"] / found["plain"] for found in medians)
    return first, second


def peak(shape: Shape) -> float:
    """The most memory at a time over that of the columns."""
    tensors = tensors_of(shape)
    arriving = torch.randn(tensors["input"].shape)
    gc.collect()
    with Memory() as memory:
        output = convlab.deform_conv(**tensors, padding=1)
        gradients = torch.autograd.grad(output, list(tensors.values()), arriving)
    columns = tensors["input"].numel() * 3 ** len(shape.size)
    kept = output.nbytes + sum(gradient.nbytes for gradient in gradients)
    return float((memory.peak - kept) / (columns * arriving.element_size()))


def error_at_width(width: int) -> float:
    """The largest error in float32 of one long row, over the largest result."""
    generator = torch.Generator().manual_seed(0)
    sizes = ((1, 1, 1, width), (1, 18, 1, width), (1, 1, 3, 3))
    single = [torch.randn(size, generator=generator) for size in sizes]
    exact = convlab.deform_conv(*(tensor.double() for tensor in single), padding=1)
    found = convlab.deform_conv(*single, padding=1).double()
    return float((found - exact).abs().max() / exact.abs().max())


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    machine = f"{platform.machine()} with {torch.backends.cpu.get_cpu_capability()}"
    print(f"torch {torch.__version__}, {options.threads} threads, {machine}")
    print(f"{'':<32}{'forward':>10}{'and backward':>14}{'goal':>8}{'peak / columns':>16}")
    for name, shape in SHAPES.items():
        forward, both = ratios(shape, options.rounds)
        label = f"{name}, {shape.channels} channels, {'x'.join(map(str, shape.size))}"
        print(f"{label:<32}{forward:>10.2f}{both:>14.2f}{shape.goal:>8}{peak(shape):>16.2f}")
    print(f"float32 at width 16384: an error of {error_at_width(16384):.1e} of the largest result")


if __name__ == "__main__":
    main()
