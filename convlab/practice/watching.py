"""Which operators of torch and functions of Python a call uses: seen while it runs, not read from its source."""

from __future__ import annotations

import contextlib
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from types import CodeType, FrameType
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode


class _Operators(TorchDispatchMode):
    """Notes each wanted operator that reaches torch's dispatcher, also from a layer, a compiled script or vmap."""

    def __init__(self, wanted: frozenset[str], seen: list[str]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._wanted = wanted
        self._seen = seen

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Otherwise the first call imports torch's compiler, which takes seconds of a learner's time."""
        return False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        name = func._schema.name.removeprefix("aten::")
        names = [name]
        if name == "convolution" and args[6]:  # a transposed one has the same name
            names = [name, f"conv_transpose{args[0].ndim - 2}d"]
        self._seen += [each for each in names if each in self._wanted and each not in self._seen]
        return func(*args, **(kwargs or {}))


@contextlib.contextmanager
def watched(wanted: Sequence[str | Callable[..., Any]]) -> Iterator[list[str]]:
    """Notes which of these operators and functions are called inside.

    Args:
        wanted: Names of ATen operators, as "convolution", and functions, of Python or built in. A transposed
            convolution is seen as "conv_transpose2d", too.

    Example:
        >>> import torch
        >>> with watched(["convolution", "mm"]) as seen:
        ...     _ = torch.nn.Conv1d(1, 1, 2)(torch.zeros(1, 1, 5))
        >>> seen
        ['convolution']
    """
    seen: list[str] = []
    operators = frozenset(name for name in wanted if isinstance(name, str))
    functions = [function for function in wanted if not isinstance(function, str)]
    with contextlib.ExitStack() as stack:
        if operators:
            stack.enter_context(_Operators(operators, seen))
        if functions:
            stack.enter_context(_watched_functions(functions, seen))
        yield seen


@contextlib.contextmanager
def _watched_functions(functions: Sequence[Callable[..., Any]], seen: list[str]) -> Iterator[None]:
    codes: dict[CodeType, str] = {}
    built_in: list[tuple[Callable[..., Any], str]] = []
    for function in functions:
        code = getattr(inspect.unwrap(function), "__code__", None)
        if code is None:
            built_in.append((function, _name(function)))
        else:
            codes[code] = _name(function)

    def profile(frame: FrameType, event: str, arg: Any) -> None:
        name = codes.get(frame.f_code) if event == "call" else None
        if event == "c_call":
            name = next((name for function, name in built_in if arg is function), None)
        if name is not None and name not in seen:
            seen.append(name)

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(before)


def _name(function: Callable[..., Any]) -> str:
    """How a learner calls it: `convlab.conv` of a function of convlab, its plain name of any other."""
    name = getattr(function, "__name__", type(function).__name__)
    return f"convlab.{name}" if str(getattr(function, "__module__", "")).startswith("convlab") else str(name)
