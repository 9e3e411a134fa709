"""The kernel lab: its result is torch's, what the browser adds up is its result, and its fields say what they are."""

from __future__ import annotations

import base64
import itertools
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import conv2d

import convlab
from convlab.explorers import kernel_lab, kernel_view
from convlab.explorers.kernel_lab import pavilion
from convlab.explorers.kernel_picture import MOST_BYTES
from convlab.explorers.kernel_view import KernelView
from convlab.explorers.kernels import KERNELS, OWN, SIZES

PICTURE = torch.linspace(0, 1, 63).reshape(7, 9).sin()


def numbers(view: KernelView, name: str) -> list[float]:
    """A trait of bytes, read as the browser reads it."""
    data = getattr(view, name)
    return list(struct.unpack(f"<{len(data) // 4}f", data))


def faults(view: KernelView) -> list[str]:
    """The pixels at which the products of window and taps do not add up to the result: by the traits alone."""
    photo, result, taps = numbers(view, "photo"), numbers(view, "result"), view.taps
    (height, width), size = view.shape, len(taps)
    rows, columns = height - size + 1, width - size + 1
    found = []
    for row, column in itertools.product(range(rows), range(columns)):
        products = [
            photo[(row + i) * width + column + j] * taps[i][j] for i, j in itertools.product(range(size), repeat=2)
        ]
        if abs(sum(products) / view.divisor - result[row * columns + column]) > 1e-4:
            found.append(f"{row}, {column}")
    return found


@pytest.mark.parametrize("normalise", [False, True])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", KERNELS)
def test_the_result_is_that_of_torch_and_adds_up(name: str, size: int, normalise: bool) -> None:
    lab = kernel_lab(PICTURE)
    lab.set(kernel=name, kernel_size=size, normalise=normalise)
    taps = KERNELS[name].weight(size)
    weight = taps / taps.sum() if normalise and taps.sum() else taps
    assert torch.equal(lab.taps, taps)
    expected = conv2d(PICTURE[None, None], weight.float()[None, None])[0, 0]
    torch.testing.assert_close(lab.result, expected)
    assert faults(lab.view) == []
    assert f"The taps add to {convlab.scenes.numbers.word(float(taps.sum()))}" in lab.view.text
    assert (lab.view.limit > 0) == (float(weight.sum()) <= 1e-9)


def test_a_wrong_pixel_does_not_add_up() -> None:
    lab = kernel_lab(PICTURE)
    pixels = numbers(lab.view, "result")
    lab.view.result = struct.pack(f"<{len(pixels)}f", *pixels[:-1], pixels[-1] + 0.01)
    assert faults(lab.view) == ["4, 6"]
    lab.view.divisor = 2
    assert len(faults(lab.view)) > 30


def test_the_reader_writes_taps() -> None:
    lab = kernel_lab(PICTURE, kernel="identity")
    lab.fields[3][0].value = 2
    assert lab.values() == {"kernel": OWN, "kernel_size": 3, "normalise": False}
    torch.testing.assert_close(lab.result, PICTURE[1:-1, 1:-1] + 2 * PICTURE[:-2, :-2])
    lab.set(kernel_size=5)
    assert lab.taps[1].tolist() == [0, 2, 0, 0, 0]
    lab.set(kernel_size=3, normalise=True)
    assert lab.weight.flatten().tolist() == pytest.approx([2 / 3, 0, 0, 0, 1 / 3, 0, 0, 0, 0])
    lab.set(kernel="box blur")
    assert lab.values() == {"kernel": "box blur", "kernel_size": 3, "normalise": True}
    lab.set(taps=torch.tensor([[0.0, 0, 0], [-1, 0, 1], [0, 0, 0]]))
    assert "They cannot be divided by 0" in lab.view.text
    assert faults(lab.view) == []


def test_what_the_reader_does_not_touch_stays() -> None:
    lab = kernel_lab(PICTURE, kernel="emboss")
    lab.set(normalise=True)
    assert lab.values() == {"kernel": "emboss", "kernel_size": 3, "normalise": True}
    lab.set(kernel=OWN)
    assert torch.equal(lab.taps, KERNELS["emboss"].weight(3))
    lab.view.pixel = [1, 2]
    lab.set(kernel="sharpen")
    assert lab.view.pixel == [1, 2]


@pytest.mark.parametrize("size", SIZES)
def test_every_control_has_a_label_of_its_own(size: int) -> None:
    lab = kernel_lab(PICTURE)
    lab.set(kernel_size=size)
    controls = [*lab.controls.values(), *lab.fields[size]]
    labels = [control.description for control in controls]
    assert len(set(labels)) == len(labels) == 3 + size * size
    assert labels[3] == "row 0, column 0"
    assert all(control.tooltip for control in controls)


def test_a_change_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    lab = kernel_lab(PICTURE)
    sent: list[set[str]] = []
    monkeypatch.setattr(KernelView, "send_state", lambda view, key=None: sent.append(set(key)))
    lab.set(kernel="Gaussian blur")
    assert len(sent) == 1
    assert {"result", "taps", "divisor"} <= sent[0]


def test_a_callback_that_raises_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: Any) -> torch.Tensor:
        raise RuntimeError("a defect")

    lab = kernel_lab(PICTURE)
    monkeypatch.setattr(kernel_view, "conv", broken)
    with pytest.raises(RuntimeError, match="a defect"):
        lab.set(kernel="emboss")


def test_the_colours_follow_the_numbers() -> None:
    assert kernel_lab(PICTURE).view.brightness == [0, 1]
    levels = torch.arange(64.0).reshape(8, 8)
    lab = kernel_lab(levels, kernel="edges in x")
    assert lab.view.brightness == [0, 63]
    assert lab.view.limit == 8  # everywhere right minus left, 2, times 4
    blank = kernel_lab(torch.zeros(5, 5, dtype=torch.int64), kernel="Laplacian")
    assert blank.view.limit == 1
    assert "1 pixels" not in blank.view.text


def test_stored_pages_show_a_picture() -> None:
    for name in ("sharpen", "Laplacian"):
        bundle, metadata = kernel_lab(kernel=name)._repr_mimebundle_()
        assert bundle["text/plain"] == f"kernel_lab: kernel {name!r}, 3x3, on a picture of 120 x 160"
        picture = base64.b64decode(bundle["image/png"])
        assert picture.startswith(b"\x89PNG")
        assert len(picture) <= MOST_BYTES
        assert "118 rows and 158 columns" in metadata["image/png"]["alt"]
        assert "application/vnd.jupyter.widget-view+json" in bundle


def test_no_path_of_this_machine_travels() -> None:
    assert str(Path(convlab.__file__).parent) not in str(kernel_lab(PICTURE).view.get_state())


def test_the_pavilion_is_easy_to_read() -> None:
    grey = pavilion()
    assert grey.shape == (120, 160)
    assert torch.equal(grey, (100 * grey).round() / 100)
    assert 0 <= float(grey.min()) < 0.1
    assert 0.9 < float(grey.max()) <= 1


@pytest.mark.usefixtures("meta_device")
def test_the_default_device_does_not_matter() -> None:
    lab = kernel_lab()
    assert lab.result.device.type == "cpu"
    assert float(lab.result.mean()) > 0.5


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        pytest.param({"image": [[1.0]]}, TypeError, "image must be a tensor of shape (H, W)", id="a list"),
        pytest.param({"image": torch.zeros(3, 9, 9)}, ValueError, "but has shape (3, 9, 9)", id="three channels"),
        pytest.param({"image": torch.zeros(4, 9)}, ValueError, "at least 5 x 5", id="too small for 5x5"),
        pytest.param({"image": torch.zeros(257, 256)}, ValueError, "at most 65,536 pixels", id="too large to travel"),
        pytest.param({"image": torch.full((5, 5), torch.nan)}, ValueError, "must be finite", id="a nan"),
        pytest.param({"kernel": "blur"}, ValueError, "kernel must be one of 'identity'", id="an unknown name"),
        pytest.param({"kernel": OWN}, ValueError, "but kernel='your own'", id="the name of no taps"),
        pytest.param({"kernel": 3}, TypeError, "a name or a tensor of taps, but is a int", id="a number"),
        pytest.param({"kernel": torch.zeros(4, 4)}, ValueError, "(3, 3) or (5, 5), but has", id="an even kernel"),
        pytest.param({"kernel": torch.full((3, 3), 101)}, ValueError, "between -100 and 100", id="too large a tap"),
        pytest.param({"kernel": torch.full((3, 3), torch.nan)}, ValueError, "between -100 and 100", id="no number"),
    ],
)
def test_refused(arguments: dict[str, Any], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error) as caught:
        kernel_lab(**{"image": PICTURE, **arguments})
    assert sentence in str(caught.value)


def test_a_wrong_setting_is_refused_before_anything_moves() -> None:
    lab = kernel_lab(PICTURE)
    lab.set(taps=torch.eye(3), normalise=True)
    seen = lab.view.result
    for values, error, words in (
        ({"stride": 2, "kernel": "emboss"}, TypeError, "kernel_lab has the controls .*, but no 'stride'"),
        ({"kernel_size": 5, "taps": torch.zeros(3, 3)}, ValueError, r"\(5, 5\), but has shape \(3, 3\)"),
        ({"kernel": "emboss", "kernel_size": 7}, ValueError, "kernel_size of kernel_lab does not take kernel_size=7"),
        ({"kernel": None}, ValueError, "the control kernel of kernel_lab does not take kernel=None"),
        ({"normalise": "yes"}, ValueError, "does not take normalise='yes'"),
        ({"kernel": "emboss", "taps": [1]}, TypeError, "a kernel must be a name or a tensor of taps"),
    ):
        with pytest.raises(error, match=words):
            lab.set(**values)
        assert lab.values() == {"kernel": "your own", "kernel_size": 3, "normalise": True}
        assert torch.equal(lab.taps, torch.eye(3, dtype=torch.float64))
        assert lab.view.result == seen


@pytest.mark.parametrize("level", [7.0, -0.5, 1e6])
def test_a_picture_of_one_colour_has_a_stored_picture(level: float) -> None:
    lab = kernel_lab(torch.full((6, 6), level), kernel="edges in x")
    assert lab.view.brightness[0] == level < lab.view.brightness[1]
    assert lab.picture()[1:4] == b"PNG"


RAMP = torch.arange(8.0).expand(8, 8) / 8


@pytest.mark.parametrize(
    ("name", "image", "sign"),
    [
        pytest.param("edges in x", RAMP, 1, id="brighter to the right"),
        pytest.param("edges in x", RAMP.flip(1), -1, id="darker to the right"),
        pytest.param("edges in x", RAMP.T, 0, id="no vertical edge"),
        pytest.param("edges in y", RAMP.T, 1, id="brighter below"),
        pytest.param("edges in y", RAMP, 0, id="no horizontal edge"),
        pytest.param("Laplacian", RAMP, 0, id="an even slope is no edge"),
    ],
)
def test_edges_have_the_sign_that_their_words_say(name: str, image: torch.Tensor, sign: int) -> None:
    assert torch.equal(kernel_lab(image, kernel=name).result.sign(), torch.full((6, 6), float(sign)))


def test_shift_moves_the_picture_to_the_right() -> None:
    image = torch.zeros(8, 8)
    image[4, 3] = 1
    assert kernel_lab(image, kernel="shift").result.nonzero().tolist() == [
        [3, 3]
    ]  # without padding: (4, 4) less (1, 1)


def test_the_colours_reach_as_far_as_nearly_all_numbers() -> None:
    lab = kernel_lab(torch.rand(40, 40, generator=torch.Generator().manual_seed(0)), kernel="edges in x")
    assert float((lab.result.abs() > lab.view.limit).float().mean()) == pytest.approx(0.01, abs=0.003)


def test_pixels_beyond_black_and_white_are_counted() -> None:
    lab = kernel_lab(torch.rand(8, 8, generator=torch.Generator().manual_seed(0)), kernel="sharpen")
    dark, bright = int((lab.result < 0).sum()), int((lab.result > 1).sum())
    assert 0 < dark < dark + bright < lab.result.numel()
    assert f" {dark} pixels are below and {bright} above: they are drawn black and white." in lab.view.text
