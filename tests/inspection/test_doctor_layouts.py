"""What the doctor says of axes: channels last before a view, maps with and without a batch, and a batch of one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from convlab.inspection import Diagnosis, diagnose
from convlab.inspection.diagnosis import Fix

FOR_A_VIEW = "so that `view` finds the elements in order in memory (`flatten` and `reshape` copy where they must)"


def found(model: nn.Module, input: Any) -> Diagnosis:
    """What the doctor says of a model that stops."""
    diagnosis = diagnose(model, input)
    assert diagnosis is not None
    return diagnosis


def codes(fixes: tuple[Fix, ...]) -> list[str]:
    return [fix.code for fix in fixes]


# --- Channels last, and a view behind the convolutions ---------------------------------------------------------------


def viewed(x: Tensor) -> Tensor:
    return x.view(x.size(0), -1)


def viewed_by_features(x: Tensor) -> Tensor:
    return x.view(-1, math.prod(x.shape[1:]))


def flattened(x: Tensor) -> Tensor:
    return torch.flatten(x, 1)


def reshaped(x: Tensor) -> Tensor:
    return x.reshape(x.size(0), -1)


class Net(nn.Module):
    """Two convolutions of any number of axes, each with a pool, and a linear layer; the maps are made rows in a way."""

    def __init__(self, axes: int, channels: int, rows: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        conv, pool = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[axes - 1], (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)[axes - 1]
        self.conv1, self.conv2, self.pool = conv(channels, 4, 3), conv(4, 6, 3), pool(2)
        self.rows = rows
        self.fc = nn.Linear(6 * 2**axes, 2)

    def forward(self, x: Tensor) -> Any:
        x = self.pool(self.conv1(x).relu())
        x = self.pool(self.conv2(x).relu())
        return self.fc(self.rows(x))


@pytest.mark.parametrize(
    ("shape", "plain", "in_order"),
    [
        pytest.param((4, 14, 3), ".transpose(1, 2)", ".transpose(1, 2)", id="signals, which a pool brings in order"),
        pytest.param((4, 14, 14, 3), ".permute(0, 3, 1, 2)", ".permute(0, 3, 1, 2).contiguous()", id="pictures"),
        pytest.param((1, 14, 14, 3), ".permute(0, 3, 1, 2)", ".permute(0, 3, 1, 2).contiguous()", id="one picture"),
        pytest.param((4, 14, 14, 1), ".permute(0, 3, 1, 2)", ".squeeze(3).unsqueeze(1)", id="grey pictures"),
        pytest.param((2, 14, 14, 14, 3), ".permute(0, 4, 1, 2, 3)", ".permute(0, 4, 1, 2, 3).contiguous()", id="clips"),
        pytest.param((2, 14, 14, 14, 1), ".permute(0, 4, 1, 2, 3)", ".squeeze(4).unsqueeze(1)", id="volumes"),
    ],
)
@pytest.mark.parametrize(
    ("rows", "is_view"), [(viewed, True), (viewed_by_features, True), (flattened, False), (reshaped, False)]
)
@pytest.mark.parametrize("as_shape", [pytest.param(False, id="numbers"), pytest.param(True, id="a shape")])
def test_channels_last_before_a_view(
    shape: tuple[int, ...],
    plain: str,
    in_order: str,
    rows: Callable[[Tensor], Tensor],
    is_view: bool,
    as_shape: bool,
) -> None:
    x, axes = torch.rand(shape), len(shape) - 2
    model, same = (Net(axes, shape[-1], each) for each in (rows, flattened))
    diagnosis = found(model, shape if as_shape else x)
    move = in_order if is_view else plain
    assert diagnosis.fixes[0].code == f"x = x{move}"
    assert (FOR_A_VIEW in diagnosis.fixes[0].description) == (move != plain)
    same.load_state_dict(model.state_dict())
    mended, permuted = eval(f"x{move}"), eval(f"x{plain}")
    assert torch.equal(mended, permuted)
    assert torch.allclose(model(mended), same(permuted), atol=1e-5)


@pytest.mark.parametrize("rows", [viewed, flattened])
def test_nothing_but_the_move_is_offered(rows: Callable[[Tensor], Tensor]) -> None:
    """As long as the move failed, the first convolution was built for the height of the pictures."""
    diagnosis = found(Net(2, 3, rows), torch.rand(4, 14, 14, 3))
    assert len(diagnosis.fixes) == 1
    assert "with the input changed as in fix 1, all of them run" in diagnosis.explanation


def test_the_words_for_elements_in_order() -> None:
    (fix,) = found(Net(2, 3, viewed), torch.rand(4, 14, 14, 3)).fixes
    moved = "bring axis 3, the 3 channels, in front of the spatial axes"
    assert fix.description == f"Change the input (`x` has the shape (4, 14, 14, 3)): {moved}, {FOR_A_VIEW}."


@pytest.mark.parametrize(
    ("input", "code"),
    [
        pytest.param(
            torch.zeros(4, 14, 14, 3, dtype=torch.uint8),
            "x = x.permute(0, 3, 1, 2).contiguous().float() / 255",
            id="pictures of bytes",
        ),
        pytest.param(
            torch.zeros(4, 14, 14, 1, dtype=torch.float64), "x = x.squeeze(3).unsqueeze(1).float()", id="float64"
        ),
        pytest.param(torch.zeros(14, 14, 3), "x = x.permute(2, 0, 1).unsqueeze(0)", id="one picture as numpy has it"),
    ],
)
def test_channels_last_and_something_else(input: Tensor, code: str) -> None:
    model = Net(2, input.shape[-1], viewed)
    assert found(model, input).fixes[0].code == code
    model(eval(code.removeprefix("x = "), {"x": input}))


def test_where_shapes_alone_are_tried_a_view_is_taken_care_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tensors without memory keep no format, so that the view would pass there."""
    monkeypatch.setattr("convlab.inspection.doctor.trials.LITTLE", 1)
    monkeypatch.setattr("convlab.inspection.doctor.trials.MOST_WRITTEN", 1)
    for rows, more in ((viewed, ".contiguous()"), (flattened, "")):
        diagnosis = found(Net(2, 3, rows), torch.rand(4, 14, 14, 3))
        assert diagnosis.fixes[0].code == f"x = x.permute(0, 3, 1, 2){more}"


class OneLayer(Net):
    """No pool is behind the convolution, which keeps the format of signals of one channel only."""

    def forward(self, x: Tensor) -> Any:
        return self.fc(self.rows(self.conv1(x).relu()))


@pytest.mark.parametrize(
    ("rows", "channels", "move"),
    [
        pytest.param(viewed, 1, ".squeeze(2).unsqueeze(1)", id="one channel, a view"),
        pytest.param(flattened, 1, ".transpose(1, 2)", id="one channel, flattened"),
        pytest.param(viewed, 3, ".transpose(1, 2)", id="three channels, a view"),
    ],
)
def test_signals_with_the_channels_last(rows: Callable[[Tensor], Tensor], channels: int, move: str) -> None:
    assert found(OneLayer(1, channels, rows), torch.rand(4, 5, channels)).fixes[0].code == f"x = x{move}"


class Doubled(Net):
    """A network that joins a picture with its mirror image first."""

    def forward(self, x: Tensor) -> Any:
        return super().forward(torch.cat([x, x.flip(-1)], 1))


def test_a_move_that_no_layer_asked_for() -> None:
    for rows, more in ((viewed, ".contiguous()"), (flattened, "")):
        assert f"x = x.permute(0, 3, 1, 2){more}" in codes(found(Doubled(2, 6, rows), torch.rand(4, 14, 14, 3)).fixes)


class Mixed(Net):
    """A network that makes channels of something else first, and leaves them last."""

    def __init__(self, rows: Callable[[Tensor], Tensor]) -> None:
        super().__init__(2, 3, rows)
        self.mix = nn.Linear(5, 3)

    def forward(self, x: Tensor) -> Any:
        x = self.mix(x)
        x = self.pool(self.conv1(x).relu())
        x = self.pool(self.conv2(x).relu())
        return self.fc(self.rows(x))


def test_channels_last_within_the_model() -> None:
    for rows, more in ((viewed, ".contiguous()"), (flattened, "")):
        code = found(Mixed(rows), torch.rand(4, 14, 14, 5)).fixes[0].code
        assert code == f"x = self.pool(self.conv1(x.permute(0, 3, 1, 2){more}).relu())"


# --- Maps with a batch axis and without ------------------------------------------------------------------------------


class For64(nn.Module):
    """Built for pictures of 64 x 64."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.fc = nn.Linear(8 * 16 * 16, 10)

    def forward(self, x: Tensor) -> Any:
        x = F.max_pool2d(self.conv(x).relu(), 4)
        return self.fc(torch.flatten(x, 1))


class Squeezed(nn.Module):
    """Loses a batch of one on the way."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.fc = nn.Linear(8 * 32 * 32, 10)

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x).squeeze()
        return self.fc(torch.flatten(x, 1))


class Averaged(nn.Module):
    """Maps of two axes that become rows of one, with as many axes as one map has with its channels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.fc = nn.Linear(8 * 64, 10)

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x).mean(3)
        return self.fc(torch.flatten(x, 1))


def of_signals() -> nn.Module:
    return nn.Sequential(nn.Conv1d(1, 8, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(1600, 10))


def of_one_number() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 16, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))


def without_layers() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(12 * 64, 10))


class Pooled(nn.Module):
    """Maps of the size that a function pools them to; None keeps an axis as it is."""

    def __init__(self, size: int | tuple[int | None, int | None], features: int) -> None:
        super().__init__()
        self.size = size
        self.fc = nn.Linear(features, 10)

    def forward(self, x: Tensor) -> Any:
        x = F.adaptive_avg_pool2d(x, self.size)
        return self.fc(torch.flatten(x, 1))


@pytest.mark.parametrize("size", [2, (2, 2), (2, None), (None, None)])
@pytest.mark.parametrize("as_layer", [True, False])
def test_the_size_of_pooled_maps(size: Any, as_layer: bool) -> None:
    layers = [nn.AdaptiveAvgPool2d(size), nn.Flatten(), nn.Linear(7, 10)]
    text = found(nn.Sequential(*layers) if as_layer else Pooled(size, 7), torch.rand(2, 3, 8, 8)).explanation
    keeps_an_axis = isinstance(size, tuple) and None in size
    assert ("makes maps of that size from any input." in text) != keeps_an_axis
    assert ("follows from the size of the input, (2, 3, 8, 8)." in text) == keeps_an_axis


NO_BATCH = "with no batch axis,"


@pytest.mark.parametrize(
    ("model", "shape", "said"),
    [
        pytest.param(
            For64(), (4, 3, 32, 32), "They are 8 channels of 8 x 8, flattened by `flatten` in", id="four times 32 x 32"
        ),
        pytest.param(
            For64(), (8, 3, 32, 32), "They are 8 channels of 8 x 8, flattened by `flatten` in", id="another batch"
        ),
        pytest.param(
            of_signals(), (2, 1, 100), "They are 8 channels of 100, flattened by `2` (Flatten)", id="two signals"
        ),
        pytest.param(
            of_one_number(),
            (2, 3, 32, 32),
            "They are 16 channels of 1 x 1, flattened by `2` (Flatten). `1` (AdaptiveAvgPool2d) makes maps of that "
            "size from any input.",
            id="maps of one number",
        ),
        pytest.param(
            Averaged(), (2, 3, 32, 32), "They are 8 channels of 32, flattened by `flatten` in", id="maps averaged"
        ),
        pytest.param(
            without_layers(),
            (4, 3, 8, 8),
            "They are 3 channels of 8 x 8, flattened by `0` (Flatten); 768 would be 3 channels of 16 x 16.",
            id="pictures that no layer read",
        ),
    ],
)
def test_a_batch_whose_numbers_are_those_of_one_sample(model: nn.Module, shape: tuple[int, ...], said: str) -> None:
    diagnosis = found(model, torch.rand(shape))
    assert said in diagnosis.explanation
    assert NO_BATCH not in diagnosis.explanation
    assert not [code for code in codes(diagnosis.fixes) if ".reshape(1, -1)" in code]


@pytest.mark.parametrize(
    ("model", "shape", "said"),
    [
        pytest.param(
            For64(), (3, 64, 64), "one sample: with no batch axis, `flatten` in line", id="one picture without a batch"
        ),
        pytest.param(
            nn.Sequential(nn.Conv3d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(64, 10)),
            (1, 4, 4, 4),
            "one sample: with no batch axis, `2` (Flatten) took the 8 channels",
            id="one volume",
        ),
        pytest.param(Squeezed(), (1, 3, 32, 32), "one sample: with no batch axis, `flatten` in line", id="a squeeze"),
        pytest.param(
            without_layers(),
            (12, 8, 8),
            "All in all these are 768 numbers, one sample if (12, 8, 8) is one: then, with no batch axis, `0` "
            "(Flatten) took the 12 channels for the batch.",
            id="what no layer read",
        ),
    ],
)
def test_one_sample_without_a_batch(model: nn.Module, shape: tuple[int, ...], said: str) -> None:
    assert said in found(model, torch.rand(shape)).explanation


@pytest.mark.parametrize(
    ("model", "shape", "code"),
    [
        pytest.param(For64(), (3, 64, 64), "x = x.unsqueeze(0)", id="the picture"),
        pytest.param(
            Squeezed(), (1, 3, 32, 32), "return self.fc(torch.flatten(x, 1).reshape(1, -1))", id="rows of its maps"
        ),
    ],
)
def test_one_sample_may_be_made_a_batch_of_one(model: nn.Module, shape: tuple[int, ...], code: str) -> None:
    assert code in codes(found(model, torch.rand(shape)).fixes)


# --- A batch of one --------------------------------------------------------------------------------------------------


class UNet(nn.Module):
    """A small one; its last layer does not count the channels that `cat` brings."""

    def __init__(self, joined: int = 4) -> None:
        super().__init__()
        self.down, self.middle = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 8, 3, padding=1)
        self.up, self.out = nn.ConvTranspose2d(8, 4, 2, stride=2), nn.Conv2d(joined, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Any:
        a = self.down(x).relu()
        u = self.up(self.middle(F.max_pool2d(a, 2)).relu())
        return self.out(torch.cat([a, u], 1))


class Turned(nn.Module):
    """Written for one signal: `t` takes two axes."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(3, 8, 3)

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x)
        return x.t()


class JoinedAndTurned(Turned):
    """The same behind a `cat`, which is written for a batch."""

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x)
        return torch.cat([x, x], 1).t()


@pytest.mark.parametrize(
    ("model", "shape", "first"),
    [
        pytest.param(UNet(), (1, 3, 32, 32), "model.out = nn.Conv2d(8, 1, 3, padding=1)", id="maps joined by cat"),
        pytest.param(
            nn.Sequential(nn.Conv2d(3, 32, 3, padding=1), nn.MaxPool2d(4), nn.Flatten(), nn.Linear(64, 10)),
            (1, 3, 32, 32),
            "model[3] = nn.Linear(2048, 10)",
            id="rows of one channel each",
        ),
        pytest.param(JoinedAndTurned(), (1, 3, 20), "", id="a cat before what takes fewer axes"),
    ],
)
def test_a_batch_of_one_stays(model: nn.Module, shape: tuple[int, ...], first: str) -> None:
    made = codes(found(model, torch.rand(shape)).fixes)
    assert made[:1] == ([first] if first else [])
    assert not [code for code in made if ".squeeze(" in code]


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        pytest.param(Turned(), (1, 3, 20), id="for a call that takes fewer axes"),
        pytest.param(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)), (1, 1, 3, 16, 16), id="a batch of batches"),
    ],
)
def test_a_batch_of_one_goes(model: nn.Module, shape: tuple[int, ...]) -> None:
    assert codes(found(model, torch.rand(shape)).fixes)[0] == "x = x.squeeze(0)"


def test_a_mended_unet_has_no_diagnosis() -> None:
    assert diagnose(UNet(joined=8), torch.rand(1, 3, 32, 32)) is None
