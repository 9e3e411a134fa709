"""How a result differs from the expected one: first in type, then in shape, dtype, device and values."""

from __future__ import annotations

import inspect
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

_TOLERANCES = {
    torch.float64: 1e-9,
    torch.float32: 1e-4,
    torch.float16: 1e-2,
    torch.bfloat16: 5e-2,
    torch.complex128: 1e-9,
    torch.complex64: 1e-4,
}
_LONGEST_SHOWN = 120


@dataclass(frozen=True)
class Difference:
    """The first thing in which a result differs.

    Attributes:
        kind: "none", "type", "length", "shape", "dtype", "device" or "values".
        sentence: What differs, to follow "In the case ...: ".
        mistake: The name of the mistake where the difference alone names it.
        advice: What to do about it; "" where there is nothing to add.
        index: Where the values differ first.

    Example:
        >>> Difference("shape", "expected shape (2,), got shape (3,)").mistake
    """

    kind: str
    sentence: str
    mistake: str | None = None
    advice: str = ""
    index: tuple[int, ...] | None = None


def difference(expected: Any, got: Any) -> Difference | None:
    """The first difference between an expected result and one that was returned; None where they agree.

    Args:
        expected: A tensor, a number, a word, None, or a tuple or list of these.
        got: Anything.

    Example:
        >>> difference(3, 3.0).mistake
        'returns a float'
        >>> difference(torch.zeros(2), torch.zeros(3)).sentence
        'expected shape (2,), got shape (3,)'
    """
    if got is None and expected is not None:
        return Difference("none", f"expected {kind_of(expected)}, got None", "returns None")
    if isinstance(expected, torch.Tensor):
        return _tensor_difference(expected, got)
    if isinstance(expected, tuple | list):
        return _sequence_difference(expected, got)
    return _plain_difference(expected, got)


def agree(expected: Any, got: Any) -> bool:
    """Whether two results are the same, up to rounding.

    Args:
        expected: As in `difference`.
        got: Anything.

    Example:
        >>> agree((1, 2), torch.Size([1, 2])), agree(1, True)
        (True, False)
    """
    return difference(expected, got) is None


def tolerance(expected: torch.Tensor) -> float:
    """How far an element may be away: a share of the largest expected magnitude.

    Args:
        expected: The right values.

    Example:
        >>> tolerance(torch.tensor([2.0, -4.0], dtype=torch.float64))
        4e-09
    """
    share = _TOLERANCES.get(expected.dtype, 0.0)
    finite = expected.detach().abs()[torch.isfinite(expected.detach())] if expected.numel() else expected
    largest = float(finite.max()) if finite.numel() else 0.0
    return share * (largest or 1.0)


def wrong_elements(expected: torch.Tensor, got: torch.Tensor) -> torch.Tensor:
    """Which elements differ by more than the tolerance, as a mask.

    Args:
        expected: The right values.
        got: Values of the same shape.

    Shape:
        - expected: any
        - got: the same

    Example:
        >>> wrong_elements(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.5]))
        tensor([False,  True])
    """
    right, mine = expected.detach().resolve_conj(), got.detach().resolve_conj()
    if not right.dtype.is_floating_point and not right.dtype.is_complex:
        return right != mine.to(right.dtype)
    right, mine = right.to(torch.complex128 if right.dtype.is_complex else torch.float64), mine
    mine = mine.to(right.dtype)
    near = (right - mine).abs() <= tolerance(expected)
    return ~(near | (right == mine) | (right.isnan() & mine.isnan()))


def kind_of(value: Any) -> str:
    """What kind of thing a value is, in words.

    Args:
        value: Anything.

    Example:
        >>> kind_of((1, 2)), kind_of(torch.zeros(3)), kind_of(3)
        ('a tuple of 2', 'a tensor', 'an int')
    """
    if value is None:
        return "None"
    if isinstance(value, torch.Tensor):
        return "a tensor"
    if isinstance(value, tuple):
        return f"a tuple of {len(value)}"
    if inspect.isgenerator(value):
        return "a generator"
    if inspect.iscoroutine(value):
        return "a coroutine"
    module, name = type(value).__module__.partition(".")[0], type(value).__name__
    if module == "numpy":
        return "a NumPy array" if name == "ndarray" else f"a number of NumPy ({name})"
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


_ADVICE = {
    "a NumPy array": "Stay with tensors to the end: torch.from_numpy(result) turns an array into a tensor.",
    "a float": "Sizes and counts are ints: divide with //, not with /.",
    "a generator": "Your function contains yield: return the result with return.",
    "a coroutine": "Your function is defined by async def: define it by def.",
    "a str": "Return the number itself, without str and without quotation marks.",
    "a bool": "Return the number itself, not the result of a comparison.",
}


def _wrong_type(expected: Any, got: Any) -> Difference:
    found = kind_of(got)
    name = found.split(" (")[0] if found.startswith("a number of NumPy") else found
    advice = _ADVICE.get(name, "")
    if isinstance(got, float) and isinstance(expected, torch.Tensor):
        advice = "A tensor is wanted: leave out .item() and float(), which make a plain number of a tensor."
    if isinstance(got, torch.Tensor) and isinstance(expected, int):
        advice = "A plain int is wanted: .item() takes the number out of a tensor with one element."
    if isinstance(got, torch.Tensor) and isinstance(expected, tuple):
        advice = "A tuple of plain ints is wanted: tuple(result.tolist()) makes one of a tensor with one axis."
    if isinstance(got, list):
        advice = _about_a_list(expected, got)
    if inspect.iscoroutine(got):
        got.close()
    return Difference("type", f"expected {kind_of(expected)}, got {found}", f"returns {name}", advice)


def _about_a_list(expected: Any, got: list[Any]) -> str:
    """How a list becomes what is wanted, by what it holds."""
    if isinstance(expected, tuple):
        return "Turn the list into a tuple: return tuple(result), or write round brackets for the square ones."
    if not isinstance(expected, torch.Tensor):
        return f"Wanted is {kind_of(expected)}, not a list of them."
    if not got or not all(isinstance(item, torch.Tensor) for item in got):
        return "torch.tensor(result, dtype=...) makes a tensor of a list of numbers, or of lists of numbers."
    if all(item.ndim == expected.ndim for item in got):
        return "torch.cat(result, dim=...) joins a list of tensors along an axis that they have."
    return "torch.stack(result, dim=...) joins a list of tensors along a new axis."


def _tensor_difference(expected: torch.Tensor, got: Any) -> Difference | None:
    if not isinstance(got, torch.Tensor):
        return _wrong_type(expected, got)
    if got.layout != torch.strided:
        return Difference(
            "type", f"expected a dense tensor, got one with layout {got.layout}", "returns a sparse tensor"
        )
    if got.shape != expected.shape:
        sentence = f"expected shape {tuple(expected.shape)}, got shape {tuple(got.shape)}"
        return Difference("shape", sentence)
    if got.dtype != expected.dtype:
        return Difference("dtype", f"expected dtype {expected.dtype}, got {got.dtype}", *_wrong_dtype(expected, got))
    if got.device != expected.device:
        sentence = f"expected device {expected.device}, got {got.device}"
        return Difference(
            "device", sentence, "another device", "Make buffers on the device of the input: device=input.device."
        )
    wrong = wrong_elements(expected, got)
    if not bool(wrong.any()):
        return None
    index = tuple(wrong.nonzero()[0].tolist())
    values = f"expected {shown(expected[index])}, got {shown(got[index])}"
    count = f"{int(wrong.sum())} of {wrong.numel()} elements differ"
    return Difference("values", f"{values} at index {list(index)} ({count})", index=index)


def _wrong_dtype(expected: torch.Tensor, got: torch.Tensor) -> tuple[str, str]:
    name = (
        f"returns {str(got.dtype).removeprefix('torch.')} where {str(expected.dtype).removeprefix('torch.')} is wanted"
    )
    if got.dtype.is_complex:
        return name, "The result of an inverse FFT is complex: take its real part with .real, or use torch.fft.irfft."
    if not expected.dtype.is_floating_point and not expected.dtype.is_complex:
        return name, f"Whole numbers are wanted: make the tensor with dtype={expected.dtype}."
    if got.dtype.is_floating_point:
        return (
            name,
            "The result keeps the dtype of the input: make buffers by input.new_zeros, or with dtype=input.dtype.",
        )
    return name, "Whole numbers lose what stands behind the point: keep the dtype of the input."


def _sequence_difference(expected: Sequence[Any], got: Any) -> Difference | None:
    if not isinstance(got, type(expected)):
        return _wrong_type(expected, got)
    if len(got) != len(expected):
        return Difference("length", f"expected {shown(expected)}, got {shown(got)}, with {len(got)} entries")
    for i, (right, mine) in enumerate(zip(expected, got, strict=True)):
        found = difference(right, mine)
        if found is not None:
            simple = not any(isinstance(item, torch.Tensor | tuple | list) for item in expected)
            mistake = found.mistake and (found.mistake + " in its tuple" if found.kind == "type" else found.mistake)
            sentence = f"expected {shown(expected)}, got {shown(got)}" if simple else f"entry {i}: {found.sentence}"
            return Difference(
                found.kind, sentence, mistake, found.advice, None if simple else (i, *(found.index or ()))
            )
    return None


def _plain_difference(expected: Any, got: Any) -> Difference | None:
    if isinstance(expected, float) and isinstance(got, int | float) and not isinstance(got, bool):
        near = math.isclose(expected, got, rel_tol=1e-9, abs_tol=1e-12) or (math.isnan(expected) and math.isnan(got))
        return None if near else Difference("values", f"expected {shown(expected)}, got {shown(got)}")
    if type(got) is not type(expected):
        if isinstance(got, type(expected)) and not isinstance(got, bool):
            return None if got == expected else Difference("values", f"expected {shown(expected)}, got {shown(got)}")
        return _wrong_type(expected, got)
    try:
        same = bool(expected == got)
    except Exception:
        same = False
    return None if same else Difference("values", f"expected {shown(expected)}, got {shown(got)}")


def shown(value: Any) -> str:
    """A value in a few words: short floats, and shapes in place of tensors.

    Args:
        value: Anything.

    Example:
        >>> shown(torch.tensor(0.5)), shown(torch.zeros(2, 3)), shown((1, 2))
        ('0.5', 'a tensor of shape (2, 3)', '(1, 2)')
    """
    if isinstance(value, torch.Tensor) and value.ndim == 0 and value.device.type != "meta":
        value = value.item()
    if isinstance(value, torch.Tensor):
        return f"a tensor of shape {tuple(value.shape)}"
    if type(value) is float:
        return f"{value:.6g}"
    if isinstance(value, torch.Size):
        value = tuple(value)
    try:
        text = repr(value)
    except Exception:
        text = kind_of(value)
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + " ..."
