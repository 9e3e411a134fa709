"""A run of a model, written down: every call of a module or of torch, with its tensors, up to the error that ends it.

The model stays as it was: its parameters and buffers are lent to the run as copies, nothing is hooked onto it, and
torch's random state is put back.
"""

from __future__ import annotations

import itertools
import sys
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as all_modules
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree

META = torch.device("meta")


@dataclass(frozen=True)
class Place:
    """Where in the code a call is made.

    Attributes:
        code: The code that makes the call.
        instruction: The offset of the call in its bytecode.

    Example:
        >>> here = Place(record.__code__, 0)
        >>> here.file.endswith("record.py"), here.line == record.__code__.co_firstlineno
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

    Example:
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

    Example:
        >>> made = record(nn.Sequential(nn.Linear(4, 2)), [torch.empty(1, 5, device="meta")])
        >>> [call.name for call in made.model.walk() if call.error], type(made.error).__name__
        (['', '0', '0'], 'RuntimeError')
    """

    model: Call
    inputs: list[TensorInfo]
    output: Any
    error: Exception | None
    on_meta: bool


def record(model: nn.Module, inputs: Sequence[Any], options: Mapping[str, Any] | None = None) -> Record:
    """A run of the model without gradients, on tensors without memory if the inputs are such.

    Args:
        model: Any module whose parameters are initialised.
        inputs: The positional arguments of its `forward`.
        options: The keyword arguments of its `forward`.

    Raises:
        ValueError: If a parameter or buffer is not initialised yet, as in torch's lazy modules.

    Example:
        >>> model = nn.Sequential(nn.Conv1d(4, 8, 3), nn.ReLU())
        >>> [(call.name, call.kind) for call in record(model, [torch.empty(4, 10, device="meta")]).model.walk()]
        [('', 'Sequential'), ('0', 'Conv1d'), ('0', 'conv1d'), ('1', 'ReLU'), ('1', 'relu')]
    """
    given = [leaf for leaf in pytree.tree_leaves((list(inputs), dict(options or {}))) if isinstance(leaf, torch.Tensor)]
    on_meta = any(tensor.is_meta for tensor in given)
    lent = _lent_state(model, on_meta)
    recorder = _Recorder(model, on_meta)
    for tensor in given:
        recorder.info(tensor)
    output, error = None, None
    with ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        stack.enter_context(torch.random.fork_rng(devices=_cuda_devices(given)))
        if on_meta:
            stack.enter_context(META)
        stack.enter_context(recorder.watching_modules())
        stack.enter_context(recorder)
        try:
            output = torch.func.functional_call(model, lent, tuple(inputs), dict(options or {}))
        except Exception as stopped:
            error = stopped
    return Record(recorder.root, [recorder.info(tensor) for tensor in given], output, error, on_meta)


def _lent_state(model: nn.Module, on_meta: bool) -> dict[str, torch.Tensor]:
    """What stands in for the parameters and buffers during the run; buffers may be written to, parameters are not."""
    lent = {}
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if is_lazy(tensor):
            raise ValueError(f"the model must be initialised, but {name} has no shape yet: run it once on real data")
        lent[name] = tensor.detach().to(META) if on_meta else tensor.detach()
    for name, buffer in model.named_buffers():
        if not on_meta:
            lent[name] = buffer.detach().clone()
    return lent


def _cuda_devices(tensors: Sequence[torch.Tensor]) -> list[torch.device]:
    return list({tensor.device for tensor in tensors if tensor.is_cuda})


class _Recorder(TorchFunctionMode):
    """Writes down the calls while it is the innermost mode."""

    def __init__(self, model: nn.Module, on_meta: bool) -> None:
        super().__init__()
        self.root = Call("", type(model).__name__, model)
        self._names = {id(module): name for name, module in reversed(list(model.named_modules()))}
        self._stack = [Call("", "outside")]
        self._on_meta = on_meta
        self._known: dict[int, tuple[weakref.ref[torch.Tensor], TensorInfo]] = {}
        self._count = 0

    def info(self, tensor: torch.Tensor, *, new: bool = False) -> TensorInfo:
        """What is known of this tensor; a new key where it is the result of a call."""
        known = self._known.get(id(tensor))
        if known and known[0]() is tensor and not new:
            return known[1]
        self._count += 1
        info = TensorInfo(self._count, tuple(tensor.shape), tensor.dtype)
        self._known[id(tensor)] = (weakref.ref(tensor), info)
        return info

    def infos(self, tree: Any, *, new: bool = False) -> list[TensorInfo]:
        """The tensors in nested lists, tuples and dicts, in order."""
        return [self.info(leaf, new=new) for leaf in pytree.tree_leaves(tree) if isinstance(leaf, torch.Tensor)]

    @contextmanager
    def watching_modules(self) -> Iterator[None]:
        """While this lasts, torch tells of the beginning and end of every module's call."""
        handles = [
            all_modules.register_module_forward_pre_hook(self._module_begins),
            all_modules.register_module_forward_hook(self._module_ends, always_call=True),
        ]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _module_begins(self, module: nn.Module, inputs: Any) -> None:
        if id(module) not in self._names:
            return  # made on the fly, and gone afterwards: its functions are those of the module around it
        is_root = module is self.root.module and len(self._stack) == 1
        call = self.root if is_root else Call(self._names[id(module)], type(module).__name__, module)
        call.inputs = self.infos(inputs)
        call.place = _place(sys._getframe(1))
        self._stack[-1].calls.append(call)
        self._stack.append(call)

    def _module_ends(self, module: nn.Module, inputs: Any, output: Any) -> None:
        if id(module) not in self._names:
            return
        call = self._stack.pop()
        call.outputs = self.infos(output)
        call.error = sys.exception()

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """The call of torch's function, written down where tensors go in and come out, or where it fails."""
        kwargs = kwargs or {}
        if self._on_meta:
            args, kwargs = pytree.tree_map_only(torch.Tensor, _without_memory, (args, kwargs))
        inputs = self.infos((args, kwargs))
        arguments = pytree.tree_map_only(torch.Tensor, self.info, (tuple(args), dict(kwargs)))
        place = _place(sys._getframe(1))
        call = Call(self._stack[-1].name, _name(func), inputs=inputs, arguments=arguments, place=place)
        try:
            result = func(*args, **kwargs)
        except Exception as error:
            call.error = error
            self._stack[-1].calls.append(call)
            raise
        call.outputs = self.infos(result, new=True)
        if inputs and call.outputs:
            self._stack[-1].calls.append(call)
        return result


def _without_memory(tensor: torch.Tensor) -> torch.Tensor:
    return tensor if tensor.is_meta else tensor.to(META)


def _name(func: Callable[..., Any]) -> str:
    """The function's name, the attribute's where it is read as one (`x.T`), without the mark of a change in place."""
    name: str = getattr(func, "__name__", "")
    if name == "__get__":
        name = getattr(getattr(func, "__self__", None), "__name__", "")
    return name.rstrip("_") if not name.startswith("__") else name


def _place(frame: FrameType | None) -> Place | None:
    """The innermost line of code that belongs neither to torch nor to this package."""
    while frame is not None:
        room = frame.f_globals.get("__name__", "")
        if not room.startswith(("torch.", "convlab.")) and room != "torch":
            return Place(frame.f_code, frame.f_lasti)
        frame = frame.f_back
    return None
