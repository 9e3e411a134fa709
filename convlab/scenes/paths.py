"""The paths through a stack of layers: ways from an input element to an output, one tap in each layer."""

from __future__ import annotations

import math
from collections.abc import Sequence

from convlab.arithmetic.fields import Field
from convlab.arithmetic.spec import ConvSpec
from convlab.arithmetic.taps import taps

Paths = list[int]
"""How many paths lead from each element of a level to one output."""

PathsAlong = list[list[Paths]]
"""For each output along one axis, the paths from each element of each level, the input first."""


def check_layers(layers: Sequence[object], specs: Sequence[ConvSpec]) -> None:
    """Refuse a stack whose paths cannot be shown.

    Args:
        layers: The layers as they were given.
        specs: Their geometry.

    Raises:
        ValueError: If there is no layer, or more than two spatial axes, a pooling has `ceil_mode=True`, or the padding
            holds something else than zeros.

    Example:
        >>> check_layers([], [])
        Traceback (most recent call last):
        ValueError: layers must hold at least one layer, but it is empty
    """
    if not specs:
        raise ValueError("layers must hold at least one layer, but it is empty")
    if specs[0].ndim > 2:
        raise ValueError(f"receptive_field shows 1 or 2 spatial axes, but the layers have {specs[0].ndim}")
    for number, (layer, spec) in enumerate(zip(layers, specs, strict=True), start=1):
        if getattr(layer, "ceil_mode", False):
            raise ValueError(
                f"receptive_field shows layers with ceil_mode=False, but layer {number} has ceil_mode=True"
            )
        if spec.padding_mode != "zeros":
            raise ValueError(
                f"receptive_field shows layers with padding_mode='zeros', "
                f"but layer {number} has padding_mode={spec.padding_mode!r}"
            )


def names_of(specs: Sequence[ConvSpec]) -> list[str]:
    """The names of the levels of a stack, the input first.

    Example:
        >>> names_of([ConvSpec(1, 1, (3,)), ConvSpec(1, 1, (3,))])
        ['input', 'layer 1', 'layer 2']
    """
    return ["input", *(f"layer {number}" for number in range(1, len(specs) + 1))]


def paths_along(specs: Sequence[ConvSpec], axis: int, sizes: Sequence[int]) -> PathsAlong:
    """For each output along one axis, the paths that lead to it from each element of each level.

    Args:
        specs: The layers, input side first.
        axis: The spatial axis.
        sizes: Elements of each level along it, the input first.

    Example:
        >>> paths_along([ConvSpec(1, 1, (2,)), ConvSpec(1, 1, (2,))], 0, [3, 2, 1])
        [[[1, 2, 1], [1, 1], [1]]]
    """
    reads = [
        [sources(spec, axis, output, n) for output in range(out)]
        for spec, n, out in zip(specs, sizes, sizes[1:], strict=False)
    ]
    found = []
    for output in range(sizes[-1]):
        levels = [[int(place == output) for place in range(sizes[-1])]]
        for read, n in zip(reversed(reads), reversed(sizes[:-1]), strict=True):
            paths = [0] * n
            for place, count in some(levels[0]):
                for source in read[place]:
                    paths[source] += count
            levels.insert(0, paths)
        found.append(levels)
    return found


def sources(spec: ConvSpec, axis: int, output: int, n: int) -> list[int]:
    """The elements along one axis that the taps of an output read, one for each tap that reads one.

    Args:
        spec: The layer.
        axis: The spatial axis.
        output: The index of the output along it.
        n: Elements of the layer's input along it.

    Example:
        >>> sources(ConvSpec(1, 1, (3,), padding=1), 0, 0, 5)
        [0, 1]
    """
    one = ConvSpec(
        1, 1, spec.kernel_size[axis : axis + 1], stride=spec.stride[axis], dilation=spec.dilation[axis],
        padding=spec.padding if isinstance(spec.padding, str) else spec.padding[axis],
        transposed=spec.transposed, output_padding=spec.output_padding[axis],
    )  # fmt: skip
    return [tap.source[0] for tap in taps(one, (output,), n) if tap.source is not None]


def some(paths: Paths) -> list[tuple[int, int]]:
    """The elements from which paths lead, and how many.

    Example:
        >>> some([0, 2, 0, 1])
        [(1, 2), (3, 1)]
    """
    return [(place, count) for place, count in enumerate(paths) if count]


def words_of_field(
    specs: Sequence[ConvSpec], fields: Sequence[Field], output: Sequence[int], paths: Sequence[Paths]
) -> str:
    """How large the field of an output is, where it lies, and how much of it is read.

    Args:
        specs: The layers, input side first.
        fields: What the outputs see, for each axis.
        output: The index of the output.
        paths: The paths from each element of the input, for each axis.

    Example:
        >>> spec = ConvSpec(1, 1, (2,), dilation=3)
        >>> field = Field().through(1, [(0, 3)])
        >>> print(words_of_field([spec], [field], (0,), [[1, 0, 0, 1, 0]]))
        1 + 1*3 = 4: input 0 to 3
        4 inputs: 2 are read, 2 lie in holes
    """
    growth = [_growth(specs, axis, field) for axis, field in enumerate(fields)]
    ends = [span for span in (field.at(i) for field, i in zip(fields, output, strict=True)) if span]
    if len(ends) < len(fields):
        return "it sees nothing of the input"
    where = [f"{first} to {last}" if last > first else str(first) for first, last in ends]
    if len(fields) == 1:
        lines = [f"{growth[0]}: input {where[0]}"]
    elif len(set(growth)) == 1:
        lines = [f"{growth[0]} on each axis: rows {where[0]}, columns {where[1]}"]
    else:
        lines = [f"rows: {growth[0]}: {where[0]}", f"columns: {growth[1]}: {where[1]}"]
    inside = math.prod(
        sum(first <= j <= last for j in range(len(counts))) for (first, last), counts in zip(ends, paths, strict=True)
    )
    outside = math.prod(last - first + 1 for first, last in ends) - inside
    read = math.prod(len(some(counts)) for counts in paths)
    padded = f" and {outside} in the padding" if outside else ""
    verdict = "all are read" if read == inside else f"{read} are read, {inside - read} lie in holes"
    return "\n".join([*lines, f"{inside} inputs{padded}: {verdict}"])


def _growth(specs: Sequence[ConvSpec], axis: int, field: Field) -> str:
    """The size of the field as the sum of what each layer adds; transposed layers follow no such sum."""
    if any(spec.transposed for spec in specs):
        return f"a field of at most {field.size}"
    terms, jump = ["1"], 1
    for spec in specs:
        if spec.kernel_size[axis] > 1:
            terms.append(f"{spec.kernel_size[axis] - 1}*{spec.dilation[axis] * jump}")
        jump *= spec.stride[axis]
    return f"{' + '.join(terms)} = {field.size}"
