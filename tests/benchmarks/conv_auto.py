"""What `method="auto"` takes against torch's own convolution, fft-conv-pytorch and julius, shape by shape, in one run.

Run it from the repository, on a machine that does nothing else; the other packages are measured where they are
installed:

    python tests/benchmarks/conv_auto.py --picture conv_auto.png
    python tests/benchmarks/conv_auto.py --random 1 200
    python tests/benchmarks/conv_auto.py --family RepLKNet FIR --threads 2

`conv_shapes` has the shapes. Each is convolved forward without gradients, and forward and backward, with the gradients
of input, weight and bias. Those that are compared run in turns, in a new order in each round. Where torch takes less
than `SHORT`, each runs once before its turn, so that none finds the cache as another left it. There are at least 5
rounds, and more until a shape has had its time (`SECONDS`); after 15, only "auto" and torch go on. The median counts.
The numbers are ratios to `F.conv1d`, `2d` or `3d`: below 1 is faster. All must give torch's values and gradients.

"fft" is `convlab.conv` with that method. fft-conv-pytorch computes in float32, so it stands beside that alone; julius
has neither groups nor dilation, and needs two taps. What takes over `SLOWEST` times as long as torch in both of its
first two runs is not measured further (">5"); nor is what needs transforms that are predicted to take as long ("~>5"),
or more memory than `MOST_PRODUCTS` products ("large"). What does not apply is empty.

The rule: with 15 microseconds for the choice, "auto" takes at most 1.05 of torch's time on 95 % of the shapes, and at
most 1.25 on all. With `--control`, torch is measured against itself in the same turns, to show what the machine adds.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import math
import platform
import random
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from conv_report import DIRECTIONS, OTHERS, Row, draw, predictions, summary, text_of
from conv_shapes import FAMILIES, NARROW, SHAPES, Shape, drawn
from torch import Tensor

import convlab
from convlab.arithmetic import output_size, padding_amounts
from convlab.ops.speeds import Call, transform_time

CONV: dict[int, Callable[..., Tensor]] = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
PEERS = {"fft-conv-pytorch": ("fft_conv_pytorch", "fft_conv"), "julius": ("julius", "fft_conv1d")}
SECONDS, ROUNDS, OTHER_ROUNDS, SLOWEST = 1.2, 5, 15, 5.0
SHORT = 20e-3
MOST_PRODUCTS = 2**25
TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-3, torch.float16: 2e-2, torch.bfloat16: 1e-1}


def installed() -> dict[str, Callable[..., Tensor]]:
    """The functions of the other packages; those that are missing are said."""
    warnings.filterwarnings("ignore", message="Using a non-tuple sequence")  # fft-conv-pytorch does
    found = {}
    for name, (module, function) in PEERS.items():
        try:
            found[name] = getattr(importlib.import_module(module), function)
        except ImportError as error:
            print(f"{name} is not measured: {error}")
    return found


def calls_for(shape: Shape, tensors: Sequence[Tensor], peers: dict[str, Callable[..., Tensor]]) -> dict[str, Any]:
    """Everything that can compute this shape, by name."""
    input, weight, *_ = tensors
    spec, bias = shape.spec, tensors[2] if shape.spec.bias else None
    options: dict[str, Any] = {"stride": spec.stride, "padding": spec.padding}
    others: dict[str, Any] = {"dilation": spec.dilation, "groups": spec.groups}
    calls = {"torch": partial(CONV[spec.ndim], input, weight, bias, **options, **others)}
    calls["auto"] = partial(convlab.conv, input, weight, bias, **options, **others)
    if shape.dtype not in NARROW:
        calls["fft"] = partial(convlab.conv, input, weight, bias, **options, **others, method="fft")
    if "fft-conv-pytorch" in peers and shape.dtype == torch.float32:
        calls["fft-conv-pytorch"] = partial(peers["fft-conv-pytorch"], input, weight, bias, **options, **others)
    plain = spec.ndim == spec.groups == spec.dilation[0] == 1 < spec.kernel_size[0]
    if "julius" in peers and plain and shape.dtype not in NARROW:
        single = {name: values[0] for name, values in options.items()}
        calls["julius"] = partial(peers["julius"], input, weight, bias, **single)
    return calls


def measure(shape: Shape, training: bool, peers: dict[str, Callable[..., Tensor]], rounds: int, control: bool) -> Row:
    """The medians of one shape in one direction."""
    spec, generator = shape.spec, torch.Generator().manual_seed(0)
    scale = math.prod(spec.weight_shape[1:]) ** -0.5
    sizes = [(shape.batch, spec.in_channels, *shape.sizes), spec.weight_shape, (spec.out_channels,)]
    tensors = [torch.randn(size, generator=generator).to(shape.dtype) for size in sizes[: 3 if spec.bias else 2]]
    tensors[1] *= scale
    tensors = [tensor.requires_grad_(training) for tensor in tensors]
    calls = calls_for(shape, tensors, peers)
    if control:
        calls["control"] = calls["torch"]
    arriving = torch.randn(shape.batch, spec.out_channels, *output_size(spec, shape.sizes), generator=generator)
    arriving = arriving.to(shape.dtype)
    with torch.set_grad_enabled(training):

        def results(name: str) -> tuple[Tensor, ...]:
            output: Tensor = calls[name]()
            return (output, *torch.autograd.grad(output, tensors, arriving)) if training else (output,)

        def timed(name: str) -> float:
            begin = time.perf_counter()
            results(name)
            return time.perf_counter() - begin

        expected, first, left_out = results("torch"), timed("torch"), dict[str, str]()
        for name in [name for name in calls if name not in ("torch", "control")]:
            why = foreseen(shape, training, name, first)
            if not why:
                begin = time.perf_counter()
                wrong = is_wrong(results(name), expected, TOLERANCE[shape.dtype])
                if wrong and name not in PEERS:
                    raise AssertionError(f"method {name!r} and torch differ on {shape}, {shape.dtype}")
                slow = name != "auto" and min(time.perf_counter() - begin, timed(name)) > SLOWEST * first
                why = "wrong" if wrong else f">{SLOWEST:.0f}" if slow else None
            if why:
                left_out[name] = why
                del calls[name]
        order, taken = list(calls), {name: list[float]() for name in calls}
        shuffle, begin = random.Random(0).shuffle, time.perf_counter()
        for number in range(rounds):
            if number >= ROUNDS and time.perf_counter() - begin > SECONDS:
                break
            if number == OTHER_ROUNDS:
                order = [name for name in order if name not in OTHERS]
            shuffle(order)
            for name in order:
                if first < SHORT:
                    results(name)
                taken[name].append(timed(name))
        options: dict[str, Any] = {"stride": spec.stride, "padding": spec.padding, "dilation": spec.dilation}
        bias = tensors[2] if spec.bias else None
        choice = convlab.explain_method(tensors[0], tensors[1], bias, groups=spec.groups, **options)
    return Row(shape, training, choice, {name: statistics.median(times) for name, times in taken.items()}, left_out)


def foreseen(shape: Shape, training: bool, name: str, first: float) -> str | None:
    """Why something is not even tried, where torch took so many seconds."""
    if name == "auto" or shape.dtype in NARROW:
        return None
    spec = shape.spec
    call = Call(spec, shape.sizes, shape.batch, shape.dtype, training, torch.get_num_threads(), "AVX2")
    if transform_time(call) > SLOWEST * first * 1e9:
        return f"~>{SLOWEST:.0f}"
    axes = zip(shape.sizes, padding_amounts(spec), strict=True)
    products = shape.batch * math.prod(spec.weight_shape[:2]) * math.prod(size + sum(pads) for size, pads in axes)
    return "large" if name == "fft-conv-pytorch" and products > MOST_PRODUCTS else None


def is_wrong(found: Sequence[Tensor], expected: Sequence[Tensor], tolerance: float) -> bool:
    """Whether a result has another shape, or an error beyond its tolerance times the largest number, or times 1."""
    for ours, theirs in zip(found, expected, strict=True):
        far = tolerance * max(1.0, float(theirs.detach().abs().max()))
        if ours.shape != theirs.shape or not float((ours - theirs).detach().abs().max()) <= far:
            return True
    return False


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1000, help=f"rounds at most; at least {ROUNDS}")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--family", nargs="+", choices=FAMILIES, default=FAMILIES, help="these families alone")
    parser.add_argument("--random", nargs=2, type=int, metavar=("SEED", "COUNT"), help="random shapes, not the list")
    parser.add_argument("--control", action="store_true", help="torch against itself as well")
    parser.add_argument("--picture", type=Path, help="where to put a picture")
    options = parser.parse_args()
    if options.rounds < ROUNDS:
        parser.error(f"--rounds must be at least {ROUNDS}, but is {options.rounds}")
    torch.set_num_threads(options.threads)
    machine, peers = torch.cpu.get_capabilities(), installed()
    print(f"{machine.get('cpu_name')}, {machine.get('num_physical_cores')} cores, {platform.machine()}, ", end="")
    print(f"{torch.backends.cpu.get_cpu_capability()}, {options.threads} threads, {platform.system()}; ", end="")
    versions = [f"{name} {importlib.metadata.version(name)}" for name in peers]
    print(", ".join([f"torch {torch.__version__}, Python {platform.python_version()}", *versions]))
    shapes = [shape for shape in SHAPES if shape.family in options.family]
    if options.random:
        shapes = drawn(*options.random)
        print(f"{len(shapes)} random shapes, seed {options.random[0]}")
    begin, names = time.perf_counter(), ("auto", *OTHERS, "control") if options.control else ("auto", *OTHERS)
    heads = "".join(f"{name.removesuffix('-pytorch'):>9}" for name in names)
    print(f"\n{'':<108}{'dtype':<9}{'direction':<13}{'torch, ms':>10}  {'auto takes (predicted gain)':<28}{heads}")
    rows = []
    for shape in shapes:
        for training in DIRECTIONS:
            rows.append(measure(shape, training, peers, options.rounds, options.control))
            print(text_of(rows[-1], names), flush=True)
    summary(rows)
    predictions(rows, options.threads, torch.backends.cpu.get_cpu_capability())
    print(f"\n{(time.perf_counter() - begin) / 60:.1f} minutes")
    if options.picture:
        draw(rows, options.picture)


if __name__ == "__main__":
    main()
