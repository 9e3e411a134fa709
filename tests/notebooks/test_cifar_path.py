"""CIFAR-10 as the reader of notebooks 04 and 12 meets it: the path set as the text says, and what then comes out.

The folder has the standard format. Its pictures are made up: the colour tells the kind, so that a network can learn it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import chdir
from functools import cache
from pathlib import Path
from typing import Any

import cifar_folder
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from course_text import book, prose

from convlab import data
from convlab.site import needed

EXAMPLE = "my/folder/cifar-10-batches-py"
"""What the comment beside `None` names."""
READS = {"04_conv3d": {"small", "swapped"}, "12_capstone": {"features", "net"}}
"""The names that lead the picture, and the design, from one cell of each notebook to the next."""
COLOURS = np.array(
    [[0, 0, 0], [9, 0, 0], [0, 9, 0], [0, 0, 9], [9, 9, 0], [9, 0, 9], [0, 9, 9], [9, 9, 9], [9, 5, 0], [0, 5, 9]]
)
FIRST = 1000

Found = dict[str, Any]
"""The names that the cells leave behind."""
Loaded = tuple[torch.Tensor, torch.Tensor]


def coloured(count: int, first: int) -> tuple[np.ndarray, list[int]]:
    """Pictures (N, 3, 32, 32), each with a number of its own in the blue of its first two pixels, and their kinds."""
    kinds = [7 * index % 10 for index in range(count)]
    noise = np.random.default_rng(first).integers(0, 20, (count, 3, 32, 32))
    pixels = (noise + 25 * COLOURS[kinds][:, :, None, None]).astype(np.uint8)
    pixels[:, 2, 0, :2] = np.stack(np.divmod(first + np.arange(count), 256), axis=1)
    return pixels, kinds


def number_of(picture: torch.Tensor) -> int:
    """The number that a picture carries."""
    high, low = (picture[2, 0, :2] * 255).round().tolist()
    return int(256 * high + low)


PIXELS, KINDS = coloured(640, FIRST)
MADE = {FIRST + index: (torch.tensor(PIXELS[index]) / 255, kind) for index, kind in enumerate(KINDS)}
"""The pictures for testing and their kinds, by their numbers."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the notebook, with the folder of the example in it."""
    home = tmp_path_factory.mktemp("home")
    batches = {name: coloured(20, 5000 + 20 * index) for index, name in enumerate(cifar_folder.TRAIN)}
    batches[cifar_folder.TEST] = PIXELS, KINDS
    contents = {name: cifar_folder.batch(name, *content) for name, content in batches.items()}
    assert cifar_folder.write(home / "my" / "folder", contents) == home / EXAMPLE
    return home


@pytest.fixture(autouse=True)
def _torch_as_it_was() -> Iterator[None]:
    with torch.random.fork_rng():
        yield
    torch.set_default_device(None)


@cache
def cells(stem: str) -> list[str]:
    """The imports of a notebook, and from the path on the cells that need it or what comes of it."""
    sources = [cell.source for cell in book(stem).cells if cell.cell_type == "code"]
    names = [set[str]().union(*needed.names(source)) for source in sources]
    wanted = {"CIFAR10_FOLDER", *READS[stem]}
    (first, *_) = (index for index, found in enumerate(names) if "CIFAR10_FOLDER" in found)
    chosen = [sources[0], *(sources[index] for index in range(first, len(sources)) if names[index] & wanted)]
    # torch lets nobody set its flags once its own operator tests are loaded
    left_out = ("%", "torch.backends.")
    return ["\n".join(line for line in source.splitlines() if not line.startswith(left_out)) for source in chosen]


def path_set(path: str) -> tuple[str, str]:
    """The edit that the text tells: a path, in quotes, in place of `None`."""
    return "CIFAR10_FOLDER = None", f'CIFAR10_FOLDER = "{path}"'


def quickly(stem: str) -> list[tuple[str, str]]:
    """The edit for what is seen without training: one epoch learns nothing here."""
    return [('"epochs": 10', '"epochs": 1')] if stem == "12_capstone" else []


def run(stem: str, home: Path, *edits: tuple[str, str]) -> Found:
    """What the cells leave behind, run in the notebook's folder after these edits."""
    sources, found = cells(stem), Found()
    for old, new in edits:
        assert sum(source.count(old) for source in sources) == 1, old
        sources = [source.replace(old, new) for source in sources]
    with chdir(home):
        for source in sources:
            exec(compile(source, stem, "exec"), found)
    return found


def faults_04(found: Found) -> list[str]:
    """Where notebook 04 does not go on with the first picture for testing, or does not show it."""
    first, _ = MADE[FIRST]
    drawn = [np.asarray(ax.images[0].get_array()) for number in plt.get_fignums() for ax in plt.figure(number).axes]
    shown = [torch.tensor(pixels).permute(2, 0, 1) for pixels in drawn]
    wanted = [first, first.flip(0)]  # the second one with red and blue exchanged
    facts = {
        "another picture": torch.equal(found["small"].cpu(), first),
        "not shown": len(shown) == 2 and all(map(torch.allclose, shown, wanted)),
    }
    return [fault for fault, holds in facts.items() if not holds]


def faults_12(found: Found) -> list[str]:
    """Where notebook 12 does not learn from one part of the pictures for testing, and measure on the rest."""
    parts = [list(zip(*(tensor.cpu() for tensor in found[name]), strict=True)) for name in ("examples", "rest")]
    learnt, measured = ({number_of(picture) for picture, _ in part} for part in parts)
    used = [(MADE.get(number_of(picture), (None, None)), picture, kind) for part in parts for picture, kind in part]
    loss, accuracy = found["axes"]
    curves = {line.get_label(): line.get_ydata()[-1] for line in accuracy.lines}
    facts = {
        "another picture": all(made is not None and torch.equal(picture, made) for (made, _), picture, _ in used),
        "a wrong kind": all(kind == right for (_, right), _, kind in used),
        "in both parts": not learnt & measured,
        "left out": set(MADE) == learnt | measured,
        "not drawn": list(curves) == ["training", "validation"] and len(loss.lines) == 2,
        "guessed": curves.get("validation", 0) > 0.5,  # guessing gives 0.1
    }
    return [fault for fault, holds in facts.items() if not holds]


FAULTS: dict[str, Callable[[Found], list[str]]] = {"04_conv3d": faults_04, "12_capstone": faults_12}
BOTH = pytest.mark.parametrize("stem", [pytest.param(stem, id=stem[:2]) for stem in FAULTS])


@BOTH
def test_the_reader_gets_what_the_text_says(stem: str, home: Path) -> None:
    assert FAULTS[stem](run(stem, home, path_set(EXAMPLE))) == []


@BOTH
def test_an_absolute_path_does_as_well(stem: str, home: Path, tmp_path: Path) -> None:
    found = run(stem, tmp_path, path_set((home / EXAMPLE).as_posix()), *quickly(stem))
    assert FAULTS[stem](found) == (["guessed"] if quickly(stem) else [])


@BOTH
def test_the_text_tells_this_edit(stem: str) -> None:
    text = prose(stem)
    assert "Write the path of that folder, in quotes, in place of the first `None` below." in text
    assert "A relative path starts at the folder of this notebook." in text
    assert f'CIFAR10_FOLDER = None  # or "{EXAMPLE}"' in [line for source in cells(stem) for line in source.split("\n")]


@BOTH
@pytest.mark.parametrize(
    ("path", "said"),
    [
        pytest.param("my/fodler", r"there is no folder my.fodler", id="mistyped"),
        pytest.param("my", r"my lacks test_batch, batches\.meta", id="the folder above the one above"),
    ],
)
def test_a_wrong_folder_is_explained(stem: str, path: str, said: str, home: Path) -> None:
    with pytest.raises(FileNotFoundError, match=rf"^folder must be the unpacked CIFAR-10 'python version', .* {said}$"):
        run(stem, home, path_set(path))


def test_without_a_path_nothing_is_missing(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("04_conv3d", home)["small"].shape == (3, 32, 32)
    assert "examples" not in run("12_capstone", home)
    assert "CIFAR-10 is not here, and nothing is missing" in capsys.readouterr().out


def channels_last(pictures: torch.Tensor, kinds: torch.Tensor) -> Loaded:
    return pictures.reshape(-1, 32, 32, 3).permute(0, 3, 1, 2), kinds


def on_their_side(pictures: torch.Tensor, kinds: torch.Tensor) -> Loaded:
    return pictures.transpose(2, 3), kinds


def kinds_of_others(pictures: torch.Tensor, kinds: torch.Tensor) -> Loaded:
    return pictures, kinds.roll(1)


@pytest.mark.parametrize(
    ("stem", "loaded", "fault"),
    [
        pytest.param("04_conv3d", channels_last, "not shown", id="04, (N, H, W, C) taken for what lies in the file"),
        pytest.param("04_conv3d", on_their_side, "another picture", id="04, W before H"),
        pytest.param("12_capstone", channels_last, "another picture", id="12, (N, H, W, C) taken for it"),
        pytest.param("12_capstone", kinds_of_others, "a wrong kind", id="12, each has the kind of its neighbour"),
    ],
)
def test_a_wrong_loader_is_seen(
    stem: str, loaded: Callable[..., Loaded], fault: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = data.cifar10
    monkeypatch.setattr(data, "cifar10", lambda *args, **options: loaded(*right(*args, **options)))
    assert fault in FAULTS[stem](run(stem, home, path_set(EXAMPLE), *quickly(stem)))


REST = "(photos[part:], things[part:])"


@pytest.mark.parametrize(
    ("stem", "right", "wrong", "fault"),
    [
        pytest.param("04_conv3d", "train=False", "train=True", "another picture", id="04, one for training"),
        pytest.param("04_conv3d", "[0][0]", "[0][1]", "not shown", id="04, the second one"),
        pytest.param("04_conv3d", "image(small,", "image(swapped,", "not shown", id="04, shown with blue as red"),
        pytest.param("12_capstone", "train=False", "train=True", "another picture", id="12, those for training"),
        pytest.param("12_capstone", "things[:part]", "things[-part:]", "a wrong kind", id="12, kinds of others"),
        pytest.param("12_capstone", REST, REST.replace("part", "part - 5"), "in both parts", id="12, an overlap"),
        pytest.param("12_capstone", REST, REST.replace("part", "part + 5"), "left out", id="12, a hole"),
        pytest.param("12_capstone", "validation=rest, ", "", "not drawn", id="12, nothing measured on the rest"),
    ],
)
def test_a_wrong_cell_is_seen(stem: str, right: str, wrong: str, fault: str, home: Path) -> None:
    assert fault in FAULTS[stem](run(stem, home, path_set(EXAMPLE), (right, wrong), *quickly(stem)))
