"""Functions that change the shape or the order of elements."""

from __future__ import annotations

from typing import Any

from convlab.inspection.calls import Call
from convlab.inspection.rules.views import Rule, UnclearError, Views, dims_of
from convlab.inspection.seen import Seen
from convlab.inspection.windows import named


def reshape(call: Call, views: Views) -> Seen:
    """The same elements in another shape, as `view`, `flatten` and `unflatten` give them.

    Example:
        >>> RULES["flatten"] is reshape
        True
    """
    return views[call.inputs[0]].reshaped(call.outputs[0].shape)


def squeeze(call: Call, views: Views) -> Seen:
    """Axes of one element gone.

    Example:
        >>> RULES["squeeze"] is squeeze
        True
    """
    seen = views.only(call)
    dims = dims_of(named(call, ("input", "dim")).get("dim"), len(seen.shape))
    return seen.mixed({dim: None for dim in dims if seen.shape[dim] == 1})


def unsqueeze(call: Call, views: Views) -> Seen:
    """An axis of one element put in.

    Example:
        >>> RULES["unsqueeze"] is unsqueeze
        True
    """
    seen = views.only(call)
    (dim,) = dims_of(named(call, ("input", "dim"))["dim"], len(seen.shape) + 1)
    return Seen((*seen.dims[:dim], (), *seen.dims[dim:]), seen.axes)


def permute(call: Call, views: Views) -> Seen:
    """Axes in another order.

    Example:
        >>> RULES["permute"] is permute
        True
    """
    seen = views.only(call)
    given = _numbers(call)
    if not given and "dims" in call.arguments[1]:
        given = list(call.arguments[1]["dims"])
    return seen.permuted(dims_of(given, len(seen.shape)))


def transpose(call: Call, views: Views) -> Seen:
    """Two axes that changed places; for `T`, all in the opposite order.

    Example:
        >>> RULES["transpose"] is transpose
        True
    """
    seen = views.only(call)
    order = list(range(len(seen.shape)))
    if call.kind == "T":
        return seen.permuted(order[::-1])
    arguments = named(call, ("input", "dim0", "dim1"))
    default = (-2, -1) if call.kind in ("mT", "mH", "adjoint") else (0, 1)  # of t()
    pair = [arguments.get(name, arguments.get(other)) for name, other in (("dim0", "axis0"), ("dim1", "axis1"))]
    one, two = dims_of(default if None in pair else pair, len(order)) if len(order) > 1 else (0, 0)
    order[one], order[two] = order[two], order[one]
    return seen.permuted(order)


def movedim(call: Call, views: Views) -> Seen:
    """Axes moved to other places, the others in their order.

    Example:
        >>> RULES["movedim"] is movedim
        True
    """
    seen = views.only(call)
    arguments = named(call, ("input", "source", "destination"))
    ndim = len(seen.shape)
    source, destination = (dims_of(arguments[name], ndim) for name in ("source", "destination"))
    placed = dict(zip(destination, source, strict=True))
    others = iter(dim for dim in range(ndim) if dim not in source)
    return seen.permuted([placed[dim] if dim in placed else next(others) for dim in range(ndim)])


def expand(call: Call, views: Views) -> Seen:
    """Axes of one element repeated.

    Example:
        >>> RULES["expand"] is expand
        True
    """
    return views[call.inputs[0]].broadcast(call.outputs[0].shape)


def repeat(call: Call, views: Views) -> Seen:
    """Axes repeated as a whole.

    Example:
        >>> RULES["repeat"] is repeat
        True
    """
    seen, shape = views.only(call), call.outputs[0].shape
    seen = Seen(((),) * (len(shape) - len(seen.dims)) + seen.dims, seen.axes)
    longer = [
        size
        for pair in zip(
            (after // before for before, after in zip(seen.shape, shape, strict=True)), seen.shape, strict=True
        )
        for size in pair
    ]
    dims = tuple(factors for own in seen.dims for factors in ((), own))
    return Seen(dims, seen.axes).broadcast(longer).reshaped(shape)


def repeat_interleave(call: Call, views: Views) -> Seen:
    """Each element along an axis repeated.

    Example:
        >>> RULES["repeat_interleave"] is repeat_interleave
        True
    """
    seen, shape = views.only(call), call.outputs[0].shape
    arguments = named(call, ("input", "repeats", "dim"))
    if arguments.get("dim") is None or not isinstance(arguments.get("repeats"), int):
        raise UnclearError("the axis or the number is not clear")
    (dim,) = dims_of(arguments["dim"], len(shape))
    longer = (*seen.shape[: dim + 1], arguments["repeats"], *seen.shape[dim + 1 :])
    return Seen((*seen.dims[: dim + 1], (), *seen.dims[dim + 1 :]), seen.axes).broadcast(longer).reshaped(shape)


def disorder(call: Call, views: Views) -> Seen:
    """The same elements in another order.

    Example:
        >>> RULES["flip"] is disorder
        True
    """
    seen = views.only(call)
    if call.kind == "roll":
        dims = named(call, ("input", "shifts", "dims")).get("dims", ())
        if dims == ():
            raise UnclearError("rolled over all axes as one")
    else:
        dims = named(call, ("input", "dims")).get("dims")
        dims = _numbers(call) if isinstance(dims, int) else dims
    for dim in dims_of(dims, len(seen.shape)):
        seen = seen.disordered(dim)
    return seen


def _numbers(call: Call) -> list[Any]:
    """The numbers after the tensor, given one by one or as a tuple or list."""
    given = call.arguments[0][1:]
    return list(given[0]) if len(given) == 1 and isinstance(given[0], tuple | list) else list(given)


RULES: dict[str, Rule] = {
    **dict.fromkeys(["view", "reshape", "flatten", "unflatten", "ravel", "view_as", "reshape_as"], reshape),
    **dict.fromkeys(["transpose", "swapaxes", "swapdims", "t", "T", "mT", "mH", "adjoint"], transpose),
    **dict.fromkeys(["movedim", "moveaxis"], movedim),
    **dict.fromkeys(["expand", "expand_as", "broadcast_to"], expand),
    **dict.fromkeys(["repeat", "tile"], repeat),
    **dict.fromkeys(["flip", "roll", "fliplr", "flipud"], disorder),
    "squeeze": squeeze,
    "unsqueeze": unsqueeze,
    "permute": permute,
    "repeat_interleave": repeat_interleave,
}
"""The rule of each function, by its name."""
