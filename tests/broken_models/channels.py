"""The number of channels that a convolution gets, and groups that do not divide it."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from broken_models.case import UNBUILT, Unbuilt, before, both, broken, edit, feed, swap

# --- The pictures have other channels ---------------------------------------------------------------------------------


@broken(
    "a picture with transparency",
    input=(1, 4, 16, 16),
    culprit=("input", "inc.0"),
    cause="in_channels",
    accepted=(feed("x = x[:, :3]"), swap("inc.0 = nn.Conv2d(4, 8, 3, padding=1)")),
    source="https://github.com/milesial/Pytorch-UNet/issues/452",
)
def transparency() -> nn.Module:
    """A PNG with four channels."""
    return nn.Sequential(
        OrderedDict(
            inc=nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU()), out=nn.Conv2d(8, 2, 1)
        )
    )


@broken(
    "grey pictures in a network for colour",
    input=(3, 1, 16, 16),
    culprit=("input", "encoder.conv_in"),
    cause="in_channels",
    accepted=(
        feed("x = x.expand(-1, 3, -1, -1)"),
        feed("x = x.repeat(1, 3, 1, 1)"),
        swap("encoder.conv_in = nn.Conv2d(1, 8, 3, padding=1)"),
    ),
    source="https://github.com/LambdaLabsML/examples/issues/39",
)
class GreyToColour(nn.Module):
    """Three of them: the batch is as large as the channels should be."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(OrderedDict(conv_in=nn.Conv2d(3, 8, 3, padding=1), act=nn.SiLU()))
        self.decoder = nn.Conv2d(8, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Any:
        return self.decoder(self.encoder(x))


@broken(
    "colour pictures in a network for grey",
    input=(2, 3, 20, 20),
    culprit=("conv1", "input"),
    cause="in_channels",
    accepted=(
        swap("conv1 = nn.Conv2d(3, 4, 5)"),
        feed("x = x.mean(1, keepdim=True)"),
        before("conv1", "nn.Conv2d(3, 1, 1)"),
    ),
    source="https://duoke360.com/post/34762",
)
def colour_to_grey() -> nn.Module:
    """Digits before, photographs now."""
    return nn.Sequential(OrderedDict(conv1=nn.Conv2d(1, 4, 5), relu=nn.ReLU(), pool=nn.MaxPool2d(2)))


@broken(
    "stereo in a network for mono",
    input=(1, 2, 200),
    culprit=("input", "encoder.0.0"),
    cause="in_channels",
    accepted=(
        feed("x = x.mean(1, keepdim=True)"),
        feed("x = x[:, :1]"),
        swap("encoder.0.0 = nn.Conv1d(2, 4, 8, stride=4)"),
    ),
    source="https://github.com/facebookresearch/denoiser/issues/50",
)
class Denoiser(nn.Module):
    """Modules in a list."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.ModuleList(
            [
                nn.Sequential(nn.Conv1d(1, 4, 8, stride=4), nn.ReLU()),
                nn.Sequential(nn.Conv1d(4, 8, 8, stride=4), nn.ReLU()),
            ]
        )

    def forward(self, mix: Tensor) -> Any:
        for layer in self.encoder:
            mix = layer(mix)
        return mix


# --- Layers that do not follow each other -----------------------------------------------------------------------------


@broken(
    "two convolutions that do not follow each other",
    input=(2, 1, 28, 28),
    culprit=("conv2", "conv1"),
    cause="in_channels",
    accepted=(swap("conv2 = nn.Conv2d(8, 16, 3)"), swap("conv1 = nn.Conv2d(1, 16, 3)")),
    source="https://www.iiask.com/34l58747.html",
)
def two_convolutions() -> nn.Module:
    """Eight come out of the first, 16 are asked for by the second."""
    return nn.Sequential(OrderedDict(conv1=nn.Conv2d(1, 8, 3), relu=nn.ReLU(), conv2=nn.Conv2d(16, 16, 3)))


class SkipSequential(nn.Sequential):
    """Puts what came in behind what comes out."""

    def forward(self, x: Tensor) -> Any:
        out = x
        for layer in self:
            out = layer(out)
        return torch.cat([x, out], dim=1)


@broken(
    "a layer that does not count the channels of a skip",
    input=(2, 8, 10, 10),
    culprit=("1", "0.forward: cat"),
    cause="in_channels",
    accepted=(swap("1 = nn.Conv2d(24, 16, 3, stride=2, padding=1)"),),
    source="https://github.com/matthewfranglen/interactive-image-classification",
)
def skip_not_counted() -> nn.Module:
    """Eight and 16 make 24."""
    return nn.Sequential(
        SkipSequential(nn.Conv2d(8, 16, 3, padding=1), nn.Tanh()), nn.Conv2d(16, 16, 3, stride=2, padding=1)
    )


class Encoder(nn.Module):
    """Gives the maps of both levels."""

    def __init__(self) -> None:
        super().__init__()
        self.level1 = nn.Conv2d(3, 8, 3, padding=1)
        self.level2 = nn.Conv2d(8, 16, 3, padding=1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        fine = F.relu(self.level1(x))
        return fine, F.relu(self.level2(F.max_pool2d(fine, 2)))


@broken(
    "a decoder without its skip",
    input=(1, 3, 16, 16),
    culprit=("up.1", "up.0"),
    cause="in_channels",
    accepted=(swap("up.1 = nn.Conv2d(8, 8, 3, padding=1)"), swap("up.0 = nn.ConvTranspose2d(16, 16, 2, stride=2)")),
    source="https://devgem.io/posts/how-to-fix-channel-mismatch-errors-in-u-net-architecture-in-pytorch",
)
class DecoderWithoutSkip(nn.Module):
    """Upsampling and convolution are one Sequential, so nothing can be put between them."""

    def __init__(self) -> None:
        super().__init__()
        self.down = Encoder()
        self.up = nn.Sequential(nn.ConvTranspose2d(16, 8, 2, stride=2), nn.Conv2d(16, 8, 3, padding=1), nn.ReLU())

    def forward(self, x: Tensor) -> Any:
        _, coarse = self.down(x)
        return self.up(coarse)


@broken(
    "upsampling that keeps the channels",
    input=(1, 3, 16, 16),
    culprit=("conv", "up", "forward: cat"),
    cause="in_channels",
    accepted=(
        swap("conv = nn.Conv2d(24, 8, 3, padding=1)"),
        swap("up = nn.ConvTranspose2d(16, 8, 2, stride=2)"),
        before("up", "nn.Conv2d(16, 8, 1)"),
    ),
    source="https://github.com/meetps/pytorch-semseg/issues/165",
)
class UpsamplingKeepsChannels(nn.Module):
    """A transposed convolution halved them; the upsampling in its place does not: 8 and 16 make 24."""

    def __init__(self) -> None:
        super().__init__()
        self.down = Encoder()
        self.up = nn.Upsample(scale_factor=2, mode="bilinear")
        self.conv = nn.Conv2d(16, 8, 3, padding=1)

    def forward(self, x: Tensor) -> Any:
        fine, coarse = self.down(x)
        return self.conv(torch.cat([fine, self.up(coarse)], dim=1))


@broken(
    "a transposed convolution for another level",
    input=(2, 8, 4, 6, 6),
    culprit=("tu.0", "bottleneck"),
    cause="in_channels",
    accepted=(
        swap("tu.0 = nn.ConvTranspose3d(8, 4, (1, 2, 2), stride=(1, 2, 2), bias=False)"),
        swap("bottleneck = nn.Conv3d(8, 16, (1, 3, 3), padding=(0, 1, 1))"),
    ),
    source="https://github.com/MrGiovanni/UNetPlusPlus/issues/65",
)
class OtherLevel(nn.Module):
    """Its weight has the channels that come in first, unlike that of a plain convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.bottleneck = nn.Conv3d(8, 8, (1, 3, 3), padding=(0, 1, 1))
        self.tu = nn.ModuleList([nn.ConvTranspose3d(16, 4, (1, 2, 2), stride=(1, 2, 2), bias=False)])

    def forward(self, x: Tensor) -> Any:
        return self.tu[0](F.leaky_relu(self.bottleneck(x)))


@broken(
    "a Sequential of one layer that should be two",
    input=(2, 3, 12, 12),
    culprit="conv_{count}",
    cause="in_channels",
    accepted=(swap("conv_{count} = nn.Conv2d(3, 16, 3)"),),
    source="https://github.com/rawmarshmellows/deep-photo-aesthetics/issues/2",
)
def one_name_for_all() -> nn.Module:
    """An f was forgotten before the name: each layer takes the place of the one before it."""
    model = nn.Sequential()
    for channels in [3, 8]:
        model.add_module("conv_{count}", nn.Conv2d(channels, 2 * channels + 2 * (channels == 3), 3))
    return model


class SqueezeAndExcitation(nn.Module):
    """Weighs the channels; the second layer was given the factor of the reduction and not what it leaves."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(32, 8, 1)
        self.fc2 = nn.Conv2d(4, 32, 1)

    def forward(self, x: Tensor) -> Any:
        weights = F.adaptive_avg_pool2d(x, 1)
        weights = F.relu(self.fc1(weights))
        return x * self.fc2(weights).sigmoid()


@broken(
    "a reduction to 8 channels by the factor 4",
    input=(2, 3, 12, 12),
    culprit=("attention.fc2", "attention.fc1"),
    cause="in_channels",
    accepted=(swap("attention.fc2 = nn.Conv2d(8, 32, 1)"), swap("attention.fc1 = nn.Conv2d(32, 4, 1)")),
    source="https://github.com/braindecode/braindecode/pull/955",
)
def squeeze_and_excitation() -> nn.Module:
    """Inside a module of the reader's own."""
    return nn.Sequential(OrderedDict(stem=nn.Conv2d(3, 32, 3), attention=SqueezeAndExcitation()))


# --- Groups -----------------------------------------------------------------------------------------------------------


@broken(
    "a depthwise convolution of another width",
    input=(1, 3, 12, 12),
    culprit=("dw", "expand"),
    cause="groups",
    accepted=(
        swap("expand = nn.Conv2d(3, 8, 1)"),
        both(swap("dw = nn.Conv2d(6, 6, 3, groups=6)"), swap("project = nn.Conv2d(6, 4, 1)")),
    ),
    source="https://github.com/shanglianlm0525/BlazeFace/issues/3",
)
def depthwise() -> nn.Module:
    """Eight groups of one channel, and 6 channels arrive."""
    return nn.Sequential(
        OrderedDict(expand=nn.Conv2d(3, 6, 1), dw=nn.Conv2d(8, 8, 3, groups=8), project=nn.Conv2d(8, 4, 1))
    )


class Wavelets(nn.Module):
    """Takes the number of groups from the input, and has filters for 8 channels."""

    filters: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("filters", torch.ones(4 * 8, 1, 2, 2))

    def forward(self, x: Tensor) -> Any:
        return F.conv2d(x, self.filters, stride=2, groups=x.size(1))


@broken(
    "filters for 8 channels, groups for 3",
    input=(1, 3, 8, 8),
    culprit=("forward: conv2d", "filters", "input"),
    cause="groups",
    accepted=(swap("filters = torch.ones(12, 1, 2, 2)"), edit("self.filters,", "self.filters[: 4 * x.size(1)],")),
    source="https://github.com/BGU-CS-VIL/WTConv/issues/34",
)
def wavelets() -> nn.Module:
    """Three groups cannot share 32 filters."""
    return Wavelets()


class Sobel(nn.Module):
    """One filter, meant for each channel by itself."""

    weight: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weight", torch.tensor([[[[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]]]))

    def forward(self, x: Tensor) -> Any:
        return F.conv2d(x, self.weight, padding=1)


@broken(
    "one filter for three channels",
    input=(1, 3, 10, 10),
    culprit=("forward: conv2d", "weight"),
    cause="groups",
    accepted=(
        edit("F.conv2d(x, self.weight, padding=1)", "F.conv2d(x, self.weight.repeat(3, 1, 1, 1), padding=1, groups=3)"),
        edit("F.conv2d(x, self.weight, padding=1)", "F.conv2d(x, self.weight.expand(-1, 3, -1, -1), padding=1)"),
        feed("x = x.mean(1, keepdim=True)"),
    ),
    source="https://whosebug.com/question/2969424/How-to-use-groups-parameter-in-PyTorch-conv2d-function",
)
def sobel() -> nn.Module:
    """As many filters as channels, and as many groups."""
    return Sobel()


@broken(
    "a lazy convolution whose groups do not divide what arrives",
    input=(1, 3, 8, 8),
    culprit=("conv", "stem"),
    cause="groups",
    accepted=(swap("conv = nn.LazyConv2d(16, 1, groups=4)"), swap("stem = nn.Conv2d(3, 24, 3)")),
    source="https://github.com/jaxony/ShuffleNet/issues/5",
    raises=ValueError,
)
def lazy_groups() -> nn.Module:
    """The number of channels is known in the first run, and 8 groups do not divide 20."""
    return nn.Sequential(OrderedDict(stem=nn.Conv2d(3, 20, 3), conv=nn.LazyConv2d(16, 1, groups=8)))


@broken(
    "pixel shuffle of 63 channels",
    input=(1, 3, 8, 8),
    culprit=("shuffle", "conv"),
    cause="groups",
    accepted=(
        swap("conv = nn.Conv2d(3, 64, 3, padding=1)"),
        swap("conv = nn.Conv2d(3, 48, 3, padding=1)"),
        swap("shuffle = nn.PixelShuffle(3)"),
    ),
    source="https://github.com/Snowfallingplum/SHMT/issues/1",
)
def pixel_shuffle() -> nn.Module:
    """Sixteen channels make one."""
    return nn.Sequential(OrderedDict(conv=nn.Conv2d(3, 63, 3, padding=1), shuffle=nn.PixelShuffle(4)))


class FunctionalGroupNorm(nn.Module):
    """The number of groups stands in the forward."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3)

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x)
        return F.group_norm(x, 5)


@broken(
    "five groups for six channels",
    input=(1, 3, 8, 8),
    culprit=("forward: group_norm", "conv"),
    cause="groups",
    accepted=(
        edit("F.group_norm(x, 5)", "F.group_norm(x, 6)"),
        edit("F.group_norm(x, 5)", "F.group_norm(x, 3)"),
        edit("F.group_norm(x, 5)", "F.group_norm(x, 2)"),
        swap("conv = nn.Conv2d(3, 5, 3)"),
        swap("conv = nn.Conv2d(3, 10, 3)"),
    ),
    source="https://github.com/pytorch/pytorch/pull/74293",
)
def functional_group_norm() -> nn.Module:
    """As a module it would not have been built."""
    return FunctionalGroupNorm()


# --- What cannot be built ---------------------------------------------------------------------------------------------

UNBUILT.extend(
    [
        Unbuilt(
            "groups that do not divide the channels that come in",
            lambda: nn.Conv2d(69, 64, 3, padding=1, groups=4),
            ValueError,
            "groups",
            "nn.Conv2d(69, 64, 3, padding=1)",
            lambda: nn.Conv2d(69, 64, 3, padding=1),
            "https://github.com/iduta/pyconv/issues/6",
        ),
        Unbuilt(
            "groups that do not divide the channels that go out",
            lambda: nn.Conv2d(3, 8, 3, groups=3),
            ValueError,
            "groups",
            "nn.Conv2d(3, 9, 3, groups=3)",
            lambda: nn.Conv2d(3, 9, 3, groups=3),
            "https://discuss.pytorch.org/t/conv2d-certain-values-for-groups-and-out-channels-dont-work/14228",
        ),
        Unbuilt(
            "groups of a norm that do not divide its channels",
            lambda: nn.GroupNorm(8, 1),
            ValueError,
            "groups",
            "nn.GroupNorm(1, 1)",
            lambda: nn.GroupNorm(1, 1),
            "https://github.com/Seunggu0305/VLCounter/issues/6",
        ),
        Unbuilt(
            "the padding of TensorFlow, spelt as there",
            lambda: nn.Conv2d(3, 4, 3, padding="SAME"),
            ValueError,
            "padding",
            'nn.Conv2d(3, 4, 3, padding="same")',
            lambda: nn.Conv2d(3, 4, 3, padding="same"),
            "https://github.com/alvinliu0/HA2G/issues/16",
        ),
        Unbuilt(
            "the same size at a stride of two",
            lambda: nn.Conv2d(3, 4, 7, stride=2, padding="same"),
            ValueError,
            "padding",
            "nn.Conv2d(3, 4, 7, stride=2, padding=3)",
            lambda: nn.Conv2d(3, 4, 7, stride=2, padding=3),
            "https://github.com/pytorch/pytorch/issues/67551",
        ),
    ]
)
