"""Functions that choose some of the elements."""

from __future__ import annotations

import operator

from convlab.inspection.calls import Call
from convlab.inspection.rules.views import Rule, Views, dims_of
from convlab.inspection.seen import Seen
from convlab.inspection.windows import named


def split(call: Call, views: Views) -> list[Seen]:
    """Parts of an axis that lie one after the other.

    Example:
        >>> RULES["chunk"] is split
        True
    """
    seen = views.only(call)
    (dim,) = dims_of(named(call, ("input", "how", "dim")).get("dim", 0), len(seen.shape))
    parts, offset = [], 0
    for info in call.outputs:
        parts.append(seen.through(dim, 1, [(offset,)], info.shape[dim]))
        offset += info.shape[dim]
    return parts


def unbind(call: Call, views: Views) -> list[Seen]:
    """Each element along an axis by itself.

    Example:
        >>> RULES["unbind"] is unbind
        True
    """
    seen = views.only(call)
    (dim,) = dims_of(named(call, ("input", "dim")).get("dim", 0), len(seen.shape))
    return [seen.picked(dim, index) for index in range(len(call.outputs))]


def select(call: Call, views: Views) -> Seen:
    """One element along an axis.

    Example:
        >>> RULES["select"] is select
        True
    """
    seen = views.only(call)
    arguments = named(call, ("input", "dim", "index"))
    (dim,) = dims_of(arguments["dim"], len(seen.shape))
    return seen.picked(dim, arguments["index"] % seen.shape[dim])


def narrow(call: Call, views: Views) -> Seen:
    """A stretch of an axis.

    Example:
        >>> RULES["narrow"] is narrow
        True
    """
    seen = views.only(call)
    arguments = named(call, ("input", "dim", "start", "length"))
    (dim,) = dims_of(arguments["dim"], len(seen.shape))
    return seen.through(dim, 1, [(arguments["start"] % seen.shape[dim],)], arguments["length"])


def index(call: Call, views: Views) -> Seen:
    """What `x[...]` picks: whole numbers, slices, None and `...`.

    Example:
        >>> RULES["__getitem__"] is index
        True
    """
    seen = views.only(call)
    given = call.arguments[0][1]
    parts = list(given) if isinstance(given, tuple) else [given]
    named_axes = sum(part is not None and part is not ... for part in parts)
    missing = [slice(None)] * (len(seen.shape) - named_axes)
    place = next((i for i, part in enumerate(parts) if part is ...), len(parts))
    parts[place : place + 1] = missing
    dim = 0
    for part in parts:
        if part is None:
            seen = Seen((*seen.dims[:dim], (), *seen.dims[dim:]), seen.axes)
        elif isinstance(part, slice):
            start, stop, step = part.indices(seen.shape[dim])
            size = len(range(start, stop, step))
            if (start, step, size) != (0, 1, seen.shape[dim]):
                seen = seen.through(dim, step, [(start,)], size)
        else:
            seen = seen.picked(dim, operator.index(part) % seen.shape[dim])
            continue
        dim += 1
    return seen


RULES: dict[str, Rule] = {
    **dict.fromkeys(["split", "chunk", "split_with_sizes", "tensor_split", "unsafe_chunk", "unsafe_split"], split),
    "unbind": unbind,
    "select": select,
    "narrow": narrow,
    "__getitem__": index,
}
"""The rule of each function, by its name."""
