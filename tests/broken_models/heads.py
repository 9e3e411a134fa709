"""From feature maps to a vector: the number of features, a flatten left out, a view with a wrong number."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from broken_models.case import before, both, broken, edit, feed, floats, swap

# --- The number of features -------------------------------------------------------------------------------------------


@broken(
    "LeNet on pictures of 64",
    input=(1, 3, 64, 64),
    culprit="fc1",
    cause="in_features",
    accepted=(
        swap("fc1 = nn.Linear(2704, 120)"),
        edit("x = torch.flatten(x, 1)", "x = torch.flatten(F.adaptive_avg_pool2d(x, 5), 1)"),
        feed("x = F.interpolate(x, size=(32, 32))"),
    ),
    source="https://stackoverflow.com/questions/53784998",
)
class LeNet(nn.Module):
    """Made for 32 x 32; no convolution asks for that, only the first linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(400, 120)
        self.fc2 = nn.Linear(120, 10)

    def forward(self, x: Tensor) -> Any:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        return self.fc2(x)


@broken(
    "a guessed number of features",
    input=(2, 1, 28, 28),
    culprit="out",
    cause="in_features",
    accepted=(swap("out = nn.Linear(392, 10)"),),
    source="https://androidkt.com/fix-runtimeerror-mat1-and-mat2-shapes-cannot-be-multiplied/",
)
class Guessed(nn.Module):
    """The maps are 8 x 7 x 7; the layer after them was given a number out of the air."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(1, 4, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2))
        self.conv2 = nn.Sequential(nn.Conv2d(4, 8, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2))
        self.out = nn.Linear(262, 10)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.conv2(self.conv1(x))
        x = x.view(x.size(0), -1)
        return self.out(x), x


@broken(
    "sizes reckoned by hand, one off",
    input=(1, 1, 28, 28),
    culprit="fc1",
    cause="in_features",
    accepted=(swap("fc1 = nn.Linear(400, 12)"),),
    source="https://datascience.stackexchange.com/questions/40906",
)
class ReckonedByHand(nn.Module):
    """28, 25, 12, 10, 5: reckoned without the + 1 and with the pooling twice, it seemed to be 3."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 4)
        self.conv2 = nn.Conv2d(6, 16, 3)
        self.fc1 = nn.Linear(16 * 3 * 3, 12)

    def forward(self, x: Tensor) -> Any:
        x = F.max_pool2d(F.relu(self.conv1(x)), (2, 2))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.view(-1, x.size(1) * x.size(2) * x.size(3))
        return self.fc1(x)


@broken(
    "a face network of a fixed size",
    input=(2, 3, 56, 56),
    culprit="fc",
    cause="in_features",
    accepted=(
        swap("fc = nn.Linear(1568, 16)"),
        before("flatten", "nn.AdaptiveAvgPool2d(7)"),
        feed("x = F.interpolate(x, size=(28, 28))"),
    ),
    source="https://github.com/IrvingMeng/MagFace/issues/53",
)
def face_network() -> nn.Module:
    """The head is made for maps of 7 x 7, which only pictures of 28 x 28 give."""
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(3, 4, 3, stride=2, padding=1),
            bn1=nn.BatchNorm2d(4),
            prelu=nn.PReLU(4),
            conv2=nn.Conv2d(4, 8, 3, stride=2, padding=1),
            flatten=nn.Flatten(),
            fc=nn.Linear(8 * 7 * 7, 16),
            features=nn.BatchNorm1d(16),
        )
    )


@broken(
    "the head of a smaller backbone",
    input=(2, 3, 16, 16),
    culprit="head.0",
    cause="in_features",
    accepted=(swap("head.0 = nn.Linear(32, 8)"),),
    source="https://github.com/LilitYolyan/CutPaste/issues/26",
)
class ProjectionHead(nn.Module):
    """As ResNet-50 with a head for ResNet-18: four times as many features come out of the last stage."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2), nn.ReLU(), nn.Conv2d(8, 32, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        )
        self.head = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        features = self.backbone(x)
        return {"features": features, "logits": self.head(features)}


@broken(
    "two linear layers that do not follow each other",
    input=(4, 2),
    culprit=("layer_2", "layer_1"),
    cause="in_features",
    accepted=(swap("layer_2 = nn.Linear(3, 1)"), swap("layer_1 = nn.Linear(2, 5)")),
    source="https://iz6.ru/mat1-i-mat2-ne-mogut-byt-peremnozheny-iz-za-nesootvetstvija-razmerov-1x400-i-784x10",
)
def two_linear_layers() -> nn.Module:
    """Three features come out of the first, five are asked for by the second."""
    return nn.Sequential(OrderedDict(layer_1=nn.Linear(2, 3), layer_2=nn.Linear(5, 1)))


# --- A flatten left out -----------------------------------------------------------------------------------------------


@broken(
    "a VGG put together again from its parts",
    input=(2, 3, 32, 32),
    culprit="classifier.0",
    cause="missing flatten",
    accepted=(
        before("classifier.0", "nn.Flatten()"),
        swap("avgpool = nn.Sequential(nn.AdaptiveAvgPool2d(7), nn.Flatten())"),
    ),
    source="https://github.com/udacity/deep-learning-v2-pytorch/issues/396",
)
def taken_apart() -> nn.Module:
    """The flatten stood in the forward of the original, and got lost when its children went into a Sequential."""
    return nn.Sequential(
        OrderedDict(
            features=nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            avgpool=nn.AdaptiveAvgPool2d(7),
            classifier=nn.Sequential(nn.Linear(4 * 7 * 7, 12), nn.ReLU(), nn.Dropout(), nn.Linear(12, 5)),
        )
    )


@broken(
    "a head on feature maps that nobody pooled",
    input=(2, 3, 14, 14),
    culprit="head",
    cause="missing flatten",
    accepted=(before("head", "nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())"),),
    source="https://github.com/Dmmm1997/DenseUAV/issues/12",
)
class Unpooled(nn.Module):
    """The head wants a number per channel and gets a map per channel."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = nn.Sequential(nn.Conv2d(3, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU())
        self.head = nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Any:
        return self.head(self.backbone(x))


@broken(
    "a linear layer right after adaptive pooling",
    input=(4, 3, 12, 12),
    culprit="2",
    cause="missing flatten",
    accepted=(before("2", "nn.Flatten()"),),
    source="https://github.com/wqshmzh/CANet-CZSL/issues/7",
)
def after_adaptive_pooling() -> nn.Module:
    """Pooled to 1 x 1, a map still has these two axes."""
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Linear(8, 4))


@broken(
    "a flattened picture that is not used",
    input=(8, 1, 14, 14),
    culprit=("net.0", "forward: view"),
    cause="missing flatten",
    accepted=(
        edit("return self.net(x)", "return self.net(flat)"),
        before("net.0", "nn.Flatten()"),
        feed("x = torch.flatten(x, 1)"),
    ),
    source="https://github.com/udacity/deep-learning-v2-pytorch/issues/86",
)
class FlattenedInVain(nn.Module):
    """A view gives a new tensor; this one is forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(196, 16), nn.ReLU(), nn.Linear(16, 10), nn.LogSoftmax(dim=1))

    def forward(self, x: Tensor) -> Any:
        flat = x.view(x.size(0), -1)  # noqa: F841
        return self.net(x)


@broken(
    "maps and a vector in one cat",
    input=lambda: (floats(4, 3, 12, 12), floats(4, 6)),
    culprit="forward: cat",
    cause="missing flatten",
    accepted=(edit("torch.cat([x, vector], dim=1)", "torch.cat([torch.flatten(x, 1), vector], dim=1)"),),
    source="https://github.com/mapooon/Face2Diffusion/issues/3",
)
class PictureAndVector(nn.Module):
    """Four axes and two."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
        self.fc = nn.Linear(14, 2)

    def forward(self, picture: Tensor, vector: Tensor) -> Any:
        x = self.features(picture)
        x = torch.cat([x, vector], dim=1)
        return self.fc(x)


# --- Views ------------------------------------------------------------------------------------------------------------


@broken(
    "LeNet with a view, on pictures of 21",
    input=(6, 3, 21, 21),
    culprit=("forward: view", "input"),
    cause="view with a wrong number",
    accepted=(
        both(edit("x = x.view(-1, 16 * 5 * 5)", "x = torch.flatten(x, 1)"), swap("fc1 = nn.Linear(64, 120)")),
        edit("x = x.view(-1, 16 * 5 * 5)", "x = F.adaptive_avg_pool2d(x, 5).view(-1, 16 * 5 * 5)"),
        feed("x = F.interpolate(x, size=(32, 32))"),
    ),
    source="https://github.com/pytorch/pytorch/issues/38469",
)
class LeNetWithView(nn.Module):
    """Six times 64 numbers do not go into rows of 400. The linear layer after the view has the same number in it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 5)
        self.pool = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 10)

    def forward(self, x: Tensor) -> Any:
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = x.view(-1, 16 * 5 * 5)
        x = F.relu(self.fc1(x))
        return self.fc2(x)


@broken(
    "a view that forgot the new number of channels",
    input=(16, 3, 32, 32),
    culprit=("forward: view", "conv2"),
    cause="view with a wrong number",
    accepted=(
        both(
            edit("x = x.view(x.size(0), 5 * 5 * 16)", "x = x.view(x.size(0), 5 * 5 * 24)"),
            swap("fc1 = nn.Linear(600, 12)"),
        ),
        both(edit("x = x.view(x.size(0), 5 * 5 * 16)", "x = torch.flatten(x, 1)"), swap("fc1 = nn.Linear(600, 12)")),
        swap("conv2 = nn.Conv2d(16, 16, 5)"),
    ),
    source="https://www.bytezonex.com/archives/QBoC8wIS.html",
)
class MoreChannels(nn.Module):
    """The second convolution once had 16 channels, now it has 24."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 5)
        self.conv2 = nn.Conv2d(16, 24, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 12)

    def forward(self, x: Tensor) -> Any:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.view(x.size(0), 5 * 5 * 16)
        return self.fc1(x)


@broken(
    "a view to the batch size of the training",
    input=(11, 1, 8, 8),
    culprit="forward: view",
    cause="view with a wrong number",
    accepted=(
        edit("x = x.view(self.batch_size, -1)", "x = x.view(x.size(0), -1)"),
        edit("x = x.view(self.batch_size, -1)", "x = torch.flatten(x, 1)"),
    ),
    source="https://github.com/ctallec/world-models/issues/25",
)
class FixedBatch(nn.Module):
    """The last batch of an epoch holds 11 samples and not 16."""

    def __init__(self) -> None:
        super().__init__()
        self.batch_size = 16
        self.conv = nn.Conv2d(1, 3, 3)
        self.fc = nn.Linear(108, 5)

    def forward(self, x: Tensor) -> Any:
        x = F.relu(self.conv(x))
        x = x.view(self.batch_size, -1)
        return self.fc(x)


@broken(
    "a view that knows the size of the pictures",
    input=(2, 3, 45, 45),
    culprit=("input", "forward: view"),
    cause="view with a wrong number",
    accepted=(feed("x = F.interpolate(x, size=(20, 20))"),),
    source="https://github.com/WellyZhang/RAVEN/issues/4",
)
class PanelsOneByOne(nn.Module):
    """Folds three panels of 20 x 20 into the batch and back; the loader makes them 45 x 45."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 5, stride=2)
        self.fc = nn.Linear(3 * 4 * 8 * 8, 8)

    def forward(self, x: Tensor) -> Any:
        x = x.view(-1, 1, 20, 20)
        x = F.relu(self.conv(x))
        return self.fc(x.reshape(-1, 3 * 4 * 8 * 8))


@broken(
    "a view of permuted maps",
    input=(2, 3, 10, 10),
    culprit="forward: view",
    cause="view of a permuted tensor",
    accepted=(
        edit("x = x.view(x.size(0), -1)", "x = x.reshape(x.size(0), -1)"),
        edit("x = x.view(x.size(0), -1)", "x = x.contiguous().view(x.size(0), -1)"),
        edit("x = x.view(x.size(0), -1)", "x = torch.flatten(x, 1)"),
    ),
    source="https://github.com/sergeywong/cp-vton/issues/30",
)
class ViewOfPermuted(nn.Module):
    """Every number is right; a view cannot change the order of the numbers in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(256, 6)

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x).permute(0, 2, 3, 1)
        x = x.view(x.size(0), -1)
        return self.fc(x)


class Squeezed(nn.Module):
    """Means to drop the two axes of the map, and drops the batch with them when that is one."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.bn = nn.BatchNorm1d(8)

    def forward(self, x: Tensor) -> Any:
        x = self.pool(self.conv(x))
        x = torch.squeeze(x)
        return self.bn(x)


@broken(
    "a squeeze that takes the batch of one along",
    input=(1, 3, 16, 16),
    culprit=("forward: squeeze", "bn"),
    cause="missing batch axis",
    accepted=(
        edit("x = torch.squeeze(x)", "x = torch.flatten(x, 1)"),
        edit("x = torch.squeeze(x)", "x = x.squeeze(3).squeeze(2)"),
        edit("x = torch.squeeze(x)", "x = x.view(x.size(0), -1)"),
    ),
    source="https://github.com/layumi/Person_reID_baseline_pytorch/issues/77",
    raises=ValueError,
    fails_at="bn",
)
def squeezed() -> nn.Module:
    """Trained in batches; the last one, or the picture at hand, is alone."""
    return Squeezed().eval()
