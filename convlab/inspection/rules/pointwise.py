"""Functions of each element by itself, and functions that take an axis whole."""

from __future__ import annotations

from convlab.inspection.calls import Call
from convlab.inspection.rules.views import Rule, UnclearError, Views, dims_of
from convlab.inspection.seen import Seen, joined
from convlab.inspection.windows import named

# fmt: off
_POINTWISE = [
    "add", "sub", "mul", "div", "true_divide", "floor_divide", "remainder", "fmod", "pow", "neg", "abs", "absolute",
    "sign", "square", "sqrt", "rsqrt", "reciprocal", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin",
    "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "erf", "erfc", "sigmoid", "floor", "ceil",
    "round", "trunc", "frac", "clamp", "clip", "clamp_min", "clamp_max", "maximum", "minimum", "fmax", "fmin",
    "where", "lerp", "addcmul", "addcdiv", "nan_to_num", "logical_and", "logical_or", "logical_not", "logical_xor",
    "eq", "ne", "lt", "le", "gt", "ge", "isnan", "isfinite", "isinf", "masked_fill", "positive", "rsub", "subtract",
    "multiply", "divide", "__rsub__", "__rpow__", "__rdiv__", "__rtruediv__", "__floordiv__", "__rfloordiv__",
    "__rmod__", "__and__", "__or__", "__xor__", "__invert__", "__radd__", "__rmul__", "__eq__", "__ne__", "__lt__",
    "__gt__", "__le__", "__ge__", "__pow__", "__mod__", "__truediv__", "__pos__", "relu", "relu6", "leaky_relu",
    "rrelu", "elu", "selu", "celu", "gelu", "silu", "mish", "softplus", "softsign", "logsigmoid", "hardtanh",
    "hardswish", "hardsigmoid", "hardshrink", "softshrink", "tanhshrink", "threshold", "prelu", "dropout",
    "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout", "real", "_conj", "conj",
]
# fmt: on
"""Functions of each element by itself, of one tensor or of several that are broadcast."""

_NORMS = ["batch_norm", "instance_norm", "layer_norm", "group_norm", "local_response_norm", "rms_norm"]
"""Norms: by convention their statistics do not count, nor does what they see."""

# fmt: off
_COPIES = [
    "contiguous", "clone", "detach", "to", "type", "type_as", "float", "double", "half", "bfloat16", "int", "long",
    "bool", "cpu", "cuda", "requires_grad", "data",
]
"""Functions that give the same elements; another tensor says only of which dtype or device."""

_EMPTY = [
    "zeros_like", "ones_like", "full_like", "empty_like", "rand_like", "randn_like", "randint_like",
    "new_zeros", "new_ones", "new_full", "new_empty", "new_tensor",
]
"""Functions that take nothing but shape and dtype from a tensor."""

_REDUCTIONS = [
    "mean", "sum", "nansum", "nanmean", "prod", "amax", "amin", "max", "min", "median", "nanmedian", "mode", "var",
    "std", "norm", "logsumexp", "all", "any", "argmax", "argmin", "count_nonzero", "vector_norm",
]
# fmt: on
"""Functions whose outputs see some axes whole; these go, or get one element."""


def pointwise(call: Call, views: Views) -> Seen:
    """Each output element sees what the elements at its place see.

    Example:
        >>> RULES["relu"] is pointwise
        True
    """
    shape = call.outputs[0].shape
    dependent = [info for info in call.inputs if views.depend([info])]
    seen = [views[info] if info.shape == shape else views[info].broadcast(shape) for info in dependent]
    return joined(seen)


def norm(call: Call, views: Views) -> Seen:
    """By convention, what a norm gives sees what went in.

    Example:
        >>> RULES["batch_norm"] is norm
        True
    """
    return views.only(call)


def copy(call: Call, views: Views) -> Seen:
    """The same elements, in another place or of another dtype.

    Example:
        >>> RULES["clone"] is copy
        True
    """
    return views[call.inputs[0]]


def empty(call: Call, views: Views) -> Seen:
    """New elements in the form of a tensor, which see nothing.

    Example:
        >>> RULES["zeros_like"] is empty
        True
    """
    views.constant(call.outputs[0])
    return views[call.outputs[0]]


def along_an_axis(call: Call, views: Views) -> Seen:
    """Each output element sees the axes of `dim` whole; the shape stays.

    Example:
        >>> RULES["softmax"] is along_an_axis
        True
    """
    seen = views.only(call)
    arguments = named(call, ("input", "dim"))
    if arguments.get("dim") is None:
        raise UnclearError("the axis is not said")
    return seen.mixed({dim: seen.shape[dim] for dim in dims_of(arguments["dim"], len(seen.shape))})


def normalize(call: Call, views: Views) -> Seen:
    """Each vector along `dim` divided by its length.

    Example:
        >>> RULES["normalize"] is normalize
        True
    """
    seen = views.only(call)
    dim = named(call, ("input", "p", "dim")).get("dim", 1)
    return seen.mixed({each: seen.shape[each] for each in dims_of(dim, len(seen.shape))})


def reduction(call: Call, views: Views) -> Seen | list[Seen]:
    """Each output element sees some axes whole.

    Example:
        >>> RULES["mean"] is reduction
        True
    """
    names = {"norm": ("input", "p", "dim"), "vector_norm": ("input", "ord", "dim")}.get(call.kind, ("input", "dim"))
    arguments = named(call, names)
    dim = arguments.get("dim", arguments.get("axis"))
    if len(call.inputs) == 2 and call.kind in ("max", "min"):
        return pointwise(call, views)
    seen = views.only(call)
    if isinstance(dim, bool) or not isinstance(dim, int | tuple | list | None):
        raise UnclearError("the axis is not clear")
    ndim = len(seen.shape)
    keeps = len(call.outputs[0].shape) == ndim
    return [seen.mixed(dict.fromkeys(dims_of(dim, ndim), 1 if keeps else None))] * len(call.outputs)


def glu(call: Call, views: Views) -> Seen:
    """The first half of an axis, times a function of the second.

    Example:
        >>> RULES["glu"] is glu
        True
    """
    seen = views.only(call)
    (dim,) = dims_of(named(call, ("input", "dim")).get("dim", -1), len(seen.shape))
    if seen.moves(dim):
        raise UnclearError("the halves lie apart")
    return seen.mixed({dim: seen.shape[dim] // 2})


def running(call: Call, views: Views) -> Seen:
    """Each output element sees what lies before it along an axis, or other elements that are not known.

    Example:
        >>> RULES["cumsum"] is running
        True
    """
    seen = views.only(call)
    dims = dims_of(named(call, ("input", "dim")).get("dim"), len(seen.shape))
    if any(seen.moves(dim) for dim in dims):
        raise UnclearError("along this axis each element sees another part")
    return seen


RULES: dict[str, Rule] = {
    **dict.fromkeys(_POINTWISE, pointwise),
    **dict.fromkeys(_NORMS, norm),
    **dict.fromkeys(_COPIES, copy),
    **dict.fromkeys(_EMPTY, empty),
    **dict.fromkeys(["softmax", "log_softmax", "softmin", "_softmax"], along_an_axis),
    **dict.fromkeys(_REDUCTIONS, reduction),
    **dict.fromkeys(["cumsum", "cumprod", "logcumsumexp"], running),
    "normalize": normalize,
    "glu": glu,
}
"""The rule of each function, by its name."""
