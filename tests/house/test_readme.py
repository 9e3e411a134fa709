"""The README is true: its examples run, its commands exist, its links lead somewhere, its table lists the notebooks."""

import doctest
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def unknown_targets(readme: str, makefile: str) -> list[str]:
    """The make targets that the README names and the Makefile lacks."""
    targets = set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))
    return sorted(set(re.findall(r"\bmake ([a-z]+)", readme)) - targets)


def dead_links(readme: str, root: Path) -> list[str]:
    """The relative links that lead nowhere."""
    links = re.findall(r"\]\(([^)#]+)\)", readme)
    return [link for link in links if "://" not in link and not (root / link).exists()]


def other_torch_versions(readme: str, pyproject: str) -> list[str]:
    """The versions of torch that the README names and the course does not pin."""
    pins = tomllib.loads(pyproject)["project"]["optional-dependencies"]["course"]
    return sorted(set(re.findall(r"torch==[\w.]+", readme)) - set(pins))


def unlisted_notebooks(readme: str, notebooks: list[str]) -> list[str]:
    """The notebooks without a row in the README's table."""
    return [name for name in notebooks if f"| [{Path(name).stem}](notebooks/{name}) |" not in readme]


def test_examples_run() -> None:
    results = doctest.testfile(str(ROOT / "README.md"), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert results.attempted >= 6
    assert results.failed == 0


def test_the_readme_is_true() -> None:
    assert unknown_targets(README, (ROOT / "Makefile").read_text(encoding="utf-8")) == []
    assert dead_links(README, ROOT) == []
    assert other_torch_versions(README, (ROOT / "pyproject.toml").read_text(encoding="utf-8")) == []
    assert unlisted_notebooks(README, sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))) == []


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(unknown_targets("type `make tset`", "test: x\n"), ["tset"], id="a target that does not exist"),
        pytest.param(dead_links("[a](no/such/file.md)", ROOT), ["no/such/file.md"], id="a dead link"),
        pytest.param(
            other_torch_versions("torch==1.0", "[project.optional-dependencies]\ncourse = ['torch==2.0']"),
            ["torch==1.0"],
            id="an old version of torch",
        ),
        pytest.param(unlisted_notebooks("no table", ["01_a.ipynb"]), ["01_a.ipynb"], id="a notebook without a row"),
    ],
)
def test_each_gate_refuses_its_fault(found: list[str], expected: list[str]) -> None:
    assert found == expected
