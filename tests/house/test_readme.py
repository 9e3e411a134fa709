"""The README is true: its examples print what stands there, its links, its table of notebooks, its picture."""

from __future__ import annotations

import doctest
import io
import re
import runpy
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import readme_picture
import torch
from course_text import FOLDER, prose
from PIL import Image, ImageChops, ImageSequence

from convlab.animation import Animation, animate
from convlab.arithmetic import ConvSpec
from convlab.scenes import sliding_window

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
NOTEBOOKS = {path.stem: prose(path.stem) for path in sorted(FOLDER.glob("*.ipynb"))}
ROW = r"^\| \[(\w+)\]\(notebooks/\1\.ipynb\) \| (.*) \| (\d+ \+ \d+) \|$"
MOST_DIFFERING = 1e-4
COUNTS = r"(?i)\b(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen) errors"


def unknown_targets(readme: str, makefile: str) -> list[str]:
    """The make targets that the README names and the Makefile lacks."""
    targets = set(re.findall(r"^([a-z]+):", makefile, flags=re.MULTILINE))
    return sorted(set(re.findall(r"(?:^|`)make ([a-z]+)", readme, flags=re.MULTILINE)) - targets)


def dead_links(readme: str, root: Path) -> list[str]:
    """The relative links and pictures that lead nowhere."""
    links = re.findall(r"\]\(([^)#]+)\)", readme) + re.findall(r'src="([^"]+)"', readme)
    return [link for link in links if "://" not in link and not (root / link).exists()]


def other_torch_versions(readme: str, pyproject: str) -> list[str]:
    """The versions of torch that the README names and the course does not pin."""
    pins = tomllib.loads(pyproject)["project"]["optional-dependencies"]["course"]
    return sorted(set(re.findall(r"torch==[\w.]+", readme)) - set(pins))


def table_faults(readme: str, notebooks: Mapping[str, str]) -> list[str]:
    """Each notebook has a row, in their order, with the minutes of its line *Time* and its number of errors."""
    rows = {stem: (text, minutes) for stem, text, minutes in re.findall(ROW, readme, re.MULTILINE)}
    faults = [f"the rows are {list(rows)}"] if list(rows) != list(notebooks) else []
    for stem in rows.keys() & notebooks.keys():
        time = re.search(r"^\*\*Time:\*\* (\d+) minutes.*? and (\d+) for the exercises", notebooks[stem], re.MULTILINE)
        if time is None or rows[stem][1] != f"{time[1]} + {time[2]}":
            faults.append(f"{stem}: the minutes are not {rows[stem][1]}")
        headings = " ".join(re.findall(r"^## .*", notebooks[stem], re.MULTILINE))
        if counted := re.search(COUNTS, rows[stem][0]):
            said = re.search(COUNTS, headings)
            if said is None or said[0].lower() != counted[0].lower():
                faults.append(f"{stem}: the notebook does not have {counted[0]}")
    return faults


def printed(readme: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[list[str], list[str]]:
    """What the README says that its script prints, on stdout and on stderr, and what it prints."""
    found = re.search(r"`(\w+\.py)`:\n\n```python\n(.*?)```", readme, re.DOTALL)
    assert found is not None
    blocks = re.findall(r"```text\n(.*?)```", readme[found.end() :], re.DOTALL)[:2]
    (folder / found[1]).write_text(found[2], encoding="utf-8")
    capsys.readouterr()
    with pytest.raises(RuntimeError, match=r"^mat1 and mat2 shapes"):
        runpy.run_path(str(folder / found[1]), run_name="__main__")
    seen = capsys.readouterr()
    return [tidy(block) for block in blocks], [tidy(seen.out), tidy(seen.err)]


def tidy(text: str) -> str:
    """A text without spaces at the ends of its lines."""
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def difference(stored: bytes, drawn: bytes) -> float:
    """How large a part of the pixels differs, beyond what other versions of a library change; 1 if the form does."""
    with Image.open(io.BytesIO(stored)) as one, Image.open(io.BytesIO(drawn)) as other:
        frames, others = ([frame.convert("L") for frame in ImageSequence.Iterator(image)] for image in (one, other))
    if len(frames) != len(others) or frames[0].size != others[0].size:
        return 1.0
    differing = 0
    for frame, another in zip(frames, others, strict=True):
        differing += sum(ImageChops.difference(frame, another).histogram()[64:])
    return differing / (len(frames) * frames[0].width * frames[0].height)


def animated(
    *, stride: int = 2, title: str | None = None, weight: Sequence[Sequence[int]] = ((-1, 2, 0), (-1, 2, 2), (2, 2, 0))
) -> bytes:
    """A picture like that of the README."""
    scene = sliding_window(ConvSpec(1, 1, (3, 3), stride=stride, padding=1), (5, 5), torch.tensor([[weight]]).float())
    return animate(scene, seconds_per_step=1.2, title=title).data


def test_examples_run() -> None:
    results = doctest.testfile(str(ROOT / "README.md"), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert results.attempted >= 6
    assert results.failed == 0


def test_its_script_prints_what_stands_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said, seen = printed(README, tmp_path, capsys)
    assert said == seen


def test_a_line_that_is_not_printed_is_seen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said, seen = printed(README.replace("nn.Linear(3136, 10)", "nn.Linear(3137, 10)"), tmp_path, capsys)
    assert [one == other for one, other in zip(said, seen, strict=True)] == [True, False]


def test_the_readme_is_true() -> None:
    assert unknown_targets(README, (ROOT / "Makefile").read_text(encoding="utf-8")) == []
    assert dead_links(README, ROOT) == []
    assert other_torch_versions(README, (ROOT / "pyproject.toml").read_text(encoding="utf-8")) == []
    assert table_faults(README, NOTEBOOKS) == []


@pytest.fixture(scope="module")
def drawn() -> Animation:
    """The picture as convlab draws it now."""
    return readme_picture.drawn()


def test_its_picture_has_its_words_and_is_small(drawn: Animation) -> None:
    assert f'<img src="{readme_picture.NAME}" width="620" alt="{drawn.alt}">' in README
    assert (ROOT / readme_picture.NAME).stat().st_size < readme_picture.MOST_BYTES


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the edges of letters may have other shades")
def test_its_picture_is_what_convlab_draws(drawn: Animation) -> None:
    assert difference((ROOT / readme_picture.NAME).read_bytes(), drawn.data) < MOST_DIFFERING


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"weight": ((-1, 2, 0), (-1, 2, 2), (2, 2, 1))}, id="another weight"),
        pytest.param({"title": "3 x 3 kernel, stride 2, padding 2"}, id="another title"),
        pytest.param({"stride": 1}, id="more frames"),
    ],
)
def test_another_picture_is_seen(changed: dict[str, Any], drawn: Animation) -> None:
    assert difference(drawn.data, animated(**changed)) > MOST_DIFFERING


def test_the_picture_is_stored_once(tmp_path: Path, drawn: Animation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readme_picture, "drawn", lambda: drawn)
    assert [readme_picture.store(tmp_path), readme_picture.store(tmp_path)] == [True, False]
    assert (tmp_path / readme_picture.NAME).read_bytes() == drawn.data


A_ROW = "| [01_a](notebooks/01_a.ipynb) | Why? Two errors | 30 + 9 |"
A_BOOK = "# Why?\n\n**Time:** 30 minutes, and 9 for the exercises\n\n## Two errors, mended"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        pytest.param(unknown_targets("type `make tset`", "test: x\n"), ["tset"], id="a target that does not exist"),
        pytest.param(dead_links("[a](no/such/file.md)", ROOT), ["no/such/file.md"], id="a dead link"),
        pytest.param(dead_links('<img src="no.png">', ROOT), ["no.png"], id="a picture that is not there"),
        pytest.param(
            other_torch_versions("torch==1.0", "[project.optional-dependencies]\ncourse = ['torch==2.0']"),
            ["torch==1.0"],
            id="an old version of torch",
        ),
        pytest.param(table_faults(A_ROW, {"01_a": A_BOOK}), [], id="a good row"),
        pytest.param(table_faults("no table", {"01_a": A_BOOK}), ["the rows are []"], id="a notebook without a row"),
        pytest.param(table_faults(A_ROW, {}), ["the rows are ['01_a']"], id="a row without a notebook"),
        pytest.param(
            table_faults(A_ROW, {"01_a": A_BOOK.replace("9 for", "8 for")}),
            ["01_a: the minutes are not 30 + 9"],
            id="other minutes",
        ),
        pytest.param(
            table_faults(A_ROW, {"01_a": A_BOOK.replace("Two", "Three")}),
            ["01_a: the notebook does not have Two errors"],
            id="another number of errors",
        ),
    ],
)
def test_each_gate_refuses_its_fault(found: list[str], expected: list[str]) -> None:
    assert found == expected
