"""Functions that join tensors, and functions that multiply matrices."""

from __future__ import annotations

from collections.abc import Sequence

from convlab.inspection.axis_seen import NOTHING, UNKNOWN
from convlab.inspection.calls import Call
from convlab.inspection.rules.views import Rule, UnclearError, Views, dims_of
from convlab.inspection.seen import Seen, joined
from convlab.inspection.windows import named

_LETTERS = "abcdefgh"


def cat(call: Call, views: Views) -> Seen:
    """Tensors one after the other along an axis.

    Example:
        >>> RULES["cat"] is cat
        True
    """
    arguments = named(call, ("tensors", "dim"))
    shape = call.outputs[0].shape
    (dim,) = dims_of(arguments.get("dim", arguments.get("axis", 0)), len(shape))
    dependent = [info for info in call.inputs if views.depend([info]) and len(info.shape) == len(shape)]
    parts = [views[info].single(dim) for info in dependent]
    samples = views.is_batch(dim, len(shape))
    if not any(part.moves(dim) for part in parts):
        return _side_by_side([part.mixed({dim: shape[dim]}) for part in parts], samples)
    if len(parts) > 1:
        return _side_by_side([part.stretched(dim, shape[dim]) for part in parts], samples)
    sizes = [info.shape[dim] for info in call.inputs[: call.inputs.index(dependent[0])]]
    moved = parts[0].through(dim, 1, [(-sum(sizes),)], shape[dim])
    lost = [axis.defined and not after.defined for axis, after in zip(parts[0].axes, moved.axes, strict=True)]
    return parts[0].stretched(dim, shape[dim]) if any(lost) else moved


def stack(call: Call, views: Views) -> Seen:
    """Tensors side by side along a new axis.

    Example:
        >>> RULES["stack"] is stack
        True
    """
    shape = call.outputs[0].shape
    (dim,) = dims_of(named(call, ("tensors", "dim")).get("dim", 0), len(shape))
    parts = [views[info] for info in call.inputs if views.depend([info])]
    seen = _side_by_side(parts, views.is_batch(dim, len(shape)))
    return Seen((*seen.dims[:dim], (), *seen.dims[dim:]), seen.axes).broadcast(shape)


def _side_by_side(parts: Sequence[Seen], samples: bool) -> Seen:
    """What is seen where parts become channels, or features, of one place: by convention, what any of them sees.

    Samples stay apart: where they see different parts of an axis, it is not known what one sees.
    """
    seen = joined(parts)
    if not samples:
        return seen
    axes = []
    for axis, own in zip(seen.axes, zip(*(part.axes for part in parts), strict=True), strict=True):
        kinds = {(each.field, each.fixed) for each in own if each != NOTHING}
        without_order = axis.along and axis.field is None  # then it is only said what they see together
        axes.append(axis if len(kinds) < 2 or without_order else UNKNOWN)
    return Seen(seen.dims, tuple(axes))


def linear(call: Call, views: Views) -> Seen:
    """Each output element sees the last axis whole.

    Example:
        >>> RULES["linear"] is linear
        True
    """
    seen, shape = views.only(call), call.outputs[0].shape
    return seen.mixed({len(shape) - 1: shape[-1]})


def contract(operands: Sequence[tuple[Seen, str]], output: str, shape: Sequence[int]) -> Seen:
    """What the elements of a sum of products see, written as for `einsum`.

    Args:
        operands: What each factor sees, and a letter for each of its axes.
        output: A letter for each axis of the result; the axes of other letters are summed over.
        shape: The shape of the result.

    Example:
        >>> one, two = Seen.of_inputs([(4, 5), (5, 6)])
        >>> contract([(one, "ik"), (two, "kj")], "ij", (4, 6)).axes[1].fixed
        (0, 4)
    """
    views = []
    for seen, letters in operands:
        if len(set(letters)) < len(letters):
            raise UnclearError("a diagonal")
        summed = seen.mixed({dim: None for dim, letter in enumerate(letters) if letter not in output})
        kept = [letter for letter in letters if letter in output]
        dims = dict(zip(kept, summed.dims, strict=True))
        views.append(Seen(tuple(dims.get(letter, ()) for letter in output), summed.axes).broadcast(shape))
    return joined(views)


def matmul(call: Call, views: Views) -> Seen:
    """Each output element sees a row of the first and a column of the second.

    Example:
        >>> RULES["matmul"] is matmul
        True
    """
    one, two = call.inputs[-2:]  # before them, addmm has what is added
    shape = call.outputs[0].shape
    rows = "k" if len(one.shape) == 1 else _batch(len(one.shape) - 2) + "ik"
    columns = "k" if len(two.shape) == 1 else _batch(len(two.shape) - 2) + "kj"
    longest = max(len(rows), len(columns)) - 2
    output = _batch(longest) + ("i" if "i" in rows else "") + ("j" if "j" in columns else "")
    operands = [(views[info], letters) for info, letters in ((one, rows), (two, columns)) if views.depend([info])]
    added = [views[info].broadcast(shape) for info in call.inputs[:-2] if views.depend([info])]
    return joined([*added, *([contract(operands, output, shape)] if operands else [])])


def einsum(call: Call, views: Views) -> Seen:
    """Each output element sees the axes whole that are summed over.

    Example:
        >>> RULES["einsum"] is einsum
        True
    """
    equation = call.arguments[0][0]
    if not isinstance(equation, str) or "->" not in equation or "." in equation:
        raise UnclearError("the equation is not clear")
    left, output = equation.replace(" ", "").split("->")
    pairs = zip(call.inputs, left.split(","), strict=True)
    operands = [(views[info], letters) for info, letters in pairs if views.depend([info])]
    return contract(operands, output, call.outputs[0].shape)


def attention(call: Call, views: Views) -> Seen:
    """Each query sees all keys and values.

    Example:
        >>> RULES["scaled_dot_product_attention"] is attention
        True
    """
    names = ("query", "key", "value", "attn_mask", "dropout_p", "is_causal")
    arguments = named(call, names)
    if arguments.get("attn_mask") is not None or arguments.get("is_causal"):
        raise UnclearError("a mask hides keys")
    batch = _batch(len(call.outputs[0].shape) - 2)
    letters = {"query": batch + "ie", "key": batch + "je", "value": batch + "jd"}
    operands = [(views[arguments[name]], letters[name]) for name in letters if views.depend([arguments[name]])]
    return contract(operands, batch + "id", call.outputs[0].shape)


def multi_head_attention(call: Call, views: Views) -> list[Seen]:
    """Each query sees all keys and values, and all their features.

    Example:
        >>> RULES["multi_head_attention_forward"] is multi_head_attention
        True
    """
    query, key, value = call.arguments[0][:3]
    if any(call.arguments[1].get(name) is not None for name in ("attn_mask", "key_padding_mask")):
        raise UnclearError("a mask hides keys")
    output, *weights = call.outputs
    letters = {3: "lne", 2: "le"}[len(output.shape)]
    others = letters.replace("l", "s")
    operands = [(views[query], letters), (views[key], others), (views[value], others)]
    seen = contract([(view, names) for view, names in operands], letters.replace("e", "f"), output.shape)
    return [seen, *(views.unknown(info) for info in weights)]


def recurrent(call: Call, views: Views) -> list[Seen]:
    """Each output of a recurrent layer sees the moments before it, of a bidirectional one all; the last states see all.

    Example:
        >>> RULES["lstm"] is recurrent
        True
    """
    seen = views.only(call)
    output, *states = call.outputs
    arguments = named(
        call, ("input", "hx", "params", "bias", "layers", "dropout", "train", "bidirectional", "batch_first")
    )
    if isinstance(arguments["bias"], tuple | list) or len(seen.shape) != 3:
        raise UnclearError("packed sequences")
    time = 1 if arguments["batch_first"] else 0
    whole = seen.mixed({2: output.shape[2]})
    whole = whole.mixed({time: output.shape[time]}) if arguments["bidirectional"] else whole.disordered(time)
    last = seen.mixed({time: None, 2: None})
    last = Seen(((), *last.dims, ()), last.axes)
    return [whole, *(last.broadcast(info.shape) for info in states)]


def embedding(call: Call, views: Views) -> Seen:
    """A vector for each number.

    Example:
        >>> RULES["embedding"] is embedding
        True
    """
    seen = views.only(call)
    return Seen((*seen.dims, ()), seen.axes).broadcast(call.outputs[0].shape)


def _batch(count: int) -> str:
    return _LETTERS[len(_LETTERS) - count :] if count > 0 else ""


RULES: dict[str, Rule] = {
    **dict.fromkeys(["cat", "concat", "concatenate"], cat),
    **dict.fromkeys(["matmul", "mm", "bmm", "mv", "addmm", "baddbmm", "__matmul__", "__rmatmul__"], matmul),
    **dict.fromkeys(["lstm", "gru", "rnn_tanh", "rnn_relu"], recurrent),
    "stack": stack,
    "linear": linear,
    "einsum": einsum,
    "scaled_dot_product_attention": attention,
    "multi_head_attention_forward": multi_head_attention,
    "embedding": embedding,
}
"""The rule of each function, by its name."""
