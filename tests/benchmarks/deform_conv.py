"""What a deformable convolution costs against the plain one of the same shapes: time, memory and rounding, in one run.

Run it from the repository, on a machine that does nothing else:

    python tests/benchmarks/deform_conv.py

The two take turns, with two threads; the median counts. The plain convolution is torch's own, called in the same way.
The peak is that of forward and backward together as torch's profiler counts it, as a multiple of the sampled columns
(N * C_in * prod(kernel_size) * prod(out) numbers): once with all that is taken, output and gradients included, and once
without these. The arguments are not counted. With one channel in 3D, the gradients of offset and mask alone are four
times the columns. What a block takes beside them is a fixed few megabytes at most, which rule where columns are
smaller.

What bounds it: the three matrix products alone take as long as the plain convolution, a little longer in 2D. Each
sampled number is a sum of four or eight, which are read from all over the input; the backward finds their places once
more, reads them for the gradients of offset and mask, and adds to them for that of the input, for which it sorts the
places by the element that they read. In 3D there are eight corners for few channels, so that places and weights take
the most.
"""

from __future__ import annotations

import argparse
import gc
import platform
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

import convlab


class Shape(NamedTuple):
    """A convolution that keeps the size: kernels of 3, padding of 1, a mask."""

    channels: int
    size: tuple[int, ...]
    goal: float | None = None


SHAPES = {
    "2D": Shape(64, (56, 56), 3.5),
    "3D": Shape(16, (16, 16, 16), 6.0),
    "3D, narrow": Shape(1, (32, 32, 32)),
}
PLAIN: dict[int, Callable[..., Tensor]] = {2: F.conv2d, 3: F.conv3d}


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


def peak(shape: Shape) -> tuple[float, float]:
    """The most memory at a time over that of the columns: with everything, and without output and gradients."""
    tensors = tensors_of(shape)
    arriving = torch.randn(tensors["input"].shape)
    gc.collect()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as found:
        output = convlab.deform_conv(**tensors, padding=1)
        gradients = torch.autograd.grad(output, list(tensors.values()), arriving)
    live = most = 0
    for event in sorted(found.profiler.kineto_results.events(), key=lambda event: event.start_ns()):
        if event.name() == "[memory]":
            live += event.nbytes()
            most = max(most, live)
    columns = tensors["input"].nbytes * 3 ** len(shape.size)
    kept = output.nbytes + sum(gradient.nbytes for gradient in gradients)
    return most / columns, (most - kept) / columns


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
    print(f"{'':<34}{'time / plain convolution':^32}{'peak / columns':^38}")
    head = f"{'forward':>10}{'and backward':>14}{'goal':>8}{'everything':>14}{'without output, gradients':>28}"
    print(f"{'':<34}{head}")
    for name, shape in SHAPES.items():
        forward, both = ratios(shape, options.rounds)
        label = f"{name}, C={shape.channels}, {'x'.join(map(str, shape.size))}"
        goal = "" if shape.goal is None else str(shape.goal)
        everything, beside = peak(shape)
        print(f"{label:<34}{forward:>10.2f}{both:>14.2f}{goal:>8}{everything:>14.2f}{beside:>28.2f}")
    print(f"float32 at width 16384: an error of {error_at_width(16384):.1e} of the largest result")


if __name__ == "__main__":
    main()
