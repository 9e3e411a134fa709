"""From the reader's line to what is printed, with the doctor itself."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import convlab
from convlab.inspection.diagnosis import TITLE, TRIED


class LeNet(nn.Module):
    """As it is printed everywhere, with a batch norm that would count a run."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.norm1 = nn.BatchNorm2d(6)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(400, 120)

    def forward(self, x: Tensor) -> Tensor:
        """Fits 32 x 32."""
        print("x has the shape", x.shape)
        x = F.max_pool2d(F.relu(self.norm1(self.conv1(x))), 2)
        x = F.max_pool2d(F.relu(self.conv2(x), inplace=True), 2)
        logits: Tensor = self.fc1(torch.flatten(x, 1))
        return logits


net, images = LeNet(), torch.rand(2, 1, 64, 64)
small = torch.rand(2, 1, 32, 32)


def printed(code: Callable[[], Any], capsys: pytest.CaptureFixture[str]) -> str:
    capsys.readouterr()
    with pytest.raises((RuntimeError, TypeError)), convlab.explain_errors():
        code()
    return capsys.readouterr().err


def test_a_model(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(lambda: net(images), capsys)
    assert text.startswith(f"{TITLE}\n\n`fc1` (Linear) got 2704 features")
    assert "of test_with_the_doctor.py:\n    logits: Tensor = self.fc1(torch.flatten(x, 1))\n" in text
    assert TRIED in text
    assert "   net.fc1 = nn.Linear(2704, 120)\n" in text


def test_a_function_outside_of_models(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(lambda: images.view(images.size(0), 400), capsys)
    assert text.startswith(f"{TITLE}\n\n`view`")
    assert "torch.flatten(images, 1)" in text


def of_a_loader() -> None:
    for batch in DataLoader(TensorDataset(small, torch.zeros(2)), batch_size=2):
        net.conv1(batch)


NO_TENSOR = [
    pytest.param(lambda: net.conv1(np.zeros((2, 1, 32, 32))), "got a numpy.ndarray.", id="an array of numpy"),
    pytest.param(
        lambda: net.conv1([small, small]), "got a list with 2 tensors, (2, 1, 32, 32) and (2, 1, 32, 32).", id="a list"
    ),
    pytest.param(lambda: net.conv1((small, None)), "got a tuple with 1 tensor, (2, 1, 32, 32).", id="a tuple"),
    pytest.param(
        of_a_loader, "got a list with 2 tensors, (2, 1, 32, 32) and (2,).", id="a batch of a loader with its labels"
    ),
    pytest.param(lambda: net.conv1(None), "got None.", id="None"),
    pytest.param(
        lambda: nn.Sequential(nn.MaxPool2d(2, return_indices=True), nn.Conv2d(1, 6, 5))(small),
        "got a tuple with 2 tensors, (2, 1, 16, 16) and (2, 1, 16, 16). It comes from `0` (MaxPool2d)",
        id="what a pool gives with its indices",
    ),
]


@pytest.mark.parametrize(("code", "what"), NO_TENSOR)
def test_what_is_no_tensor(code: Callable[[], Any], what: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(printed(code, capsys).split())
    assert f"(Conv2d) takes a tensor{' as its first argument' * ('with' in what)}, but {what}" in text
    assert "expected one of" not in text


def test_another_argument_of_a_wrong_type(capsys: pytest.CaptureFixture[str]) -> None:
    """Where the input is a tensor, the fault is elsewhere."""
    text = printed(lambda: nn.Conv2d(1, 6, 5, padding=0.5)(small), capsys)  # type: ignore[arg-type]
    assert "`model` (Conv2d) has padding=0.5, which must be a whole number" in text


def test_nothing_is_left_behind(capsys: pytest.CaptureFixture[str]) -> None:
    """All is as after the failing call alone, and what the model prints is printed once."""

    def failed(block: AbstractContextManager[object]) -> list[Any]:
        torch.manual_seed(0)
        model, given = copy.deepcopy(net), images.clone()
        with pytest.raises(RuntimeError, match="mat1 and mat2"), block:
            model(given)
        hooks = [len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules()]
        tensors = [*model.state_dict().values(), given, torch.random.get_rng_state()]
        return [hooks, model.training, [tensor.tolist() for tensor in tensors]]

    as_usual = failed(nullcontext())
    capsys.readouterr()
    assert failed(convlab.explain_errors()) == as_usual
    assert capsys.readouterr().out.count("x has the shape") == 1


def test_a_model_that_runs_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with convlab.explain_errors():
        assert net(small).shape == (2, 120)
    assert capsys.readouterr().err == ""
