"""What the algorithms have in common: the padding around the input, the dtype of the sums, the bias."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from convlab.arithmetic.sizes import padding_amounts
from convlab.arithmetic.spec import ConvSpec
from convlab.ops.arguments import SUM_DTYPE


def padded(input: torch.Tensor, spec: ConvSpec) -> torch.Tensor:
    """The batch with the padding of `spec` around it; the batch itself where there is none.

    Args:
        input: The batch.
        spec: Its padding may be ints, "same" or "valid", in any of the padding modes.

    Shape:
        - input: (N, C_in, *spatial)
        - Output: (N, C_in, *padded), where each axis has `before + spatial + after` elements

    Source:
        https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html

    Example:
        >>> padded(torch.tensor([[[1, 2, 3]]]), ConvSpec(1, 1, (4,), padding="same"))
        tensor([[[0, 1, 2, 3, 0, 0]]])
        >>> padded(torch.tensor([[[1, 2, 3]]]), ConvSpec(1, 1, (3,), padding=2, padding_mode="circular"))
        tensor([[[2, 3, 1, 2, 3, 1, 2]]])
    """
    last_axis_first = [amount for pair in reversed(padding_amounts(spec)) for amount in pair]
    if not any(last_axis_first):
        return input
    return F.pad(input, last_axis_first, mode="constant" if spec.padding_mode == "zeros" else spec.padding_mode)


def widened(tensor: torch.Tensor) -> torch.Tensor:
    """The tensor in the dtype in which sums are made: the next wider one of a narrow float, else its own.

    Example:
        >>> widened(torch.zeros(1, dtype=torch.float16)).dtype, widened(torch.zeros(1, dtype=torch.int8)).dtype
        (torch.float32, torch.int8)
    """
    return tensor.to(SUM_DTYPE.get(tensor.dtype, tensor.dtype))


def finished(output: torch.Tensor, bias: torch.Tensor | None, dtype: torch.dtype) -> torch.Tensor:
    """The sums with the bias of each channel added, in the dtype of the call, contiguous in memory.

    Args:
        output: The sums.
        bias: One number per output channel, or None.
        dtype: That of the call's tensors.

    Shape:
        - output: (N, C_out, *out)
        - bias: (C_out,)
        - Output: (N, C_out, *out)

    Example:
        >>> finished(torch.zeros(1, 2, 3), torch.tensor([1.0, 5.0]), torch.float32)
        tensor([[[1., 1., 1.], [5., 5., 5.]]])
    """
    if bias is not None:
        output = output + bias.to(output.dtype).reshape(-1, *(1,) * (output.ndim - 2))
    return output.to(dtype).contiguous()
