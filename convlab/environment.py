"""Does this Python have what the course needs? The findings, as plain data; each fault is a sentence."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from convlab import workspace
from convlab.data import Source, source, source_names

REMEDY = "pip install 'convlab[course]'"
"""What installs the course with the versions that it is tested with."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: What it is.
        value: What was found.
        fault: What is wrong, as a sentence; empty where nothing is.

    Example:
        >>> print(Finding("torch", "2.13.0"))
        torch         2.13.0
    """

    name: str
    value: str
    fault: str = ""

    def __str__(self) -> str:
        """The line of a report."""
        return f"{self.name:<14}{self.value}".rstrip()


def check() -> list[Finding]:
    """Everything that a report of a problem needs, in its order.

    Example:
        >>> [finding.name for finding in check()][:3]
        ['convlab', 'Python', 'system']
        >>> problems(check())
        []
    """
    return [
        _convlab(),
        _python(),
        Finding("system", platform.platform()),
        *check_pins(requirements()),
        *_torch(),
        *check_data(source(name) for name in source_names()),
        _notebooks(),
        Finding("CONVLAB_HOME", _without_home(workspace.home())),
    ]


def problems(findings: Iterable[Finding]) -> list[str]:
    """What is wrong, a sentence each.

    Args:
        findings: Those of `check`.

    Example:
        >>> problems([Finding("torch", "2.13.0"), Finding("tqdm", "missing", "tqdm is not installed.")])
        ['tqdm is not installed.']
    """
    return [finding.fault for finding in findings if finding.fault]


def report(findings: Iterable[Finding]) -> str:
    """The findings as text: a line each, then in plain words what is wrong, if anything.

    Args:
        findings: Those of `check`.

    Example:
        >>> print(report([Finding("tqdm", "4.70.1")]))
        tqdm          4.70.1
        <BLANKLINE>
        All is well: this environment has what the course needs.
    """
    findings = list(findings)
    wrong = problems(findings)
    if wrong:
        end = ["Not all is well:", *(f"- {sentence}" for sentence in wrong)]
        end += ["What is missing or too old comes with", f"    {REMEDY}"]
    else:
        end = ["All is well: this environment has what the course needs."]
    return "\n".join([*map(str, findings), "", *end])


def own_version() -> str:
    """The version of convlab that is installed, or "not installed", as in a bare copy of its files.

    Example:
        >>> own_version()
        '...'
    """
    return _installed("convlab") or "not installed"


def _convlab() -> Finding:
    fault = "" if _installed("convlab") else "convlab is a bare copy of its files here; it has to be installed."
    return Finding("convlab", own_version(), fault)


def _python() -> Finding:
    here = platform.python_version()
    needed = importlib.metadata.metadata("convlab")["Requires-Python"] if _installed("convlab") else ""
    is_fine = _release(here) >= _release(needed)
    fault = "" if is_fine else f"Python is {here}, but the course needs {needed}; make an environment with a newer one."
    return Finding("Python", f"{here} ({platform.python_implementation()})", fault)


def requirements() -> list[str]:
    """What the extra `course` pins, as `name==version`: read from the installed package, so that it has one source.

    Example:
        >>> [line for line in requirements() if line.startswith("torch=")]
        ['torch==...']
    """
    lines = (importlib.metadata.requires("convlab") or []) if _installed("convlab") else []
    pinned = (re.fullmatch(r"([\w.-]+==[\w.]+) *; *extra *== *['\"]course['\"]", line) for line in lines)
    return [found[1] for found in pinned if found]


def check_pins(lines: Iterable[str], installed: Callable[[str], str | None] | None = None) -> list[Finding]:
    """Whether each package is there and not older than the version with which the course is tested.

    Args:
        lines: Requirements as `name==version`.
        installed: Gives the version of a package that is installed, or None.

    Example:
        >>> old = check_pins(["tqdm==4.70.1"], lambda name: "4.60.0")
        >>> problems(old)
        ['tqdm is 4.60.0, older than 4.70.1, with which the course is tested.']
        >>> print(*check_pins(["tqdm==4.70.1"], lambda name: "4.71.0"))
        tqdm          4.71.0 (the course is tested with 4.70.1)
    """
    findings = []
    for name, _, pin in (line.partition("==") for line in lines):
        here = (installed or _installed)(name)
        if here is None:
            findings.append(Finding(name, f"missing ({pin})", f"{name} is not installed."))
        elif _release(here) < _release(pin):
            fault = f"{name} is {here}, older than {pin}, with which the course is tested."
            findings.append(Finding(name, f"{here} (too old; {pin})", fault))
        else:
            is_pin = here.partition("+")[0] == pin
            findings.append(Finding(name, here if is_pin else f"{here} (the course is tested with {pin})"))
    return findings


def _torch() -> list[Finding]:
    """The build of torch, and the devices that it sees."""
    import torch

    with warnings.catch_warnings(record=True) as warned:  # of a driver that does not fit
        warnings.simplefilter("always")
        gpus = [torch.cuda.get_device_name(number) for number in range(torch.cuda.device_count())]
        usable = torch.cuda.is_available()
    if gpus and usable:
        gpu = ", ".join(gpus)
    elif torch.backends.mps.is_available():
        gpu = "Apple (mps)"
    else:
        gpu = "none, and none is needed"
    gpu += f"; torch says: {str(warned[0].message).splitlines()[0]}" if warned else ""
    cuda, hip = torch.version.cuda, torch.version.hip
    build = f"CUDA {cuda}" if cuda else f"ROCm {hip}" if hip else "CPU"
    threads = f"{torch.get_num_threads()} threads of {os.cpu_count()} cores, {platform.machine()}"
    threads += f", {torch.backends.cpu.get_cpu_capability()}"  # which of its programs torch chooses here
    return [Finding("torch build", build), Finding("CPU", threads), Finding("GPU", gpu)]


def check_data(known: Iterable[Source]) -> list[Finding]:
    """Whether the packages that carry the data are there, with the files.

    Args:
        known: Sources, of which several may lie in one package.

    Example:
        >>> print(*check_data([source("photo")]))
        data          scikit-learn: 1 file of 1
    """
    packages: dict[str, list[str]] = {}
    for origin in known:
        try:
            origin.path()
            fault = ""
        except (ImportError, OSError) as error:
            fault = str(error)[0].upper() + str(error)[1:] + "."
        packages.setdefault(origin.package, []).append(fault)
    findings = []
    for package, faults in packages.items():
        there, all_ = faults.count(""), len(faults)
        value = f"{package}: {there} file{'s' if there != 1 else ''} of {all_}"
        findings.append(Finding("data", value, next(filter(None, faults), "")))
    return findings


def _notebooks() -> Finding:
    try:
        number, folder = len(workspace.course()), workspace.course_folder()
    except (workspace.WorkspaceError, OSError) as error:
        return Finding("notebooks", "missing", f"The notebooks cannot be found: {error}.")
    return Finding("notebooks", f"{number} in {_without_home(folder)}")


def _installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _release(version: str) -> tuple[int, ...]:
    """The numbers of a version, without what stands for a build: (2, 13, 0) for 2.13.0+cpu."""
    return tuple(map(int, re.findall(r"\d+", version.partition("+")[0])))


def _without_home(path: Path) -> str:
    """A path as it can be shown to others: `~` for the folder that has the user's name."""
    text, user = str(path), str(Path.home())
    return "~" + text.removeprefix(user) if text.startswith(user + os.sep) else text
