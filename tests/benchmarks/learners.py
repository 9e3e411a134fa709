"""What a class costs a machine that its learners share: memory for each, and the time until a notebook answers.

Run it on that machine, from the repository, with as many learners as the class has:

    python tests/benchmarks/learners.py --learners 12

First it starts JupyterLab as `convlab lab` does, then kernels as JupyterLab would, each with one thread
(OMP_NUM_THREADS=1): some one by one, then one for each learner at once. Each runs the imports of a notebook, draws a
picture, makes an explorer, and takes one step of training on photographs. Memory is PSS, which counts what processes
share in equal parts, as Linux tells it, after that work; the processes that a kernel starts are counted with it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager

from convlab.lab import lab_command, lab_environment

SECONDS = 300
IMPORTS = """
import ipywidgets
import matplotlib.pyplot as plt
import torch
import convlab
from convlab import data, explorers, figures, scenes
%load_ext convlab
"""
WORK = """
from IPython.display import display
figures.scene(scenes.sliding_window(convlab.arithmetic.ConvSpec(1, 1, (3, 3), padding=1), (5, 5)), step=1)
plt.show()
display(explorers.sliding_window(kernel_size=3))
photo = data.photo().float()
batch = (photo / 255 if photo.max() > 1 else photo)[:, :224, :224].expand(8, -1, -1, -1)
net = torch.nn.Sequential(torch.nn.Conv2d(3, 16, 3, stride=2), torch.nn.ReLU(), torch.nn.Conv2d(16, 16, 3))
optimizer = torch.optim.Adam(net.parameters())
net(batch).square().mean().backward()
optimizer.step()
"""


@dataclass(frozen=True)
class Costs:
    """What one learner's kernel costs: seconds until it is ready, then for the imports; bytes after both parts."""

    ready: float
    imports: float
    imported: int
    worked: int


class Kernel:
    """A kernel as JupyterLab starts it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.manager = AsyncKernelManager(transport_encryption="auto")

    async def start(self) -> tuple[float, float]:
        """Seconds until it is ready, and from then to the end of the imports."""
        begin = time.perf_counter()
        await self.manager.start_kernel(cwd=str(self.folder), env={**os.environ, "OMP_NUM_THREADS": "1"})
        self.client: Any = self.manager.client()
        self.client.start_channels()
        await self.client.wait_for_ready(timeout=SECONDS)
        ready = time.perf_counter()
        await self.run(IMPORTS)
        return ready - begin, time.perf_counter() - ready

    async def run(self, source: str) -> None:
        """Run a cell, which must succeed."""
        answer = (await self.client.execute(source, reply=True, timeout=SECONDS))["content"]
        if answer["status"] != "ok":
            raise SystemExit(f"a cell failed: {answer.get('ename')}: {answer.get('evalue')}")

    def memory(self) -> int:
        """Its bytes."""
        return memory(int(getattr(self.manager.provisioner, "pid", 0)))

    async def stop(self) -> None:
        """End it."""
        self.client.stop_channels()
        if self.manager.has_kernel:
            await self.manager.shutdown_kernel(now=True)


def family(pid: int) -> list[int]:
    """A process and all that it started."""
    try:
        children = " ".join(path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")).split()
    except OSError:  # it has just ended
        return []
    return [pid, *(member for child in children for member in family(int(child)))]


def memory(pid: int) -> int:
    """The bytes of a process and of those that it started, what they share with others in equal parts."""
    found = 0
    for member in family(pid):
        try:
            lines = Path(f"/proc/{member}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        found += next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    return found


async def together(count: int, folder: Path) -> list[Costs]:
    """What each of so many kernels costs that start at the same moment."""
    kernels = [Kernel(folder) for _ in range(count)]
    try:
        times = await asyncio.gather(*(kernel.start() for kernel in kernels))
        imported = [kernel.memory() for kernel in kernels]
        await asyncio.gather(*(kernel.run(WORK) for kernel in kernels))
        worked = [kernel.memory() for kernel in kernels]
        return [Costs(*taken, *sizes) for taken, *sizes in zip(times, imported, worked, strict=True)]
    finally:
        await asyncio.gather(*(kernel.stop() for kernel in kernels))


@contextmanager
def jupyterlab(home: Path) -> Iterator[tuple[float, int]]:
    """A JupyterLab in an empty folder: the seconds until its page answers, and its process."""
    token, port = "0123456789", "8899"
    options = ["--no-browser", f"--port={port}", f"--IdentityProvider.token={token}", "--allow-root"]
    variables = lab_environment({**os.environ, "HOME": str(home), "OMP_NUM_THREADS": "1"})
    begin = time.perf_counter()
    with (home / "log.txt").open("wb") as log:
        command = lab_command("", [*options, "--ServerApp.port_retries=0"])
        server = subprocess.Popen(command, cwd=home, env=variables, stdout=log, stderr=log)
    try:
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/lab?token={token}", timeout=SECONDS).close()
                break
            except urllib.error.URLError as error:
                if server.poll() is not None or time.perf_counter() - begin > SECONDS:
                    raise SystemExit(f"no JupyterLab:\n{(home / 'log.txt').read_text()}") from error
                time.sleep(0.05)
        yield time.perf_counter() - begin, server.pid
    finally:
        server.terminate()
        server.wait(20)


def line(name: str, costs: Sequence[Costs], choose: Callable[[list[float]], float] = statistics.median) -> str:
    """A line of the table."""
    rows = [(c.ready, c.imports, c.ready + c.imports, c.imported / 2**20, c.worked / 2**20) for c in costs]
    *seconds, imported, worked = (choose(list(column)) for column in zip(*rows, strict=True))
    return f"{name:<24}" + "".join(f"{n:>12.2f}" for n in seconds) + f"{imported:>12.0f}{worked:>12.0f}"


def machine() -> str:
    """The machine and the versions, in two lines."""
    amounts = dict(row.split(":") for row in Path("/proc/meminfo").read_text().splitlines())
    gigabytes = int(amounts["MemTotal"].split()[0]) / 2**20
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 0
    packages = ("torch", "matplotlib", "jupyterlab", "ipykernel", "ipywidgets")
    return (
        f"{platform.machine()}, {cores} cores, {gigabytes:.0f} GiB; Linux {platform.release()}, "
        f"Python {platform.python_version()}\n" + ", ".join(f"{name} {version(name)}" for name in packages)
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--learners", type=int, default=12, help="how many begin at once (default: 12)")
    parser.add_argument("--alone", type=int, default=3, help="how many are measured one by one before (default: 3)")
    options = parser.parse_args(arguments)
    if sys.platform != "linux":
        raise SystemExit("this reads the memory of processes from /proc/PID/smaps_rollup, which Linux alone has")
    print(machine())
    with (
        tempfile.TemporaryDirectory() as folder,
        jupyterlab(Path(folder)) as (seconds, pid),
        asyncio.Runner() as runner,
    ):
        alone = [runner.run(together(1, Path(folder)))[0] for _ in range(options.alone)]
        at_once = runner.run(together(options.learners, Path(folder)))
        print(f"\nJupyterLab itself: answers after {seconds:.2f} s, {memory(pid) / 2**20:.0f} MiB\n")
    heads = ("ready, s", "imports, s", "both, s", "then MiB", "worked, MiB")
    print(f"{'a kernel':<24}" + "".join(f"{head:>12}" for head in heads))
    if alone:
        print(line("one by one, median", alone))
    print(line(f"{options.learners} at once, median", at_once))
    print(line(f"{options.learners} at once, largest", at_once, max))
    print(f"\nall {options.learners} kernels: {sum(cost.worked for cost in at_once) / 2**30:.2f} GiB")


if __name__ == "__main__":
    main()
