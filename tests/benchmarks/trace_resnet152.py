"""What a trace of ResNet-152 costs, in time and in memory, against other tools, in one run.

Run it from the repository, with the other tools beside convlab; those that are not there are named:

    python tests/benchmarks/trace_resnet152.py

The tools take turns, and the median counts. What is said is the ratio to torchinfo with its defaults. The peak memory
is that of a process of its own, less what the process had with the model built and everything imported; Linux tells it.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import logging
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

SHAPE = (1, 3, 224, 224)
DEPTHS = (3, 8, 36, 3)
REFERENCE = "torchinfo"


def resnet(times: int = 1) -> Any:
    """ResNet-152 with so many times its layers."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    networks = importlib.import_module("published_networks")
    return networks.resnet([depth * times for depth in DEPTHS]).eval()


def convlab_trace(model: Any) -> None:
    """With formulas, receptive fields and remarks."""
    importlib.import_module("convlab.inspection").trace(model, SHAPE)


def convlab_record(model: Any) -> None:
    """The calls alone, without the table."""
    torch = importlib.import_module("torch")
    importlib.import_module("convlab.inspection").record(model, [torch.empty(SHAPE, device="meta")])


def bare_meta_forward(model: Any) -> None:
    """The untouched model on tensors without memory: nothing is written down."""
    torch = importlib.import_module("torch")
    state = {name: tensor.detach().to("meta") for name, tensor in model.state_dict().items()}
    with torch.no_grad():
        torch.func.functional_call(model, state, (torch.empty(SHAPE, device="meta"),))


def torchinfo(model: Any) -> None:
    """With its defaults: a real forward."""
    importlib.import_module("torchinfo").summary(model, input_size=SHAPE, verbose=0)


def fvcore(model: Any) -> None:
    """Its count of FLOPs, by a trace of torch.jit."""
    torch, counting = importlib.import_module("torch"), importlib.import_module("fvcore.nn")
    counting.FlopCountAnalysis(model, torch.rand(SHAPE)).unsupported_ops_warnings(False).total()


def torch_flop_counter(model: Any) -> None:
    """Torch's own count, of a real forward."""
    torch, counting = importlib.import_module("torch"), importlib.import_module("torch.utils.flop_counter")
    with torch.no_grad(), counting.FlopCounterMode(display=False):
        model(torch.rand(SHAPE))


def torchlens(model: Any) -> None:
    """With the receptive field of each operation."""
    torch, lens = importlib.import_module("torch"), importlib.import_module("torchlens")
    with torch.no_grad():
        for operation in lens.trace(model, torch.rand(SHAPE)).ops:
            with suppress(Exception):  # it raises where it defines none
                _ = operation.receptive_field.size


TOOLS: dict[str, tuple[Callable[[Any], None], str]] = {
    "convlab.trace": (convlab_trace, "convlab"),
    "convlab record": (convlab_record, "convlab"),
    "bare meta forward": (bare_meta_forward, "torch"),
    REFERENCE: (torchinfo, "torchinfo"),
    "fvcore": (fvcore, "fvcore"),
    "torch.utils.flop_counter": (torch_flop_counter, "torch"),
    "torchlens": (torchlens, "torchlens"),
}
"""Each tool, and the package that it needs."""


def is_there(package: str) -> bool:
    """Whether a package can be imported."""
    try:
        importlib.import_module(package)
    except ImportError:
        return False
    return True


def seconds(run: Callable[[], None]) -> float:
    """How long a call takes."""
    gc.collect()
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin


def medians(runs: dict[str, Callable[[], None]], rounds: int) -> dict[str, float]:
    """The median time of each, which take turns; a first round does not count."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for name, run in runs.items():
            taken = seconds(run)
            if number:
                times[name].append(taken)
    return {name: statistics.median(taken) for name, taken in times.items()}


def peak_memory(name: str) -> int:
    """The bytes that a tool takes at its peak, in a process of its own."""
    command = [sys.executable, __file__, "--memory-of", name]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(process.stdout.split()[-1])


def own_peak(name: str) -> None:
    """Print the peak of this process, less what it had before the tool ran."""
    tool, package = TOOLS[name]
    model = resnet()
    importlib.import_module(package)
    run_small(tool)  # what the first use of a tool loads is not its memory
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = memory("VmRSS")
    tool(model)
    print(memory("VmHWM") - before)


def memory(entry: str) -> int:
    """Bytes of this process as Linux counts them: VmRSS now, VmHWM at the peak."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{entry}:"))


def run_small(tool: Callable[[Any], None]) -> None:
    """Run a tool on one convolution and a pool."""
    nn = importlib.import_module("torch").nn
    tool(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.AdaptiveAvgPool2d(1)).eval())


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--skip", nargs="*", default=[], choices=list(TOOLS), help="tools that take too long")
    parser.add_argument("--memory-of", choices=list(TOOLS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    importlib.import_module("torch").set_num_threads(options.threads)
    if options.memory_of:
        own_peak(options.memory_of)
        return
    tools = {name: tool for name, (tool, package) in TOOLS.items() if is_there(package)}
    missing = [name for name in TOOLS if name not in tools]
    if missing:
        print(f"not installed: {', '.join(missing)}")
    tools = {name: tool for name, tool in tools.items() if name not in options.skip}
    if REFERENCE not in tools:
        raise SystemExit(f"{REFERENCE} is what the others are compared with, and it must be there")
    model = resnet()
    times = medians({name: partial(tool, model) for name, tool in tools.items()}, options.rounds)
    peaks = {name: peak_memory(name) for name in tools}
    print(f"{'ResNet-152, ' + 'x'.join(map(str, SHAPE)):<28}{'ms':>8}{'ratio':>8}{'MB':>8}{'ratio':>8}")
    for name, taken in times.items():
        ratios = taken / times[REFERENCE], peaks[name] / peaks[REFERENCE]
        print(f"{name:<28}{taken * 1000:>8.0f}{ratios[0]:>8.2f}{peaks[name] / 1e6:>8.0f}{ratios[1]:>8.2f}")
    trace = TOOLS["convlab.trace"][0]
    longer = medians({f"{n}": partial(trace, resnet(n)) for n in (1, 10)}, options.rounds)
    print(f"convlab.trace of ten times the layers: {longer['10'] / longer['1']:.1f} times as long")


if __name__ == "__main__":
    main()
