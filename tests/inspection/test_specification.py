"""A specification lets right networks pass and refuses wrong ones, by the name of what each misses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from convlab.inspection import Specification
from convlab.inspection.specification import PROPERTIES

PICTURE = Specification((1, 1, 32, 32), (1, 4, 32, 32), receptive_field=9, jump=1, max_params=600, max_macs=500_000)
CLIP = Specification((1, 1, 9, 12, 12), (1, 8, None, 6, 6), receptive_field=(3, 9, 9), jump=(1, 2, 2))


def down_and_up(size: int = 3, dilation: int = 1, channels: int = 4, groups: int = 8) -> nn.Sequential:
    """A network that goes down to half the size and up again."""
    first, last = nn.Conv2d(1, 8, 4, 2, 1), nn.ConvTranspose2d(8, channels, 2, 2)
    window: dict[str, Any] = {"padding": "same", "dilation": dilation, "groups": groups}
    middle = [nn.Conv2d(8, 8, size, **window), nn.ReLU(), nn.Conv2d(8, 8, size, **window)]
    return nn.Sequential(first, nn.ReLU(), *middle, last)


def around(*layers: tuple[int, int, int]) -> nn.Sequential:
    """3D layers (frames, size, stride), circular in space."""
    built: list[nn.Module] = []
    for frames, size, stride in layers:
        window = (frames, size, size), (1, stride, stride), (0, size // 2, size // 2)
        built += [nn.Conv3d(8 if built else 1, 8, *window, padding_mode="circular"), nn.ReLU()]
    return nn.Sequential(*built)


class Residual(nn.Module):
    """A branch that widens the field of a chain."""

    def __init__(self) -> None:
        super().__init__()
        self.near, self.far = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(1, 4, 9, padding=4)

    def forward(self, x: torch.Tensor) -> Any:
        """Both branches, added up."""
        return self.near(x) + self.far(x)


@pytest.mark.parametrize(
    ("specification", "model"),
    [
        pytest.param(PICTURE, down_and_up(), id="down and up"),
        pytest.param(PICTURE, nn.Conv2d(1, 4, 9, padding=4), id="one layer"),
        pytest.param(PICTURE, Residual(), id="branches"),
        pytest.param(CLIP, around((3, 5, 2), (1, 3, 1)), id="a clip, circular"),
        pytest.param(CLIP, around((5, 5, 2), (5, 3, 1)), id="a clip of which one frame is left"),
        pytest.param(
            Specification((2, 1, 8, 8), (2, 3), receptive_field=8),
            nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(72, 3)),
            id="one size only, and the whole of it",
        ),
        pytest.param(Specification((1, 1, 9), (1, None, None), jump=2), nn.Conv1d(1, 1, 3, 2), id="a jump alone"),
        pytest.param(Specification((1, 1, 9), (1, 1, 4), jump=2), nn.AvgPool1d(2), id="no parameters"),
    ],
)
def test_passes(specification: Specification, model: nn.Module) -> None:
    before = [parameter.clone() for parameter in model.parameters()]
    findings = specification.check(model)
    assert findings.missed == ()
    assert findings.passed
    assert "✗" not in str(findings)
    assert all(map(torch.equal, before, model.parameters()))


def change(model: nn.Sequential, index: int, layer: nn.Module) -> nn.Sequential:
    """The network with another layer."""
    model[index] = layer
    return model


@pytest.mark.parametrize(
    ("specification", "model", "missed"),
    [
        pytest.param(PICTURE, nn.Conv2d(3, 4, 9, padding=4), ("runs",), id="it stops"),
        pytest.param(PICTURE, down_and_up(channels=3), ("output shape",), id="a channel is missing"),
        pytest.param(
            PICTURE, change(down_and_up(), 0, nn.Conv2d(1, 8, 4, 2)), ("output shape",), id="padding is missing"
        ),
        pytest.param(PICTURE, change(down_and_up(), -1, nn.Conv2d(8, 4, 1)), ("output shape", "jump"), id="no way up"),
        pytest.param(PICTURE, down_and_up(size=1), ("receptive field",), id="a field that is too small"),
        pytest.param(PICTURE, down_and_up(dilation=4), ("no gaps",), id="gridding"),
        pytest.param(
            PICTURE,
            nn.Sequential(nn.Conv2d(1, 4, 1, stride=2), nn.Conv2d(4, 4, 9, padding=4), nn.Upsample(scale_factor=2)),
            ("no gaps", "parameters"),
            id="a stride wider than its kernel",
        ),
        pytest.param(PICTURE, down_and_up(groups=1), ("parameters",), id="not depthwise"),
        pytest.param(
            PICTURE,
            nn.Sequential(*[nn.Conv2d(c, 4, 3, padding=1) for c in (1, 4, 4, 4, 4)]),
            ("parameters", "MACs"),
            id="full size all the way",
        ),
        pytest.param(CLIP, around((2, 5, 2), (1, 3, 1)), ("receptive field",), id="too few frames"),
        pytest.param(CLIP, around((3, 3, 2), (1, 3, 1)), ("receptive field",), id="too few pixels"),
        pytest.param(CLIP, around((3, 9, 1), (1, 3, 1)), ("output shape", "jump"), id="no stride"),
        pytest.param(
            Specification((1, 1, 9), (1, 7), receptive_field=9),
            nn.Sequential(nn.Conv1d(1, 1, 3), nn.Flatten(), nn.Linear(7, 1)),
            ("output shape",),
            id="one number for many",
        ),
        pytest.param(
            Specification((1, 1, 9), (1, 7), receptive_field=9),
            nn.Sequential(nn.Flatten(), nn.Linear(9, 7)),
            ("receptive field",),
            id="no window, and so no field",
        ),
    ],
)
def test_refused(specification: Specification, model: nn.Module, missed: tuple[str, ...]) -> None:
    findings = specification.check(model)
    assert findings.missed == missed
    assert set(missed) <= set(PROPERTIES)
    assert str(findings).count("✗") == len(missed)
    assert not findings.passed


def test_what_was_found_is_said_beside_what_was_wanted() -> None:
    assert str(CLIP.check(around((2, 5, 2), (1, 3, 1)))) == (
        "✓ output shape     wanted (1, 8, any, 6, 6)  found (1, 8, 8, 6, 6)\n"
        "✗ receptive field  wanted 3 x 9 x 9 or more  found 2 x 9 x 9\n"
        "✓ no gaps          wanted none               found none\n"
        "✓ jump             wanted 1 x 2 x 2          found 1 x 2 x 2"
    )
    assert "stopped by RuntimeError" in str(PICTURE.check(nn.Conv2d(3, 4, 9)))


make: Any = Specification
check: Any = PICTURE.check


@pytest.mark.parametrize(
    ("wrong", "error", "sentence"),
    [
        pytest.param(lambda: Specification((1, 9), (1, 9)), ValueError, "N, C, [*]spatial", id="no spatial axis"),
        pytest.param(lambda: make(9, (1, 9)), ValueError, "input_shape=9", id="an int as a shape"),
        pytest.param(lambda: Specification((1, 0, 9), (1,)), ValueError, "input_shape must be at least 1", id="zero"),
        pytest.param(lambda: make((1, 1, 9), (1, 1.5)), TypeError, "output_shape", id="half an element"),
        pytest.param(
            lambda: Specification((1, 1, 9, 9), (1,), receptive_field=(3, 3, 3)),
            ValueError,
            "receptive_field must be an int or have one int for each of 2",
            id="a field with too many axes",
        ),
        pytest.param(lambda: Specification((1, 1, 9), (1,), jump=0), ValueError, "jump", id="a jump of 0"),
        pytest.param(lambda: Specification((1, 1, 9), (1,), max_macs=0), ValueError, "max_macs", id="nothing may cost"),
        pytest.param(lambda: make((1, 1, 9), (1,), max_params=1e4), TypeError, "max_params", id="a float"),
        pytest.param(lambda: check(nn.Conv2d), TypeError, "already built", id="a class"),
    ],
)
def test_bad_input_is_one_sentence(wrong: Callable[[], object], error: type[Exception], sentence: str) -> None:
    with pytest.raises(error, match=sentence):
        wrong()
