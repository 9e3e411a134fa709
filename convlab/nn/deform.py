"""Deformable convolutions as torch modules, in one, two and three axes."""

from __future__ import annotations

from torch import nn

from convlab.nn.deform_base import DeformConv


class DeformConv1d(DeformConv, nn.Conv1d):
    """A deformable convolution in one axis: each offset is (dx).

    Its arguments, attributes, methods, errors and sources are those of `DeformConv2d`.

    Shape:
        - Input: (N, C_in, L) or (C_in, L)
        - Output: (N, C_out, L_out) or (C_out, L_out), with `conv_output_size`

    Example:
        >>> import torch
        >>> DeformConv1d(4, 8, 5, padding=2)(torch.zeros(16, 4, 100)).shape
        torch.Size([16, 8, 100])
    """

    _conv, _ndim = nn.Conv1d, 1


class DeformConv2d(DeformConv, nn.Conv2d):
    """A deformable convolution in two axes: each tap reads where a learned offset moves it to, between the elements.

    It stands in for an `nn.Conv2d`, with the same arguments in the same order, and has the same `weight` and `bias`. A
    second convolution, `offset_branch`, computes from the same input how far each tap of each window is moved, and a
    factor for what it reads. That branch is zero at the start, and so the layer computes exactly what the `nn.Conv2d`
    does of finite input, but for rounding. It draws no random numbers: with the same seed, a network starts with the
    same weights.

    `load_state_dict(conv.state_dict(), strict=False)` takes the weights of an `nn.Conv2d`; only those of the branch are
    missing. An initialiser that goes over all convolutions of a model reaches the branch, too, which should stay zero.

    The factors are 2 * sigmoid(.), 1 at the start. DCNv2 has sigmoid(.), which is 0.5 there and halves what a trained
    convolution gives.

    Args:
        in_channels: Channels of the input, C_in.
        out_channels: Channels of the output, C_out.
        kernel_size: Taps per axis.
        stride: Steps between windows, in elements.
        padding: Elements added on both sides of each axis, or "same" or "valid".
        dilation: Distance between neighbouring taps before they are moved, in elements.
        groups: Number of independent convolutions side by side.
        bias: Whether one learned number per output channel is added.
        padding_mode: "zeros" only: whatever is read outside the input is zero.
        device: Where the parameters are made.
        dtype: The type of the parameters.
        offset_groups: Parts of the input channels that have offsets of their own.
        modulated: Whether there are factors: version 2 of the paper. Version 1 has offsets alone.
        branch: Whether the layer has its own branch. Without it, `forward(input, offset, mask)` is given the offset
            and, where it is modulated, the mask, as they are, as `torchvision.ops.DeformConv2d` is.

    Shape:
        - Input: (N, C_in, H, W) or (C_in, H, W)
        - Output: (N, C_out, H_out, W_out) or (C_out, H_out, W_out), with `conv_output_size`
        - weight: (C_out, C_in/groups, kH, kW)
        - bias: (C_out,)
        - offset_branch.weight: (3 * offset_groups * kH * kW, C_in, kH, kW): first (dy, dx) of every tap, then the
          factors; not modulated, (2 * offset_groups * kH * kW, C_in, kH, kW)

    Raises:
        TypeError: If an argument has the wrong type; when it runs, if offset or mask is missing or one too many.
        ValueError: If a value, or a combination of values, is not allowed.

    Source:
        Dai et al. 2017, Deformable Convolutional Networks, https://arxiv.org/abs/1703.06211, section 2.1; factors: Zhu
        et al. 2018, Deformable ConvNets v2, https://arxiv.org/abs/1811.11168, section 3.2.

    Example:
        >>> import torch
        >>> layer = DeformConv2d(3, 16, 3, padding=1)
        >>> layer
        DeformConv2d(
          3, 16, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1)
          (offset_branch): Conv2d(3, 27, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1))
        )
        >>> layer(torch.zeros(8, 3, 32, 32)).shape
        torch.Size([8, 16, 32, 32])
        >>> given = DeformConv2d(3, 16, 3, padding=1, modulated=False, branch=False)
        >>> given(torch.zeros(8, 3, 32, 32), torch.zeros(8, 18, 32, 32)).shape
        torch.Size([8, 16, 32, 32])
    """

    _conv, _ndim = nn.Conv2d, 2


class DeformConv3d(DeformConv, nn.Conv3d):
    """A deformable convolution in three axes: each offset is (dz, dy, dx).

    Its arguments, attributes, methods, errors and sources are those of `DeformConv2d`.

    Shape:
        - Input: (N, C_in, D, H, W) or (C_in, D, H, W)
        - Output: (N, C_out, D_out, H_out, W_out) or (C_out, D_out, H_out, W_out), with `conv_output_size`

    Example:
        >>> import torch
        >>> DeformConv3d(1, 8, 3, stride=(1, 2, 2))(torch.zeros(2, 1, 5, 9, 9)).shape
        torch.Size([2, 8, 3, 4, 4])
    """

    _conv, _ndim = nn.Conv3d, 3
