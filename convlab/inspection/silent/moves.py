"""The axes of what comes out of a call that moves, cuts, joins or drops axes and computes nothing new."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from convlab.inspection.calls import Call, TensorInfo
from convlab.inspection.silent.axes import Axes, Axis, Part, Role, broadcast, length, moved, roles, sliced
from convlab.inspection.windows import DEFORMABLE, named, window_of

RESHAPES = {"view", "reshape", "flatten", "unflatten", "view_as", "reshape_as", "ravel"}
PERMUTES = {"permute", "transpose", "swapaxes", "swapdims", "movedim", "moveaxis", "t", "T", "mT", "H", "mH", "adjoint"}
REDUCTIONS = {"mean", "sum", "amax", "amin", "max", "min", "std", "var", "logsumexp", "norm", "prod", "median",
              "argmax"}  # fmt: skip
INDEXING = {"getitem", "select", "narrow", "chunk", "split", "unbind", "tensor_split", "pad", "expand", "expand_as",
            "repeat", "roll", "index_select"}  # fmt: skip
JOINS = {"cat", "concat", "concatenate", "stack"}
_WINDOWED = re.compile(r"(?P<conv>conv_(transpose)?|conv)?(?P<pool>.*pool)?(?P<ndim>[123])d(_with_indices)?")


def kind_of(call: Call) -> str:
    """The function's name without underscores around it.

    Example:
        >>> kind_of(Call("", "__getitem__"))
        'getitem'
    """
    return call.kind.strip("_")


def window_axes(call: Call) -> tuple[str, int] | None:
    """The family, "conv" or "pool", and how many axes the window slides along; None for a call that slides none.

    Example:
        >>> window_axes(Call("", "adaptive_avg_pool2d")), window_axes(Call("", "relu"))
        (('pool', 2), None)
    """
    if call.kind == DEFORMABLE:
        window = window_of(call)
        return None if window is None else ("conv", len(window.kernel_size))
    match = _WINDOWED.fullmatch(kind_of(call))
    if match is None or not (match["conv"] or match["pool"]):
        return None
    return "conv" if match["conv"] else "pool", int(match["ndim"])


def dims(value: Any, rank: int) -> list[int]:
    """The axes that an argument `dim` names, counted from the front; those that there are not are left out.

    Example:
        >>> dims(-1, 4), dims((2, -1), 4), dims(None, 4)
        ([3], [2, 3], [])
    """
    entries = value if isinstance(value, tuple | list) else [value]
    numbers = [entry for entry in entries if isinstance(entry, int) and not isinstance(entry, bool)]
    return [number % rank for number in numbers if -rank <= number < rank]


def reduced_dims(call: Call, rank: int) -> list[int]:
    """The axes that a mean, a sum or the like takes together: all where the call names none.

    Example:
        >>> reduced_dims(Call("", "mean", arguments=((0,), {"dim": -1})), 3)
        [2]
    """
    names = ("input", "p", "dim") if kind_of(call) == "norm" else ("input", "dim")
    return dims(named(call, names).get("dim"), rank) or list(range(rank))


def joined_dim(call: Call, rank: int) -> int:
    """The axis along which `cat` or `stack` joins.

    Example:
        >>> joined_dim(Call("", "cat", arguments=(([],), {"dim": -1})), 4)
        3
    """
    arguments = named(call, ("tensors", "dim"))
    chosen = dims(arguments.get("dim", arguments.get("axis", 0)), rank)
    return chosen[0] if chosen else 0


def indexed(axes: Axes, index: Any) -> tuple[list[Axis], list[int]] | None:
    """The axes that an index leaves, sizes not yet cut, and the numbers of those that an int took away.

    None where the index has a tensor or a list in it.

    Example:
        >>> left, taken = indexed(((Part(4),), (Part(7),), (Part(5),)), (slice(None), -1))
        >>> [length(axis) for axis in left], taken
        ([4, 5], [1])
    """
    entries = list(index) if isinstance(index, tuple) else [index]
    used = sum(isinstance(entry, int | slice) for entry in entries)
    if any(isinstance(entry, bool) or not (entry is None or isinstance(entry, int | slice)) for entry in entries
           if entry is not Ellipsis) or used > len(axes):  # fmt: skip
        return None
    left: list[Axis] = []
    taken: list[int] = []
    number = 0
    for entry in entries:
        if entry is None:
            left.append((Part(1, "new"),))
        elif entry is Ellipsis:
            rest = len(axes) - used
            left += axes[number : number + rest]
            number += rest
        else:
            if isinstance(entry, slice):
                left.append(axes[number])
            else:
                taken.append(number)
            number += 1
    return [*left, *axes[number:]], taken


def taken_dims(call: Call, axes: Axes) -> list[int]:
    """The axes of which an index takes a single entry, as in `x[:, -1]`.

    Example:
        >>> taken_dims(Call("", "__getitem__", arguments=((0, (slice(None), -1)), {})), ((Part(2),), (Part(3),)))
        [1]
    """
    if kind_of(call) == "select":
        return dims(named(call, ("input", "dim")).get("dim"), len(axes))
    if kind_of(call) != "getitem":
        return []
    found = indexed(axes, call.arguments[0][1])
    return found[1] if found else []


def permuted(call: Call, operands: Sequence[Axes], info: TensorInfo) -> Axes | None:
    """The axes in another order.

    Example:
        >>> MOVES["permute"] is permuted
        True
    """
    (axes, *_), kind = operands, kind_of(call)
    rank = len(axes)
    given = [*call.arguments[0][1:], *call.arguments[1].values()]
    numbers = [number for value in given for number in dims(value, rank)]
    order = list(range(rank))
    if kind == "permute":
        order = numbers
    elif kind in ("t", "T", "H"):
        order.reverse()
    elif kind in ("mT", "mH", "adjoint"):
        order[-2:] = order[:-3:-1]
    elif len(numbers) != 2:
        return None
    elif kind in ("movedim", "moveaxis"):
        order.insert(numbers[1], order.pop(numbers[0]))
    else:
        one, two = numbers
        order[one], order[two] = order[two], order[one]
    return moved(axes, order) if len(order) == rank else None


def squeezed(call: Call, operands: Sequence[Axes], info: TensorInfo) -> Axes | None:
    """The axes without those of one element.

    Example:
        >>> MOVES["squeeze"] is squeezed
        True
    """
    (axes, *_), given = operands, [*call.arguments[0][1:], *call.arguments[1].values()]
    chosen = dims(given[0], len(axes)) if given else list(range(len(axes)))
    return tuple(axis for number, axis in enumerate(axes) if number not in chosen or length(axis) > 1)


def unsqueezed(call: Call, operands: Sequence[Axes], info: TensorInfo) -> Axes | None:
    """The axes with a new one.

    Example:
        >>> MOVES["unsqueeze"] is unsqueezed
        True
    """
    axes, chosen = operands[0], dims(named(call, ("input", "dim")).get("dim"), len(info.shape))
    return (*axes[: chosen[0]], (Part(1, "new"),), *axes[chosen[0] :]) if chosen else None


def joined(call: Call, operands: Sequence[Axes], info: TensorInfo) -> Axes | None:
    """The axes of tensors joined along one of them, or along a new one.

    Example:
        >>> MOVES["cat"] is joined
        True
    """
    number = joined_dim(call, len(info.shape))
    leading = sorted(operands, key=lambda axes: bool(axes) and bool(roles(axes[0]) & {"state", "constant"}))
    if kind_of(call) == "stack":
        return (*leading[0][:number], (Part(info.shape[number]),), *leading[0][number:])
    if any(len(axes) <= number for axes in operands):
        return None
    kinds = {role for axes in operands for role in roles(axes[number])} - {"state", "constant", "new", ""}
    role: Role = kinds.pop() if len(kinds) == 1 else ""
    return (*leading[0][:number], (Part(info.shape[number], role),), *leading[0][number + 1 :])


def cut(call: Call, operands: Sequence[Axes], info: TensorInfo) -> Axes | None:
    """The axes that an index leaves, or of which there is more or less than before.

    Example:
        >>> MOVES["narrow"] is cut
        True
    """
    axes, kind = operands[0], kind_of(call)
    left: Sequence[Axis] = axes
    if kind == "getitem":
        found = indexed(axes, call.arguments[0][1])
        if found is None:
            return None
        left = found[0]
    elif kind in ("select", "unbind"):
        chosen = dims(named(call, ("input", "dim")).get("dim", 0), len(axes))
        left = [axis for number, axis in enumerate(axes) if number not in chosen]
    missing = len(info.shape) - len(left)
    return sliced((*[(Part(1, "new"),)] * missing, *left), info.shape) if missing >= 0 else None


def reduced(call: Call, operands: Sequence[Axes], info: TensorInfo) -> Axes | None:
    """The axes that are left of a mean, a sum or the like; of a maximum of two tensors, those of both.

    Example:
        >>> MOVES["mean"] is reduced
        True
    """
    axes = operands[0]
    if len(operands) > 1:
        return broadcast(operands)
    chosen = reduced_dims(call, len(axes))
    if len(info.shape) == len(axes):
        return tuple((Part(1),) if number in chosen else axis for number, axis in enumerate(axes))
    return tuple(axis for number, axis in enumerate(axes) if number not in chosen)


def multiplied(call: Call, operands: Sequence[Axes], info: TensorInfo) -> Axes | None:
    """The axes of a matrix product.

    Example:
        >>> MOVES["bmm"] is multiplied
        True
    """
    if len(operands) < 2 or min(map(len, operands[:2])) < 2:
        return None
    one, two = operands[:2]
    return (*broadcast([one[:-2], two[:-2]]), one[-2], two[-1])


def summed(call: Call, operands: Sequence[Axes], info: TensorInfo) -> Axes | None:
    """The axes of an `einsum`, by its letters.

    Example:
        >>> MOVES["einsum"] is summed
        True
    """
    equation = call.arguments[0][0] if call.arguments[0] else None
    if not isinstance(equation, str) or "->" not in equation or "." in equation:
        return None
    given, _, result = equation.replace(" ", "").partition("->")
    letters: dict[str, Axis] = {}
    for names, axes in zip(given.split(","), operands, strict=False):
        for name, axis in zip(names, axes, strict=False):
            letters.setdefault(name, axis)
    return tuple(letters[name] for name in result) if set(result) <= set(letters) else None


MOVES: dict[str, Callable[[Call, Sequence[Axes], TensorInfo], Axes | None]] = {
    **dict.fromkeys(PERMUTES, permuted),
    **dict.fromkeys(INDEXING, cut),
    **dict.fromkeys(REDUCTIONS, reduced),
    **dict.fromkeys(JOINS, joined),
    **dict.fromkeys(("matmul", "bmm", "mm"), multiplied),
    "squeeze": squeezed,
    "unsqueeze": unsqueezed,
    "einsum": summed,
}
"""What becomes of the axes, by the name of the function."""
