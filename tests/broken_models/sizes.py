"""Heights and widths: an input too small, a skip that does not match, shapes that do not broadcast."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from broken_models.case import both, broken, edit, feed, floats, integers, swap, whole

# --- Too small --------------------------------------------------------------------------------------------------------


@broken(
    "a discriminator on a small picture",
    input=(1, 3, 12, 12),
    culprit=("model.4", "input"),
    cause="input too small",
    accepted=(
        feed("x = F.interpolate(x, size=(32, 32))"),
        swap("model.4 = nn.Conv2d(8, 1, 4, padding=1)"),
        swap("model.4 = nn.Conv2d(8, 1, 3)"),
    ),
    source="https://github.com/Ha0Tang/SelectionGAN/issues/5",
)
def small_picture() -> nn.Module:
    """After two strides the maps are 3 x 3, and the kernel is 4 x 4."""
    return nn.Sequential(
        OrderedDict(
            model=nn.Sequential(
                nn.Conv2d(3, 4, 4, stride=2, padding=1),
                nn.LeakyReLU(0.2),
                nn.Conv2d(4, 8, 4, stride=2, padding=1),
                nn.LeakyReLU(0.2),
                nn.Conv2d(8, 1, 4),
            )
        )
    )


@broken(
    "the fourth pooling of a narrow picture",
    input=(1, 1, 40, 10),
    culprit=("pool4", "input"),
    cause="input too small",
    accepted=(
        feed("x = F.interpolate(x, size=(40, 16))"),
        feed("x = F.pad(x, (0, 6))"),
        swap("pool4 = nn.MaxPool2d(2, ceil_mode=True)"),
        swap("pool4 = nn.MaxPool2d((2, 1))"),
    ),
    source="https://github.com/milesial/Pytorch-UNet/issues/134",
)
def narrow_picture() -> nn.Module:
    """Ten columns, 5, 2, 1."""
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(1, 4, 3, padding=1),
            pool1=nn.MaxPool2d(2),
            pool2=nn.MaxPool2d(2),
            pool3=nn.MaxPool2d(2),
            pool4=nn.MaxPool2d(2),
        )
    )


@broken(
    "a pool over the whole of larger maps",
    input=(1, 3, 20, 20),
    culprit=("avgpool_1a", "input"),
    cause="input too small",
    accepted=(
        swap("avgpool_1a = nn.AdaptiveAvgPool2d(1)"),
        swap("avgpool_1a = nn.AvgPool2d(5)"),
        feed("x = F.interpolate(x, size=(32, 32))"),
    ),
    source="https://github.com/tamerthamoqa/facenet-pytorch-glint360k/issues/6",
)
def pool_over_all() -> nn.Module:
    """The last pooling is made for maps of 8 x 8, and they are 5 x 5."""
    return nn.Sequential(
        OrderedDict(
            conv=nn.Conv2d(3, 8, 4, stride=4),
            avgpool_1a=nn.AvgPool2d(8, count_include_pad=False),
            flatten=nn.Flatten(),
            last_linear=nn.Linear(8, 4),
        )
    )


@broken(
    "the smaller of two inputs",
    input=lambda: (floats(2, 3, 24, 24), floats(2, 7, 16, 12)),
    culprit=("forward: avg_pool2d", "input: visits"),
    cause="input too small",
    accepted=(
        edit("F.avg_pool2d(v, 4)", "F.adaptive_avg_pool2d(v, 1)"),
        feed("visits = F.interpolate(visits, size=(16, 16))"),
        feed("visits = F.pad(visits, (0, 4))"),
    ),
    source="https://github.com/ABadCandy/BaiDuBigData19-URFC/issues/4",
)
class PictureAndVisits(nn.Module):
    """The maps of the visits are 4 x 3."""

    def __init__(self) -> None:
        super().__init__()
        self.picture_model = nn.Conv2d(3, 4, 3, stride=2)
        self.visit_model = nn.Conv2d(7, 8, 4, stride=4)
        self.fc = nn.Linear(12, 9)

    def forward(self, picture: Tensor, visits: Tensor) -> Any:
        p = F.relu(self.picture_model(picture))
        p = F.adaptive_avg_pool2d(p, 1).flatten(1)
        v = F.relu(self.visit_model(visits))
        v = F.avg_pool2d(v, 4).flatten(1)
        return self.fc(torch.cat([p, v], dim=1))


@broken(
    "a sentence shorter than a kernel",
    input=lambda: integers(2, 3, below=20),
    culprit=("convs.2", "input"),
    cause="input too small",
    accepted=(
        feed("x = F.pad(x, (0, 2))"),
        swap("convs.2 = nn.Conv1d(6, 4, 5, padding=2)"),
        swap("convs.2 = nn.Conv1d(6, 4, 5, padding=1)"),
    ),
    source="https://github.com/ZiqiaoPeng/SyncTalk/issues/151",
)
class ShortSentence(nn.Module):
    """Three words, and kernels of 2, 3 and 5."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(20, 6)
        self.convs = nn.ModuleList(nn.Conv1d(6, 4, size) for size in (2, 3, 5))

    def forward(self, words: Tensor) -> Any:
        x = self.embed(words).transpose(1, 2)
        return torch.cat([conv(x).amax(2) for conv in self.convs], dim=1)


@broken(
    "the second half of a picture that is no pair",
    input=(1, 3, 16, 16),
    culprit=("forward: getitem", "input", "conv"),
    cause="input too small",
    accepted=(feed("x = torch.cat([x, x], dim=3)"), feed("x = F.interpolate(x, size=(16, 32))")),
    source="https://github.com/znxlwm/pytorch-CartoonGAN/issues/20",
    fails_at="conv",
)
class SecondHalf(nn.Module):
    """Two pictures side by side were expected; a slice past the end is empty, and no error."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)

    def forward(self, pair: Tensor) -> Any:
        smoothed = pair[:, :, :, 16:]
        return self.conv(smoothed)


@broken(
    "InstanceNorm on maps of one pixel",
    input=(2, 3, 8, 8),
    culprit=("down3.1", "input"),
    cause="input too small",
    accepted=(
        feed("x = F.interpolate(x, size=(16, 16))"),
        swap("down3.1 = nn.Identity()"),
    ),
    source="https://github.com/liufeng2915/CFSM/issues/4",
    raises=ValueError,
)
def one_pixel() -> nn.Module:
    """A single value has no spread; unlike that of a batch norm, it is also missed by a model in eval."""

    def down(before: int, after: int) -> nn.Module:
        return nn.Sequential(nn.Conv2d(before, after, 4, stride=2, padding=1), nn.InstanceNorm2d(after), nn.ReLU())

    return nn.Sequential(OrderedDict(down1=down(3, 4), down2=down(4, 4), down3=down(4, 4)))


@broken(
    "BatchNorm in training with one value for each channel",
    input=(1, 3, 8, 8),
    culprit=("image_pool.2", "input"),
    cause="input too small",
    accepted=(whole("model.eval()"), feed("x = torch.cat([x, x])"), swap("image_pool.2 = nn.Identity()")),
    source="https://github.com/open-mmlab/mmsegmentation/issues/272",
    raises=ValueError,
)
def one_value() -> nn.Module:
    """A batch of one, pooled to one pixel."""
    return nn.Sequential(
        OrderedDict(
            image_pool=nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4), nn.ReLU()),
            up=nn.Upsample(size=(8, 8)),
        )
    )


# --- Skips ------------------------------------------------------------------------------------------------------------


@broken(
    "a U-Net on an odd size",
    input=(1, 1, 17, 16),
    culprit=("forward: cat", "up"),
    cause="skip does not match",
    accepted=(
        edit("x = self.up(x)", "x = self.up(x, output_size=skip.shape)"),
        edit("x = self.up(x)", "x = F.interpolate(self.up(x), size=skip.shape[2:])"),
        edit("torch.cat([skip, x], dim=1)", "torch.cat([skip[:, :, : x.size(2), : x.size(3)], x], dim=1)"),
        swap("up = nn.ConvTranspose2d(8, 4, 2, stride=2, output_padding=(1, 0))"),
        feed("x = x[:, :, :16]"),
        feed("x = F.pad(x, (0, 0, 0, 1))"),
        feed("x = F.interpolate(x, size=(16, 16))"),
    ),
    source="https://github.com/bigmb/Unet-Segmentation-Pytorch-Nest-of-Unets/issues/55",
)
class UNet(nn.Module):
    """Seventeen rows become 8, and 16 again."""

    def __init__(self) -> None:
        super().__init__()
        self.down1 = nn.Conv2d(1, 4, 3, padding=1)
        self.down2 = nn.Conv2d(4, 8, 3, padding=1)
        self.up = nn.ConvTranspose2d(8, 4, 2, stride=2)
        self.out = nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Any:
        skip = F.relu(self.down1(x))
        x = F.relu(self.down2(F.max_pool2d(skip, 2)))
        x = self.up(x)
        x = torch.cat([skip, x], dim=1)
        return self.out(x)


class SkipBlock(nn.Module):
    """One level: down, what is below, up, and the input put before the output."""

    def __init__(self, outer: int, inner: int, below: nn.Module) -> None:
        super().__init__()
        down = nn.Conv2d(outer, inner, 4, stride=2, padding=1)
        self.model = nn.Sequential(down, below, nn.ConvTranspose2d(2 * inner, outer, 4, stride=2, padding=1))

    def forward(self, x: Tensor) -> Any:
        return torch.cat([x, self.model(x)], dim=1)


class Doubled(nn.Module):
    """The innermost: as many channels again."""

    def forward(self, x: Tensor) -> Any:
        return torch.cat([x, x], dim=1)


@broken(
    "a U-Net of blocks in blocks, on a size that four does not divide",
    input=(1, 3, 18, 20),
    culprit=("model.1.forward: cat", "model.1.model.2", "input"),
    cause="skip does not match",
    accepted=(
        feed("x = F.interpolate(x, size=(20, 20))"),
        feed("x = F.pad(x, (0, 0, 0, 2))"),
        feed("x = x[:, :, :16]"),
        swap("model.1.model.2 = nn.ConvTranspose2d(16, 4, 4, stride=2, padding=1, output_padding=(1, 0))"),
    ),
    source="https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix/issues/566",
)
def blocks_in_blocks() -> nn.Module:
    """Fails in the inner block; 18 rows are 9 there, 4 and 8 again."""
    return SkipBlock(3, 4, SkipBlock(4, 8, Doubled()))


@broken(
    "a 3D U-Net on an odd number of slices",
    input=(1, 1, 8, 8, 7),
    culprit=("forward: cat", "up", "input"),
    cause="skip does not match",
    accepted=(
        feed("x = F.pad(x, (0, 1))"),
        feed("x = x[..., :6]"),
        feed("x = F.interpolate(x, size=(8, 8, 8))"),
        edit("x = self.up(self.pool(skip))", "x = F.interpolate(self.pool(skip), size=skip.shape[2:])"),
        edit("torch.cat((skip, x), dim=1)", "torch.cat((skip[..., : x.size(4)], x), dim=1)"),
        swap("up = nn.Upsample(size=(8, 8, 7))"),
    ),
    source="https://github.com/fepegar/unet/issues/28",
)
class UNet3d(nn.Module):
    """Seven slices become 3, and 6 again."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv3d(1, 4, 3, padding=1)
        self.pool = nn.MaxPool3d(2)
        self.up = nn.Upsample(scale_factor=2, mode="trilinear")

    def forward(self, x: Tensor) -> Any:
        skip = self.conv(x)
        x = self.up(self.pool(skip))
        return torch.cat((skip, x), dim=1)


@broken(
    "a feature pyramid on an odd size",
    input=(1, 3, 24, 22),
    culprit=("forward: add", "forward: interpolate", "input"),
    cause="skip does not match",
    accepted=(
        edit("F.interpolate(coarse, scale_factor=2)", "F.interpolate(coarse, size=fine.shape[2:])"),
        feed("x = F.pad(x, (0, 2))"),
        feed("x = x[..., :20]"),
        feed("x = F.interpolate(x, size=(24, 24))"),
    ),
    source="https://github.com/open-mmlab/mmdetection/pull/2157",
)
class FeaturePyramid(nn.Module):
    """Eleven columns become 6, and 12 again."""

    def __init__(self) -> None:
        super().__init__()
        self.stage1 = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.stage2 = nn.Conv2d(4, 8, 3, stride=2, padding=1)
        self.lateral1 = nn.Conv2d(4, 6, 1)
        self.lateral2 = nn.Conv2d(8, 6, 1)

    def forward(self, x: Tensor) -> list[Tensor]:
        first = F.relu(self.stage1(x))
        second = F.relu(self.stage2(first))
        fine, coarse = self.lateral1(first), self.lateral2(second)
        merged = fine + F.interpolate(coarse, scale_factor=2)
        return [merged, coarse]


class Block(nn.Module):
    """Two convolutions and a shortcut."""

    def __init__(self, before: int, after: int, stride: int = 1, padding: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride=stride, padding=padding)
        self.conv2 = nn.Conv2d(after, after, 3, padding=padding)
        self.shortcut = nn.Identity()

    def forward(self, x: Tensor) -> Any:
        out = self.conv2(F.relu(self.conv1(x)))
        out = out + self.shortcut(x)
        return F.relu(out)


@broken(
    "a block with a stride and no projection",
    input=(1, 3, 16, 16),
    culprit=("layer2.forward: add", "layer2.shortcut"),
    cause="skip does not match",
    accepted=(
        swap("layer2.shortcut = nn.Conv2d(4, 8, 1, stride=2)"),
        swap("layer2.shortcut = nn.Sequential(nn.Conv2d(4, 8, 1, stride=2), nn.BatchNorm2d(8))"),
    ),
    source="https://github.com/GengDavid/pytorch-cpn/issues/45",
)
def no_projection() -> nn.Module:
    """Half the size and twice the channels on one side of the sum, neither on the other."""
    return nn.Sequential(OrderedDict(stem=nn.Conv2d(3, 4, 3), layer1=Block(4, 4), layer2=Block(4, 8, stride=2)))


@broken(
    "a block without padding",
    input=(1, 3, 16, 16),
    culprit=("layer1.forward: add", "layer1.conv1", "layer1.conv2"),
    cause="skip does not match",
    accepted=(
        both(
            swap("layer1.conv1 = nn.Conv2d(4, 4, 3, padding=1)"), swap("layer1.conv2 = nn.Conv2d(4, 4, 3, padding=1)")
        ),
        edit("out = out + self.shortcut(x)", "out = out + self.shortcut(x)[:, :, 2:-2, 2:-2]", of="layer1"),
    ),
    source="https://github.com/yl4579/StyleTTS2/issues/208",
)
def no_padding() -> nn.Module:
    """Each convolution takes a pixel from each border."""
    return nn.Sequential(OrderedDict(stem=nn.Conv2d(3, 4, 3), layer1=Block(4, 4, padding=0)))


@broken(
    "an autoencoder that gives one row less",
    input=(1, 1, 24, 24),
    culprit=("forward: sub", "decoder.0"),
    cause="skip does not match",
    accepted=(
        swap("decoder.0 = nn.ConvTranspose2d(4, 1, 3, stride=2, padding=1, output_padding=1)"),
        swap("decoder.0 = nn.ConvTranspose2d(4, 1, 4, stride=2, padding=1)"),
        feed("x = x[:, :, :23, :23]"),
    ),
    source="https://whosebug.com/question/6259374/Convolution-and-convolution-transposed-do-not-cancel-each-other",
)
class Autoencoder(nn.Module):
    """The same kernel, stride and padding bring 12 back to 23, for 23 and 24 both become 12."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(1, 4, 3, stride=2, padding=1), nn.ReLU())
        self.decoder = nn.Sequential(nn.ConvTranspose2d(4, 1, 3, stride=2, padding=1), nn.Sigmoid())

    def forward(self, x: Tensor) -> Any:
        error = self.decoder(self.encoder(x)) - x
        return error.square().mean()


@broken(
    "a pooled branch beside a strided one",
    input=(1, 8, 15, 15),
    culprit=("forward: cat", "pool", "conv"),
    cause="skip does not match",
    accepted=(
        swap("pool = nn.AvgPool2d(2, stride=2, ceil_mode=True)"),
        swap("pool = nn.AvgPool2d(3, stride=2, padding=1)"),
        feed("x = F.pad(x, (0, 1, 0, 1))"),
        feed("x = x[:, :, :14, :14]"),
        feed("x = F.interpolate(x, size=(16, 16))"),
    ),
    source="https://github.com/Res2Net/Res2Net-PretrainedModels/issues/19",
)
class TwoBranches(nn.Module):
    """Padded, 15 becomes 8; pooled, it becomes 7."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, stride=2, padding=1)
        self.pool = nn.AvgPool2d(2, stride=2)

    def forward(self, x: Tensor) -> Any:
        first, second = x.chunk(2, dim=1)
        return torch.cat((self.conv(first), self.pool(second)), 1)


@broken(
    "unpooling an odd size",
    input=(1, 3, 20, 18),
    culprit=("unpool", "pool"),
    cause="skip does not match",
    accepted=(
        edit("x = self.unpool(x, places2)", "x = self.unpool(x, places2, output_size=places1.shape)"),
        feed("x = F.pad(x, (0, 2))"),
        feed("x = x[..., :16]"),
        feed("x = F.interpolate(x, size=(20, 20))"),
    ),
    source="https://github.com/pytorch/pytorch/issues/580",
)
class SegNet(nn.Module):
    """Nine columns become 4, and 8 again. One module is called twice, and the numbers settle which call fails.

    The places of the largest values may lie past the end of the smaller map; if none does, the shapes differ next.
    """

    def __init__(self) -> None:
        super().__init__()
        self.pool = nn.MaxPool2d(2, 2, return_indices=True)
        self.unpool = nn.MaxUnpool2d(2, 2)

    def forward(self, x: Tensor) -> Any:
        x, places1 = self.pool(x)
        x, places2 = self.pool(x)
        x = self.unpool(x, places2)
        return self.unpool(x, places1)


# --- Shapes that do not broadcast -------------------------------------------------------------------------------------


@broken(
    "weights of channels without height and width",
    input=(2, 8, 6, 5),
    culprit="forward: mul",
    cause="does not broadcast",
    accepted=(
        edit("x * weights", "x * weights[:, :, None, None]"),
        edit("x * weights", "x * weights.unsqueeze(2).unsqueeze(3)"),
        edit("x * weights", "x * weights.view(x.size(0), x.size(1), 1, 1)"),
    ),
    source="https://github.com/titu1994/keras-squeeze-excite-network/issues/2",
)
class ChannelWeights(nn.Module):
    """Broadcasting goes from the last axis on: the 8 weights meet the 5 columns."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(8, 2)
        self.fc2 = nn.Linear(2, 8)

    def forward(self, x: Tensor) -> Any:
        weights = F.relu(self.fc1(x.mean(dim=(2, 3))))
        weights = self.fc2(weights).sigmoid()
        return x * weights


class VisionTransformer(nn.Module):
    """Patches, a token for the class, and a learned number for each position."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 8, stride=8)
        self.token = nn.Parameter(torch.zeros(1, 1, 8))
        self.positions = nn.Parameter(torch.zeros(1, (size // 8) ** 2 + 1, 8))

    def forward(self, x: Tensor) -> Any:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.size(0), -1, -1), x], dim=1)
        return x + self.positions


@broken(
    "a transformer for pictures of another size",
    input=(2, 3, 16, 16),
    culprit=("forward: add", "positions", "input"),
    cause="does not broadcast",
    accepted=(
        feed("x = F.interpolate(x, size=(56, 56))"),
        swap("positions = nn.Parameter(torch.zeros(1, 5, 8))"),
    ),
    source="https://github.com/jeonsworld/ViT-pytorch/issues/3",
)
def vision_transformer() -> nn.Module:
    """Four patches and the token are 5 positions, and 50 were learned."""
    return VisionTransformer(size=56)


class Attention(nn.Module):
    """Attention of one head over the pixels, with learned numbers for the places."""

    def __init__(self, channels: int, height: int, width: int) -> None:
        super().__init__()
        self.query = nn.Conv2d(channels, channels, 1)
        self.key = nn.Conv2d(channels, channels, 1)
        self.rel = nn.Parameter(torch.zeros(1, channels, height * width))

    def forward(self, x: Tensor) -> Any:
        q, k = self.query(x).flatten(2), self.key(x).flatten(2)
        content = torch.matmul(q.transpose(1, 2), k)
        position = torch.matmul(self.rel.transpose(1, 2), q)
        return (content + position).softmax(dim=-1)


@broken(
    "attention for maps of another size",
    input=(1, 3, 8, 8),
    culprit=("attention.forward: add", "attention.rel", "input"),
    cause="does not broadcast",
    accepted=(
        swap("attention.rel = nn.Parameter(torch.zeros(1, 4, 4))"),
        feed("x = F.interpolate(x, size=(24, 24))"),
    ),
    source="https://github.com/leaderj1001/BottleneckTransformers/issues/13",
)
def bottleneck_transformer() -> nn.Module:
    """Four places where 36 were learned."""
    return nn.Sequential(OrderedDict(conv=nn.Conv2d(3, 4, 4, stride=4), attention=Attention(4, 6, 6)))


class PairwiseScores(nn.Module):
    """Scores of each position against each other."""

    def __init__(self) -> None:
        super().__init__()
        self.theta = nn.Conv2d(4, 2, 1)
        self.phi = nn.Conv2d(4, 2, 1)

    def forward(self, x: Tensor) -> Any:
        theta = self.theta(x).flatten(2)
        phi = self.phi(x).flatten(2)
        return torch.matmul(theta, phi).softmax(dim=-1)


@broken(
    "a product of two maps, none transposed",
    input=(2, 4, 5, 6),
    culprit="forward: matmul",
    cause="axes in the wrong order",
    accepted=(
        edit("theta = self.theta(x).flatten(2)", "theta = self.theta(x).flatten(2).transpose(1, 2)"),
        edit("torch.matmul(theta, phi)", "torch.matmul(theta.transpose(1, 2), phi)"),
    ),
    source="https://github.com/nv-tlabs/datasetGAN_release/issues/49",
)
def pairwise_scores() -> nn.Module:
    """Two by 30 times 2 by 30."""
    return PairwiseScores()
