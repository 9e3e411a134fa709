"""What the doctor says of tensors that are joined along another axis than was meant, and of wrapped layers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils import spectral_norm

from convlab.inspection import Diagnosis, diagnose


def found(model: nn.Module, input: Any) -> Diagnosis:
    """What the doctor says of a model that stops."""
    diagnosis = diagnose(model, input)
    assert diagnosis is not None
    return diagnosis


def codes(diagnosis: Diagnosis) -> list[str]:
    return [fix.code for fix in diagnosis.fixes]


# --- The axis of a join ----------------------------------------------------------------------------------------------


class Joined(nn.Module):
    """Two layers side by side, and one for what both give together."""

    def __init__(self, a: nn.Module, b: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.a, self.b, self.head = a, b, head


class Forgotten(Joined):
    def forward(self, x: Tensor) -> Any:
        return self.head(torch.cat([self.a(x), self.b(x)]))


class AlongTwo(Joined):
    def forward(self, x: Tensor) -> Any:
        return self.head(torch.cat((self.a(x), self.b(x)), 2))


class AlongTheLast(Joined):
    def forward(self, x: Tensor) -> Any:
        return self.head(torch.cat([self.a(x), self.b(x)], dim=-1))


class AlongOne(Joined):
    def forward(self, x: Tensor) -> Any:
        return self.head(torch.cat([self.a(x), self.b(x)], 1))


class Stacked(Joined):
    def forward(self, x: Tensor) -> Any:
        return self.head(torch.stack((self.a(x), self.b(x)), 1))


class PooledBehind(Joined):
    def forward(self, x: Tensor) -> Any:
        y = torch.cat([self.a(x), self.b(x)])
        y = F.max_pool2d(y.relu(), 2)
        return self.head(y)


class FlattenedBehind(Joined):
    def forward(self, x: Tensor) -> Any:
        y = torch.cat([self.a(x), self.b(x)])
        return self.head(torch.flatten(y, 1))


def maps(kind: type[Joined], first: int, second: int, head: int) -> Joined:
    return kind(nn.Conv2d(3, first, 1), nn.Conv2d(3, second, 3, padding=1), nn.Conv2d(head, 5, 1))


def rows(kind: type[Joined], first: int, second: int, head: int) -> Joined:
    return kind(nn.Linear(4, first), nn.Linear(4, second), nn.Linear(head, 5))


PICTURES, ROWS, STEPS = (2, 3, 16, 16), (3, 4), (3, 7, 4)
FORGOTTEN = "return self.head(torch.cat([self.a(x), self.b(x)], dim=1))"
IN_PLACE = "return self.head(torch.cat((self.a(x), self.b(x)), 1))"
DIFFER = "join along axis 1, the only one along which their sizes differ."
BUILT_FOR = "which makes the 16 channels that `head` was built for"


@pytest.mark.parametrize(
    ("model", "shape", "code", "words"),
    [
        pytest.param(maps(Forgotten, 8, 16, 24), PICTURES, FORGOTTEN, DIFFER, id="no axis, other channels"),
        pytest.param(maps(Forgotten, 8, 8, 16), PICTURES, FORGOTTEN, f"axis 1, {BUILT_FOR}.", id="no axis"),
        pytest.param(maps(Forgotten, 8, 8, 16), (1, 3, 16, 16), FORGOTTEN, BUILT_FOR, id="no axis, a batch of one"),
        pytest.param(maps(AlongTwo, 8, 8, 16), PICTURES, IN_PLACE, BUILT_FOR, id="the height"),
        pytest.param(maps(AlongTwo, 8, 16, 24), PICTURES, IN_PLACE, DIFFER, id="the height, other channels"),
        pytest.param(maps(AlongTheLast, 8, 8, 16), PICTURES, FORGOTTEN, BUILT_FOR, id="the width, by its name"),
        pytest.param(maps(Stacked, 8, 8, 16), PICTURES, IN_PLACE, BUILT_FOR, id="stack for cat"),
        pytest.param(
            maps(Stacked, 8, 16, 24),
            PICTURES,
            IN_PLACE,
            "by `cat` along axis 1, the only one along which their sizes differ; `stack` takes tensors of one shape.",
            id="stack for cat, other channels",
        ),
        pytest.param(
            maps(PooledBehind, 8, 8, 16), PICTURES, "y = torch.cat([self.a(x), self.b(x)], dim=1)", BUILT_FOR,
            id="a line before",
        ),
        pytest.param(
            FlattenedBehind(nn.Conv2d(3, 2, 1), nn.Conv2d(3, 2, 1), nn.Linear(1024, 5)),
            PICTURES,
            "y = torch.cat([self.a(x), self.b(x)], dim=1)",
            "join along axis 1, which makes the 1024 features that `head` was built for.",
            id="maps that are flattened",
        ),
        pytest.param(rows(Forgotten, 6, 6, 12), ROWS, FORGOTTEN, "12 features", id="rows"),
        pytest.param(
            rows(AlongOne, 6, 8, 14), STEPS, FORGOTTEN.replace("dim=1", "2"), "axis 2, the only", id="features last"
        ),
        pytest.param(
            rows(Forgotten, 6, 6, 12), STEPS, FORGOTTEN.replace("1", "2"), "axis 2, which makes", id="features, no axis"
        ),
        pytest.param(
            Forgotten(nn.Conv1d(3, 4, 1), nn.Conv1d(3, 4, 1), nn.BatchNorm1d(8)), (2, 3, 9), FORGOTTEN, "8 channels",
            id="signals before a norm",
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("as_shape", [pytest.param(False, id="numbers"), pytest.param(True, id="a shape")])
def test_another_axis(model: nn.Module, shape: tuple[int, ...], code: str, words: str, as_shape: bool) -> None:
    diagnosis = found(model, shape if as_shape else torch.rand(shape))
    assert diagnosis.fixes[0].code == code
    assert words in diagnosis.fixes[0].description
    assert diagnosis.layer in ("forward: cat", "forward: stack")


def test_a_batch_that_grows_is_no_fix_beside_one_that_keeps_it() -> None:
    """Built for 8 channels, the head would run, and make four answers for two pictures."""
    assert codes(found(maps(Forgotten, 8, 8, 16), torch.rand(PICTURES))) == [FORGOTTEN]


def test_a_join_in_a_loop() -> None:
    class Dense(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList(nn.Conv2d(3 + 4 * number, 4, 3, padding=1) for number in range(3))

        def forward(self, x: Tensor) -> Any:
            maps = [x]
            for layer in self.layers:
                maps.append(layer(torch.cat(maps)))
            return torch.cat(maps, 1)

    assert codes(found(Dense(), torch.rand(PICTURES)))[0] == "maps.append(layer(torch.cat(maps, dim=1)))"


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        pytest.param(maps(AlongOne, 8, 8, 8), PICTURES, id="the axis of the channels, and a head for fewer"),
        pytest.param(maps(Forgotten, 8, 8, 13), PICTURES, id="no axis makes what the head was built for"),
        pytest.param(
            AlongOne(nn.Conv2d(3, 8, 3, padding=(1, 0)), nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(16, 5, 1)),
            PICTURES,
            id="maps of other sizes, joined by their channels",
        ),
    ],
)
def test_the_axis_stays(model: nn.Module, shape: tuple[int, ...]) -> None:
    diagnosis = found(model, torch.rand(shape))
    assert diagnosis.fixes
    assert not any("join " in fix.description for fix in diagnosis.fixes)


# --- What is on a layer that is built anew ---------------------------------------------------------------------------


def test_what_is_on_a_layer_is_to_be_put_on_again() -> None:
    model = nn.Sequential(nn.Conv2d(3, 8, 3), spectral_norm(nn.Conv2d(4, 8, 3)))
    fixes = found(model, torch.rand(PICTURES)).fixes
    lost = [fix for fix in fixes if "put it on again" in fix.description]
    assert [fix.code for fix in lost] == ["model[1] = nn.Conv2d(8, 8, 3)"]
    assert lost[0].description.endswith("The new layer is without `spectral_norm`, which `1` has now: put it on again.")


def test_nothing_is_lost_where_the_layer_stays() -> None:
    bare = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(4, 8, 3))
    kept = nn.Sequential(nn.Conv2d(1, 4, 3), spectral_norm(nn.Linear(64, 2)))
    for model, shape in ((bare, PICTURES), (kept, (2, 1, 6, 6))):
        assert "put it on again" not in found(model, torch.rand(shape)).fixes[0].description
