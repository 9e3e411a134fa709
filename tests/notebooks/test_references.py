"""Whatever the prose names is there: notebooks, sections, names of the package, exercises, drills and commands."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
import torch
from course_pages import STEMS, Page, all_pages, headings, plain, without_targets
from course_text import FOLDER, prose

import convlab
from convlab import cli
from convlab.practice import catalogue
from convlab.practice.drill.topics import TOPICS as DRILLS

ROOTS = {"convlab": convlab, "F": torch.nn.functional, "nn": torch.nn, "torch": torch}
ROOMS = ("arithmetic", "data", "environment", "explorers", "figures", "practice", "scenes")
DOTTED = re.compile(rf"(?<![\w./-])(?:{'|'.join([*ROOTS, *ROOMS])})(?!\.yml)(?:\.[A-Za-z_]\w*)+")


def numbers(page: Page) -> list[str]:
    """A notebook that is named by number or file exists, and a link says the number of what it leads to."""
    faults = []
    for both in re.findall(r"\bnotebooks? (\d+(?:(?:, | and | to )\d\d\b)*)", f"{page.body}\n{page.code}"):
        faults += [f"there is no notebook {number}" for number in re.findall(r"\d+", both) if number not in STEMS]
    for stem in re.findall(r"(?<![\w/.])(\d\d_[a-z]\w*)", f"{page.text}\n{page.code}"):
        faults += [] if stem in STEMS.values() else [f"there is no notebook {stem}"]
    for label, number in re.findall(r"\[([^\]]*)\]\([^()\s]*?(\d\d)_\w+\.ipynb[^()\s]*\)", page.text):
        said = re.match(r"(?:notebook )?`?(\d\d)(?![0-9A-Za-z])", label)
        faults += [] if said and said[1] == number else [f"a link to {number} says {label!r}"]
    return faults


def sections(page: Page) -> list[str]:
    """A section that is named by its title exists: in the notebook that its sentence names, or on the page itself."""
    faults = []
    for sentence in re.split(r"(?<=[.?!]) |\n\s*\n|\n(?=[-|#])", page.text.split("## References")[0]):
        named = re.findall(r"\b(\d\d)_[a-z]\w*", sentence)
        for asked in re.findall(r"\b(?:sections?|under|before|after) (?:\"([^\"]+)\"|\*([A-Z][^*]+)\*)", sentence):
            title = plain("".join(asked))
            titles = headings(prose(STEMS[named[0]]) if named and named[0] in STEMS else page.text)
            if not any(each == title or re.match(rf"{re.escape(title)}[,;:]", each) for each in titles):
                faults.append(f"there is no section {title!r} in {named[0] if named else page.name}")
    return faults


def fragments(page: Page) -> list[str]:
    """A link into a notebook ends with a heading as JupyterLab writes it: a hyphen for each space."""
    faults = []
    for target, fragment in re.findall(r"\]\(((?:\w+\.ipynb)?)#([^()\s]+)\)", page.text):
        text = prose(target.removesuffix(".ipynb")) if target else page.text
        if fragment not in [each.replace(" ", "-") for each in headings(text)]:
            faults.append(f"there is no heading for {target}#{fragment}")
    return faults


def names(page: Page) -> list[str]:
    """A dotted name of convlab or torch is one that can be had, and so is an exercise or a drill."""
    text = without_targets(page.text)
    faults = [f"there is no {name}" for name in dict.fromkeys(DOTTED.findall(text)) if not is_there(name)]
    for function, name in re.findall(r"practice\.(\w+)\(\"(\w+)\"", text):
        known = DRILLS if function == "drill" else catalogue.names()
        faults += [] if name in known else [f"there is no {'drill' if function == 'drill' else 'exercise'} {name}"]
    return faults


def is_there(name: str) -> bool:
    """Whether a dotted name can be had."""
    first, *rest = name.split(".")
    found: Any = ROOTS.get(first) or importlib.import_module(f"convlab.{first}")
    for part in rest:
        if isinstance(found, ModuleType) and not hasattr(found, part):
            try:
                importlib.import_module(f"{found.__name__}.{part}")
            except ImportError:
                return False
        if not hasattr(found, part):
            return False
        found = getattr(found, part)
    return True


def commands(page: Page) -> list[str]:
    """A command in code is one of convlab's, and a target is one of the Makefile's."""
    targets = re.findall(r"^(\w+):", (FOLDER.parent / "Makefile").read_text("utf-8"), re.MULTILINE)
    known = re.findall(r"^    (\w+) ", cli._parser().format_help(), re.MULTILINE)
    asked = re.findall(r"`(convlab|make) ([a-z]+)", page.text)
    return [f"there is no `{first} {word}`" for first, word in asked if word not in (known, targets)[first == "make"]]


RULES: list[Callable[[Page], list[str]]] = [numbers, sections, fragments, names, commands]


@pytest.fixture(scope="module")
def pages() -> list[Page]:
    return all_pages()


@pytest.mark.parametrize("rule", [pytest.param(rule, id=rule.__name__) for rule in RULES])
def test_what_is_named_is_there(rule: Callable[[Page], list[str]], pages: list[Page]) -> None:
    assert {page.name: found for page in pages if (found := rule(page))} == {}


def test_there_is_much_to_look_at(pages: list[Page]) -> None:
    text = "\n".join(page.text for page in pages)
    assert len(set(DOTTED.findall(text))) > 60
    assert len(re.findall(r"\]\(\d\d_\w+\.ipynb\)", text)) > 100


FAULTS = [
    pytest.param(numbers, "See notebook 13.", "there is no notebook 13", id="a number behind the last notebook"),
    pytest.param(numbers, "As in notebooks 02 and 20.", "there is no notebook 20", id="the second of two numbers"),
    pytest.param(numbers, "Open `07_dilation`.", "there is no notebook 07_dilation", id="a file that has another name"),
    pytest.param(numbers, "[07 dilated](08_transposed.ipynb)", "a link to 08 says '07 dilated'", id="another's label"),
    pytest.param(numbers, "[dilation](07_dilated.ipynb)", "a link to 07 says 'dilation'", id="a label without number"),
    pytest.param(sections, 'See the section "Holes".', "there is no section 'Holes' in page", id="a missing section"),
    pytest.param(
        sections,
        'In [07](07_dilated.ipynb), section "The beginning", it stands.',
        "there is no section 'The beginning' in 07",
        id="a section that stands on the page itself, not in the notebook named",
    ),
    pytest.param(sections, "A break: before *The begin*.", "there is no section 'The begin' in page", id="half a word"),
    pytest.param(fragments, "[up](#The-end)", "there is no heading for #The-end", id="a heading that is missing"),
    pytest.param(fragments, "[up](#the-beginning)", "there is no heading for #the-beginning", id="in small letters"),
    pytest.param(
        fragments,
        "[07](07_dilated.ipynb#The-beginning)",
        "there is no heading for 07_dilated.ipynb#The-beginning",
        id="a heading that another notebook lacks",
    ),
    pytest.param(names, "`convlab.convolve` does it", "there is no convlab.convolve", id="a name that convlab lacks"),
    pytest.param(names, "`figures.images(x)`", "there is no figures.images", id="a figure that is missing"),
    pytest.param(names, "call `F.conv4d`", "there is no F.conv4d", id="a name that torch lacks"),
    pytest.param(names, '`practice.hint("conv9d")`', "there is no exercise conv9d", id="an exercise that is missing"),
    pytest.param(names, '`practice.drill("conv1d")`', "there is no drill conv1d", id="an exercise for a drill"),
    pytest.param(commands, "type `convlab print`", "there is no `convlab print`", id="a command that is missing"),
    pytest.param(commands, "type `make cards`", "there is no `make cards`", id="a target that is missing"),
]


@pytest.mark.parametrize(("rule", "text", "expected"), FAULTS)
def test_each_rule_refuses_its_fault(rule: Callable[[Page], list[str]], text: str, expected: str) -> None:
    assert rule(Page("page", f"# The beginning: a title\n\n{text}")) == [expected]


def test_what_is_right_passes() -> None:
    right = """# The beginning: a title

See notebooks 02 and 07, [07 dilated](07_dilated.ipynb), `07_dilated.ipynb`, [up](#The-beginning:-a-title), and
[notebook 07](07_dilated.ipynb#References), section "Gridding". A break: before *The beginning*.

`convlab.conv`, `convlab.ops.matrix.conv_matrix`, `nn.Conv2d(1, 2, 3)`, `practice.drill("output_shape")`, `make lab`,
`convlab env`, environment.yml."""
    assert [fault for rule in RULES for fault in rule(Page("page", right))] == []


def test_a_fault_in_the_comment_of_a_cell_is_seen() -> None:
    assert numbers(Page("page", "", "x = 1  # as in notebook 77")) == ["there is no notebook 77"]
