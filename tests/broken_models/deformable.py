"""Deformable convolutions: offsets of another size or for other taps, masks, and layers that bring their own."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import torch
from torch import Tensor, nn

import convlab
from broken_models.case import broken, edit, swap
from convlab.nn import DeformConv2d


@broken(
    "offsets without the stride of the layer",
    input=(2, 4, 16, 16),
    culprit=("conv2_offset", "conv2"),
    cause="offset or mask",
    accepted=(swap("conv2_offset = nn.Conv2d(4, 27, 3, stride=2, padding=1)"),),
    source="https://github.com/pytorch/vision/issues/4899",
    raises=ValueError,
    fails_at="conv2",
)
class OffsetsWithoutStride(nn.Module):
    """One convolution makes offset and mask; in the blocks that halve the size it keeps it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv2_offset = nn.Conv2d(4, 27, 3, padding=1)
        self.conv2 = DeformConv2d(4, 6, 3, stride=2, padding=1, bias=False, branch=False)

    def forward(self, x: Tensor) -> Any:
        both = self.conv2_offset(x)
        offset, mask = both[:, :18], both[:, -9:].sigmoid()
        return self.conv2(x, offset, mask)


@broken(
    "the stride is forgotten where the offsets are used",
    input=(1, 3, 14, 14),
    culprit=("forward: deform_conv", "offset_conv"),
    cause="offset or mask",
    accepted=(edit("padding=1", "padding=1, stride=2"),),
    source="https://github.com/developer0hye/PyTorch-Deformable-Convolution-v2/issues/4",
    raises=ValueError,
)
class StrideForgotten(nn.Module):
    """The convolution of the offsets has the stride of 2 that the reader asked for; the function has none."""

    def __init__(self) -> None:
        super().__init__()
        self.offset_conv = nn.Conv2d(3, 18, 3, stride=2, padding=1)
        self.weight = nn.Parameter(torch.rand(8, 3, 3, 3))

    def forward(self, x: Tensor) -> Any:
        offset = self.offset_conv(x)
        return convlab.deform_conv(x, offset, self.weight, padding=1)


@broken(
    "two offsets for each channel, not for each tap",
    input=(2, 8, 10, 10),
    culprit=("offset", "deform"),
    cause="offset or mask",
    accepted=(swap("offset = nn.Conv2d(8, 18, 3, padding=1)"),),
    source="https://github.com/oeway/pytorch-deform-conv/issues/17",
    raises=ValueError,
    fails_at="deform",
)
class OffsetsForChannels(nn.Module):
    """An older implementation moved whole channels; the paper moves the 9 taps of a kernel."""

    def __init__(self) -> None:
        super().__init__()
        self.offset = nn.Conv2d(8, 2 * 8, 3, padding=1)
        self.deform = DeformConv2d(8, 6, 3, padding=1, modulated=False, branch=False)

    def forward(self, x: Tensor) -> Any:
        return self.deform(x, self.offset(x))


@broken(
    "a layer that waits for offsets in the place of a Conv2d",
    input=(2, 3, 12, 12),
    culprit="smooth",
    cause="offset or mask",
    accepted=(swap("smooth = convlab.nn.DeformConv2d(4, 4, 3, padding=1)"),),
    source="https://github.com/open-mmlab/mmcv/issues/800",
    raises=TypeError,
)
def no_offset() -> nn.Module:
    """It was put where a Conv2d was, and is called as that was."""
    layer = DeformConv2d(4, 4, 3, padding=1, branch=False)
    return nn.Sequential(OrderedDict(project=nn.Conv2d(3, 4, 1), smooth=layer, relu=nn.ReLU()))


@broken(
    "an offset for a layer that computes its own",
    input=(2, 4, 9, 9),
    culprit=("align", "forward"),
    cause="offset or mask",
    accepted=(swap("align = convlab.nn.DeformConv2d(4, 4, 3, padding=1, modulated=False, branch=False)"),),
    source="https://github.com/open-mmlab/mmcv/issues/1915",
    raises=TypeError,
    fails_at="align",
)
class OffsetTooMany(nn.Module):
    """The offsets say how one map lies on another; the layer was taken in the form that makes its own."""

    def __init__(self) -> None:
        super().__init__()
        self.offset = nn.Conv2d(4, 18, 1)
        self.align = DeformConv2d(4, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Any:
        return self.align(x, self.offset(x)).relu()


@broken(
    "a mask for version 1",
    input=(2, 4, 9, 9),
    culprit="dcn",
    cause="offset or mask",
    accepted=(swap("dcn = convlab.nn.DeformConv2d(4, 4, 3, padding=1, branch=False)"),),
    source="https://github.com/sithu31296/semantic-segmentation/issues/8",
    raises=TypeError,
)
class MaskForVersion1(nn.Module):
    """The layer takes an offset alone, and is given a mask, too."""

    def __init__(self) -> None:
        super().__init__()
        self.made = nn.Conv2d(4, 27, 3, padding=1)
        self.dcn = DeformConv2d(4, 4, 3, padding=1, modulated=False, branch=False)

    def forward(self, x: Tensor) -> Any:
        y, x_, mask = torch.chunk(self.made(x), 3, dim=1)
        return self.dcn(x, torch.cat([y, x_], dim=1), mask.sigmoid())


@broken(
    "deformable in a backbone of half the width",
    input=(1, 3, 16, 16),
    culprit=("1", "0"),
    cause="in_channels",
    accepted=(swap("1 = convlab.nn.DeformConv2d(4, 8, 3, padding=1)"), swap("0 = nn.Conv2d(3, 8, 3, stride=2)")),
    source="https://github.com/ultralytics/ultralytics/issues/21362",
    raises=ValueError,
)
def half_the_width() -> nn.Module:
    """A factor of width reaches the plain convolutions, and not the new kind of layer."""
    return nn.Sequential(nn.Conv2d(3, 4, 3, stride=2), DeformConv2d(8, 8, 3, padding=1))


@broken(
    "deformable in 2D on volumes",
    input=(1, 2, 6, 8, 8),
    culprit=("0", "input"),
    cause="wrong dimension of layer",
    accepted=(swap("0 = convlab.nn.DeformConv3d(2, 4, 3, padding=1)"),),
    source="https://github.com/1zb/deformable-convolution-pytorch/issues/8",
    raises=ValueError,
)
def volumes_in_deformable_2d() -> nn.Module:
    """Most implementations know pictures only."""
    return nn.Sequential(DeformConv2d(2, 4, 3, padding=1), nn.ReLU())
