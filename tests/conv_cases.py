"""What the tests of `convlab.conv` and `convlab.conv_transpose` share: methods, torch's own answers, tensors."""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call

import convlab
from convlab.arithmetic import ConvSpec
from convlab.ops import auto, dispatch, transposed

EVEN_SAME_WARNING = "ignore:Using padding='same' with even kernel lengths:UserWarning"
"""For `pytest.mark.filterwarnings`: torch says so once in a process, to whichever test comes first."""

TORCH_CONV: dict[int, Callable[..., Tensor]] = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TORCH_MODULE: dict[int, type[nn.Module]] = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
TORCH_CONV_TRANSPOSE: dict[int, Callable[..., Tensor]] = {
    1: F.conv_transpose1d,
    2: F.conv_transpose2d,
    3: F.conv_transpose3d,
}


def torch_conv(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
) -> Tensor:
    """What torch answers: `F.conv1d`, `2d` or `3d`, or the module of that name where a padding mode is asked for."""
    ndim = _ndim(weight)
    plain = TORCH_CONV[ndim]
    if padding_mode == "zeros":
        return plain(input, weight, bias, stride, padding, dilation, groups)
    # The module pads by itself. It reads a one-element list as the last axis alone, where F.conv reads it as all axes.
    per_axis = (_per_axis(padding, ndim), _per_axis(dilation, ndim))
    sizes = (weight.shape[1] * groups, weight.shape[0], tuple(weight.shape[2:]))
    module = TORCH_MODULE[ndim](
        *sizes, stride, *per_axis, groups=groups, bias=bias is not None, padding_mode=padding_mode, device="meta"
    )
    parameters = {"weight": weight} if bias is None else {"weight": weight, "bias": bias}
    output: Tensor = functional_call(module, parameters, (input,))
    return output


def torch_conv_transpose(input: Tensor, weight: Tensor, bias: Tensor | None = None, **options: Any) -> Tensor:
    """What torch answers: `F.conv_transpose1d`, `2d` or `3d`."""
    return TORCH_CONV_TRANSPOSE[_ndim(weight)](input, weight, bias, **options)


@dataclass(frozen=True, eq=False)
class Operation:
    """One of the two public functions, what torch has for it, and its algorithms by name."""

    name: str
    ours: Callable[..., Tensor]
    torchs: Callable[..., Tensor]
    algorithms: dict[str, Any]

    def __str__(self) -> str:
        return self.name


CONV = Operation("conv", convlab.conv, torch_conv, dispatch._METHODS)
CONV_TRANSPOSE = Operation("conv_transpose", convlab.conv_transpose, torch_conv_transpose, transposed._METHODS)
OPERATIONS = (CONV, CONV_TRANSPOSE)

ROUNDING = ("fft",)
"""The methods that round even where input and weight are whole numbers; they refuse integers."""


def refuses(method: str, dtype: torch.dtype) -> bool:
    """Whether this method takes less than torch does: integers, where it rounds."""
    return method in ROUNDING and not (dtype.is_floating_point or dtype.is_complex)


@contextlib.contextmanager
def forgetful(**rules: Any) -> Iterator[None]:
    """Inside, `method="auto"` follows changed rules (names and values of `convlab.ops.auto`), with nothing kept."""

    def forget() -> None:
        auto.by_rule.cache_clear()
        dispatch._PLANS.clear()

    with pytest.MonkeyPatch.context() as patch:
        for name, value in rules.items():
            patch.setattr(auto, name, value)
        forget()
        yield
    forget()


every_conv_method = pytest.mark.parametrize("method", CONV.algorithms)
every_conv_transpose_method = pytest.mark.parametrize("method", CONV_TRANSPOSE.algorithms)
every_operation_and_method = pytest.mark.parametrize(
    ("operation", "method"),
    [
        pytest.param(operation, method, id=f"{operation}-{method}")
        for operation in OPERATIONS
        for method in operation.algorithms
    ],
)


class Case(NamedTuple):
    """A call to be compared with torch: the shapes of its tensors, and its options."""

    input: tuple[int, ...]
    weight: tuple[int, ...]
    options: Mapping[str, Any] = {}
    bias: bool = True

    def tensors(self, operation: Operation, **kwargs: Any) -> list[Tensor | None]:
        """Input, weight and bias, filled by `numbers`."""
        groups = self.options.get("groups", 1)
        out_channels = self.weight[1] * groups if operation is CONV_TRANSPOSE else self.weight[0]
        shapes = (self.input, self.weight, (out_channels,))
        input, weight, bias = (numbers(*shape, seed=seed, **kwargs) for seed, shape in enumerate(shapes))
        return [input, weight, bias if self.bias else None]


def numbers(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64, requires_grad: bool = False) -> Tensor:
    """Normally distributed numbers, the same in every run."""
    generator = torch.Generator().manual_seed(1000 * seed + len(shape))
    return torch.randn(shape, generator=generator, dtype=dtype).requires_grad_(requires_grad)


def small_integers(*shape: int, dtype: torch.dtype, highest: int = 3) -> Tensor:
    """0 to `highest` over and over, with an imaginary part where there is one: their sums are exact in every dtype."""
    values = torch.arange(torch.Size(shape).numel()).reshape(shape)
    if dtype.is_complex:
        return torch.complex((values % (highest + 1)).float(), (values % highest).float()).to(dtype)
    return (values % (highest + 1)).to(dtype)


def named(label: str) -> Callable[[str], str]:
    """For `assert_close(..., msg=...)`: its own message, after a label."""
    return lambda text: f"{label}: {text}"


def outcome(call: Callable[..., Tensor], *args: Any, **kwargs: Any) -> Tensor | Exception:
    """What this call returns, or the error that it raises; a warning that is an error is no answer, and goes on."""
    try:
        return call(*args, **kwargs)
    except Warning:
        raise
    except Exception as error:
        return error


def refusal(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Exception | None:
    """The error that this call raises; None where it returns."""
    result = outcome(call, *args, **kwargs)
    return result if isinstance(result, Exception) else None


def assert_one_sentence(error: object, call: object = "the call") -> None:
    """It is a ValueError or a TypeError that says in one sentence what is wrong, and names an argument."""
    assert type(error) in (ValueError, TypeError), f"{call} ends with {error!r}"
    message = str(error)
    assert "\n" not in message, f"{call}: {message}"
    assert not re.search(r"\.(\s|$)", message), f"{call}: more than a sentence: {message}"
    assert ARGUMENTS & set(re.findall(r"\w+", message)), f"{call}: names no argument: {message}"


# Of the two functions, and of those below them, whose errors they pass on: in_channels, input_size and the like.
ARGUMENTS = {
    name
    for function in (convlab.conv, convlab.conv_transpose, convlab.conv_output_size, ConvSpec)
    for name in inspect.signature(function).parameters
}


def must_not_run(*_: object) -> Tensor:
    """Takes the place of an algorithm in a call that is refused."""
    pytest.fail("the algorithm ran, so the error does not come before the work")


def _ndim(weight: Any) -> int:
    """The number of spatial axes; the nearest that torch has where it has no such function."""
    return min(max(getattr(weight, "ndim", 3) - 2, 1), 3)


def _per_axis(value: Any, ndim: int) -> Any:
    return tuple(value) * ndim if isinstance(value, list | tuple) and len(value) == 1 else value
