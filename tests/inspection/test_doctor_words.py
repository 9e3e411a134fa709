"""The words of the doctor, for one case of each kind; lines of the source are left out."""

from __future__ import annotations

import re

import pytest
import torch
from broken_models import BROKEN
from torch import Tensor, nn

from convlab.inspection import diagnose
from convlab.inspection.doctor.diagnosing import case_of
from convlab.inspection.doctor.words import explanation

SAID = {
    "grey pictures in a network for colour": (
        "`encoder.conv_in` (Conv2d) got 1 channel, in axis 1 of (3, 1, 16, 16), but was built for 3 "
        "(in_channels=3). That is the model's input as it was given."
    ),
    "upsampling that keeps the channels": (
        "`conv` (Conv2d) got 24 channels, in axis 1 of (1, 24, 16, 16), but was built for 16 "
        "(in_channels=16). It comes from `cat`, which joins (1, 8, 16, 16) and (1, 16, 16, 16)."
    ),
    "filters for 8 channels, groups for 3": (
        "`conv2d` has 3 groups, which do not divide the 32 filters of its weight (32, 1, 2, 2); it got (1, 3, "
        "8, 8). That is the model's input as it was given."
    ),
    "one filter for three channels": (
        "`conv2d` got 3 channels, in axis 1 of (1, 3, 10, 10), but its weight (1, 1, 3, 3) takes 1. That is "
        "the model's input as it was given."
    ),
    "pixel shuffle of 63 channels": (
        "`shuffle` (PixelShuffle) makes one channel of 16 (upscale_factor=4), but got 63 channels, which 16 "
        "does not divide. It comes from `conv` (Conv2d, out_channels=63)."
    ),
    "LeNet on pictures of 64": (
        "`fc1` (Linear) got 2704 features in the last axis of (1, 2704), but was built for 400 "
        "(in_features=400). They are 16 channels of 13 x 13, flattened by `flatten`; 400 would be 16 channels "
        "of 5 x 5. The size of the maps follows from the size of the input, (1, 3, 64, 64)."
    ),
    "maps and a vector in one cat": (
        "`cat` joins tensors with the same number of axes, but got (4, 8, 1, 1) and (4, 6). The (4, 8, 1, 1) "
        "was made by `features.2` (AdaptiveAvgPool2d) from (4, 8, 10, 10). The (4, 6) is the model's input "
        "`vector`."
    ),
    "LeNet with a view, on pictures of 21": (
        "`view` asks for a multiple of 400 elements (view(-1, 400)), but the tensor (6, 16, 2, 2) has 384. "
        "The (6, 16, 2, 2) was made by `pool` (MaxPool2d) from (6, 16, 4, 4)."
    ),
    "a view of permuted maps": (
        "`view` cannot show the tensor (2, 8, 8, 4) as (2, -1) without copying, since a permute or transpose "
        "before it left the elements in another order in memory. The (2, 8, 8, 4) was made by `permute` from "
        "(2, 4, 8, 8)."
    ),
    "one Conv3d in a network for pictures": (
        "`conv3` (Conv3d) got 4 channels, in axis 0 of (4, 8, 4, 4), read as (C, D, H, W) without a batch, "
        "but was built for 8 (in_channels=8). It comes from `pool` (MaxPool2d); its channels were made by "
        "`conv2` (Conv2d, out_channels=8)."
    ),
    "Conv1d with a kernel of two sizes": ("`skip` (Conv1d) slides along 1 axis, but its kernel has 2 sizes: (1, 1)."),
    "a window of two axes in F.conv2d": (
        "`conv2d` takes a weight of 4 axes, (C_out, C_in / groups, kH, kW), but got one of 2 axes, (3, 3), "
        "with an input of (1, 1, 8, 8)."
    ),
    "BatchNorm2d behind a linear layer": (
        "`preprocess.1` (BatchNorm2d) takes (N, C, H, W), but got 2 axes: (4, 32). It comes from "
        "`preprocess.0` (Linear, out_features=32)."
    ),
    "one picture without a batch, met by Flatten": (
        "`classifier.1` (Linear) got 49 features in the last axis of (10, 49), but was built for 490 "
        "(in_features=490). All in all these are 490 numbers, one sample: with no batch axis, `classifier.0` "
        "(Flatten) took the 10 channels for the batch."
    ),
    "one picture without a batch, met by interpolate": (
        "`interpolate` got (1, 12, 12), which has 1 spatial axis behind batch and channels, but size=(24, 24) "
        "is for 2 spatial axes. It comes from `conv` (Conv2d, out_channels=1)."
    ),
    "a GRU on feature maps": (
        "`rnn` (GRU) takes (steps, batch, features), but got 4 axes: (2, 8, 1, 24). It comes from "
        "`features.2` (AdaptiveAvgPool2d); its channels were made by `features.0` (Conv2d, out_channels=8)."
    ),
    "LayerNorm between convolutions": (
        "`norm` (LayerNorm) norms the last axis, which must be of size 8, but got (2, 8, 12, 12). It comes "
        "from `conv` (Conv2d, out_channels=8)."
    ),
    "the second half of a picture that is no pair": (
        "`conv` (Conv2d) slides a window of 3 x 3, but what arrives has only 16 x 0, 18 x 2 with its padding. "
        "It comes from the index."
    ),
    "BatchNorm in training with one value for each channel": (
        "`image_pool.2` (BatchNorm2d) takes, in training, the variance over batch and positions, but (1, 4, "
        "1, 1) has one value for each channel. It comes from `image_pool.1` (Conv2d, out_channels=4)."
    ),
    "a block with a stride and no projection": (
        "`add` of `layer2` goes element by element, so each axis, counted from the last, must be of equal "
        "size or of size 1, but got (1, 8, 7, 7) and (1, 4, 14, 14), which differ in axes 1, 2 and 3. The (1, "
        "8, 7, 7) was made by `layer2.conv2` (Conv2d). The (1, 4, 14, 14) was made by `layer2.shortcut` "
        "(Identity)."
    ),
    "unpooling an odd size": (
        "`unpool` (MaxUnpool2d) makes maps of 10 x 8 from (1, 3, 5, 4), but the places that it got from "
        "`pool` (MaxPool2d) belong to maps of 10 x 9."
    ),
    "a product of two maps, none transposed": (
        "`matmul` needs the last axis of the first to be as long as the last but one of the second, but got "
        "(2, 2, 30) and (2, 2, 30). The first was made by `flatten` from (2, 2, 5, 6). The second was made by "
        "`flatten` from (2, 2, 5, 6)."
    ),
    "a picture in whole numbers": (
        "`0` (Conv2d) has a weight of float32, but got a tensor of uint8; torch does not convert one into the "
        "other. That is the model's input as it was given."
    ),
    "words as numbers with a point": (
        "`embed` (Embedding) looks up integers, but got float32. That is the model's input as it was given."
    ),
    "the same size, transposed": (
        "`conv2dt` (ConvTranspose2d) has padding='same', but a transposed convolution takes numbers only."
    ),
    "a pool padded by more than half of it": (
        "`pool` (MaxPool2d) has padding=3, which must be at most half of its window, 4."
    ),
    "a reflection wider than the picture": (
        "`0` (ReflectionPad2d) pads 8 x 12 by 9, which must be less than the size of the axis in the mode 'reflect'."
    ),
    "output padding at a stride of one": (
        "`net` (ConvTranspose1d) has output_padding=1, which must be smaller than its stride=1 or its dilation=1."
    ),
    "a bias where the output padding stands": (
        "`up.conv` (ConvTranspose2d) has output_padding=False, which must be a number: the sixth argument of "
        "nn.ConvTranspose2d is output_padding, and bias is given by its name."
    ),
}


@pytest.mark.parametrize("name", SAID)
def test_the_words_of(name: str) -> None:
    broken = next(broken for broken in BROKEN if broken.name == name)
    input = broken.tensors()
    text = explanation(case_of(broken.make(), input if isinstance(input, tuple) else (input,), {}))
    assert re.sub(r" in line \d+", "", text) == SAID[name]


class State(nn.Module):
    """A recurrent layer with a state of its own."""

    def __init__(self, *state: int, batch_first: bool = True) -> None:
        super().__init__()
        self.rnn = nn.GRU(6, 8, num_layers=2, batch_first=batch_first)
        self.state = torch.zeros(state)

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.rnn(x, self.state)[0]
        return output


@pytest.mark.parametrize(
    ("model", "said"),
    [
        pytest.param(
            State(2, 5, 8),
            "got (3, 7, 6), a batch of 3, so its state must be (2, 3, 8) (layers, batch and features), "
            "but it is (2, 5, 8).",
            id="the state of another batch",
        ),
        pytest.param(
            State(2, 3, 8, batch_first=False),
            "got (3, 7, 6), a batch of 7, so its state must be (2, 7, 8) (layers, batch and features), "
            "but it is (2, 3, 8).",
            id="the batch behind the steps",
        ),
        pytest.param(
            State(1, 3, 8),
            "got (3, 7, 6), a batch of 3, so its state must be (2, 3, 8) (layers, batch and features), "
            "but it is (1, 3, 8).",
            id="one layer too few",
        ),
    ],
)
def test_the_state_of_a_recurrent_layer(model: nn.Module, said: str) -> None:
    diagnosis = diagnose(model, torch.rand(3, 7, 6))
    assert diagnosis is not None
    assert diagnosis.explanation.startswith(f"`rnn` (GRU) {said}")


class Tries(nn.Module):
    """A model that gets over one error, and fails at the next."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(9, 4), nn.Linear(5, 2)

    def forward(self, x: Tensor) -> Tensor:
        try:
            x = self.first(x)
        except RuntimeError:
            x = x * 2
        scores: Tensor = self.second(x)
        return scores


def test_an_error_that_the_model_gets_over_is_not_the_one() -> None:
    diagnosis = diagnose(Tries(), torch.rand(1, 4))
    assert diagnosis is not None
    assert diagnosis.layer == "second"
    assert "in_features=5" in diagnosis.explanation
