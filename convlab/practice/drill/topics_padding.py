"""Questions about padding: the smallest one that gives a wanted size, and the amounts of padding='same'."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from convlab.arithmetic import ConvSpec, padding_amounts
from convlab.inspection.windows import Window
from convlab.practice.drill.layers import AXES, SPOILED, Layer
from convlab.practice.drill.question import Question, Slip
from convlab.practice.drill.reading import Answer, Form
from convlab.practice.drill.topics_sizes import indented, refused

MOST = 20
"""The largest padding that is looked at."""


def padding(rng: random.Random, difficulty: int) -> Question:
    """A question about padding.

    Args:
        rng: The lot.
        difficulty: 1 to 5.

    Example:
        >>> padding(random.Random(2), 1).form.wanted
        'a whole number, as 2; or none, or error'
    """
    if difficulty >= 4 and rng.random() < 0.3:
        return _amounts(rng, difficulty)
    return _wanted(rng, difficulty)


def _wanted(rng: random.Random, difficulty: int) -> Question:
    """The smallest padding that gives a size, which at times none does."""
    layer, sizes, shape = _drawn(rng, difficulty)
    rule = ""
    if rng.random() < SPOILED:
        layer, shape, rule = _spoiled(rng, difficulty, layer, shape)
    none = not rule and rng.random() < 0.12
    aimed, paddings = _aim(rng, layer, sizes, none=none)
    written = f"{layer.code[:-1]}, padding=?)"
    answer = "error" if rule else "none" if paddings is None else paddings
    size = aimed[0] if layer.ndim == 1 else " x ".join(map(str, aimed))
    text = (
        f"An input of shape {shape} goes through\n\n{indented(written)}\n\n"
        f"Which padding, the smallest, gives an output of {AXES[layer.ndim]} {size}? "
        "If none does, answer none. If torch refuses these settings with any padding, answer error."
    )
    one = "a whole number, as 2" if layer.ndim == 1 else "one whole number per axis, as 2 x 1; one alone stands for all"
    form = Form(f"{one}; or none, or error", layer.ndim, spreads=True, words=("none", "error"))
    worked = refused(rule) if rule else _worked(layer, sizes, aimed, paddings)
    slips = (
        () if isinstance(answer, str) else tuple(slip for slip in _slips(layer, sizes, aimed) if slip.answer != answer)
    )
    return Question("padding", difficulty, text, written, shape, answer, form, worked, tuple(dict.fromkeys(slips)))


def _drawn(rng: random.Random, difficulty: int) -> tuple[Layer, tuple[int, ...], tuple[int, ...]]:
    """A layer without padding, the sizes of its input, and its shape."""
    ndim = 1 if difficulty < 4 else 2
    kernels = (3, 5) if difficulty == 1 else (2, 3, 4, 5, 7)
    kernel = tuple(rng.choice(kernels) for _ in range(ndim)) if difficulty == 5 else rng.choice(kernels)
    if isinstance(kernel, tuple) and len(set(kernel)) == 1:
        kernel = kernel[0]
    options = {}
    if difficulty in (3, 5) or (difficulty == 4 and rng.random() < 0.5):
        options["stride"] = rng.choice((2, 3) if difficulty == 5 else (2, 2, 3))
    if difficulty >= 4:
        options["dilation"] = rng.choice((2, 3))
    inward, outward = (rng.choice((1, 2, 3, 4, 6, 8)) for _ in range(2))
    low, high = (5, 12) if difficulty < 3 else (7, 32)
    sizes = (rng.randint(low, high),) * ndim
    return Layer(ndim, inward, outward, kernel, options), sizes, (1, inward, *sizes)


def _spoiled(
    rng: random.Random, difficulty: int, layer: Layer, shape: tuple[int, ...]
) -> tuple[Layer, tuple[int, ...], str]:
    """A layer that torch refuses whatever the padding is, or an input of the wrong channels."""
    if difficulty >= 3 and rng.random() < 0.5:
        divisor = rng.choice([number for number in (2, 3, 4, 5) if layer.in_channels % number])
        layer = layer.with_(groups=divisor)
    else:
        shape = (shape[0], layer.in_channels + rng.choice((1, 2)), *shape[2:])
    try:
        layer.with_(padding=MOST).sizes(shape)
    except ValueError as error:
        return layer, shape, str(error)
    raise AssertionError("these settings are refused")


def _aim(
    rng: random.Random, layer: Layer, sizes: Sequence[int], *, none: bool
) -> tuple[tuple[int, ...], tuple[int, ...] | None]:
    """The wanted sizes, and the smallest padding of each axis, or None where a size is between two that there are."""
    aimed, paddings = [], []
    for axis, size in enumerate(sizes):
        reached = _reached(layer, axis, size)
        keeps = reached.get(size)
        choices = [wanted for wanted, amount in reached.items() if amount <= 6]
        wanted = size if keeps is not None and keeps <= 8 and rng.random() < 0.5 else rng.choice(choices)
        aimed.append(wanted)
        paddings.append(reached[wanted])
    if not none:
        return tuple(aimed), tuple(paddings)
    reached = _reached(layer, 0, sizes[0])
    between = [wanted for wanted in range(min(reached), min(reached) + 6) if wanted not in reached]
    if not between:
        return tuple(aimed), tuple(paddings)
    return (rng.choice(between), *aimed[1:]), None


def _reached(layer: Layer, axis: int, size: int) -> dict[int, int]:
    """The sizes that paddings give along one axis, and the smallest padding of each."""
    window = _along(layer, axis)
    found: dict[int, int] = {}
    for amount in range(MOST):
        try:
            found.setdefault(window.with_(padding=amount).sizes((1, 1, size))[0], amount)
        except ValueError:  # the kernel does not fit yet
            continue
    return found


def _along(layer: Layer, axis: int) -> Layer:
    """The layer along one axis, of one channel."""
    kernel = layer.kernel_size[axis] if isinstance(layer.kernel_size, tuple) else layer.kernel_size
    return Layer(1, 1, 1, kernel, layer.options).with_(groups=None)


def _worked(layer: Layer, sizes: Sequence[int], aimed: Sequence[int], paddings: Sequence[int] | None) -> str:
    """The formula with the padding found, and with the one before it; or with two between which there is none."""
    lines: list[str] = []
    for axis, (size, wanted) in enumerate(zip(sizes, aimed, strict=True)):
        reached = _reached(layer, axis, size)
        least = reached.get(wanted)
        if least is None:
            below = [amount for found, amount in reached.items() if found < wanted][-1:]
            shown = [*below, *([amount for found, amount in reached.items() if found > wanted][:1])]
        else:
            shown = [least - 1, least]
        for amount in shown:
            try:
                spec = _along(layer, axis).with_(padding=max(amount, 0)).spec()
                line = f"padding={amount}: {Window.of(spec).formula(0, size)}"
            except ValueError:  # the kernel does not fit
                continue
            if amount >= 0 and line not in lines:
                lines.append(line)
    if paddings is None:
        return f"The size jumps over {aimed[0]}:\n\n" + indented("\n".join(lines))
    return indented("\n".join(lines))


def _slips(layer: Layer, sizes: Sequence[int], aimed: Sequence[int]) -> Iterable[Slip]:
    """What common mistakes take for the padding."""
    mistakes = {
        "the dilation is ignored": layer.with_(dilation=None),
        "the stride is ignored": layer.with_(stride=None),
    }
    for clause, other in mistakes.items():
        amounts = _smallest(other, sizes, aimed)
        if amounts is not None:
            yield Slip(amounts, clause)
    right = _smallest(layer, sizes, aimed)
    if right is not None:
        yield Slip(
            tuple(2 * amount for amount in right), "the amounts of both sides are added up; torch wants one side"
        )
        larger = tuple(amount + 1 for amount in right)
        if all(
            _along(layer, axis).with_(padding=amount).sizes((1, 1, size))[0] == wanted
            for axis, (amount, size, wanted) in enumerate(zip(larger, sizes, aimed, strict=True))
        ):
            yield Slip(larger, "the size is right, and a smaller padding is not looked for")
    kernels = layer.with_(groups=None).spec().kernel_size
    if any(layer.options.get(name) for name in ("stride", "dilation")):
        keeps = tuple(kernel // 2 for kernel in kernels)
        yield Slip(keeps, "half the kernel is taken, which keeps the size at stride 1 and dilation 1 only")


def _smallest(layer: Layer, sizes: Sequence[int], aimed: Sequence[int]) -> tuple[int, ...] | None:
    found = [
        _reached(layer, axis, size).get(wanted) for axis, (size, wanted) in enumerate(zip(sizes, aimed, strict=True))
    ]
    return None if None in found else tuple(amount for amount in found if amount is not None)


def _amounts(rng: random.Random, difficulty: int) -> Question:
    """How much padding='same' adds before and after."""
    kernel, dilation = rng.choice((2, 3, 4, 5, 6, 7)), rng.choice((1, 1, 2, 3))
    channels = rng.choice((1, 2, 4, 8))
    layer = Layer(1, channels, channels, kernel, {"padding": "same"})
    layer = layer.with_(dilation=dilation if dilation > 1 else None)
    shape = (1, channels, rng.randint(8, 32))
    if rng.random() < SPOILED:
        layer = layer.with_(stride=rng.choice((2, 3)))
    try:
        ((before, after),) = padding_amounts(layer.spec())
        total = before + after
        answer: Answer = (before, after)
        worked = (
            f"Together dilation*(kernel_size-1); where that is odd, torch puts the extra element after:\n\n"
            f"    {dilation}*({kernel}-1) = {total}\n    {before} + {after} = {total}"
        )
        undilated = padding_amounts(ConvSpec(1, 1, (kernel,), padding="same"))[0]
        found = [
            Slip((after, before), "the extra element is put before; torch puts it after"),
            Slip((total, total), "the whole amount is added on each side"),
            Slip((after, after), "both sides get the larger half"),
            Slip((before, before), "both sides get the smaller half"),
            Slip(undilated, "the dilation is ignored"),
        ]
    except ValueError as error:
        answer, worked, found = "error", refused(str(error)), []
    text = (
        f"An input of shape {shape} goes through\n\n{indented(layer.code)}\n\n"
        "How many elements does padding='same' add before and after? If torch raises an error, answer error."
    )
    form = Form("two whole numbers, before and after, as (2, 3); or error", 2, words=("error",))
    slips = tuple(dict.fromkeys(slip for slip in found if slip.answer != answer))
    return Question("padding", difficulty, text, layer.code, shape, answer, form, worked, slips)
