"""A layer of the wrong dimension, and norms for another number of channels."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from broken_models.case import before, both, broken, edit, feed, floats, swap

# --- The dimension of a convolution -----------------------------------------------------------------------------------


@broken(
    "one Conv3d in a network for pictures",
    input=(4, 3, 16, 16),
    culprit="conv3",
    cause="wrong dimension of layer",
    accepted=(swap("conv3 = nn.Conv2d(8, 8, 5, padding=2)"),),
    source="https://seo.xlycwl.com/9881.html",
)
class OneConv3d(nn.Module):
    """A batch of 4 maps with 8 channels is taken for one volume with 4."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 5, padding=2)
        self.conv2 = nn.Conv2d(4, 8, 5, padding=2)
        self.conv3 = nn.Conv3d(8, 8, 5, padding=2)
        self.pool = nn.MaxPool2d(2, 2)

    def forward(self, x: Tensor) -> Any:
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = F.relu(self.conv3(x))
        return torch.flatten(x, 1)


@broken(
    "a network for volumes on pictures",
    input=(10, 3, 16, 16),
    culprit=("layer1.0", "input"),
    cause="wrong dimension of layer",
    accepted=(
        both(swap("layer1.0 = nn.Conv2d(3, 4, 3, padding=1)"), swap("layer1.1 = nn.BatchNorm2d(4)")),
        feed("x = x.unsqueeze(2)"),
    ),
    source="https://github.com/msyim/VGG16/issues/1",
)
def all_in_3d() -> nn.Module:
    """The convolution and its norm have to change together; or the pictures become volumes of one slice."""
    return nn.Sequential(
        OrderedDict(layer1=nn.Sequential(nn.Conv3d(3, 4, 3, padding=1), nn.BatchNorm3d(4), nn.ReLU())),
    )


@broken(
    "a network for pictures on volumes",
    input=(2, 3, 5, 12, 12),
    culprit=("0", "input"),
    cause="wrong dimension of layer",
    accepted=(
        both(swap("0 = nn.Conv3d(3, 4, 3)"), swap("2 = nn.AdaptiveAvgPool3d(1)")),
        feed("x = x.transpose(1, 2).flatten(0, 1)"),
        feed("x = x.mean(2)"),
    ),
    source="https://github.com/huggingface/pytorch-image-models/issues/1854",
)
def volumes_in_2d() -> nn.Module:
    """Layers for volumes, or the slices as pictures."""
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))


@broken(
    "Conv1d with a kernel of two sizes",
    input=(2, 1, 6, 13),
    culprit="skip",
    cause="wrong dimension of layer",
    accepted=(swap("skip = nn.Conv2d(4, 5, kernel_size=(1, 1))"),),
    source="https://github.com/GestaltCogTeam/STEP/issues/26",
)
def pair_in_1d() -> nn.Module:
    """Old versions of torch let a Conv1d with kernel (1, 1) pass as a Conv2d."""
    pair: Any = (1, 1)
    return nn.Sequential(
        OrderedDict(filter=nn.Conv2d(1, 4, (1, 2)), tanh=nn.Tanh(), skip=nn.Conv1d(4, 5, kernel_size=pair))
    )


class ConvLSTMCell(nn.Module):
    """A step of an LSTM whose gates are convolutions."""

    def __init__(self, kernel_size: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3 + 4, 4 * 4, kernel_size, padding=1)

    def forward(self, x: Tensor) -> Any:
        state = x.new_zeros(x.size(0), 4, x.size(2), x.size(3))
        gates = self.conv(torch.cat([x, state], dim=1))
        i, f, o, g = gates.chunk(4, dim=1)
        state = f.sigmoid() * state + i.sigmoid() * g.tanh()
        return o.sigmoid() * state.tanh()


@broken(
    "Conv2d with a kernel of three sizes",
    input=(2, 3, 8, 8),
    culprit="cell.conv",
    cause="wrong dimension of layer",
    accepted=(swap("cell.conv = nn.Conv2d(7, 16, 3, padding=1)"),),
    source="https://github.com/ndrplz/ConvLSTM_pytorch/issues/33",
)
def three_sizes() -> nn.Module:
    """The three numbers were meant for three layers; the message blames the stride."""
    return nn.Sequential(OrderedDict(cell=ConvLSTMCell((3, 3, 3))))


class Blur(nn.Module):
    """A Gaussian window, as its formula gives it: two axes."""

    window: Tensor

    def __init__(self) -> None:
        super().__init__()
        line = torch.tensor([0.25, 0.5, 0.25])
        self.register_buffer("window", torch.outer(line, line))

    def forward(self, x: Tensor) -> Any:
        return F.conv2d(x, self.window)


@broken(
    "a window of two axes in F.conv2d",
    input=(1, 1, 8, 8),
    culprit=("forward: conv2d", "window"),
    cause="wrong dimension of layer",
    accepted=(
        edit("F.conv2d(x, self.window)", "F.conv2d(x, self.window[None, None])"),
        swap("window = torch.full((1, 1, 3, 3), 1 / 9)"),
    ),
    source="https://github.com/VainF/pytorch-msssim/issues/57",
)
def blur() -> nn.Module:
    """A weight has two axes for the channels as well."""
    return Blur()


# --- The dimension of a norm or a pool --------------------------------------------------------------------------------


@broken(
    "BatchNorm2d behind a linear layer",
    input=(4, 10),
    culprit="preprocess.1",
    cause="wrong dimension of layer",
    accepted=(swap("preprocess.1 = nn.BatchNorm1d(32)"),),
    source="https://github.com/caogang/wgan-gp/issues/37",
    raises=ValueError,
)
class VectorNorm2d(nn.Module):
    """Old versions of torch did not look."""

    def __init__(self) -> None:
        super().__init__()
        self.preprocess = nn.Sequential(nn.Linear(10, 32), nn.BatchNorm2d(32), nn.ReLU())
        self.up = nn.ConvTranspose2d(8, 3, 2, stride=2)

    def forward(self, z: Tensor) -> Any:
        x = self.preprocess(z)
        return self.up(x.view(-1, 8, 2, 2)).tanh()


@broken(
    "BatchNorm2d behind a Conv1d",
    input=(4, 6, 10),
    culprit="attention.1",
    cause="wrong dimension of layer",
    accepted=(swap("attention.1 = nn.BatchNorm1d(8)"),),
    source="https://github.com/sunghac/HANet/issues/8",
    raises=ValueError,
)
def norm_2d_in_1d() -> nn.Module:
    """A signal with a batch has three axes."""
    return nn.Sequential(
        OrderedDict(attention=nn.Sequential(nn.Conv1d(6, 8, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU()))
    )


@broken(
    "BatchNorm2d at the end of a network for clips",
    input=(2, 3, 4, 8, 8),
    culprit="norm5",
    cause="wrong dimension of layer",
    accepted=(swap("norm5 = nn.BatchNorm3d(4)"),),
    source="https://github.com/kenshohara/3D-ResNets-PyTorch/issues/92",
    raises=ValueError,
)
def norm_2d_in_3d() -> nn.Module:
    """One norm was forgotten when the network went from pictures to clips."""
    return nn.Sequential(
        OrderedDict(
            norm0=nn.BatchNorm3d(3), relu0=nn.ReLU(), conv0=nn.Conv3d(3, 4, 3, padding=1), norm5=nn.BatchNorm2d(4)
        )
    )


@broken(
    "two norms of one name",
    input=(2, 1, 8, 6),
    culprit="bn2",
    cause="wrong dimension of layer",
    accepted=(swap("bn2 = nn.BatchNorm2d(8)"),),
    source="https://github.com/pytorch/pytorch/issues/6316",
    raises=ValueError,
)
class TwoOfOneName(nn.Module):
    """`bn2` is assigned twice, and the second, made for the vector at the end, meets the maps."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, (8, 1))
        self.bn1 = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 8, (1, 3))
        self.bn2 = nn.BatchNorm2d(8)
        self.fc = nn.Linear(8 * 4, 10)
        self.bn2 = nn.BatchNorm1d(10)  # type: ignore[assignment]

    def forward(self, x: Tensor) -> Any:
        x = F.leaky_relu(self.bn1(self.conv1(x)))
        x = F.leaky_relu(self.bn2(self.conv2(x)))
        return self.fc(torch.flatten(x, 1))


@broken(
    "MaxPool2d behind a Conv1d",
    input=(2, 1, 40),
    culprit=("pool", "conv2"),
    cause="wrong dimension of layer",
    accepted=(swap("pool = nn.MaxPool1d(2)"),),
    source="https://github.com/keras-team/keras/issues/490",
    fails_at="conv2",
)
def pool_2d_in_1d() -> nn.Module:
    """It takes the channels for rows and halves them; the next convolution misses half of its channels."""
    return nn.Sequential(
        OrderedDict(conv1=nn.Conv1d(1, 8, 5), pool=nn.MaxPool2d(2), conv2=nn.Conv1d(8, 8, 5), relu=nn.ReLU())
    )


# --- The channels of a norm -------------------------------------------------------------------------------------------


@broken(
    "a norm for twice as many channels",
    input=(2, 1, 14, 14),
    culprit=("main.4", "main.3"),
    cause="norm channels",
    accepted=(swap("main.4 = nn.BatchNorm2d(8)"), swap("main.3 = nn.Conv2d(4, 16, 4, stride=2, padding=1)")),
    source="https://github.com/pytorch/pytorch/issues/9076",
)
def discriminator() -> nn.Module:
    """The message has it backwards: it asks for as many as arrived."""
    return nn.Sequential(
        OrderedDict(
            main=nn.Sequential(
                nn.Conv2d(1, 4, 4, stride=2, padding=1),
                nn.BatchNorm2d(4),
                nn.LeakyReLU(0.2),
                nn.Conv2d(4, 8, 4, stride=2, padding=1),
                nn.BatchNorm2d(16),
                nn.LeakyReLU(0.2),
            )
        )
    )


@broken(
    "a norm inside an upsampling block",
    input=(1, 8, 6, 6),
    culprit="up1.bn1_1",
    cause="norm channels",
    accepted=(swap("up1.bn1_1 = nn.BatchNorm2d(4)"),),
    source="https://github.com/XPFly1989/FCRN/issues/3",
)
def up_projection() -> nn.Module:
    """The same two blocks deep; the layers after it leave the convolution no choice."""
    block = nn.Sequential(OrderedDict(conv1_1=nn.Conv2d(8, 4, 3), bn1_1=nn.BatchNorm2d(8), relu=nn.ReLU()))
    return nn.Sequential(OrderedDict(up1=block, head=nn.Conv2d(4, 1, 1)))


@broken(
    "a norm over joints, for one person",
    input=lambda: floats(2, 3, 5, 4, 2),
    culprit=("data_bn", "input"),
    cause="norm channels",
    accepted=(swap("data_bn = nn.BatchNorm1d(24)"), feed("x = x[..., :1]")),
    source="https://github.com/lshiwjx/2s-AGCN/issues/19",
)
class Skeletons(nn.Module):
    """The channels of the norm are persons x coordinates x joints; the clips show two persons."""

    def __init__(self) -> None:
        super().__init__()
        self.data_bn = nn.BatchNorm1d(1 * 3 * 4)
        self.conv = nn.Conv2d(3, 4, 1)

    def forward(self, x: Tensor) -> Any:
        n, c, t, v, m = x.shape
        x = x.permute(0, 4, 3, 1, 2).reshape(n, m * v * c, t)
        x = self.data_bn(x)
        x = x.view(n, m, v, c, t).permute(0, 1, 3, 4, 2).reshape(n * m, c, t, v)
        return self.conv(x)


@broken(
    "a norm that does not count the channels of a skip",
    input=(2, 3, 8, 8),
    culprit=("norm", "forward: cat"),
    cause="norm channels",
    accepted=(swap("norm = nn.GroupNorm(4, 16)"),),
    source="https://github.com/continue-revolution/sd-webui-animatediff/issues/78",
)
class NormAfterSkip(nn.Module):
    """A group norm, with a message of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(3, 8, 3, padding=1)
        self.mid = nn.Conv2d(8, 8, 3, padding=1)
        self.norm = nn.GroupNorm(4, 8)
        self.out = nn.Conv2d(16, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Any:
        skip = F.silu(self.down(x))
        x = torch.cat([self.mid(skip), skip], dim=1)
        return self.out(F.silu(self.norm(x)))


@broken(
    "BatchNorm2d on channels that were folded away",
    input=(2, 8, 6, 6),
    culprit=("norm", "shuffle"),
    cause="norm channels",
    accepted=(swap("norm = nn.BatchNorm2d(2)"), before("shuffle", "nn.Conv2d(8, 16, 1)")),
    source="https://github.com/swz30/Restormer/issues/47",
)
def shuffled_away() -> nn.Module:
    """Pixel shuffle by 2 leaves a quarter of the channels, and not the half."""
    return nn.Sequential(
        OrderedDict(shuffle=nn.PixelShuffle(2), norm=nn.BatchNorm2d(4)),
    )
