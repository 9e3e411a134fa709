"""What deformable convolutions have in common as torch modules, whatever the number of their spatial axes."""

from __future__ import annotations

from typing import Any, ClassVar, Self, SupportsIndex

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from convlab.arithmetic.sizes import output_size
from convlab.arithmetic.spec import ConvSpec, IntOrTuple, as_int, as_tuple
from convlab.ops.arguments import SPATIAL_LETTERS, autocast, check_fit, outside_autocast
from convlab.ops.deform import deform_conv

_Conv = nn.Conv1d | nn.Conv2d | nn.Conv3d


class DeformConv(nn.Module):
    """A deformable convolution of any number of spatial axes; `DeformConv2d` says what it is.

    Example:
        >>> from convlab.nn import DeformConv2d
        >>> isinstance(DeformConv2d(3, 8, 3), DeformConv)
        True
    """

    _conv: ClassVar[type[nn.Conv1d] | type[nn.Conv2d] | type[nn.Conv3d]]
    _ndim: ClassVar[int]
    in_channels: int
    kernel_size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: str | tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int
    weight: torch.Tensor
    bias: torch.Tensor | None
    offset_branch: _Conv | None

    def __init__(
        self,
        in_channels: SupportsIndex,
        out_channels: SupportsIndex,
        kernel_size: IntOrTuple,
        stride: IntOrTuple = 1,
        padding: IntOrTuple | str = 0,
        dilation: IntOrTuple = 1,
        groups: SupportsIndex = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        offset_groups: SupportsIndex = 1,
        modulated: bool = True,
        branch: bool = True,
    ) -> None:
        kernel_size = as_tuple("kernel_size", kernel_size, self._ndim, minimum=1)
        spec = ConvSpec(
            in_channels, out_channels, kernel_size, stride=stride, padding=padding, dilation=dilation,
            groups=groups, bias=bias, padding_mode=padding_mode,
        )  # fmt: skip
        _check_padding_mode(padding_mode)
        offset_groups = as_int("offset_groups", offset_groups, minimum=1)
        if spec.in_channels % offset_groups:
            numbers = f"in_channels={spec.in_channels} and offset_groups={offset_groups}"
            raise ValueError(f"offset_groups must divide in_channels, but {numbers}")
        for name, value in (("modulated", modulated), ("branch", branch)):
            if not isinstance(value, bool):
                raise TypeError(f"{name} must be a bool, but {name}={value!r} has type {type(value).__name__}")
        if isinstance(dtype, torch.dtype) and not dtype.is_floating_point:
            raise TypeError(f"dtype must be a floating-point dtype, since the input is interpolated, but dtype={dtype}")
        window = (spec.kernel_size, spec.stride, spec.padding, spec.dilation)
        super().__init__(
            spec.in_channels, spec.out_channels, *window, spec.groups, spec.bias, device=device, dtype=dtype
        )
        self.offset_groups, self.modulated, self.branch = offset_groups, modulated, branch
        self.offset_branch = None
        if branch:  # made without drawing random numbers: whatever is built next starts as it does after a ConvNd
            factory = {"device": self.weight.device, "dtype": self.weight.dtype}
            channels = sum(self._branch_channels())
            self.offset_branch = nn.utils.skip_init(self._conv, spec.in_channels, channels, *window, **factory)
            self._zero_branch()

    @classmethod
    def from_conv(
        cls, conv: nn.Module, *, offset_groups: SupportsIndex = 1, modulated: bool = True, branch: bool = True
    ) -> Self:
        """The deformable convolution that computes what this convolution does, until its branch learns otherwise.

        `conv` is one of torch with as many spatial axes, on any device and of any dtype; the others are arguments of
        the class. Nothing is shared: weight and bias are copies, which learn if those of `conv` do.

        Raises:
            TypeError: If `conv` is no such convolution, or pads by itself before it runs.
            ValueError: If its padding_mode is not "zeros", or it has no shape yet, as torch's lazy ones.

        Example:
            >>> from convlab.nn import DeformConv2d
            >>> plain = nn.Conv2d(3, 8, 3, stride=2)
            >>> layer = DeformConv2d.from_conv(plain)
            >>> x = torch.rand(1, 3, 9, 9)
            >>> torch.allclose(layer(x), plain(x), atol=1e-6)
            True
        """
        if not isinstance(conv, cls._conv) or type(conv).forward is not cls._conv.forward:
            kind = f"{type(conv).__module__}.{type(conv).__qualname__}"
            raise TypeError(f"conv must be an nn.{cls._conv.__name__} with torch's forward, but it is a {kind}")
        if is_lazy(conv.weight):
            raise ValueError("conv must be initialised, but its weight has no shape yet: run it once on real data")
        _check_padding_mode(conv.padding_mode)
        window = (conv.kernel_size, conv.stride, conv.padding, conv.dilation)
        made = cls(
            conv.in_channels, conv.out_channels, *window, conv.groups, conv.bias is not None,
            device="meta", dtype=conv.weight.dtype, offset_groups=offset_groups, modulated=modulated, branch=branch,
        ).to_empty(device=conv.weight.device)  # fmt: skip
        for name in ("weight", "bias"):
            value = getattr(conv, name)
            if value is not None:
                setattr(made, name, nn.Parameter(value.detach().clone(), value.requires_grad))
        made._zero_branch()
        return made.train(conv.training)

    def forward(
        self, input: torch.Tensor, offset: torch.Tensor | None = None, mask: torch.Tensor | None = None
    ) -> torch.Tensor:
        """The deformable convolution of the input, with the branch's offsets, or with these."""
        name = type(self).__name__
        if self.branch:
            if offset is not None or mask is not None:
                extra = "an offset" if offset is not None else "a mask"
                raise TypeError(
                    f"{name} must be built with branch=False to be given {extra}: its own branch says what they are"
                )
            offset, mask = self.offsets(input)
        elif offset is None:
            raise TypeError(f"{name} must be given an offset as its second argument, since it has branch=False")
        elif self.modulated and mask is None:
            raise TypeError(f"{name} must be given a mask as its third argument, since it has modulated=True")
        elif not self.modulated and mask is not None:
            raise TypeError(f"{name} must be built with modulated=True to be given a mask, but it has modulated=False")
        else:
            self._check_groups(offset)
        window = {"stride": self.stride, "padding": self.padding, "dilation": self.dilation}
        return deform_conv(input, offset, self.weight, self.bias, mask=mask, groups=self.groups, **window)  # type: ignore[arg-type]

    def offsets(self, input: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Offset and mask of the layer's own branch for this input, laid out as for `convlab.deform_conv`.

        Args:
            input: As for the layer.

        Returns:
            The offset, and the mask; None in its place where the layer is not modulated.

        Raises:
            TypeError: If the input is no tensor, or has another dtype.
            ValueError: If the layer has no branch, or the input does not fit.

        Example:
            >>> from convlab.nn import DeformConv2d
            >>> offset, mask = DeformConv2d(3, 8, 3, padding=1).offsets(torch.rand(1, 3, 5, 5))
            >>> offset.shape, mask.shape  # 2 * 3 * 3 and 3 * 3 channels
            (torch.Size([1, 18, 5, 5]), torch.Size([1, 9, 5, 5]))
        """
        if self.offset_branch is None:
            raise ValueError(f"offsets needs branch=True, but this {type(self).__name__} gets them from outside")
        self._check_input(input)
        with outside_autocast(input):  # which would round the places
            dtype = self.offset_branch.weight.dtype
            numbers = self.offset_branch(input if input.dtype == dtype else input.to(dtype))
        axis = input.ndim - self._ndim - 1
        of_offset, of_mask = self._branch_channels()
        offset = numbers.narrow(axis, 0, of_offset)
        return offset, 2 * numbers.narrow(axis, of_offset, of_mask).sigmoid() if of_mask else None

    def reset_parameters(self) -> None:
        """Weight and bias as in torch's convolutions, drawn anew; the branch is zero again."""
        super().reset_parameters()  # type: ignore[misc]
        self._zero_branch()

    def extra_repr(self) -> str:
        """The arguments, as torch shows them, and those that only a deformable convolution has."""
        text = super().extra_repr()
        text += f", offset_groups={self.offset_groups}" if self.offset_groups != 1 else ""
        text += ", modulated=False" if not self.modulated else ""
        return text + (", branch=False" if not self.branch else "")

    def _check_input(self, input: torch.Tensor) -> None:
        """What the branch, which runs first, would refuse in other words."""
        if not isinstance(input, torch.Tensor):
            found = f"{type(input).__module__}.{type(input).__qualname__}"
            raise TypeError(f"input must be a torch.Tensor, but input is a {found}")
        shape, letters = tuple(input.shape), SPATIAL_LETTERS[self._ndim]
        if len(shape) not in (self._ndim + 1, self._ndim + 2):
            layouts = f"(N, C_in, {letters}) or (C_in, {letters})"
            raise ValueError(f"input must have shape {layouts}, but input has shape {shape}")
        axis = len(shape) - self._ndim - 1
        if shape[axis] != self.in_channels:
            got = f"input has {shape[axis]} on axis {axis} of its shape {shape}"
            raise ValueError(f"input must have in_channels = {self.in_channels} channels, but {got}")
        input, weight = autocast(input, self.weight)
        check_fit(input, weight=weight)
        spec = ConvSpec(
            self.in_channels, weight.shape[0], self.kernel_size,
            stride=self.stride, padding=self.padding, dilation=self.dilation, groups=self.groups,
        )  # fmt: skip
        output_size(spec, shape[-self._ndim :])

    def _check_groups(self, offset: torch.Tensor) -> None:
        """That an offset from outside has as many groups as the layer; the rest is checked where it is used."""
        if not isinstance(offset, torch.Tensor):
            return
        shape, axis = tuple(offset.shape), offset.ndim - self._ndim - 1
        wanted, _ = self._branch_channels()
        if axis >= 0 and shape[axis] != wanted and shape[axis] % (wanted // self.offset_groups) == 0:
            raise ValueError(
                f"offset must have the {wanted} channels of offset_groups={self.offset_groups}, "
                f"but offset has {shape[axis]} on axis {axis} of its shape {shape}"
            )

    def _branch_channels(self) -> tuple[int, int]:
        """Channels of the offset and of the mask."""
        taps = self.offset_groups * torch.Size(self.kernel_size).numel()
        return self._ndim * taps, taps if self.modulated else 0

    def _zero_branch(self) -> None:
        branch: Any = self._modules.get("offset_branch")  # there is none yet while torch draws the weight
        for parameter in branch.parameters() if branch is not None else ():
            nn.init.zeros_(parameter)


def _check_padding_mode(padding_mode: str) -> None:
    if padding_mode != "zeros":
        raise ValueError(
            "padding_mode must be 'zeros' in a deformable convolution, since what a tap reads outside the input is "
            f"zero, but padding_mode={padding_mode!r}"
        )
