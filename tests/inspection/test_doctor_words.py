"""The words of the doctor, for one case of each kind; lines of the source are left out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from broken_models import BROKEN
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_sequence

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


class Forward(nn.Module):
    """A model of these layers, whose forward is a function of itself and the inputs."""

    def __init__(self, function: Callable[..., Any], **layers: nn.Module) -> None:
        super().__init__()
        self.function = function
        for name, layer in layers.items():
            self.add_module(name, layer)

    def forward(self, *inputs: Any) -> Any:
        return self.function(self, *inputs)


def said_of(model: nn.Module, *inputs: Tensor) -> str:
    """What is said of a model that stops, without the numbers of lines."""
    case = case_of(model, inputs, {})
    assert case.record.error is not None
    return re.sub(r" in line \d+", "", explanation(case))


OUT_OF_ORDER = (
    "since its elements do not lie in order in memory, as after a slice, an expand or a permute, or in channels_last; "
    "reshape and flatten copy them."
)
PERMUTED = "since a permute or transpose before it left the elements in another order in memory."


@pytest.mark.parametrize(
    ("function", "shape", "said"),
    [
        pytest.param(
            lambda net, x: net.conv(x).view(x.size(0), -1),
            (0, 3, 16, 16),
            "`view` cannot work out the -1 (view(0, -1)) for the tensor (0, 8, 14, 14): the other sizes multiply to 0.",
            id="an empty batch",
        ),
        pytest.param(
            lambda net, x: net.conv(x).reshape(0, 5),
            (2, 3, 16, 16),
            "`reshape` asks for 0 elements (reshape(0, 5)), but the tensor (2, 8, 14, 14) has 3136.",
            id="a size of 0",
        ),
        pytest.param(
            lambda net, x: net.conv(x).view(-1, -1),
            (2, 3, 16, 16),
            "`view` got the sizes (-1, -1), but works out one size only: one of them may be -1.",
            id="two sizes left open",
        ),
        pytest.param(
            lambda net, x: net.conv(x).reshape(-1, -1, 7),
            (2, 3, 17, 17),
            "`reshape` got the sizes (-1, -1, 7), but works out one size only: one of them may be -1.",
            id="two sizes left open, and a third that does not divide",
        ),
        pytest.param(
            lambda net, x: net.conv(x).view(2, -2),
            (2, 3, 16, 16),
            "`view` got the sizes (2, -2), but none may be less than -1.",
            id="a size of -2",
        ),
        pytest.param(
            lambda net, x: net.conv(x)[:, :, 1:-1, 1:-1].view(-1, 1152),
            (2, 3, 16, 16),
            f"`view` cannot show the tensor (2, 8, 12, 12) as (-1, 1152) without copying, {OUT_OF_ORDER}",
            id="a crop",
        ),
        pytest.param(
            lambda net, x: net.conv(x)[:, :1].expand(-1, 4, -1, -1).view(x.size(0), -1),
            (2, 3, 16, 16),
            f"`view` cannot show the tensor (2, 4, 14, 14) as (2, -1) without copying, {OUT_OF_ORDER}",
            id="an expand",
        ),
        pytest.param(
            lambda net, x: net.conv(x.to(memory_format=torch.channels_last)).view(2, -1),
            (2, 3, 16, 16),
            f"`view` cannot show the tensor (2, 8, 14, 14) as (2, -1) without copying, {OUT_OF_ORDER}",
            id="channels_last",
        ),
        pytest.param(
            lambda net, x: x[:, :1, :5, :5].permute(0, 2, 3, 1).view(2, -1),
            (2, 3, 16, 16),
            f"`view` cannot show the tensor (2, 5, 5, 1) as (2, -1) without copying, {OUT_OF_ORDER}",
            id="a crop, of which a permute moves an axis of size 1",
        ),
        pytest.param(
            lambda net, x: net.conv(x).permute(0, 2, 3, 1).relu().view(2, -1),
            (2, 3, 16, 16),
            f"`view` cannot show the tensor (2, 14, 14, 8) as (2, -1) without copying, {PERMUTED}",
            id="a permute, which is named",
        ),
        pytest.param(
            lambda net, x: net.conv(x).view(3, -1),
            (2, 3, 16, 16),
            "`view` asks for a multiple of 3 elements (view(3, -1)), but the tensor (2, 8, 14, 14) has 3136.",
            id="a number that does not divide, as before",
        ),
    ],
)
def test_why_a_view_fails(function: Callable[..., Any], shape: tuple[int, ...], said: str) -> None:
    assert said_of(Forward(function, conv=nn.Conv2d(3, 8, 3)), torch.rand(shape)).startswith(said)


def unpacking(layer: nn.Module) -> nn.Module:
    """The layer with a hook that hands it the first of the tensors that it is called with."""
    layer.register_forward_pre_hook(lambda _, inputs: inputs[0][0])
    return layer


RETURNS = "which returns its output and its last state."


@pytest.mark.parametrize(
    ("model", "shape", "said"),
    [
        pytest.param(
            Forward(lambda net, x: net.fc(net.rnn(x)), rnn=nn.LSTM(6, 16), fc=nn.Linear(32, 4)),
            (5, 2, 6),
            "`fc` (Linear) takes a tensor as its first argument, but got a tuple with 3 tensors, (5, 2, 16), "
            f"(1, 2, 16) and (1, 2, 16). It comes from `rnn` (LSTM), {RETURNS}",
            id="an LSTM in a linear layer for other features",
        ),
        pytest.param(
            nn.Sequential(nn.GRU(6, 16), nn.Conv1d(16, 4, 1)),
            (5, 2, 6),
            "`1` (Conv1d) takes a tensor as its first argument, but got a tuple with 2 tensors, (5, 2, 16) and "
            f"(1, 2, 16). It comes from `0` (GRU), {RETURNS}",
            id="a GRU in a convolution for other channels",
        ),
        pytest.param(
            nn.Sequential(nn.RNN(6, 16), nn.BatchNorm1d(16)),
            (5, 2, 6),
            "`1` (BatchNorm1d) takes a tensor as its first argument, but got a tuple with 2 tensors, (5, 2, 16) and "
            f"(1, 2, 16). It comes from `0` (RNN), {RETURNS}",
            id="an RNN in a norm, which asks for the axes first",
        ),
        pytest.param(
            nn.Sequential(nn.GRU(6, 16), nn.LazyConv1d(4, 1)),
            (5, 2, 6),
            "`1` (LazyConv1d) takes a tensor as its first argument, but got a tuple with 2 tensors, (5, 2, 16) and "
            f"(1, 2, 16). It comes from `0` (GRU), {RETURNS}",
            id="a lazy layer, which fails before it is built",
        ),
        pytest.param(
            Forward(lambda net, x: net.fc(net.rnn(x)), rnn=nn.GRU(6, 16), fc=unpacking(nn.Linear(32, 4))),
            (5, 2, 6),
            "`fc` (Linear) got 16 features in the last axis of (5, 2, 16), but was built for 32 (in_features=32). "
            "It comes from `rnn` (GRU).",
            id="a tuple that a hook unpacks, as before",
        ),
        pytest.param(
            nn.Sequential(nn.GRU(6, 16), nn.GRU(16, 8)),
            (5, 2, 6),
            "`1` (GRU) takes a tensor as its first argument, but got a tuple with 2 tensors, (5, 2, 16) and "
            f"(1, 2, 16). It comes from `0` (GRU), {RETURNS}",
            id="a GRU behind a GRU, whose state is not at fault",
        ),
        pytest.param(
            nn.Sequential(nn.MaxPool2d(2, return_indices=True), nn.MaxPool2d(2)),
            (1, 3, 16, 16),
            "`1` (MaxPool2d) takes a tensor as its first argument, but got a tuple with 2 tensors, (1, 3, 8, 8) and "
            "(1, 3, 8, 8). It comes from `0` (MaxPool2d).",
            id="a pool with the places of its maxima",
        ),
        pytest.param(
            Forward(lambda net, x: net.pool([net.conv(x), x]), conv=nn.Conv2d(3, 8, 3), pool=nn.MaxPool2d(2)),
            (1, 3, 16, 16),
            "`pool` (MaxPool2d) takes a tensor as its first argument, but got a list with 2 tensors, (1, 8, 14, 14) "
            "and (1, 3, 16, 16).",
            id="a list of the reader's own",
        ),
        pytest.param(
            Forward(lambda net, x: F.relu(x.chunk(2, 1))),
            (1, 4, 8, 8),
            "`relu` takes a tensor as its first argument, but got a tuple with 2 tensors, (1, 2, 8, 8) and "
            "(1, 2, 8, 8). It comes from `chunk`.",
            id="a function of torch",
        ),
        pytest.param(
            Forward(lambda net, x: net.fc(pack_sequence(list(x))), fc=nn.Linear(5, 4)),
            (3, 2, 6),
            "`fc` (Linear) takes a tensor as its first argument, but got a PackedSequence with 2 tensors, (6, 6) and "
            "(2,). It comes from `pack_padded_sequence`.",
            id="packed sequences",
        ),
        pytest.param(
            Forward(lambda net, x: net.second(*net.first(x)), first=nn.GRU(6, 16), second=nn.GRU(16, 8)),
            (5, 2, 6),
            "`second` (GRU) got (5, 2, 16), a batch of 2, so its state must be (1, 2, 8) (layers, batch and "
            "features), but it is (1, 2, 16). It comes from `first` (GRU).",
            id="a state of its own, as before",
        ),
        pytest.param(
            Forward(lambda net, x: net.fc(net.rnn(x)[0]), rnn=nn.LSTM(6, 16), fc=nn.Linear(32, 4)),
            (5, 2, 6),
            "`fc` (Linear) got 16 features in the last axis of (5, 2, 16), but was built for 32 (in_features=32). "
            "It comes from `rnn` (LSTM).",
            id="an LSTM that is unpacked, as before",
        ),
        pytest.param(
            Forward(lambda net, x: torch.cat([net.rnn(x)[0], x]), rnn=nn.GRU(6, 16)),
            (5, 2, 6),
            "`cat` joins along axis 0, so all other axes must be of equal size, but got (5, 2, 16) and (5, 2, 6), "
            "which differ in axis 2. The (5, 2, 16) was made by `rnn` (GRU) from (5, 2, 6). The (5, 2, 6) is the "
            "model's input `x`.",
            id="a list where one is taken, as before",
        ),
    ],
)
def test_what_is_no_tensor(model: nn.Module, shape: tuple[int, ...], said: str) -> None:
    assert said_of(model, torch.rand(shape)) == said


FOLLOWS = "needs the last axis of the first to be as long as the last but one of the second"
BATCHES = "needs batches whose axes, counted from the last, are of equal size or of size 1"


@pytest.mark.parametrize(
    ("function", "first", "second", "said"),
    [
        pytest.param(
            torch.bmm,
            (2, 3, 4),
            (3, 4, 5),
            "`bmm` needs batches of equal size, but got (2, 3, 4) and (3, 4, 5), which differ in axis 0.",
            id="bmm of two batches",
        ),
        pytest.param(
            torch.bmm,
            (4, 5),
            (5, 6),
            "`bmm` takes two tensors of 3 axes, but got (4, 5) and (5, 6).",
            id="bmm without batches",
        ),
        pytest.param(
            torch.mm,
            (2, 3, 4),
            (4, 5),
            "`mm` takes two tensors of 2 axes, but got (2, 3, 4) and (4, 5).",
            id="mm with a batch",
        ),
        pytest.param(
            torch.matmul,
            (2, 5, 3, 4),
            (3, 5, 4, 5),
            f"`matmul` {BATCHES}, but got (2, 5, 3, 4) and (3, 5, 4, 5): the batches are (2, 5) and (3, 5).",
            id="matmul of two batches",
        ),
        pytest.param(
            torch.matmul,
            (2, 4, 5),
            (4,),
            "`matmul` needs the last axis of the first to be as long as the only one of the second, but got (2, 4, 5) "
            "and (4,).",
            id="a vector",
        ),
        pytest.param(
            torch.matmul,
            (3,),
            (),
            "`matmul` takes two tensors of at least one axis, but got (3,) and ().",
            id="a number",
        ),
        pytest.param(
            torch.matmul,
            (2, 1, 3, 4),
            (5, 3, 5),
            f"`matmul` {FOLLOWS}, but got (2, 1, 3, 4) and (5, 3, 5).",
            id="batches that fit and matrices that do not, as before",
        ),
        pytest.param(
            torch.mm, (3, 4), (3, 5), f"`mm` {FOLLOWS}, but got (3, 4) and (3, 5).", id="two matrices, as before"
        ),
    ],
)
def test_why_a_product_fails(
    function: Callable[..., Tensor], first: tuple[int, ...], second: tuple[int, ...], said: str
) -> None:
    model = Forward(lambda net, a, b: function(a, b))
    assert said_of(model, torch.rand(first), torch.rand(second)).startswith(f"{said} The")


@pytest.mark.parametrize(
    ("model", "inputs"),
    [
        pytest.param(nn.CrossEntropyLoss(), (torch.rand(4, 5), torch.rand(4)), id="labels that are floats"),
        pytest.param(
            nn.CrossEntropyLoss(), (torch.rand(4, 5), torch.zeros(4, 1, dtype=torch.long)), id="labels in a column"
        ),
        pytest.param(nn.CrossEntropyLoss(), (torch.rand(4, 5), torch.full((4,), 7)), id="a label out of range"),
        pytest.param(
            nn.CrossEntropyLoss(),
            (torch.rand(2, 5, 8, 8), torch.zeros(2, 1, 8, 8, dtype=torch.long)),
            id="masks with a channel",
        ),
        pytest.param(nn.BCELoss(), (torch.rand(2, 5), torch.zeros(2, 5, dtype=torch.long)), id="BCE of integers"),
        pytest.param(nn.MSELoss(), (torch.rand(1, 3, 27), torch.rand(1, 3, 28)), id="MSE of two sizes"),
        pytest.param(
            Forward(lambda net, x, grid: F.grid_sample(x, grid)),
            (torch.rand(1, 3, 8, 8), torch.rand(2, 8, 8, 2)),
            id="a grid for another batch",
        ),
        pytest.param(
            Forward(lambda net, a, b: torch.einsum("bij,bjk->bik", a, b)),
            (torch.rand(1, 3, 8), torch.rand(1, 9, 2)),
            id="einsum",
        ),
    ],
)
def test_where_any_argument_may_be_at_fault_none_is_pointed_at(model: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    said = said_of(Forward(lambda net, *given: net.last(*given), last=model), *inputs)
    assert "torch says: " in said
    assert "the model's input" not in said
    assert "It comes from" not in said


@pytest.mark.parametrize(
    ("function", "shapes", "said"),
    [
        pytest.param(
            lambda net, x: net.conv(x).unflatten(1, (3, 5)),
            [(1, 3, 8, 8)],
            "It comes from `conv` (Conv2d, out_channels=8).",
            id="one tensor",
        ),
        pytest.param(
            lambda net, x, weight: F.conv2d(x, weight),
            [(1, 3, 8, 8), (4, 2, 3, 3)],
            "That is the model's input `x0`.",
            id="one that is known of two",
        ),
    ],
)
def test_where_one_tensor_is_at_fault_it_is_pointed_at(
    function: Callable[..., Any], shapes: list[tuple[int, ...]], said: str
) -> None:
    model = Forward(function, conv=nn.Conv2d(3, 8, 3))
    assert said_of(model, *map(torch.rand, shapes)).endswith(said)
