"""The plan of the house: who may import whom, and which third parties live on which floor."""

from __future__ import annotations

import ast
import importlib
import itertools
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import convlab

PACKAGE = Path(__file__).resolve().parents[2] / "convlab"
MOST_LINES = 300


@dataclass(frozen=True)
class Room:
    """A module, or a package with all its modules, at its place in the house."""

    floor: int
    name: str
    third_parties: set[str] = field(default_factory=set)
    """What its modules may import anywhere."""
    in_functions: set[str] = field(default_factory=set)
    """What its modules may import inside functions only."""
    never: set[str] = field(default_factory=set)
    """Rooms that stand lower, and that it may not import all the same."""


TORCH = {"torch"}
WIDGETS = {"torch", "IPython", "ipywidgets"}
PAGES = {
    "IPython",
    "ipykernel",
    "jupyter_client",
    "jupyter_core",
    "jupyter_server",
    "jupyterlab",
    "nbclient",
    "nbconvert",
    "nbformat",
    "docutils",
    "sphinx",
    "traitlets",
    "zmq",
}
DATA_CARRIERS = {"PIL", "nibabel", "skimage", "sklearn"}
ONE_ALGORITHM = {"never": {"ops.reference"}}  # so that each checks the other

# From the ground up. A room imports only rooms that stand before it. A package's `__init__` comes after its modules.
HOUSE = [
    Room(1, "arithmetic.spec"),
    Room(1, "arithmetic.sizes"),
    Room(1, "arithmetic.taps"),
    Room(1, "arithmetic.interpolation"),
    Room(1, "arithmetic.fields"),
    Room(1, "arithmetic.receptive_field"),
    Room(1, "arithmetic.cost"),
    Room(1, "arithmetic"),
    Room(2, "ops.arguments", TORCH),
    Room(2, "ops.padding", TORCH),
    Room(2, "ops.reference", TORCH),
    Room(2, "ops.unfold", TORCH, **ONE_ALGORITHM),
    Room(2, "ops.strided", TORCH, **ONE_ALGORITHM),
    Room(2, "ops.shift", TORCH, **ONE_ALGORITHM),
    Room(2, "ops.fft_plan", **ONE_ALGORITHM),
    Room(2, "ops.fft_blocks", TORCH, **ONE_ALGORITHM),
    Room(2, "ops.fft", TORCH, **ONE_ALGORITHM),
    Room(2, "ops.matrix", TORCH, **ONE_ALGORITHM),
    Room(2, "ops.transposed", TORCH),
    Room(2, "ops.deform_arguments", TORCH),
    Room(2, "ops.deform_reference", TORCH),
    Room(2, "ops.sampling", TORCH, never={"ops.reference", "ops.deform_reference"}),
    Room(2, "ops.corner_sums", TORCH),
    Room(2, "ops.deform_blocks", TORCH, never={"ops.reference", "ops.deform_reference"}),
    Room(2, "ops.deform_function", TORCH, never={"ops.reference", "ops.deform_reference"}),
    Room(2, "ops.deform", TORCH, never={"ops.reference", "ops.deform_reference"}),
    Room(2, "ops.speeds", TORCH, **ONE_ALGORITHM),
    Room(2, "ops.auto", TORCH, **ONE_ALGORITHM),
    Room(2, "ops.dispatch", TORCH),
    Room(2, "ops", TORCH),
    Room(2, "nn.causal", TORCH),
    Room(2, "nn.separable", TORCH),
    Room(2, "nn.deform_base", TORCH),
    Room(2, "nn.deform", TORCH),
    Room(2, "nn", TORCH),
    Room(2, "data", TORCH, in_functions={"numpy", *DATA_CARRIERS}),
    Room(2, "training", {"torch", "tqdm"}),
    Room(3, "inspection.calls", TORCH),
    Room(3, "inspection.inputs", TORCH),
    Room(3, "inspection.shapes", TORCH),
    Room(3, "inspection.lending", TORCH),
    Room(3, "inspection.record", TORCH),
    Room(3, "inspection.windows", TORCH),
    Room(3, "inspection.diagnosis"),
    Room(3, "inspection.silent", TORCH),
    Room(3, "inspection.doctor", TORCH),
    Room(3, "inspection.axis_seen"),
    Room(3, "inspection.seen"),
    Room(3, "inspection.rules", TORCH),
    Room(3, "inspection.formulas"),
    Room(3, "inspection.costs", TORCH),
    Room(3, "inspection.rows", TORCH),
    Room(3, "inspection.table"),
    Room(3, "inspection.positive", TORCH),
    Room(3, "inspection.spans", TORCH),
    Room(3, "inspection.gradients", TORCH),
    Room(3, "inspection.trace", TORCH),
    Room(3, "inspection.specification", TORCH),
    Room(3, "inspection", TORCH),
    Room(4, "scenes.parts"),
    Room(4, "scenes.scene"),
    Room(4, "scenes.numbers", TORCH),
    Room(4, "scenes.layout"),
    Room(4, "scenes.checks", TORCH),
    Room(4, "scenes.wording"),
    Room(4, "scenes.tensors", TORCH),
    Room(4, "scenes.arrangement", TORCH),
    Room(4, "scenes.grids", TORCH),
    Room(4, "scenes.window", TORCH),
    Room(4, "scenes.borders", TORCH),
    Room(4, "scenes.columns", TORCH),
    Room(4, "scenes.transposed", TORCH),
    Room(4, "scenes.gather", TORCH),
    Room(4, "scenes.overlap", TORCH),
    Room(4, "scenes.matrix", TORCH),
    Room(4, "scenes.paths"),
    Room(4, "scenes.stack", TORCH),
    Room(4, "scenes.channels", TORCH),
    Room(4, "scenes.lattice", TORCH),
    Room(4, "scenes.deform_tensors", TORCH),
    Room(4, "scenes.deform_grids", TORCH),
    Room(4, "scenes.deform", TORCH),
    Room(4, "scenes.offset_patterns"),
    Room(4, "scenes.sampling", TORCH),
    Room(4, "scenes.sampling_picture"),
    Room(4, "scenes", TORCH),
    Room(4, "figures", {"torch", "numpy", "matplotlib"}, never={"ops", "nn"}),
    Room(4, "animation", {"torch", "numpy", "matplotlib", "PIL"}, never={"ops", "nn"}),
    Room(5, "explorers", {"anywidget", "traitlets", *WIDGETS}, never={"arithmetic.sizes"}),
    Room(5, "workspace"),
    Room(5, "card", in_functions={"nbconvert"}),
    Room(5, "practice", {"anywidget", "filelock", "matplotlib", "traitlets", *WIDGETS}),
    Room(5, "notebook", WIDGETS),
    Room(5, "environment", TORCH),
    Room(5, "lab"),
    Room(5, "site", PAGES),
    Room(5, "cli"),
    Room(5, "__main__"),
]


@dataclass(frozen=True)
class Import:
    """One name that a module asks for."""

    target: str
    in_function: bool


def faults(sources: Mapping[str, str]) -> list[str]:
    """What breaks the plan in these files: their text, by their path inside convlab."""
    modules = {module_name(path): path for path in sources}
    graph: dict[str, set[str]] = {}
    found = []
    for module, path in modules.items():
        if module == "convlab":  # the entrance: it may hand on everything, and nobody comes in through it
            continue
        here = room_of(module)
        if here is None:
            found.append(
                f"{module} is not in the plan: give it a room in tests/house/test_layering.py, and say on which floor"
            )
            continue
        for wanted in imports(sources[path], path):
            target = wanted.target
            if target.split(".")[0] == "convlab":
                target = as_module(target, set(modules))
                graph.setdefault(module, set()).add(target)
                found += refused_room(module, here, target)
            else:
                found += refused_third_party(module, here, target.split(".")[0], wanted.in_function)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found.append("a cycle: " + " imports ".join(reversed(error.args[1])))
    return found


def module_name(path: str) -> str:
    """The module of a file, by its path inside convlab."""
    return ".".join(["convlab", *Path(path).with_suffix("").parts]).removesuffix(".__init__")


def room_of(module: str) -> Room | None:
    """The room in which a module is; None where it has none.

    A package that is split into rooms has modules only where the plan names them.
    """
    name = module.removeprefix("convlab.")
    by_name = {room.name: room for room in HOUSE}
    if name in by_name:
        return by_name[name]
    parents = [parent for parent in by_name if name.startswith(parent + ".") and not is_split(parent)]
    return by_name[parents[0]] if parents else None


def is_split(name: str) -> bool:
    """Whether the modules of this package are rooms of their own."""
    return any(room.name.startswith(name + ".") for room in HOUSE)


def imports(source: str, path: str) -> Iterator[Import]:
    """All imports of a module, those in functions and behind conditions included."""
    parents = module_name(path).split(".") if path.endswith("__init__.py") else module_name(path).split(".")[:-1]

    def visit(node: ast.AST, in_function: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, in_function) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            package = parents[: len(parents) - node.level + 1] if node.level else []
            origin = ".".join([*package, *filter(None, [node.module])])
            yield from (Import(f"{origin}.{alias.name}", in_function) for alias in node.names)
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
            named = node.args and isinstance(node.args[0], ast.Constant)
            yield Import(ast.literal_eval(node.args[0]) if named else "a name that is computed", in_function)
        inside = in_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from visit(child, inside)

    return visit(ast.parse(source), False)


def as_module(target: str, modules: set[str]) -> str:
    """The module that an import of this dotted name loads: `from a import b` is `a.b` where that is a module."""
    known = modules | {f"convlab.{room.name}" for room in HOUSE}
    while target not in known and target != "convlab":
        target = target.rpartition(".")[0]
    return target


def refused_room(module: str, here: Room, target: str) -> list[str]:
    """Why `module` may not import the module `target` of this package; nothing where it may."""
    if target == "convlab":
        return [f"{module} imports convlab itself, the entrance; import from the room that has the name"]
    there = room_of(target)
    if there is None:
        return [f"{module} imports {target}, which is not in the plan"]
    if there in here_and_after(here) and there != here:
        return [f"{module} (floor {here.floor}) imports {target} (floor {there.floor}), which stands above it"]
    forbidden = [name for name in here.never if f"{there.name}.".startswith(f"{name}.")]
    return [f"{module} imports {target}, which its room must not"] if forbidden else []


def here_and_after(room: Room) -> list[Room]:
    """A room, and those that come after it in the plan."""
    return HOUSE[HOUSE.index(room) :]


def refused_third_party(module: str, here: Room, name: str, in_function: bool) -> list[str]:
    """Why `module` may not import this third party here; nothing where it may."""
    if name in sys.stdlib_module_names or name in here.third_parties or (in_function and name in here.in_functions):
        return []
    if name in here.in_functions:
        return [f"{module} imports {name} when it is loaded; import it inside the function that needs it"]
    allowed = ", ".join(sorted(here.third_parties)) or "the standard library only"
    return [f"{module} (floor {here.floor}) imports {name}, but its room has {allowed}"]


def sources_on_disk() -> dict[str, str]:
    """The package's files."""
    return {
        str(path.relative_to(PACKAGE).as_posix()): path.read_text("utf-8") for path in sorted(PACKAGE.rglob("*.py"))
    }


def too_long(sources: Mapping[str, str]) -> list[str]:
    """The modules that must be split."""
    lines = {path: len(text.splitlines()) for path, text in sources.items()}
    return [
        f"{path} has {count} lines; past {MOST_LINES}, split it" for path, count in lines.items() if count > MOST_LINES
    ]


def loaded_by(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after this code, by their first names."""
    code += "\nimport sys; print(*{name.split('.')[0] for name in sys.modules})"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(process.stdout.split())


def test_the_package_follows_the_plan() -> None:
    assert faults(sources_on_disk()) == []


def test_no_module_is_too_long() -> None:
    assert too_long(sources_on_disk()) == []
    assert too_long({"nn.py": "pass\n" * 300}) == []
    assert too_long({"nn.py": "pass\n" * 301}) == ["nn.py has 301 lines; past 300, split it"]


def test_the_plan_is_in_order() -> None:
    assert all(below.floor <= above.floor for below, above in itertools.pairwise(HOUSE))
    assert len({room.name for room in HOUSE}) == len(HOUSE)
    assert {name for room in HOUSE for name in room.never} <= {room.name for room in HOUSE}


@pytest.mark.parametrize(
    ("path", "source"),
    [
        pytest.param(
            "arithmetic/taps.py", "import math\nfrom convlab.arithmetic.sizes import T", id="same floor, below"
        ),
        pytest.param("arithmetic/__init__.py", "from convlab.arithmetic.cost import Bytes", id="own modules"),
        pytest.param("ops/fft.py", "import torch.nn.functional as F\nfrom convlab.ops import arguments", id="torch"),
        pytest.param("figures/style.py", "def f():\n    from matplotlib import pyplot", id="a third party later"),
        pytest.param("figures/a.py", "from convlab.arithmetic import taps\nfrom . import style", id="a lower floor"),
        pytest.param("data/pictures.py", "def f():\n    import numpy\n    from PIL import Image", id="in a loader"),
        pytest.param("training.py", "from tqdm.auto import tqdm", id="tqdm in training"),
        pytest.param("cli.py", "from convlab import practice, workspace", id="the top of the house"),
        pytest.param("__init__.py", "def f():\n    import convlab.figures", id="the entrance"),
    ],
)
def test_passes(path: str, source: str) -> None:
    assert faults({path: source}) == []


@pytest.mark.parametrize(
    ("path", "source", "sentence"),
    [
        pytest.param("arithmetic/sizes.py", "import torch", "the standard library only", id="torch in arithmetic"),
        pytest.param(
            "arithmetic/sizes.py",
            "def f():\n    import torch",
            "the standard library only",
            id="the same in a function",
        ),
        pytest.param(
            "arithmetic/cost.py", "from convlab.ops import conv", "convlab.ops (floor 2)", id="arithmetic imports ops"
        ),
        pytest.param("ops/dispatch.py", "import matplotlib", "its room has torch", id="matplotlib in ops"),
        pytest.param("ops/dispatch.py", "from convlab import figures", "figures (floor 4)", id="ops imports figures"),
        pytest.param("ops/dispatch.py", "import convlab.figures.style", "figures (floor 4)", id="a module of figures"),
        pytest.param(
            "nn.py", "def f():\n    from convlab import practice", "practice (floor 5)", id="upward in a function"
        ),
        pytest.param(
            "nn.py",
            "class A:\n    if f():\n        from convlab import cli",
            "cli (floor 5)",
            id="upward in a condition",
        ),
        pytest.param("ops/fft.py", "from ..figures import image", "figures (floor 4)", id="upward, relative"),
        pytest.param("ops/fft.py", "from . import dispatch", "stands above it", id="a later room, relative"),
        pytest.param("ops/__init__.py", "from .. import nn", "stands above it", id="relative, from an __init__"),
        pytest.param(
            "arithmetic/spec.py", "from convlab.arithmetic import sizes", "stands above it", id="a later room"
        ),
        pytest.param("arithmetic/spec.py", "from convlab.arithmetic import f", "stands above it", id="own __init__"),
        pytest.param(
            "ops/unfold.py", "from convlab.ops.reference import conv", "must not", id="unfold reads the answer"
        ),
        pytest.param("ops/matrix.py", "from .reference import conv", "must not", id="matrix reads the answer"),
        pytest.param("figures/a.py", "from convlab.ops import conv", "must not", id="a figure convolves"),
        pytest.param("figures/a.py", "import convlab.ops.fft", "must not", id="a figure convolves by fft"),
        pytest.param(
            "explorers/a.py", "from convlab.arithmetic import sizes", "must not", id="an explorer computes sizes"
        ),
        pytest.param("nn.py", "from convlab import conv", "the entrance", id="through the entrance"),
        pytest.param("nn.py", "import convlab", "the entrance", id="the entrance itself"),
        pytest.param("nn.py", "from . import conv", "the entrance", id="the entrance, relative"),
        pytest.param("data/pictures.py", "import numpy as np", "inside the function", id="numpy at the top of data"),
        pytest.param("data/pictures.py", "def f():\n    import requests", "imports requests", id="a network in data"),
        pytest.param("nn.py", "from tqdm import tqdm", "imports tqdm", id="tqdm outside training"),
        pytest.param("cli.py", "f('x')(__import__('torch'))", "imports torch", id="an import as a call"),
        pytest.param("cli.py", "importlib.import_module(name)", "is computed", id="an import that cannot be read"),
        pytest.param("helpers.py", "", "convlab.helpers is not in the plan", id="an unknown room"),
        pytest.param("ops/winograd.py", "", "convlab.ops.winograd is not in the plan", id="an unknown room in ops"),
    ],
)
def test_refused(path: str, source: str, sentence: str) -> None:
    (fault,) = faults({path: source})
    assert sentence in fault


def test_a_cycle_inside_a_room_is_refused() -> None:
    (fault,) = faults({"figures/a.py": "from convlab.figures import b", "figures/b.py": "import convlab.figures.a"})
    assert fault.startswith("a cycle: convlab.figures.")


def test_a_module_that_imports_its_own_package_is_refused() -> None:
    (fault,) = faults({"figures/__init__.py": "from .a import f", "figures/a.py": "from convlab.figures import g"})
    assert fault.startswith("a cycle: convlab.figures")


def test_import_convlab_loads_no_pictures_and_no_widgets() -> None:
    heavy = {"IPython", "PIL", "anywidget", "ipywidgets", "matplotlib", "sklearn"}
    assert loaded_by("import convlab") & heavy == set()
    assert "matplotlib" in loaded_by("import convlab; convlab.figures.image(convlab.data.photo())")


@pytest.mark.parametrize("room", ["animation", "explorers", "figures", "scenes"])
def test_the_entrance_hands_on_a_room_when_it_is_first_asked_for(room: str) -> None:
    assert getattr(convlab, room) is importlib.import_module(f"convlab.{room}")
    assert room in convlab.__all__
