"""The layout of the input, or of what a layer gets: an axis missing, one too many, axes in another order."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from broken_models.case import before, both, broken, edit, feed, integers, swap

# --- An axis is missing -----------------------------------------------------------------------------------------------


@broken(
    "one picture without a batch, met by Flatten",
    input=(1, 28, 28),
    culprit=("input", "classifier.1"),
    cause="missing batch axis",
    accepted=(feed("x = x.unsqueeze(0)"),),
    source="https://github.com/mrdbourke/pytorch-deep-learning/issues/120",
)
def one_picture() -> nn.Module:
    """Every convolution takes it; Flatten then keeps the channels for the batch: 10 x 49 and not 1 x 490."""
    return nn.Sequential(
        OrderedDict(
            block=nn.Sequential(nn.Conv2d(1, 10, 3, padding=1), nn.ReLU(), nn.MaxPool2d(4)),
            classifier=nn.Sequential(nn.Flatten(), nn.Linear(490, 5)),
        )
    )


@broken(
    "one picture without a batch, met by BatchNorm2d",
    input=(3, 16, 16),
    culprit=("input", "1"),
    cause="missing batch axis",
    accepted=(feed("x = x.unsqueeze(0)"),),
    source="https://github.com/LijunRio/Xrays_CT/issues/10",
    raises=ValueError,
)
def one_picture_normalized() -> nn.Module:
    """A batch norm takes no single sample, where the convolution before it does."""
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())


@broken(
    "one vector without a batch",
    input=(16,),
    culprit=("input", "bn"),
    cause="missing batch axis",
    accepted=(feed("x = x.unsqueeze(0)"),),
    source="https://github.com/pytorch/pytorch/issues/14409",
    raises=ValueError,
)
def one_vector() -> nn.Module:
    """The same with a linear layer, which takes any number of axes."""
    return nn.Sequential(OrderedDict(fc=nn.Linear(16, 8), bn=nn.BatchNorm1d(8))).eval()


@broken(
    "one signal without a batch",
    input=(2, 100),
    culprit=("input", "1"),
    cause="missing batch axis",
    accepted=(feed("x = x.unsqueeze(0)"),),
    source="https://github.com/pytorch/pytorch/issues/14409",
)
def one_signal() -> nn.Module:
    """The norm takes 8 channels of 98 samples for a batch of 8 with 98 channels, and complains of these."""
    return nn.Sequential(nn.Conv1d(2, 8, 3), nn.BatchNorm1d(8), nn.ReLU())


class DepthHead(nn.Module):
    """Predicts a map and brings it to the size that was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 1, 3, padding=1)

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x)
        return F.interpolate(x, size=(24, 24), mode="bilinear", align_corners=False)


@broken(
    "one picture without a batch, met by interpolate",
    input=(3, 12, 12),
    culprit=("input", "forward: interpolate"),
    cause="missing batch axis",
    accepted=(feed("x = x.unsqueeze(0)"), edit("x = self.conv(x)", "x = self.conv(x).unsqueeze(0)")),
    source="https://github.com/vye16/shape-of-motion/issues/69",
    raises=ValueError,
)
def depth_head() -> nn.Module:
    """Of three axes, interpolate takes the first for the batch and the second for the channels."""
    return DepthHead()


@broken(
    "grey pictures without a channel",
    input=(8, 32, 32),
    culprit=("input", "conv1"),
    cause="missing channel axis",
    accepted=(feed("x = x.unsqueeze(1)"),),
    source="https://github.com/pytorch/pytorch/issues/11762",
)
class GreyLeNet(nn.Module):
    """Three axes are one picture to a convolution, here one of 8 channels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc = nn.Linear(400, 10)

    def forward(self, x: Tensor) -> Any:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc(x.view(x.size(0), -1))


@broken(
    "one grey picture, two axes",
    input=(20, 20),
    culprit=("input", "0"),
    cause="missing channel axis",
    accepted=(feed("x = x.unsqueeze(0).unsqueeze(0)"), feed("x = x[None, None]")),
    source="https://github.com/hengliusky/UltraSound_SSSR/issues/4",
)
def two_axes() -> nn.Module:
    """Neither a batch nor a channel."""
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))


@broken(
    "volumes without a channel",
    input=(2, 12, 12, 8),
    culprit=("input", "0"),
    cause="missing channel axis",
    accepted=(feed("x = x.unsqueeze(1)"),),
    source="https://github.com/Project-MONAI/tutorials/issues/86",
)
def volumes() -> nn.Module:
    """Two scans are taken for one scan of two channels."""
    return nn.Sequential(nn.Conv3d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(4, 2))


@broken(
    "one volume without a channel, met by BatchNorm3d",
    input=(1, 8, 8, 6),
    culprit=("input", "1"),
    cause="missing channel axis",
    accepted=(feed("x = x.unsqueeze(1)"), feed("x = x.unsqueeze(0)")),
    source="https://github.com/lee-zq/3DUNet-Pytorch/issues/28",
    raises=ValueError,
)
def one_volume_normalized() -> nn.Module:
    """A batch of one passes the convolution as a volume of one channel without a batch."""
    return nn.Sequential(nn.Conv3d(1, 4, 3), nn.BatchNorm3d(4), nn.ReLU())


@broken(
    "digits flattened for another network",
    input=(10, 784),
    culprit=("input", "conv1"),
    cause="flattened too early",
    accepted=(feed("x = x.view(-1, 1, 28, 28)"),),
    source="https://e-com-net.com/article/1743708265516122112.htm",
)
def flattened_digits() -> nn.Module:
    """Rows of 784 numbers, good for a linear layer, and two axes short for a convolution."""
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 4, 3, stride=2),
            pool=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
            fc=nn.Linear(4 * 6 * 6, 10),
        )
    )


@broken(
    "colour pictures whose rows were joined",
    input=(5, 3, 784),
    culprit=("input", "conv1"),
    cause="flattened too early",
    accepted=(feed("x = x.view(-1, 3, 28, 28)"), feed("x = x.unflatten(2, (28, 28))")),
    source="https://www.chuangxiangniao.com/p/1371254.html",
)
def joined_rows() -> nn.Module:
    """Taken for one picture of 5 channels, 3 rows and 784 columns."""
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(3, 4, 5, stride=2),
            pool=nn.AdaptiveAvgPool2d(2),
            flatten=nn.Flatten(),
            fc=nn.Linear(16, 10),
        )
    )


@broken(
    "noise without height and width",
    input=(4, 10),
    culprit=("input", "0"),
    cause="flattened too early",
    accepted=(
        feed("x = x.view(-1, 10, 1, 1)"),
        feed("x = x[:, :, None, None]"),
        before("0", "nn.Unflatten(1, (10, 1, 1))"),
    ),
    source="https://discuss.pytorch.org/t/confusion-with-regards-to-generator-convtranspose2d-and-input-output-size/50157",
)
def generator() -> nn.Module:
    """A generator begins with pictures of 1 x 1, and 10 numbers are no picture."""
    return nn.Sequential(
        nn.ConvTranspose2d(10, 8, 4, bias=False),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1, bias=False),
        nn.Tanh(),
    )


# --- An axis too many -------------------------------------------------------------------------------------------------


@broken(
    "a batch of a batch of pictures",
    input=(1, 1, 3, 16, 16),
    culprit=("input", "0"),
    cause="extra axis",
    accepted=(feed("x = x.squeeze(0)"), feed("x = x.squeeze(1)"), feed("x = x[0]"), feed("x = x.flatten(0, 1)")),
    source="https://github.com/JIA-Lab-research/MGM/issues/40",
)
def batch_of_batches() -> nn.Module:
    """The picture got its batch axis twice, from the reader and from the loader."""
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))


@broken(
    "a volume with six axes",
    input=(1, 1, 2, 8, 8, 8),
    culprit=("input", "conv1"),
    cause="extra axis",
    accepted=(feed("x = x.squeeze(0)"), feed("x = x.squeeze(1)"), feed("x = x[0]"), feed("x = x.flatten(0, 1)")),
    source="https://github.com/amir-aghdam/3D-UNet/issues/5",
)
def six_axes() -> nn.Module:
    """The same with volumes of two channels."""
    return nn.Sequential(OrderedDict(conv1=nn.Conv3d(2, 4, 3), bn1=nn.BatchNorm3d(4), relu=nn.ReLU()))


@broken(
    "sound with four axes",
    input=(1, 1, 1, 80),
    culprit=("input", "0"),
    cause="extra axis",
    accepted=(feed("x = x.squeeze(0)"), feed("x = x.squeeze(1)"), feed("x = x.squeeze(2)"), feed("x = x[0]")),
    source="https://github.com/yl4579/StyleTTS2/issues/273",
)
def sound_with_four_axes() -> nn.Module:
    """The same with a signal."""
    return nn.Sequential(nn.Conv1d(1, 4, 7, stride=2), nn.ReLU(), nn.Conv1d(4, 1, 3))


@broken(
    "stereo sound, its channels behind",
    input=(1, 1, 400, 2),
    culprit=("input", "0"),
    cause="extra axis",
    accepted=(feed("x = x.mean(3)"), feed("x = x.mean(-1)"), feed("x = x[..., 0]")),
    source="https://github.com/thuhcsi/SECap/issues/4",
)
def stereo_behind() -> nn.Module:
    """Two microphones in an axis of their own, for a network that takes one."""
    return nn.Sequential(nn.Conv1d(1, 4, 10, stride=5), nn.GELU(), nn.Conv1d(4, 4, 3, stride=2))


# --- Channels last ----------------------------------------------------------------------------------------------------


@broken(
    "pictures with the channels last",
    input=(2, 32, 32, 3),
    culprit=("input", "0"),
    cause="channels last",
    accepted=(feed("x = x.permute(0, 3, 1, 2)"), feed("x = x.movedim(-1, 1)")),
    source="https://github.com/LeeJunHyun/Image_Segmentation/issues/29",
)
def channels_last() -> nn.Module:
    """The rows are taken for channels."""
    return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 1, 1))


@broken(
    "pictures with the channels last, met by a view",
    input=(2, 20, 20, 3),
    culprit=("input", "conv1"),
    cause="channels last",
    accepted=(
        feed("x = x.permute(0, 3, 1, 2).contiguous()"),
        feed("x = x.movedim(-1, 1).contiguous()"),
        both(feed("x = x.permute(0, 3, 1, 2)"), edit("x.view(x.size(0), -1)", "x.flatten(1)")),
    ),
    source="https://github.com/denisyarats/drq/pull/27",
)
class ViewNet(nn.Module):
    """Permuted pictures are in order in memory with their channels last; convolutions keep that, and `view` raises."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3)
        self.conv2 = nn.Conv2d(4, 6, 3)
        self.fc = nn.Linear(54, 5)

    def forward(self, x: Tensor) -> Any:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.fc(x.view(x.size(0), -1))


@broken(
    "one picture as numpy has it",
    input=(24, 30, 3),
    culprit=("input", "0"),
    cause="channels last",
    accepted=(feed("x = x.permute(2, 0, 1).unsqueeze(0)"), feed("x = x.movedim(-1, 0)[None]")),
    source="https://androidkt.com/pytorch-changes-image-channel-order-between-channel-first-and-channel-last/",
)
def as_numpy_has_it() -> nn.Module:
    """Channels last and no batch: with the channels in front alone, the linear layer fails next."""
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))


@broken(
    "one picture as a file has it",
    input=lambda: integers(24, 30, 3, below=256, dtype=torch.uint8),
    culprit=("input", "0"),
    cause="channels last",
    accepted=(
        feed("x = x.permute(2, 0, 1).unsqueeze(0).float() / 255"),
        feed("x = x.permute(2, 0, 1).unsqueeze(0).float()"),
    ),
    source="https://github.com/Deci-AI/super-gradients/issues/1073",
)
def as_a_file_has_it() -> nn.Module:
    """Three mistakes at once: channels last, no batch, whole numbers."""
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))


@broken(
    "a series with the channels last",
    input=(6, 50, 3),
    culprit=("input", "0"),
    cause="channels last",
    accepted=(feed("x = x.permute(0, 2, 1)"), feed("x = x.transpose(1, 2)")),
    source="https://openillumi.com/?p=69018",
)
def series_channels_last() -> nn.Module:
    """As tables have it: a row for each moment, a column for each sensor."""
    return nn.Sequential(nn.Conv1d(3, 8, 5), nn.ReLU(), nn.Conv1d(8, 4, 5))


@broken(
    "clips with the channels last",
    input=(2, 6, 16, 16, 3),
    culprit=("input", "0"),
    cause="channels last",
    accepted=(feed("x = x.permute(0, 4, 1, 2, 3)"), feed("x = x.movedim(-1, 1)")),
    source="https://github.com/TianzhongSong/C3D-keras/issues/18",
)
def clips_channels_last() -> nn.Module:
    """The order of Keras; the frames are taken for channels."""
    return nn.Sequential(nn.Conv3d(3, 4, 3), nn.ReLU(), nn.Conv3d(4, 1, 1))


# --- Axes in another order --------------------------------------------------------------------------------------------


@broken(
    "clips with the frames before the channels",
    input=(1, 9, 3, 14, 14),
    culprit=("input", "stem.0"),
    cause="axes in the wrong order",
    accepted=(feed("x = x.transpose(1, 2)"), feed("x = x.permute(0, 2, 1, 3, 4)")),
    source="https://github.com/echonet/dynamic/issues/79",
)
def frames_first() -> nn.Module:
    """A list of pictures, stacked; a convolution over time has the channels in front of the frames."""
    return nn.Sequential(
        OrderedDict(stem=nn.Sequential(nn.Conv3d(3, 4, (1, 7, 7), bias=False), nn.BatchNorm3d(4), nn.ReLU()))
    )


@broken(
    "the axes of a signal in a network of points",
    input=(4, 1, 10),
    culprit=("input", "0"),
    cause="axes in the wrong order",
    accepted=(
        feed("x = x.transpose(1, 2)"),
        feed("x = x.permute(0, 2, 1)"),
        both(swap("0 = nn.Conv1d(1, 16, 1)"), swap("3 = nn.Linear(160, 3)")),
    ),
    source="https://whosebug.com/question/6505309/Dimensionality-problem-with-PyTorch-Conv-layers",
)
def points() -> nn.Module:
    """Made for ten channels of one sample each, given one channel of ten samples."""
    return nn.Sequential(nn.Conv1d(10, 16, 1), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3))


@broken(
    "words straight into a convolution",
    input=lambda: integers(4, 12, below=30),
    culprit=("conv", "embed"),
    cause="axes in the wrong order",
    accepted=(
        edit("x = self.embed(words)", "x = self.embed(words).transpose(1, 2)"),
        edit("x = self.conv(x)", "x = self.conv(x.transpose(1, 2))"),
    ),
    source="https://discuss.pytorch.org/t/why-arent-inputs-to-conv1d-channels-last/132429",
)
class TextCNN(nn.Module):
    """An embedding has its features last, a convolution wants them before the words; the input is all right."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(30, 8)
        self.conv = nn.Conv1d(8, 16, 3)
        self.fc = nn.Linear(16, 2)

    def forward(self, words: Tensor) -> Any:
        x = self.embed(words)
        x = self.conv(x)
        return self.fc(x.amax(2))


@broken(
    "an LSTM right behind a convolution",
    input=(4, 3, 60),
    culprit=("lstm", "conv"),
    cause="axes in the wrong order",
    accepted=(
        edit("x = F.relu(self.conv(x))", "x = F.relu(self.conv(x)).transpose(1, 2)"),
        edit("x, _ = self.lstm(x)", "x, _ = self.lstm(x.transpose(1, 2))"),
    ),
    source="https://z.id.vn/difference-between-the-expected-input-tensor-order-for-lstm-and-conv1d-2",
)
class ConvThenLSTM(nn.Module):
    """The channels are the features of a moment, and belong last. An `input_size` of 56 runs, and means nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(3, 8, 5)
        self.lstm = nn.LSTM(8, 16, batch_first=True)
        self.fc = nn.Linear(16, 2)

    def forward(self, x: Tensor) -> Any:
        x = F.relu(self.conv(x))
        x, _ = self.lstm(x)
        return self.fc(x[:, -1])


@broken(
    "a GRU on feature maps",
    input=(2, 1, 8, 24),
    culprit=("rnn", "features"),
    cause="extra axis",
    accepted=(
        edit("x = self.features(x)", "x = self.features(x).squeeze(2).permute(2, 0, 1)"),
        edit("x, _ = self.rnn(x)", "x, _ = self.rnn(x.squeeze(2).permute(2, 0, 1))"),
    ),
    source="https://github.com/zhiqwang/sightseq/issues/16",
    fails_at="rnn",
    raises=ValueError,
)
class CRNN(nn.Module):
    """Reads a line of text: the height is pooled away and still there, the width should become the time."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d((1, None)))
        self.rnn = nn.GRU(8, 12, bidirectional=True)
        self.fc = nn.Linear(24, 5)

    def forward(self, x: Tensor) -> Any:
        x = self.features(x)
        x, _ = self.rnn(x)
        return self.fc(x)


@broken(
    "attention over a map, channels in front",
    input=(2, 3, 16, 16),
    culprit=("attention", "forward: flatten"),
    cause="axes in the wrong order",
    accepted=(
        edit("x = x.flatten(2)", "x = x.flatten(2).transpose(1, 2)"),
        edit("x = x.flatten(2)", "x = x.flatten(2).permute(0, 2, 1)"),
    ),
    source="https://github.com/shinseung428/pix2seq-pytorch/issues/7",
    raises=AssertionError,
)
class MapAttention(nn.Module):
    """A map is flattened to 16 positions, which should stand before the 8 channels."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, stride=4)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x: Tensor) -> Any:
        x = self.patches(x)
        x = x.flatten(2)
        x, _ = self.attention(x, x, x)
        return x


@broken(
    "LayerNorm between convolutions",
    input=(2, 3, 14, 14),
    culprit="norm",
    cause="axes in the wrong order",
    accepted=(
        swap("norm = nn.GroupNorm(1, 8)"),
        edit("x = self.norm(x)", "x = self.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)"),
        swap("norm = nn.LayerNorm([8, 12, 12])"),
    ),
    source="https://github.com/pytorch/pytorch/issues/74661",
)
class NormLast(nn.Module):
    """LayerNorm normalises the last axis, which is the width here."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.norm = nn.LayerNorm(8)

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x)
        x = self.norm(x)
        return F.gelu(x)


@broken(
    "BatchNorm1d behind a linear layer on tokens",
    input=(2, 5, 6),
    culprit="bn",
    cause="axes in the wrong order",
    accepted=(
        edit("x = self.bn(x)", "x = self.bn(x.transpose(1, 2)).transpose(1, 2)"),
        swap("bn = nn.LayerNorm(8)"),
    ),
    source="https://github.com/LTH14/rcg/issues/9",
)
class TokenNorm(nn.Module):
    """Of three axes, BatchNorm1d has the channels in the middle; 5 tokens are no 8 channels."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(6, 8)
        self.bn = nn.BatchNorm1d(8)

    def forward(self, x: Tensor) -> Any:
        x = self.fc(x)
        x = self.bn(x)
        return F.relu(x)


class Deconvolution(nn.Module):
    """Pastes patches back with a transposed convolution whose weight was laid out as for a plain one."""

    weight: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, padding=1)
        self.register_buffer("weight", torch.ones(2, 6, 4, 4))

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x)
        return F.conv_transpose2d(x, self.weight, stride=2, padding=1)


@broken(
    "a weight of a plain convolution in a transposed one",
    input=(1, 3, 8, 8),
    culprit=("forward: conv_transpose2d", "weight"),
    cause="axes in the wrong order",
    accepted=(
        swap("weight = torch.ones(6, 2, 4, 4)"),
        edit("F.conv_transpose2d(x, self.weight,", "F.conv_transpose2d(x, self.weight.transpose(0, 1),"),
    ),
    source="https://github.com/daa233/generative-inpainting-pytorch/issues/64",
)
def deconvolution() -> nn.Module:
    """A transposed convolution has the channels that come in first."""
    return Deconvolution()
