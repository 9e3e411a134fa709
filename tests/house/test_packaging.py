"""One source for each version: the pins of pyproject.toml, and everything that repeats or uses them."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from convlab.data import sources

PROJECT = Path(__file__).resolve().parents[2]
IN_ENVIRONMENT = ["jupyterlab", "torch", "matplotlib", "nbval", "ipywidgets"]
EXTRAS = ("course", "site", "dev")
IN_BASE = ["torch", "numpy", "matplotlib", "ipywidgets", "anywidget", "filelock", "tqdm"]
PYTHONS = {"3.11", "3.12", "3.13"}
ACTION = re.compile(r"actions/(checkout|setup-python|upload-artifact)@v\d+")


def text(name: str) -> str:
    """A file of the project."""
    return (PROJECT / name).read_text(encoding="utf-8")


def project(pyproject: str) -> dict[str, Any]:
    """The table `project` of pyproject.toml."""
    table: dict[str, Any] = tomllib.loads(pyproject)["project"]
    return table


def pins(pyproject: str, *extras: str) -> dict[str, str]:
    """The requirements of these extras by their names, each as it is written."""
    lists = project(pyproject)["optional-dependencies"]
    return {Requirement(line).name: line for extra in extras for line in lists[extra]}


def is_exact(line: str) -> bool:
    """Whether a requirement names one version."""
    return bool(re.fullmatch(r"[\w.-]+==\d[\w.]*", line))


def pin_faults(pyproject: str) -> list[str]:
    """The extras name exact versions, the base names ranges, and each exact version lies in its range."""
    faults = [
        f"{line}: an extra must name one version, =="
        for line in pins(pyproject, *EXTRAS).values()
        if not is_exact(line)
    ]
    course = pins(pyproject, "course")
    extras = [name for extra in EXTRAS for name in pins(pyproject, extra)]
    base = {Requirement(line).name: Requirement(line) for line in project(pyproject)["dependencies"]}
    if list(base) != IN_BASE:
        faults.append(f"the base must be {IN_BASE}, not {list(base)}")
    for name, range_ in base.items():
        if not range_.specifier or any(specifier.operator == "==" for specifier in range_.specifier):
            faults.append(f"{range_}: the base must name a range")
        if name not in course:
            faults.append(f"{name}: in the base, but not in the extra course")
        elif is_exact(course[name]) and not range_.specifier.contains(course[name].partition("==")[2]):
            faults.append(f"{course[name]}: outside of the range of the base, {range_}")
    return faults + [f"{name}: in two extras" for name in sorted(set(extras)) if extras.count(name) > 1]


def environment_faults(pyproject: str, environment: str) -> list[str]:
    """environment.yml has a Python that fits, pip, the five packages with the pins of the course, and the course."""
    try:
        conda = yaml.safe_load(environment)["dependencies"]
        by_pip = next(entry["pip"] for entry in conda if isinstance(entry, dict))
    except (yaml.YAMLError, KeyError, TypeError, StopIteration) as error:
        return [f"environment.yml has not the usual form: {error!r}"]
    faults = []
    names = [entry for entry in conda if isinstance(entry, str)]
    pythons = [entry.partition("=")[2] for entry in names if entry.startswith("python=")]
    supported = SpecifierSet(project(pyproject)["requires-python"])
    if len(pythons) != 1 or not supported.contains(f"{pythons[0]}.0"):
        faults.append(f"there must be one Python in {supported}, not {pythons}")
    if names[1:] != ["pip"]:
        faults.append(f"conda must install python and pip alone, not {names}")
    course = pins(pyproject, "course")
    wanted = [course.get(name, name) for name in IN_ENVIRONMENT] + ["-e .[course]"]
    if by_pip != wanted:
        faults.append(f"pip must install {wanted}, not {by_pip}")
    return faults


def installed_faults(lines: Iterable[str], version: Callable[[str], str]) -> list[str]:
    """What runs here is what the pins name; a suffix such as +cpu says which build it is."""
    found = {line: Version(version(line.partition("==")[0])).public for line in lines}
    return [
        f"{line}, but {is_here} is installed" for line, is_here in found.items() if line.partition("==")[2] != is_here
    ]


def pre_commit_faults(pyproject: str, pre_commit: str) -> list[str]:
    """The hooks are ruff and mypy, in the versions of the extra dev or from the environment."""
    hooks = [hook for repo in yaml.safe_load(pre_commit)["repos"] for hook in repo["hooks"]]
    dev = pins(pyproject, "dev")
    faults = []
    for hook in hooks:
        tool = "mypy" if hook["id"] == "mypy" else "ruff"
        is_pinned = hook.get("additional_dependencies") == [dev[tool]]
        if not is_pinned and hook["language"] != "system":
            faults.append(f"{hook['id']} must have {dev[tool]}, not {hook.get('additional_dependencies')}")
    if [hook["id"] for hook in hooks] != ["ruff-check", "ruff-format", "mypy"]:
        faults.append("the hooks must be ruff-check, ruff-format and mypy")
    if any(repo["repo"] != "local" for repo in yaml.safe_load(pre_commit)["repos"]):
        faults.append("the hooks must be local: a repository has its own versions")
    return faults


def workflow_faults(workflow: str) -> list[str]:
    """Linux runs everything, the other systems the tests; each on all Pythons, torch first; only known actions."""
    jobs = yaml.safe_load(workflow)["jobs"]
    faults = []
    for name, job in jobs.items():
        pythons = set(job["strategy"]["matrix"]["python"])
        if pythons != PYTHONS:
            faults.append(f"{name}: the Pythons must be {sorted(PYTHONS)}, not {job['strategy']['matrix']['python']}")
        used = [step["uses"] for step in job["steps"] if "uses" in step]
        faults += [f"{name}: {action} is not one of ours" for action in used if not ACTION.fullmatch(action)]
    runs = {name: [step["run"] for step in job["steps"] if "run" in step] for name, job in jobs.items()}
    if ".ci/run" not in runs.get("linux", []):
        faults.append("linux: a step must run .ci/run")
    uploads = [step["with"] for step in jobs["linux"]["steps"] if "upload-artifact" in step.get("uses", "")]
    if [upload.get("path") for upload in uploads] != ["convlab-site"]:
        faults.append("linux: one step must publish the pages, convlab-site")
    installs = [line for line in runs.get("unit", []) if "pip install" in line]
    if len(installs) != 2 or "$TORCH" not in installs[0] or ".[course,site,dev]" not in installs[1]:
        faults.append("unit: torch must be installed first, then the extras course, site and dev")
    if "python -m pytest tests convlab -n 2 --dist loadfile" not in runs.get("unit", []):
        faults.append("unit: a step must run the tests of tests and convlab")
    return faults


def licence_faults(licences: str, known: Mapping[str, sources.Source]) -> list[str]:
    """Each data set has a row: loader, title and file, author, licence, address, and the package with the file."""
    faults = []
    rows = [line.strip("| ").split(" | ") for line in licences.splitlines() if line.startswith("| `data.")]
    for name, source in known.items():
        wanted = [
            [f"`data.{name}()`"],
            [source.title, f"`{Path(source.file).name}`"],
            [source.author],
            [f"[{source.licence}](http"],
            [f"<{source.url}>"],
            [source.package, f"`{source.module}/{source.file}`"],
        ]
        row = next((cells for cells in rows if cells[0] == wanted[0][0]), [])
        if len(row) != len(wanted):
            faults.append(f"{name}: the licences have no row of {len(wanted)} cells that begins with {wanted[0][0]}")
            continue
        cells = zip(row, wanted, strict=True)
        faults += [
            f"{name}: the licences do not name {part}" for cell, parts in cells for part in parts if part not in cell
        ]
    return faults


def private_words(files: Mapping[str, str]) -> list[str]:
    """Files that name a package registry's host, or a folder of somebody's machine."""
    hosts = (
        r"py[p]i\.org|pythonhosted\.org|download\.pytorch\.org|registry\.npmjs|deb\.debian\.org|conda\.anaconda\.org"
    )
    folders = r"(?<![\w./~)-])/(?:home|root|Users|work|mnt)/\w|\b[A-Z]:\\{1,2}Users\b|(?<![\w./~)-])/tmp/\w"
    return [
        f"{name} names {found[0]!r}"
        for name, content in files.items()
        for found in re.finditer(f"{hosts}|{folders}", content)
    ]


def torch_of_make(folder: Path) -> str:
    """What `make lab` would install first, for the Makefile and the pyproject.toml of a folder."""
    make = shutil.which("make")
    if make is None or sys.platform == "win32":
        pytest.skip("the Makefile is for systems with make and a shell")
    command = [make, "--dry-run", "lab", f"VENV={folder / 'none'}", f"PYTHON={sys.executable}"]
    printed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    return next(line for line in printed.splitlines() if "pip install" in line).split()[-1]


def tracked_texts() -> dict[str, str]:
    """The text files that git tracks, by their names."""
    git = shutil.which("git")
    if git is None or not (PROJECT / ".git").exists():
        pytest.skip("this is no git checkout")
    listed = subprocess.run([git, "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    paths = [PROJECT / name for name in listed.split("\0") if name]
    return {
        path.relative_to(PROJECT).as_posix(): path.read_text(encoding="utf-8", errors="replace")
        for path in paths
        if path.is_file()
    }


def test_pins() -> None:
    assert pin_faults(text("pyproject.toml")) == []


def test_environment() -> None:
    assert environment_faults(text("pyproject.toml"), text("environment.yml")) == []


def test_installed_versions_are_the_pins() -> None:
    lines = pins(text("pyproject.toml"), *EXTRAS).values()
    assert installed_faults(lines, importlib.metadata.version) == []


def test_pre_commit() -> None:
    assert pre_commit_faults(text("pyproject.toml"), text(".pre-commit-config.yaml")) == []


def test_workflow() -> None:
    assert workflow_faults(text(".github/workflows/ci.yml")) == []


def test_licences_of_the_data() -> None:
    assert licence_faults(text("convlab/data/LICENSES.md"), sources._SOURCES) == []


def test_licence_of_the_project() -> None:
    assert text("LICENSE").startswith("MIT License\n")
    assert project(text("pyproject.toml"))["license"] == "MIT"


def test_no_private_words() -> None:
    assert private_words(tracked_texts()) == []


def test_make_installs_the_torch_of_pyproject(tmp_path: Path) -> None:
    pinned = pins(text("pyproject.toml"), "course")["torch"]
    for line in (pinned, "torch==99.1.2"):
        (tmp_path / "Makefile").write_text(text("Makefile"), encoding="utf-8")
        (tmp_path / "pyproject.toml").write_text(
            text("pyproject.toml").replace(f'"{pinned}"', f'"{line}"'), encoding="utf-8"
        )
        assert torch_of_make(tmp_path) == line


# Each check, on texts that it must refuse.


def broken(name: str, old: str, new: str) -> str:
    """A file of the project with something else in it."""
    content = text(name)
    assert old in content
    return content.replace(old, new)


def changed(line: str) -> str:
    """A pin of another version."""
    return line + "1"


PYPROJECT, ENVIRONMENT = text("pyproject.toml"), text("environment.yml")
TORCH, NUMPY, RUFF = (pins(PYPROJECT, "course", "dev")[name] for name in ("torch", "numpy", "ruff"))
NUMPY_RANGE = next(line for line in project(PYPROJECT)["dependencies"] if line.startswith("numpy"))


@pytest.mark.parametrize(
    "pyproject",
    [
        pytest.param(PYPROJECT.replace(TORCH, TORCH.replace("==", ">=")), id="a range in course"),
        pytest.param(PYPROJECT.replace(RUFF, "ruff"), id="no version in dev"),
        pytest.param(PYPROJECT.replace(RUFF, "ruff==0.*"), id="a star in dev"),
        pytest.param(PYPROJECT.replace(RUFF, TORCH), id="a package in both extras"),
        pytest.param(PYPROJECT.replace(NUMPY_RANGE, NUMPY), id="an exact version in the base"),
        pytest.param(PYPROJECT.replace(NUMPY_RANGE, "numpy"), id="no range in the base"),
        pytest.param(PYPROJECT.replace(NUMPY_RANGE, "scipy>=1"), id="another package in the base"),
        pytest.param(PYPROJECT.replace(NUMPY_RANGE, "numpy>=99"), id="a pin outside of the range"),
        pytest.param(PYPROJECT.replace(f'    "{NUMPY}",\n', ""), id="a base package that the course leaves open"),
    ],
)
def test_refused_pins(pyproject: str) -> None:
    assert pin_faults(pyproject)


@pytest.mark.parametrize(
    ("pyproject", "environment"),
    [
        pytest.param(PYPROJECT, ENVIRONMENT.replace(TORCH, changed(TORCH)), id="another torch in the environment"),
        pytest.param(PYPROJECT.replace(TORCH, changed(TORCH)), ENVIRONMENT, id="another torch in the course"),
        pytest.param(PYPROJECT, ENVIRONMENT.replace(TORCH, "torch"), id="no version"),
        pytest.param(PYPROJECT, ENVIRONMENT.replace(f"      - {TORCH}\n", ""), id="no torch"),
        pytest.param(PYPROJECT, ENVIRONMENT + f"      - {NUMPY}\n", id="a sixth package"),
        pytest.param(PYPROJECT, ENVIRONMENT.replace("-e .[course]", "-e ."), id="not the course"),
        pytest.param(PYPROJECT, ENVIRONMENT.replace("python=3.11", "python=3.10"), id="a Python that is too old"),
        pytest.param(PYPROJECT, ENVIRONMENT.replace("  - python=3.11\n", ""), id="no Python"),
        pytest.param(PYPROJECT, ENVIRONMENT.replace("  - pip\n", ""), id="no pip"),
        pytest.param(PYPROJECT, ENVIRONMENT.replace("  - pip\n", "  - pip\n  - scipy\n"), id="a package by conda"),
        pytest.param(PYPROJECT, ENVIRONMENT.replace("  - pip:", "  - pipe:"), id="no list for pip"),
        pytest.param(PYPROJECT, ENVIRONMENT.replace("name:", "name: ["), id="no YAML"),
    ],
)
def test_refused_environment(pyproject: str, environment: str) -> None:
    assert environment_faults(pyproject, environment)


def test_another_installed_version_is_refused() -> None:
    assert installed_faults(["torch==2.13.0"], lambda name: "2.13.0+cpu") == []
    assert installed_faults(["torch==2.13.0"], lambda name: "2.13.1+cpu") == ["torch==2.13.0, but 2.13.1 is installed"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(RUFF, changed(RUFF), id="another ruff"),
        pytest.param(f"[{RUFF}]", "[]", id="no ruff"),
        pytest.param("language: system", "language: python", id="a mypy without a version"),
        pytest.param("id: mypy", "id: black", id="another hook"),
        pytest.param("repo: local", "repo: https://example.org/hooks", id="a repository of hooks"),
    ],
)
def test_refused_pre_commit(old: str, new: str) -> None:
    assert pre_commit_faults(PYPROJECT, broken(".pre-commit-config.yaml", old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(', "3.13"', "", id="a Python left out"),
        pytest.param('"3.11", "3.12"', '3.11, "3.12"', id="a Python as a number"),
        pytest.param("actions/checkout@v6", "someone/checkout@v6", id="somebody's action"),
        pytest.param("actions/setup-python@v6", "actions/setup-python@main", id="an action without a version"),
        pytest.param("run: .ci/run", "run: make test", id="no .ci/run"),
        pytest.param("      - run: python -m pip install $TORCH\n", "", id="torch not first"),
        pytest.param(".[course,site,dev]", ".[course]", id="no tools"),
        pytest.param("path: convlab-site", "path: dist", id="no pages"),
        pytest.param("pytest tests convlab", "pytest tests", id="no doctests"),
    ],
)
def test_refused_workflow(old: str, new: str) -> None:
    assert workflow_faults(broken(".github/workflows/ci.yml", old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("data.photo()", "data.foto()", id="no loader"),
        pytest.param("Pavilion above a lake, China", "A pavilion", id="another title"),
        pytest.param("(`china.jpg`)", "", id="no file"),
        pytest.param("| danielbuechele |", "| the author |", id="no author"),
        pytest.param("CC BY 2.0", "CC0", id="another licence"),
        pytest.param("[CC BY 2.0](https", "CC BY 2.0 (https", id="no link to the licence"),
        pytest.param("<https://www.flickr.com", "<https://example.org", id="another address"),
        pytest.param("| scikit-learn", "| scikit-image", id="another package"),
        pytest.param("`sklearn/datasets/images/china.jpg`", "", id="no place in the package"),
        pytest.param("| danielbuechele |", "|", id="a cell too few"),
    ],
)
def test_refused_licences(old: str, new: str) -> None:
    assert licence_faults(broken("convlab/data/LICENSES.md", old, new), sources._SOURCES)


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(["see https://py", "pi.org/project/torch"], id="the registry of Python"),
        pytest.param(["--index-url https://download.", "pytorch.org/whl"], id="the index of torch"),
        pytest.param(["https://registry.npm", "js.org"], id="the registry of JavaScript"),
        pytest.param(["deb http://deb.", "debian.org stable"], id="an archive of Debian"),
        pytest.param(["in /ho", "me/ada/convlab"], id="a home folder"),
        pytest.param(["'/tm", "p/x'"], id="a folder of today"),
        pytest.param(["C:\\Us", "ers\\ada"], id="a home folder of Windows"),
    ],
)
def test_refused_private_words(parts: list[str]) -> None:
    assert private_words({"README.md": "".join(parts)})


def test_words_that_are_not_private() -> None:
    fine = "PyPI, https://example.org/home/a, work/in/progress, $(CURDIR)/tmp/a, ~/work, <https://pytorch.org/docs>"
    assert private_words({"README.md": fine}) == []
