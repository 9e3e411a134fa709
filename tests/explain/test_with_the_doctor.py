"""From the reader's line to what is printed, with the doctor itself."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

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
    with pytest.raises(RuntimeError), convlab.explain_errors():
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
