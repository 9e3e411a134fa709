"""Docstrings: a first line that says what it is, sections that mean something, arguments by their names, an example."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import convlab

PROJECT = Path(__file__).resolve().parents[2]
SECTIONS = {"Args", "Attributes", "Example", "Raises", "Returns", "Shape", "Source", "Yields"}

NO_EXAMPLE = {
    "convlab.arithmetic.cost.Bytes": "the example of num_bytes shows one",
    "convlab.arithmetic.taps.Tap": "the example of taps shows some",
    "convlab.arithmetic.receptive_field.ReceptiveField": "the examples of receptive_field show two",
    "convlab.data.sources.Source": "the example of source makes one",
}
"""Public functions and classes without an example of their own, and why."""


class Documented(NamedTuple):
    """A function, class, method or property that a reader may meet."""

    name: str
    item: Any
    is_member: bool

    @property
    def doc(self) -> str:
        """The docstring, without the indentation of the code."""
        own = self.item.__dict__.get("__doc__") if inspect.isclass(self.item) else self.item.__doc__
        return inspect.cleandoc(own or "")


def public_items() -> Iterator[Documented]:
    """Everything public in the package, where it is defined."""
    for found in pkgutil.walk_packages(convlab.__path__, "convlab."):
        if not any(part.startswith("_") for part in found.name.split(".")):
            module = importlib.import_module(found.name)
            yield from items_of(vars(module), found.name)


def items_of(namespace: dict[str, Any], module: str) -> Iterator[Documented]:
    """The public functions and classes that a module defines, and the public members that its classes define."""
    for name, item in namespace.items():
        callable_here = inspect.isfunction(inspect.unwrap(item)) if callable(item) else False
        if name.startswith("_") or not (inspect.isclass(item) or callable_here) or item.__module__ != module:
            continue
        yield Documented(f"{module}.{name}", item, is_member=False)
        for member, value in vars(item).items() if inspect.isclass(item) else ():
            value = value.__func__ if isinstance(value, classmethod | staticmethod) else value
            if not member.startswith("_") and (inspect.isfunction(value) or isinstance(value, property)):
                yield Documented(f"{module}.{name}.{member}", value, is_member=True)


def first_line(documented: Documented) -> list[str]:
    """There is a docstring, and its first line is a sentence that ends in a period."""
    line, _, rest = documented.doc.partition("\n")
    if not re.fullmatch(r"\S.*\.", line):
        return [f"the first line must be a sentence that ends in a period, but is {line!r}"]
    return ["a blank line must follow the first line"] if rest and not rest.startswith("\n") else []


def sections(documented: Documented) -> list[str]:
    """The sections are those of the house, each once, and none is empty."""
    parts = dict(sections_of(documented.doc))
    names = [name for name, _ in sections_of(documented.doc)]
    faults = [f"no section is called {name!r}" for name in names if name not in SECTIONS]
    faults += [f"the section {name!r} is empty" for name, text in parts.items() if not text.strip()]
    return faults + [f"the section {name!r} stands twice" for name in parts if names.count(name) > 1]


def sections_of(doc: str) -> list[tuple[str, str]]:
    """(heading, text) of each section. A heading is one or two words and a colon, on a line of its own."""
    pieces = re.split(r"^([A-Z]\w*(?: \w+)?):[ \t]*$", doc, flags=re.MULTILINE)
    return [
        (heading, re.split(r"^\S", text, flags=re.MULTILINE)[0])
        for heading, text in zip(pieces[1::2], pieces[2::2], strict=True)
    ]


def arguments(documented: Documented) -> list[str]:
    """`Args` has the names of the signature in their order, `Attributes` the fields of the class."""
    parts, faults = dict(sections_of(documented.doc)), []
    if "Args" in parts:
        parameters = inspect.signature(documented.item).parameters.values()
        stars: dict[int, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
        named = [stars.get(parameter.kind, "") + parameter.name for parameter in parameters if parameter.name != "self"]
        if entries(parts["Args"]) != named:
            faults.append(f"Args has {entries(parts['Args'])}, the signature has {named}")
    if "Attributes" in parts and inspect.isclass(documented.item):
        fields = getattr(documented.item, "__dataclass_fields__", None)  # a NamedTuple has _fields
        named = list(fields or getattr(documented.item, "_fields", []))
        if named and entries(parts["Attributes"]) != named:
            faults.append(f"Attributes has {entries(parts['Attributes'])}, the class has {named}")
    return faults


def entries(section: str) -> list[str]:
    """The names that a section explains."""
    return re.findall(r"^ {4}(\*{0,2}\w+):", section, re.MULTILINE)


def example(documented: Documented) -> list[str]:
    """A public function or class has an example that runs; a member may have one."""
    has_one = ">>> " in dict(sections_of(documented.doc)).get("Example", "")
    if ">>> " in documented.doc and not has_one:
        return ["a doctest must stand in a section Example"]
    needs_one = not documented.is_member and documented.name not in NO_EXAMPLE
    return ["there must be an Example with a doctest"] if needs_one and not has_one else []


RULES: list[Callable[[Documented], list[str]]] = [first_line, sections, arguments, example]


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.__name__) for rule in RULES])
def test_the_package(rule: Callable[[Documented], list[str]]) -> None:
    assert {item.name: rule(item) for item in public_items() if rule(item)} == {}


def test_the_walk_finds_functions_classes_and_members() -> None:
    names = {item.name for item in public_items()}
    assert {
        "convlab.arithmetic.sizes.conv_output_size",
        "convlab.arithmetic.spec.ConvSpec",
        "convlab.arithmetic.spec.ConvSpec.weight_shape",
        "convlab.data.sources.Source.path",
        "convlab.ops.dispatch.conv",
    } <= names
    assert not any(name.split(".")[-1].startswith("_") for name in names)


def test_the_exemptions_are_needed() -> None:
    items = {item.name: item for item in public_items()}
    assert set(NO_EXAMPLE) <= set(items)
    assert [name for name in NO_EXAMPLE if ">>> " in items[name].doc] == []


def documented(doc: str | None, *, is_member: bool = False) -> Documented:
    """A function of two arguments with this docstring."""

    def function(size: int, *, stride: int = 1) -> int:
        return size // stride

    function.__doc__ = doc
    return Documented("here.function", function, is_member)


GOOD = """The size after a step.

    It may be zero:

    Args:
        size: Elements,
            along one axis.
        stride: Elements.

    Returns:
        Elements. Note: rounded down.

    Example:
        >>> function(3)
        3
    """


def test_a_good_docstring_passes() -> None:
    assert [fault for rule in RULES for fault in rule(documented(GOOD))] == []
    assert [fault for rule in RULES for fault in rule(documented("The size.", is_member=True))] == []


@pytest.mark.parametrize(
    ("doc", "rule"),
    [
        pytest.param(None, first_line, id="none at all"),
        pytest.param(GOOD.replace("step.", "step"), first_line, id="no period"),
        pytest.param("The size after\n    a step.", first_line, id="a sentence of two lines"),
        pytest.param("The size after a step.\n    It may be zero.", first_line, id="no blank line"),
        pytest.param(GOOD.replace("Returns", "Note"), sections, id="another section"),
        pytest.param(GOOD.replace("Args", "Parameters"), sections, id="another style"),
        pytest.param(GOOD.replace("Returns", "Other Parameters"), sections, id="a section of two words"),
        pytest.param(GOOD.replace("        Elements. Note: rounded down.\n", ""), sections, id="an empty section"),
        pytest.param(GOOD.replace("Returns", "Args"), sections, id="a section twice"),
        pytest.param(GOOD.replace("size: E", "length: E"), arguments, id="an argument of another name"),
        pytest.param(GOOD.replace("        stride: Elements.\n", ""), arguments, id="an argument left out"),
        pytest.param(GOOD.replace("stride: E", "stride: E\n        step: E"), arguments, id="an argument too many"),
        pytest.param(GOOD.replace(">>> ", ""), example, id="an example without a doctest"),
        pytest.param(GOOD.split("    Example")[0], example, id="no example"),
        pytest.param("The size.\n\n    >>> function(3)\n    3", example, id="a doctest outside of Example"),
    ],
)
def test_refused(doc: str | None, rule: Callable[[Documented], list[str]]) -> None:
    assert rule(documented(doc))


def test_attributes_are_the_fields() -> None:
    @dataclasses.dataclass
    class Wrong:
        """A size.

        Attributes:
            length: Elements.
        """

        size: int

    class AlsoWrong(NamedTuple):
        """A size.

        Attributes:
            size: Elements.
        """

        size: int
        stride: int

    for item in (Wrong, AlsoWrong):
        assert arguments(Documented("here", item, is_member=False))


def test_a_wrong_doctest_fails_under_the_options_of_this_project(tmp_path: Path) -> None:
    folder = tmp_path / "planted"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "right.py").write_text('def f():\n    """Three.\n\n    >>> 1 + 2\n    3\n    """\n')
    (folder / "wrong.py").write_text('def f():\n    """Three.\n\n    >>> 1 + 2\n    4\n    """\n')
    command = [sys.executable, "-m", "pytest", "-c", str(PROJECT / "pyproject.toml"), "--rootdir", str(tmp_path)]
    command += ["-p", "no:cacheprovider", "--no-header", "-rA", str(folder)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    process = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert "1 failed, 1 passed" in process.stdout, process.stdout + process.stderr
    assert re.search(r"^FAILED .*wrong", process.stdout, re.MULTILINE)
