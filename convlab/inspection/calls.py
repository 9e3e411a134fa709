"""What a record is made of: tensors, calls with their places in the code, and the run as a whole."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import nn

from convlab.nn.deform_base import DeformConv


@dataclass(frozen=True)
class Place:
    """Where in the code a call is made.

    Attributes:
        code: The code that makes the call.
        instruction: The offset of the call in its bytecode.

    Example:
        >>> here = Place(Call.walk.__code__, 0)
        >>> here.file.endswith("calls.py"), here.line == Call.walk.__code__.co_firstlineno
        (True, True)
    """

    code: CodeType
    instruction: int

    @property
    def file(self) -> str:
        """The name of the file."""
        return self.code.co_filename

    @property
    def line(self) -> int:
        """The number of the line, from 1 on."""
        return self.span[0]

    @property
    def span(self) -> tuple[int, int, int, int]:
        """First and last line, first column and the one behind the last, in bytes; zeros where they are not known."""
        entry = next(itertools.islice(self.code.co_positions(), self.instruction // 2, None), (None,) * 4)
        first, last, begin, end = (number or 0 for number in entry)
        return (first or self.code.co_firstlineno, last, begin, end)


@dataclass(frozen=True)
class TensorInfo:
    """A tensor at one moment of the run.

    Attributes:
        key: A number for this tensor; a change in place gives a new one.
        shape: Its shape.
        dtype: Its dtype.

    Example:
        >>> from convlab.inspection import record
        >>> record(nn.ReLU(), [torch.empty(2, 3, device="meta")]).inputs
        [TensorInfo(key=1, shape=(2, 3), dtype=torch.float32)]
    """

    key: int
    shape: tuple[int, ...]
    dtype: torch.dtype


@dataclass(eq=False)
class Call:
    """A call of a module, or of a function or method of torch.

    Attributes:
        name: The qualified name of the module, "" for the model itself; of a function, that of the module it stands in.
        kind: The module's class, or the function's name in torch.
        module: The module; None for a function.
        inputs: The tensors that went in, in the order of the arguments.
        outputs: The tensors that came out; none where the call failed.
        arguments: The function's arguments, with a `TensorInfo` in the place of each tensor.
        place: Where it is called in the code that is neither torch's nor convlab's.
        calls: What was called inside.
        error: What stopped it, if anything did.
        function: The function; None for a module.

    Example:
        >>> from convlab.inspection import record
        >>> relu = record(nn.ReLU(), [torch.empty(2, 3, device="meta")]).model.calls[0]
        >>> relu.kind, relu.outputs[0].shape
        ('relu', (2, 3))
    """

    name: str
    kind: str
    module: nn.Module | None = None
    inputs: list[TensorInfo] = field(default_factory=list)
    outputs: list[TensorInfo] = field(default_factory=list)
    arguments: tuple[tuple[Any, ...], dict[str, Any]] = ((), {})
    place: Place | None = None
    calls: list[Call] = field(default_factory=list)
    error: BaseException | None = None
    function: Callable[..., Any] | None = None

    def walk(self) -> Iterator[Call]:
        """This call, and all that were made inside, in the order in which they began."""
        yield self
        for call in self.calls:
            yield from call.walk()


@dataclass(eq=False)
class Record:
    """What happened in a run.

    Attributes:
        model: The call of the model, with all others inside.
        inputs: The tensors that the model was given.
        output: What the model gave back; None where it failed.
        error: The exception that stopped the model, or None.
        on_meta: Whether the run was one of shapes alone.
        parameters: The names of the parameters and buffers that calls took in, by their keys.
        constants: The keys of tensors that do not depend on the input: those, and what was made from nothing.

    Example:
        >>> from convlab.inspection import record
        >>> made = record(nn.Sequential(nn.Linear(4, 2)), [torch.empty(1, 5, device="meta")])
        >>> [call.name for call in made.model.walk() if call.error], type(made.error).__name__
        (['', '0', '0'], 'RuntimeError')
    """

    model: Call
    inputs: list[TensorInfo]
    output: Any
    error: Exception | None
    on_meta: bool
    parameters: dict[int, str] = field(default_factory=dict)
    constants: set[int] = field(default_factory=set)


def is_deformable(module: nn.Module) -> bool:
    """Whether a module is a deformable convolution of this package, of which the branch is a part.

    Example:
        >>> from convlab.nn import DeformConv2d
        >>> is_deformable(DeformConv2d(1, 1, 3)), is_deformable(nn.Conv2d(1, 1, 3))
        (True, False)
    """
    return isinstance(module, DeformConv) and getattr(module.forward, "__func__", None) is DeformConv.forward


def name_of(function: Callable[..., Any]) -> str:
    """The function's name, the attribute's where it is read as one (`x.T`), without the mark of a change in place.

    Example:
        >>> name_of(torch.relu_), name_of(torch.Tensor.T.__get__)
        ('relu', 'T')
    """
    name: str = getattr(function, "__name__", "")
    if name == "__get__":
        name = getattr(getattr(function, "__self__", None), "__name__", "")
    return name.rstrip("_") if not name.startswith("__") else name


def place_of(frame: FrameType | None) -> Place | None:
    """The innermost line of code that belongs neither to torch nor to this package, from this frame outwards.

    Example:
        >>> place_of(None) is None
        True
    """
    while frame is not None:
        code = frame.f_code
        ours = _OURS.get(code)
        if ours is None:
            room = frame.f_globals.get("__name__", "")
            ours = _OURS[code] = room.startswith(("torch.", "convlab.")) or room == "torch"
        if not ours:
            return Place(code, frame.f_lasti)
        if code.co_name == "record":  # here the run began: what lies outside is not the model's code
            return None
        frame = frame.f_back
    return None


_OURS: WeakKeyDictionary[CodeType, bool] = WeakKeyDictionary()
"""Whether a code is torch's or this package's."""
