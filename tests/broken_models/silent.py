"""Mistakes that raise nothing, and models that only look like one."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from broken_models.case import both, edit, feed, fine, floats, integers, silent, swap
from broken_models.heads import LeNet, LeNetWithView

# --- Taken as unbatched -----------------------------------------------------------------------------------------------


@silent(
    "a batch of one volume, no channel",
    input=(1, 10, 10, 10),
    shows="0",
    level="warning",
    wrong="Conv3d takes four axes for one volume: the batch became its channel, and no batch comes out.",
    gives=(1, 8, 8, 8),
    meant=(1, 1, 8, 8, 8),
    cured=(feed("x = x.unsqueeze(1)"),),
    source="https://github.com/Project-MONAI/tutorials/issues/86",
)
def one_volume() -> nn.Module:
    """A batch of two would have raised."""
    return nn.Sequential(nn.Conv3d(1, 4, 3), nn.ReLU(), nn.Conv3d(4, 1, 1))


@silent(
    "a clip in colour, no batch",
    input=(3, 6, 10, 10),
    shows="0",
    level="note",
    wrong="Conv3d takes four axes for one clip, which this may be; no batch comes out.",
    gives=(4, 4, 8, 8),
    meant=(1, 4, 4, 8, 8),
    cured=(feed("x = x.unsqueeze(0)"),),
    source="https://github.com/meta-pytorch/opacus/issues/92",
)
def one_clip() -> nn.Module:
    """The documentation allows it."""
    return nn.Sequential(nn.Conv3d(3, 4, 3), nn.ReLU())


@silent(
    "three grey pictures for one in colour",
    input=(3, 12, 12),
    shows="conv1",
    level="note",
    wrong="Conv2d takes three axes for one picture: the batch of three became its channels.",
    gives=(4, 10, 10),
    meant=(1, 4, 10, 10),
    cured=(feed("x = x.unsqueeze(0)"),),
    source="https://github.com/pytorch/pytorch/issues/1606",
)
def three_pictures() -> nn.Module:
    """Whether it was a batch, nobody can see."""
    return nn.Sequential(OrderedDict(conv1=nn.Conv2d(3, 4, 3), relu=nn.ReLU()))


@silent(
    "one signal as long as the norm has channels",
    input=(1, 8),
    shows="bn",
    level="warning",
    wrong="BatchNorm1d takes two axes for a batch of vectors: it normalises each sample over the channels.",
    gives=(8, 8),
    meant=(1, 8, 8),
    cured=(feed("x = x.unsqueeze(0)"),),
    source="https://github.com/pytorch/pytorch/issues/14409",
)
def square_signal() -> nn.Module:
    """The convolution before it took them for channels and samples."""
    return nn.Sequential(OrderedDict(conv=nn.Conv1d(1, 8, 3, padding=1), bn=nn.BatchNorm1d(8)))


@silent(
    "a pool over channels",
    input=(2, 1, 20),
    shows="pool",
    level="warning",
    wrong="MaxPool2d takes the batch for the channels and the 8 channels for rows, and halves them.",
    gives=(2, 4, 8),
    meant=(2, 8, 8),
    cured=(swap("pool = nn.MaxPool1d(2)"),),
    source="https://github.com/keras-team/keras/issues/490",
)
def pool_over_channels() -> nn.Module:
    """No layer after it minds."""
    return nn.Sequential(OrderedDict(conv=nn.Conv1d(1, 8, 5), pool=nn.MaxPool2d(2), relu=nn.ReLU()))


# --- Axes that happen to fit ------------------------------------------------------------------------------------------


@silent(
    "channels last, in a convolution made for the rows",
    input=(2, 12, 12, 3),
    shows="0",
    level="warning",
    wrong="The 12 rows are taken for channels, and the kernel moves over columns and colours.",
    gives=(2, 4, 12, 3),
    meant=(2, 4, 12, 12),
    cured=(both(feed("x = x.permute(0, 3, 1, 2)"), swap("0 = nn.Conv2d(3, 4, 3, padding=1)")),),
    source="https://github.com/aladdinpersson/Machine-Learning-Collection/issues/59",
)
def as_many_channels_as_rows() -> nn.Module:
    """The number was changed until the error went away; layout and number have to change together."""
    return nn.Sequential(nn.Conv2d(12, 4, 3, padding=1), nn.ReLU())


@silent(
    "as many words as features",
    input=lambda: integers(3, 8, below=20),
    shows="conv",
    level="warning",
    wrong="An embedding has its features last; the convolution takes the words for channels.",
    gives=(3, 4, 6),
    meant=(3, 4, 6),
    cured=(edit("x = self.embed(words)", "x = self.embed(words).transpose(1, 2)"),),
    source="https://discuss.pytorch.org/t/why-arent-inputs-to-conv1d-channels-last/132429",
)
class SquareText(nn.Module):
    """Eight words of 8 features: with any other number of words it raises."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(20, 8)
        self.conv = nn.Conv1d(8, 4, 3)

    def forward(self, words: Tensor) -> Any:
        x = self.embed(words)
        return self.conv(x)


@silent(
    "a view instead of a transposition",
    input=(2, 3, 20),
    shows="forward: view",
    level="warning",
    wrong="The view gives the shape of the transposed maps and leaves the numbers in their old order.",
    gives=(2, 9, 5),
    meant=(2, 9, 5),
    cured=(edit("x.view(x.size(0), x.size(2), x.size(1))", "x.transpose(1, 2)"),),
    source="https://github.com/zhouhaoyi/Informer2020/issues/59",
)
class ViewForTranspose(nn.Module):
    """What was one channel is spread over many moments."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(3, 4, 4, stride=2)
        self.fc = nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x)
        x = x.view(x.size(0), x.size(2), x.size(1))
        return self.fc(x)


@silent(
    "an LSTM that takes the batch for the time",
    input=(4, 1, 6, 20),
    shows="lstm",
    level="warning",
    wrong="Without batch_first the first axis is the time: the samples of a batch become moments of one series.",
    gives=(4, 3),
    meant=(4, 3),
    cured=(swap("lstm = nn.LSTM(8, 6, batch_first=True)"),),
    source="https://github.com/AndersonJo/dqn-pytorch/issues/1",
)
class BatchForTime(nn.Module):
    """It even learns."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 8, (6, 5))
        self.lstm = nn.LSTM(8, 6)
        self.fc = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x).squeeze(2).transpose(1, 2)
        x, _ = self.lstm(x)
        return self.fc(x[:, -1])


class PatchEncoder(nn.Module):
    """Patches of a picture, and a layer of attention over them."""

    def __init__(self, batch_first: bool) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, stride=4)
        self.encoder = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=batch_first)

    def forward(self, x: Tensor) -> Any:
        x = self.patches(x).flatten(2).transpose(1, 2)
        return self.encoder(x)


@silent(
    "attention between the samples of a batch",
    input=(4, 3, 8, 8),
    shows="encoder",
    level="warning",
    wrong="Without batch_first each patch attends to the patches at its place in the other pictures.",
    gives=(4, 4, 8),
    meant=(4, 4, 8),
    cured=(swap("encoder = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)"),),
    source="https://github.com/Exorust/TorchLeet/issues/5",
)
def between_samples() -> nn.Module:
    """What comes out for one picture depends on the others."""
    return PatchEncoder(batch_first=False)


@silent(
    "frames for channels",
    input=(2, 8, 3, 10, 10),
    shows="conv",
    level="warning",
    wrong="The 8 frames are taken for channels, and the kernel moves over the 3 colours.",
    gives=(2, 4, 3, 10, 10),
    meant=(2, 4, 8, 10, 10),
    cured=(both(feed("x = x.transpose(1, 2)"), swap("conv = nn.Conv3d(3, 4, 3, padding=1)")),),
    source="https://github.com/TengdaHan/ActionClassification/issues/1",
)
def frames_for_channels() -> nn.Module:
    """A loader of clips gives the frames first."""
    return nn.Sequential(OrderedDict(conv=nn.Conv3d(8, 4, 3, padding=1), relu=nn.ReLU()))


@silent(
    "a table of moments, its columns last",
    input=(4, 32, 3),
    shows="conv1",
    level="warning",
    wrong="The 32 moments are taken for channels, and the kernel moves over the 3 columns.",
    gives=(4, 8, 3),
    meant=(4, 8, 32),
    cured=(both(feed("x = x.permute(0, 2, 1)"), swap("conv1 = nn.Conv1d(3, 8, 3, padding=1)")),),
    source="https://openillumi.com/?p=69018",
)
def columns_last() -> nn.Module:
    """The number in the message of the error was copied into the layer."""
    return nn.Sequential(OrderedDict(conv1=nn.Conv1d(32, 8, 3, padding=1), relu=nn.ReLU()))


@silent(
    "a norm of moments in the place of features",
    input=(4, 7, 5),
    shows="bn",
    level="warning",
    wrong="BatchNorm1d has its channels on axis 1, where a recurrent layer has the time.",
    gives=(4, 7, 6),
    meant=(4, 7, 6),
    cured=(
        both(
            edit("x = self.bn(x)", "x = self.bn(x.transpose(1, 2)).transpose(1, 2)"),
            swap("bn = nn.BatchNorm1d(6)"),
        ),
    ),
    source="https://github.com/ruotianluo/self-critical.pytorch/issues/44",
)
class NormOfMoments(nn.Module):
    """With the features as its number it raised."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(5, 6, batch_first=True)
        self.bn = nn.BatchNorm1d(7)

    def forward(self, x: Tensor) -> Any:
        x, _ = self.lstm(x)
        x = self.bn(x)
        return x


@silent(
    "a map viewed as tokens",
    input=(2, 3, 8, 8),
    shows="forward: view",
    level="warning",
    wrong="A token gets numbers of one channel from many places, not those of all channels from one place.",
    gives=(2, 9, 5),
    meant=(2, 9, 5),
    cured=(
        edit("x.view(x.size(0), -1, x.size(1))", "x.flatten(2).transpose(1, 2)"),
        edit("x.view(x.size(0), -1, x.size(1))", "x.permute(0, 2, 3, 1).flatten(1, 2)"),
    ),
    source="https://github.com/lucidrains/vector-quantize-pytorch/issues/70",
)
class ViewedAsTokens(nn.Module):
    """Any sizes will do."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 4, stride=2)
        self.fc = nn.Linear(6, 5)

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x)
        x = x.view(x.size(0), -1, x.size(1))
        return self.fc(x)


@silent(
    "heads of attention that are not moved back",
    input=(2, 5, 8),
    shows="forward: reshape",
    level="warning",
    wrong="The heads are on axis 1: what belongs to a moment is mixed with what belongs to others.",
    gives=(2, 5, 8),
    meant=(2, 5, 8),
    cured=(edit("x.reshape(n, steps, features)", "x.transpose(1, 2).reshape(n, steps, features)"),),
    source="https://github.com/meta-pytorch/opacus/pull/825",
)
class HeadsNotMovedBack(nn.Module):
    """Four heads of 2 features each."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(8, 24)

    def forward(self, x: Tensor) -> Any:
        n, steps, features = x.shape
        q, k, v = (part.view(n, steps, 4, 2).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=-1))
        x = F.scaled_dot_product_attention(q, k, v)
        x = x.reshape(n, steps, features)
        return x


@silent(
    "a batch and a time that change places by a view",
    input=(3, 5, 8),
    shows="forward: view",
    level="warning",
    wrong="The view gives the shape that attention asks for, and makes moments of several samples one series.",
    gives=(5, 3, 8),
    meant=(5, 3, 8),
    cured=(edit("x.view(5, 3, 8)", "x.transpose(0, 1)"),),
    source="https://github.com/rish-16/tokenlearner-pytorch/issues/1",
)
class ViewForTime(nn.Module):
    """As a tutorial had it."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2)

    def forward(self, x: Tensor) -> Any:
        x = x.view(5, 3, 8)
        return self.attention(x, x, x)[0]


@silent(
    "the last of the samples for the last of the moments",
    input=(4, 7, 5),
    shows="lstm",
    level="warning",
    wrong="Without batch_first axis 1 is the batch: out[:, -1] is what the last sample gives, and the others are lost.",
    gives=(4, 3),
    meant=(4, 3),
    cured=(swap("lstm = nn.LSTM(5, 6, batch_first=True)"),),
    source="https://github.com/pytorch/pytorch/issues/1538",
)
class LastSample(nn.Module):
    """As many rows come out as samples went in."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(5, 6)
        self.fc = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Any:
        out, _ = self.lstm(x)
        return self.fc(out[:, -1, :])


@silent(
    "words that attend to the other sentences",
    input=lambda: integers(4, 6, below=20),
    shows="encoder",
    level="warning",
    wrong="Without batch_first axis 1 is the batch, and the mean over it is one of sentences.",
    gives=(4, 3),
    meant=(4, 3),
    cured=(
        swap(
            "encoder = nn.TransformerEncoder("
            "nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True), 1, enable_nested_tensor=False)"
        ),
    ),
    source="https://github.com/songyangco/GETNext/issues/2",
)
class OtherSentences(nn.Module):
    """The data have the batch in front."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0)
        self.embed = nn.Embedding(20, 8)
        self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.fc = nn.Linear(8, 3)

    def forward(self, words: Tensor) -> Any:
        x = self.encoder(self.embed(words))
        return self.fc(x.mean(dim=1))


@silent(
    "windows in the batch that attend to each other",
    input=(2, 3, 4, 4),
    shows="attention",
    level="warning",
    wrong="Each place attends to its likes in the other windows and pictures, not to the places of its window.",
    gives=(8, 4, 6),
    meant=(8, 4, 6),
    cured=(swap("attention = nn.MultiheadAttention(6, 2, batch_first=True)"),),
    source="https://github.com/aipixel/AEMatter/issues/3",
)
class WindowsInTheBatch(nn.Module):
    """Windows of 2 x 2."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 1)
        self.attention = nn.MultiheadAttention(6, 2)

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x).view(-1, 6, 2, 2, 2, 2)
        x = x.permute(0, 2, 4, 3, 5, 1).reshape(-1, 4, 6)
        return self.attention(x, x, x)[0]


class Places(nn.Module):
    """A vector for each place, as a tutorial with the time in front has it."""

    table: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("table", floats(20, 1, 8))

    def forward(self, x: Tensor) -> Any:
        return x + self.table[: x.size(0)]


@silent(
    "places numbered by the sample",
    input=lambda: integers(4, 6, below=20),
    shows="places.forward: add",
    level="warning",
    wrong="All words of a sentence get the same vector, and each sentence another.",
    gives=(4, 6, 8),
    meant=(4, 6, 8),
    cured=(edit("self.table[: x.size(0)]", "self.table[: x.size(1)].transpose(0, 1)", of="places"),),
    source="https://github.com/tanjimin/C.Origami/issues/42",
)
class NumberedBySample(nn.Module):
    """It runs as long as the table is longer than the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(20, 8)
        self.places = Places()
        self.encoder = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)

    def forward(self, words: Tensor) -> Any:
        return self.encoder(self.places(self.embed(words)))


# --- The batch axis lost or mixed up ----------------------------------------------------------------------------------


@silent(
    "a view that makes eight samples of two",
    input=(2, 3, 52, 52),
    shows="forward: view",
    level="warning",
    wrong="Maps of 1,600 numbers are cut into rows of 400: each sample becomes four.",
    gives=(8, 10),
    meant=(2, 10),
    cured=(
        edit("x = x.view(-1, 16 * 5 * 5)", "x = F.adaptive_avg_pool2d(x, 5).view(-1, 16 * 5 * 5)"),
        feed("x = F.interpolate(x, size=(32, 32))"),
    ),
    source="https://github.com/uoguelph-mlrg/Cutout/issues/16",
)
def four_of_each() -> nn.Module:
    """The number happens to divide; the loss then complains, if it does."""
    return LeNetWithView()


@silent(
    "a reshape that turns frames into samples",
    input=(2, 3, 8, 8, 8),
    shows="forward: reshape",
    level="warning",
    wrong="Two frames of 4 channels make the 8 channels of a sample; a clip has two frames more, a sample to the -1.",
    gives=(4, 5),
    meant=(2, 5),
    cured=(feed("x = x[:, :, ::2]"),),
    source="https://github.com/qijiezhao/pseudo-3d-pytorch/issues/28",
)
class FramesToSamples(nn.Module):
    """Made for clips of 4 frames, two of which are left by the stride."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv3d(3, 4, (1, 3, 3), stride=(2, 2, 2))
        self.fc = nn.Linear(8, 5)

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x)
        x = x.transpose(1, 2).reshape(-1, 8, 3, 3)
        return self.fc(x.mean(dim=(2, 3)))


@silent(
    "a softmax over the batch",
    input=(4, 3, 8, 8),
    shows="softmax",
    level="warning",
    wrong="The chances of a class sum to one over the samples of the batch.",
    gives=(4, 5),
    meant=(4, 5),
    cured=(swap("softmax = nn.Softmax(dim=1)"), swap("softmax = nn.Softmax(dim=-1)")),
    source="https://github.com/DeepReinforcementLearning/DeepReinforcementLearningInAction/issues/32",
)
def softmax_over_batch() -> nn.Module:
    """Right for a single vector, and kept when batches came."""
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(3, 4, 3),
            pool=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(),
            fc=nn.Linear(4, 5),
            softmax=nn.Softmax(dim=0),
        )
    )


@silent(
    "a softmax of a single score",
    input=(4, 3, 8, 8),
    shows="softmax",
    level="warning",
    wrong="A softmax over one element is 1, whatever the score.",
    gives=(4, 1),
    meant=(4, 1),
    cured=(swap("softmax = nn.Sigmoid()"),),
    source="https://github.com/marian-nmt/marian-dev/issues/21",
)
def single_score() -> nn.Module:
    """For two classes one score is enough, but not for a softmax."""
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(3, 4, 3),
            pool=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(),
            fc=nn.Linear(4, 1),
            softmax=nn.Softmax(dim=1),
        )
    )


@silent(
    "a flatten of everything",
    input=(2, 1, 6, 6),
    shows="1",
    level="warning",
    wrong="The batch is flattened too: two samples become one vector, and one row of scores comes out.",
    gives=(5,),
    meant=(2, 5),
    cured=(both(swap("1 = nn.Flatten()"), swap("2 = nn.Linear(64, 5)")),),
    source="https://github.com/karpathy/neuraltalk2/issues/90",
)
def flatten_everything() -> nn.Module:
    """The linear layer was made for it, so that it runs for batches of two alone."""
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(0), nn.Linear(128, 5))


@silent(
    "a squeeze of a batch of one",
    input=(1, 3, 8, 8),
    shows="forward: squeeze",
    level="warning",
    wrong="With the two axes of the map the batch is dropped.",
    gives=(5,),
    meant=(1, 5),
    cured=(edit("x = x.squeeze()", "x = x.flatten(1)"),),
    source="https://github.com/clovaai/rexnet/pull/20",
)
class SqueezedAlone(nn.Module):
    """As it should be for every other batch."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.fc = nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Any:
        x = F.adaptive_avg_pool2d(self.conv(x), 1)
        x = x.squeeze()
        return self.fc(x)


@silent(
    "a difference of a column and a row",
    input=lambda: (floats(4, 3, 8, 8), floats(4)),
    shows="forward: sub",
    level="warning",
    wrong="(4, 1) and (4,) broadcast to (4, 4): each prediction is held against every target.",
    gives=(4, 4),
    meant=(4, 1),
    cured=(edit("prediction - target", "prediction - target.unsqueeze(1)"),),
    source="https://github.com/pytorch/pytorch/issues/16045",
)
class ColumnAndRow(nn.Module):
    """A loss inside a model; the mean of it is a number as good as any."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 1))

    def forward(self, x: Tensor, target: Tensor) -> Any:
        prediction = self.net(x)
        return (prediction - target).square()


# --- Nothing to warn of -----------------------------------------------------------------------------------------------

fine("LeNet on what it was made for", input=(4, 3, 32, 32), why="Each number fits, and the batch stays.")(LeNet)
fine("a view with the right number", input=(4, 3, 32, 32), why="400 numbers for each of the 4 samples.")(LeNetWithView)


@fine(
    "all axes of one size",
    input=(3, 3, 3, 3),
    why="Batch, channels, rows and columns are three each; nothing points at another order.",
)
def all_of_one_size() -> nn.Module:
    """A small patch."""
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4, 2))


@fine("a softmax over a single vector", input=(6,), why="The only axis there is.")
def single_vector() -> nn.Module:
    """One state, not a batch of states."""
    return nn.Sequential(nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 2), nn.Softmax(dim=0))


@fine(
    "frames folded into the batch and back",
    input=(2, 5, 3, 8, 8),
    why="The batch is 10 in between, by the shape of the input, and 2 again in the end.",
)
class EachFrame(nn.Module):
    """A network for pictures on each frame of a clip, and an LSTM over what it says."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.lstm = nn.LSTM(4, 6, batch_first=True)

    def forward(self, x: Tensor) -> Any:
        features = self.net(x.flatten(0, 1))
        series = features.view(x.size(0), x.size(1), -1)
        return self.lstm(series)[1][0][-1]


@fine(
    "a norm with the channels last, on purpose",
    input=(2, 3, 8, 8),
    why="Permuted before the norm and permuted back.",
)
class PermutedNorm(nn.Module):
    """As ConvNeXt does."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 4, stride=4)
        self.norm = nn.LayerNorm(8)

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x).permute(0, 2, 3, 1)
        x = self.norm(x).permute(0, 3, 1, 2)
        return x


@fine(
    "a recurrent layer with the time first, on purpose",
    input=(2, 3, 20),
    why="The series is permuted to time, batch, features, as the layer has it.",
)
class TimeFirst(nn.Module):
    """The default of torch."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(3, 4, 5)
        self.gru = nn.GRU(4, 5)

    def forward(self, x: Tensor) -> Any:
        x = self.conv(x).permute(2, 0, 1)
        return self.gru(x)[0][-1]


@fine("attention weights over the keys", input=(2, 4, 6), why="The softmax is over the last axis of scores.")
class Weights(nn.Module):
    """Scores of each position against each other."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key = nn.Linear(6, 6), nn.Linear(6, 6)

    def forward(self, x: Tensor) -> Any:
        scores = torch.matmul(self.query(x), self.key(x).transpose(1, 2))
        return torch.matmul(scores.softmax(dim=-1), x)
