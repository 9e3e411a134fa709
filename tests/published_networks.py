"""Networks of the literature, written anew in plain torch; `published_models` has what is in print about them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# --- Networks from a text ---------------------------------------------------------------------------------------------

Spec: TypeAlias = "str | list[Spec] | tuple[Spec, ...] | Residual"

LAYER = re.compile(
    r"(?P<what>\d+|max|avg|dw(?P<times>\d*))@(?P<height>\d+)(x(?P<width>\d+))?"
    r"(/(?P<stride>\d))?(p(?P<padding>\d))?(?P<bare>-?)"
)


@dataclass(frozen=True)
class Residual:
    """Side by side branches, a 1 x 1 convolution behind them, and `scale` times its output added to the input."""

    branches: tuple[Spec, ...]
    scale: float
    relu: bool = True


@dataclass(frozen=True)
class Builder:
    """Builds a network from a text.

    A layer reads channels@kernel/stride: "64@7/2", "192@1x7", "max@3/2", "avg@3", "dw@3" for a depthwise one, "dw8@7"
    for eight filters on each channel. Half the kernel is padded, or as much as a "p0" at the end says. A "-" at the end
    leaves out the batch norm and the ReLU behind a convolution.

    A string holds layers one after another, a list parts one after another, a tuple branches to be concatenated.

    Attributes:
        width: The factor on all numbers of channels.
        even: Whether a layer of stride 2 meets an even size, and pads as TensorFlow does then.
        norm: Whether a batch norm stands behind a convolution; else the convolution has a bias.
    """

    width: float = 1.0
    even: bool = False
    norm: bool = True

    def stack(self, parts: Mapping[str, Spec], channels: int = 3) -> nn.Sequential:
        """The parts one after another, as children of these names."""
        stack = nn.Sequential()
        for name, part in parts.items():
            module, channels = self.build(part, channels)
            stack.add_module(name, module)
        return stack

    def build(self, spec: Spec, channels: int) -> tuple[nn.Module, int]:
        """The module for so many channels, and the number of channels that it gives."""
        if isinstance(spec, Residual):
            branches, joint = self.build(spec.branches, channels)
            return ScaledResidual(branches, nn.Conv2d(joint, channels, 1), spec.scale, spec.relu), channels
        if isinstance(spec, tuple):
            branch_modules, widths = zip(*(self.build(branch, channels) for branch in spec), strict=True)
            return Branches(*branch_modules), sum(widths)
        parts: Sequence[Spec] = spec.split() if isinstance(spec, str) else spec
        if isinstance(spec, str) and len(parts) == 1:
            return self.layer(spec, channels)
        modules = []
        for part in parts:
            module, channels = self.build(part, channels)
            modules.append(module)
        return _chain(modules), channels

    def layer(self, text: str, channels: int) -> tuple[nn.Module, int]:
        """The module for the text of one layer, and the number of channels that it gives."""
        match = LAYER.fullmatch(text)
        assert match, f"no layer: {text}"
        height, width = int(match["height"]), int(match["width"] or match["height"])
        kernel, stride, given = (height, width), int(match["stride"] or 1), match["padding"]
        uneven = self.even and stride == 2 and given is None
        padding = (int(given), int(given)) if given else (0, 0) if uneven else (height // 2, width // 2)
        if match["what"] == "max":
            return nn.MaxPool2d(kernel, stride, padding, ceil_mode=uneven), channels
        if match["what"] == "avg":
            return nn.AvgPool2d(kernel, stride, padding, count_include_pad=False), channels
        depthwise = match["times"] is not None
        out_channels = channels * int(match["times"] or 1) if depthwise else self.scaled(int(match["what"]))
        groups, norm = channels if depthwise else 1, self.norm and not match["bare"]
        bias = not norm and not depthwise
        modules: list[nn.Module] = []
        if uneven:
            before, after = (height - 2) // 2, (height - 1) // 2
            modules.append(nn.ZeroPad2d((before, after, before, after)))
        modules.append(nn.Conv2d(channels, out_channels, kernel, stride, padding, groups=groups, bias=bias))
        if norm:
            modules.append(nn.BatchNorm2d(out_channels))
        if not match["bare"]:
            modules.append(nn.ReLU())
        return _chain(modules), out_channels

    def scaled(self, channels: int) -> int:
        return max(1, int(channels * self.width))


class Branches(nn.Module):
    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([branch(x) for branch in self.branches], 1)


class ScaledResidual(nn.Module):
    def __init__(self, branches: nn.Module, up: nn.Module, scale: float, relu: bool) -> None:
        super().__init__()
        self.branches = branches
        self.up = up
        self.scale = scale
        self.relu = relu

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.scale * self.up(self.branches(x))
        return F.relu(x) if self.relu else x


def _chain(modules: Sequence[nn.Module]) -> nn.Module:
    return modules[0] if len(modules) == 1 else nn.Sequential(*modules)


def _head(in_features: int, classes: int = 1000) -> tuple[nn.Module, ...]:
    return nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(), nn.Linear(in_features, classes)


def _perceptron(*features: int) -> list[nn.Module]:
    """Linear layers between these numbers of features, with a ReLU and dropout between them."""
    modules: list[nn.Module] = []
    for before, after in pairwise(features):
        modules += [nn.Linear(before, after), nn.ReLU(), nn.Dropout()]
    return modules[:-2]


# --- LeNet, AlexNet, VGG, MobileNet -----------------------------------------------------------------------------------


class LeNet(nn.Module):
    """LeNet-5 with all maps connected and maximum pooling, as in PyTorch's first tutorial; pooled by function calls."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(400, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        x = self.fc3(x)
        return x


def alexnet() -> nn.Sequential:
    features, _ = Builder(norm=False).build("64@11/4p2 max@3/2p0 192@5 max@3/2p0 384@3 256@3 256@3 max@3/2p0", 3)
    return nn.Sequential(features, nn.AdaptiveAvgPool2d(6), nn.Flatten(), *_perceptron(9216, 4096, 4096, 1000))


def alexnet_v2(width: float = 1.0) -> nn.Sequential:
    parts = {"conv1": "64@11/4p0", "pool1": "max@3/2p0", "conv2": "192@5", "pool2": "max@3/2p0"}
    parts |= {"conv3": "384@3", "conv4": "384@3", "conv5": "256@3", "pool5": "max@3/2p0"}
    return Builder(width, norm=False).stack(parts)


def vgg_16(width: float = 1.0) -> nn.Sequential:
    parts: dict[str, Spec] = {}
    for block, (depth, channels) in enumerate([(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)], start=1):
        parts |= {f"conv{block}_{layer}": f"{channels}@3" for layer in range(1, depth + 1)}
        parts[f"pool{block}"] = "max@2/2p0"
    return Builder(width, norm=False).stack(parts)


def vgg16() -> nn.Sequential:
    return nn.Sequential(vgg_16(), nn.AdaptiveAvgPool2d(7), nn.Flatten(), *_perceptron(25088, 4096, 4096, 1000))


def mobilenet_v1(width: float = 1.0, even: bool = False) -> nn.Sequential:
    channels = [64, 128, 128, 256, 256, *[512] * 6, 1024, 1024]
    parts = {"Conv2d_0": "32@3/2"}
    for number, size in enumerate(channels, start=1):
        stride = 2 if number in (2, 4, 6, 12) else 1
        parts[f"Conv2d_{number}_pointwise"] = f"dw@3/{stride} {size}@1"
    return Builder(width, even).stack(parts)


def mobilenet(width: float = 1.0) -> nn.Sequential:
    return nn.Sequential(mobilenet_v1(width), *_head(int(1024 * width)))


# --- Residual networks ------------------------------------------------------------------------------------------------


class ResidualUnit(nn.Module):
    """Two convolutions of 3, or a bottleneck of 1, 3 and 1, added to the input; the first 3 has the stride.

    The shortcut is a convolution of 1 where the number of channels changes, else nothing but the stride.
    """

    def __init__(
        self,
        channels: Sequence[int],
        stride: int = 1,
        *,
        bottleneck: bool = True,
        groups: int = 1,
        ndim: int = 2,
    ) -> None:
        super().__init__()
        before, inner, after = channels
        if bottleneck:
            layers = [*_normed(ndim, before, inner, 1), nn.ReLU()]
            layers += [*_normed(ndim, inner, inner, 3, stride, groups), nn.ReLU()]
            layers += _normed(ndim, inner, after, 1)
        else:
            layers = [*_normed(ndim, before, inner, 3, stride), nn.ReLU(), *_normed(ndim, inner, after, 3)]
        self.residual = nn.Sequential(*layers)
        self.shortcut: nn.Module = nn.Identity()
        if before != after:
            self.shortcut = nn.Sequential(*_normed(ndim, before, after, 1, stride))
        elif stride > 1:
            self.shortcut = nn.MaxPool2d(1, stride)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.residual(x) + self.shortcut(x))


def _normed(
    ndim: int, in_channels: int, out_channels: int, size: int, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    conv, norm = {2: (nn.Conv2d, nn.BatchNorm2d), 3: (nn.Conv3d, nn.BatchNorm3d)}[ndim]
    return [
        conv(in_channels, out_channels, size, stride, size // 2, groups=groups, bias=False),
        norm(out_channels),
    ]


def _stages(
    depths: Sequence[int],
    channels: int = 64,
    *,
    stride_last: bool = False,
    bottleneck: bool = True,
    group_width: int | None = None,
    groups: int = 1,
    ndim: int = 2,
) -> Iterator[nn.Sequential]:
    """The four stages of a residual network.

    Args:
        depths: The number of units in each.
        channels: The number of channels of the first stage, doubled from stage to stage.
        stride_last: Whether the last unit of a stage has its stride, as in TF-Slim, and not the first of the next.
        bottleneck: Whether a unit widens its output to four times its channels.
        group_width: Channels of each group, in the first stage.
        groups: Groups of the convolutions of 3.
        ndim: Spatial axes.
    """
    before = channels
    for stage, depth in enumerate(depths):
        inner = 2**stage * (group_width * groups if group_width else channels)
        after = 2**stage * channels * (4 if bottleneck else 1)
        units = []
        for unit in range(depth):
            strided = (unit == depth - 1 and stage < 3) if stride_last else (unit == 0 and stage > 0)
            widths = (before, inner, after)
            stride = 2 if strided else 1
            units.append(ResidualUnit(widths, stride, bottleneck=bottleneck, groups=groups, ndim=ndim))
            before = after
        yield nn.Sequential(*units)


def resnet(
    depths: Sequence[int], *, bottleneck: bool = True, group_width: int | None = None, groups: int = 1
) -> nn.Sequential:
    """Torchvision's, which strides in the 3 x 3 convolution of a bottleneck; the paper does in the 1 x 1 before it."""
    stem = nn.Sequential(*_normed(2, 3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1))
    stages = _stages(depths, bottleneck=bottleneck, group_width=group_width, groups=groups)
    return nn.Sequential(stem, *stages, *_head(2048 if bottleneck else 512))


def r3d_18() -> nn.Sequential:
    stem = nn.Sequential(nn.Conv3d(3, 64, (3, 7, 7), (1, 2, 2), (1, 3, 3), bias=False), nn.BatchNorm3d(64), nn.ReLU())
    stages = _stages((2, 2, 2, 2), bottleneck=False, ndim=3)
    return nn.Sequential(stem, *stages, nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(512, 400))


def resnet_v1(depths: Sequence[int], width: float = 1.0, even: bool = False) -> nn.Sequential:
    """TF-Slim's; even sizes matter to the pooling alone, as its convolutions are padded by hand, and evenly."""
    channels = Builder(width).scaled(64)
    model = nn.Sequential()
    model.add_module("conv1", nn.Sequential(*_normed(2, 3, channels, 7, 2), nn.ReLU()))
    model.add_module("pool1", nn.MaxPool2d(3, 2, 0 if even else 1, ceil_mode=even))
    for number, stage in enumerate(_stages(depths, channels, stride_last=True), start=1):
        model.add_module(f"block{number}", stage)
    return model


# --- Inception --------------------------------------------------------------------------------------------------------

STEM = {"Conv2d_1a_3x3": "32@3/2p0", "Conv2d_2a_3x3": "32@3p0", "Conv2d_2b_3x3": "64@3"}
LONG_STEM = STEM | {"MaxPool_3a_3x3": "max@3/2p0", "Conv2d_3b_1x1": "80@1"}
LONG_STEM |= {"Conv2d_4a_3x3": "192@3p0", "MaxPool_5a_3x3": "max@3/2p0"}


def inception_v2(width: float = 1.0, even: bool = False) -> nn.Sequential:
    """Its first layer is separable, with a bias and, what is left out here as it counts for nothing, a ReLU."""

    def mixed(one: int, two: str, three: str, pooled: str) -> Spec:
        return f"{one}@1", two, three, pooled

    parts: dict[str, Spec] = {
        "Conv2d_1a_7x7": "dw8@7/2- 64@1-",
        "MaxPool_2a_3x3": "max@3/2",
        "Conv2d_2b_1x1": "64@1",
        "Conv2d_2c_3x3": "192@3",
        "MaxPool_3a_3x3": "max@3/2",
        "Mixed_3b": mixed(64, "64@1 64@3", "64@1 96@3 96@3", "avg@3 32@1"),
        "Mixed_3c": mixed(64, "64@1 96@3", "64@1 96@3 96@3", "avg@3 64@1"),
        "Mixed_4a": ("128@1 160@3/2", "64@1 96@3 96@3/2", "max@3/2"),
        "Mixed_4b": mixed(224, "64@1 96@3", "96@1 128@3 128@3", "avg@3 128@1"),
        "Mixed_4c": mixed(192, "96@1 128@3", "96@1 128@3 128@3", "avg@3 128@1"),
        "Mixed_4d": mixed(160, "128@1 160@3", "128@1 160@3 160@3", "avg@3 96@1"),
        "Mixed_4e": mixed(96, "128@1 192@3", "160@1 192@3 192@3", "avg@3 96@1"),
        "Mixed_5a": ("128@1 192@3/2", "192@1 256@3 256@3/2", "max@3/2"),
        "Mixed_5b": mixed(352, "192@1 320@3", "160@1 224@3 224@3", "avg@3 128@1"),
        "Mixed_5c": mixed(352, "192@1 320@3", "192@1 224@3 224@3", "max@3 128@1"),
    }
    return Builder(width, even).stack(parts)


def inception_v3(width: float = 1.0) -> nn.Sequential:
    def at_35(pooled: int) -> Spec:
        return "64@1", "48@1 64@5", "64@1 96@3 96@3", f"avg@3 {pooled}@1"

    def at_17(n: int) -> Spec:
        return "192@1", f"{n}@1 {n}@1x7 192@7x1", f"{n}@1 {n}@7x1 {n}@1x7 {n}@7x1 192@1x7", "avg@3 192@1"

    split = ("384@1x3", "384@3x1")
    at_8: Spec = ("320@1", ["384@1", split], ["448@1 384@3", split], "avg@3 192@1")
    parts: dict[str, Spec] = {
        **LONG_STEM,
        **{f"Mixed_5{letter}": at_35(pooled) for letter, pooled in zip("bcd", (32, 64, 64), strict=True)},
        "Mixed_6a": ("384@3/2p0", "64@1 96@3 96@3/2p0", "max@3/2p0"),
        **{f"Mixed_6{letter}": at_17(n) for letter, n in zip("bcde", (128, 160, 160, 192), strict=True)},
        "Mixed_7a": ("192@1 320@3/2p0", "192@1 192@1x7 192@7x1 192@3/2p0", "max@3/2p0"),
        **{f"Mixed_7{letter}": at_8 for letter in "bc"},
    }
    return Builder(width).stack(parts)


class InceptionV3Classifier(nn.Module):
    """Torchvision's: in training it returns the scores of a second, auxiliary classifier as well."""

    def __init__(self) -> None:
        super().__init__()
        network = inception_v3()
        split = 1 + [name for name, _ in network.named_children()].index("Mixed_6e")
        self.start, self.end = network[:split], network[split:]
        features, channels = Builder().build("avg@5/3p0 128@1 768@5p0", 768)
        self.auxiliary = nn.Sequential(features, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 1000))
        self.head = nn.Sequential(*_head(2048))

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        x = self.start(x)
        scores: Tensor = self.head(self.end(x))
        return (scores, self.auxiliary(x)) if self.training else scores


def inception_v4(width: float = 1.0) -> nn.Sequential:
    at_35: Spec = ("96@1", "64@1 96@3", "64@1 96@3 96@3", "avg@3 96@1")
    at_17: Spec = ("384@1", "192@1 224@1x7 256@7x1", "192@1 192@7x1 224@1x7 224@7x1 256@1x7", "avg@3 128@1")
    split = ("256@1x3", "256@3x1")
    at_8: Spec = ("256@1", ["384@1", split], ["384@1 448@3x1 512@1x3", split], "avg@3 256@1")
    parts: dict[str, Spec] = {
        **STEM,
        "Mixed_3a": ("max@3/2p0", "96@3/2p0"),
        "Mixed_4a": ("64@1 96@3p0", "64@1 64@1x7 64@7x1 96@3p0"),
        "Mixed_5a": ("192@3/2p0", "max@3/2p0"),
        **{f"Mixed_5{letter}": at_35 for letter in "bcde"},
        "Mixed_6a": ("384@3/2p0", "192@1 224@3 256@3/2p0", "max@3/2p0"),
        **{f"Mixed_6{letter}": at_17 for letter in "bcdefgh"},
        "Mixed_7a": ("192@1 192@3/2p0", "256@1 256@1x7 320@7x1 320@3/2p0", "max@3/2p0"),
        **{f"Mixed_7{letter}": at_8 for letter in "bcd"},
    }
    return Builder(width).stack(parts)


def inception_resnet_v2(width: float = 1.0) -> nn.Sequential:
    at_8 = ("192@1", "192@1 224@1x3 256@3x1")
    parts: dict[str, Spec] = {
        **LONG_STEM,
        "Mixed_5b": ("96@1", "48@1 64@5", "64@1 96@3 96@3", "avg@3 64@1"),
        "Blocks_35": [Residual(("32@1", "32@1 32@3", "32@1 48@3 64@3"), 0.17)] * 10,
        "Mixed_6a": ("384@3/2p0", "256@1 256@3 384@3/2p0", "max@3/2p0"),
        "PreAuxLogits": [Residual(("192@1", "128@1 160@1x7 192@7x1"), 0.1)] * 20,
        "Mixed_7a": ("256@1 384@3/2p0", "256@1 288@3/2p0", "256@1 288@3 320@3/2p0", "max@3/2p0"),
        "Blocks_8": [*[Residual(at_8, 0.2)] * 9, Residual(at_8, 1.0, relu=False)],
        "Conv2d_7b_1x1": "1536@1",
    }
    return Builder(width).stack(parts)
