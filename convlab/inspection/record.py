"""A run of a model, written down: every call of a module or of torch, with its tensors, up to the error that ends it.

The model stays as it was: its parameters and buffers are lent to the run as copies, nothing is hooked onto it, and
torch's random state is put back.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as all_modules
from torch.nn.parameter import is_lazy
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree

from convlab.inspection.calls import Call, Place, Record, TensorInfo, name_of, place_of
from convlab.inspection.lending import attributes_of, copied, copy_of_a_lazy_model, lent_state, put_back
from convlab.inspection.shapes import ShapesOnly, alone

__all__ = ["Call", "Place", "Record", "TensorInfo", "record"]

META = torch.device("meta")
_PLAIN = (int, float, str, type(None), torch.Size, torch.dtype, torch.device)
_QUESTIONS = frozenset(["dim", "size", "shape", "ndim", "dtype", "device", "numel", "stride", "requires_grad"])


def record(
    model: nn.Module,
    inputs: Sequence[Any],
    options: Mapping[str, Any] | None = None,
    *,
    most_calls: int | None = None,
) -> Record:
    """A run of the model without gradients, on tensors without memory if the inputs are such.

    Args:
        model: Any module. One with layers that are not initialised yet, as torch's lazy ones, is run as a copy.
        inputs: The positional arguments of its `forward`; the run gets copies of the tensors.
        options: The keyword arguments of its `forward`.
        most_calls: How often the run may call torch; then it is stopped, as a loop that does not end must be.

    Raises:
        ValueError: If a buffer is not initialised yet, as in torch's lazy norms, which cannot be copied.

    Example:
        >>> model = nn.Sequential(nn.Conv1d(4, 8, 3), nn.ReLU())
        >>> [(call.name, call.kind) for call in record(model, [torch.empty(4, 10, device="meta")]).model.walk()]
        [('', 'Sequential'), ('0', 'Conv1d'), ('0', 'conv1d'), ('1', 'ReLU'), ('1', 'relu')]
    """
    args, kwargs = copied((tuple(inputs), dict(options or {})))
    given = [leaf for leaf in pytree.tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
    on_meta = any(tensor.is_meta for tensor in given)
    lazy = [name for name, tensor in [*model.named_buffers(), *model.named_parameters()] if is_lazy(tensor)]
    attributes = [] if lazy else attributes_of(model)
    if lazy:
        model = copy_of_a_lazy_model(model, lazy[0])
    lent = lent_state(model, on_meta=on_meta)
    recorder = _Recorder(model, lent, on_meta, most_calls)
    for tensor in given:
        recorder.info(tensor)
    output, error = None, None
    with ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        stack.enter_context(torch.random.fork_rng(devices=_cuda_devices(given)))
        stack.enter_context(recorder.watching_modules())
        stack.enter_context(recorder)
        try:
            output = torch.func.functional_call(model, lent, args, kwargs)
        except Exception as stopped:
            error = stopped
        finally:
            put_back(attributes)
    made = Record(recorder.root, [recorder.info(tensor) for tensor in given], output, error, on_meta)
    made.parameters, made.constants = recorder.parameters, recorder.constants - {info.key for info in made.inputs}
    return made


def _cuda_devices(tensors: Sequence[torch.Tensor]) -> list[torch.device]:
    return list({tensor.device for tensor in tensors if tensor.is_cuda})


class _Recorder(TorchFunctionMode):
    """Writes down the calls while it is the innermost mode."""

    def __init__(
        self, model: nn.Module, lent: Mapping[str, torch.Tensor], on_meta: bool, most_calls: int | None
    ) -> None:
        super().__init__()
        self._left = most_calls
        self.root = Call("", type(model).__name__, model)
        self.parameters: dict[int, str] = {}
        self.constants: set[int] = set()
        self._names = {id(module): name for name, module in reversed(list(model.named_modules()))}
        self._parameter_names = {id(tensor): name for name, tensor in model.named_parameters()}
        self._parameter_names |= {id(tensor): name for name, tensor in lent.items()}
        self._attributes = {id(value) for module in model.modules() for value in vars(module).values()}
        self._stack = [Call("", "outside")]
        self._on_meta = on_meta
        self._make = _plainly if not on_meta else ShapesOnly() if alone() else _on_meta
        self._known: dict[int, tuple[weakref.ref[torch.Tensor], TensorInfo]] = {}
        self._sharing: dict[int, list[weakref.ref[torch.Tensor]]] = {}
        self._count = 0

    def info(self, tensor: torch.Tensor, *, new: bool = False) -> TensorInfo:
        """What is known of this tensor; a new key where it is the result of a call."""
        known = self._known.get(id(tensor))
        if known and known[0]() is tensor and not new:
            return known[1]
        self._count += 1
        info = TensorInfo(self._count, tuple(tensor.shape), tensor.dtype)
        self._known[id(tensor)] = (weakref.ref(tensor), info)
        if not new:
            name = self._parameter_names.get(id(tensor))
            if name is not None:
                self.parameters[info.key] = name
            if name is not None or id(tensor) in self._attributes or (self._on_meta and not tensor.is_meta):
                self.constants.add(info.key)
        return info

    def infos(self, tree: Any, *, new: bool = False) -> list[TensorInfo]:
        """The tensors in nested lists, tuples and dicts, in order."""
        if isinstance(tree, torch.Tensor):
            return [self.info(tree, new=new)]
        found: list[TensorInfo] = []
        self._noted(tree, found, new=new)
        return found

    def _noted(self, tree: Any, found: list[TensorInfo], *, new: bool = False) -> Any:
        """The tree with what is known of a tensor in its place, which is also added to what was found."""
        if isinstance(tree, torch.Tensor):
            found.append(self.info(tree, new=new))
            return found[-1]
        if isinstance(tree, _PLAIN):
            return tree
        if isinstance(tree, tuple):
            return tuple([self._noted(entry, found, new=new) for entry in tree])
        if type(tree) is list:
            return [self._noted(entry, found, new=new) for entry in tree]
        if type(tree) is dict:
            return {name: self._noted(entry, found, new=new) for name, entry in tree.items()}
        return pytree.tree_map_only(torch.Tensor, lambda tensor: self._noted(tensor, found, new=new), tree)

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
        name = self._names.get(id(module))
        if name is None:
            return  # made on the fly, and gone afterwards: its functions are those of the module around it
        is_root = module is self.root.module and len(self._stack) == 1
        call = self.root if is_root else Call(name, type(module).__name__, module)
        call.inputs = self.infos(inputs)
        call.place = place_of(sys._getframe(1))
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
        name = name_of(func)
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                raise RuntimeError("the model calls torch too often: it may be in a loop that does not end")
        if args and is_lazy(args[0]):  # which is getting its shape just now
            return func(*args, **kwargs)
        if name in _QUESTIONS:
            with suppress(Exception):
                answer = func(*args, **kwargs)
                if not isinstance(answer, torch.Tensor):
                    return answer
        given: list[TensorInfo] = []
        call = Call(self._stack[-1].name, name, None, given, function=func)
        call.arguments = self._noted(tuple(args), given), self._noted(dict(kwargs), given)
        call.place = place_of(sys._getframe(1))
        if self._on_meta:
            args, kwargs = _without_memory(args), _without_memory(kwargs)
        try:
            result = self._make(func, args, kwargs)
        except Exception as error:
            call.error = error
            self._stack[-1].calls.append(call)
            raise
        changed = self._changed(func, args, kwargs)
        call.outputs = self.infos(changed if name == "__setitem__" else result, new=True)
        if given and call.outputs:
            self._stack[-1].calls.append(call)
        elif call.outputs:
            self.constants.update(info.key for info in call.outputs)
        self._note_views(result, changed)
        return result

    def _changed(self, func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """The tensor that the function changes in place; None where it changes none."""
        name: str = getattr(func, "__name__", "")
        in_place = (name.endswith("_") and not name.endswith("__")) or name == "__setitem__" or name.startswith("__i")
        if not in_place and not kwargs.get("inplace"):
            return None
        return args[0] if args else next(iter(kwargs.values()), None)

    def _note_views(self, result: Any, changed: Any) -> None:
        """Which tensors share their numbers; a change of one in place makes the others new ones."""
        for tensor in result if isinstance(result, tuple | list) else (result,):
            if isinstance(tensor, torch.Tensor) and tensor._is_view():
                sharing = self._sharing.setdefault(tensor.untyped_storage()._cdata, [])
                sharing += [weakref.ref(each) for each in (tensor, tensor._base) if each is not None]
        if isinstance(changed, torch.Tensor) and self._sharing:
            for reference in self._sharing.get(changed.untyped_storage()._cdata, ()):
                tensor = reference()
                if tensor is not None and tensor is not changed and tensor is not result:
                    self.info(tensor, new=True)


def _without_memory(tree: Any) -> Any:
    """The arguments with tensors that have none."""
    if isinstance(tree, torch.Tensor):
        return tree if tree.is_meta else tree.to(META)
    if isinstance(tree, _PLAIN):
        return tree
    if type(tree) is tuple:
        return tuple([_without_memory(entry) for entry in tree])
    return pytree.tree_map_only(torch.Tensor, _without_memory, tree)


def _plainly(func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    return func(*args, **kwargs)


def _on_meta(func: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    with META:
        return func(*args, **kwargs)
