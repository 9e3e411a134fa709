"""Questions about sizes: the output of a convolution and of a transposed convolution."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import replace

from convlab.explorers.words import sizes_in_words
from convlab.inspection.windows import Window
from convlab.practice.drill.layers import AXES, SPOILED, Layer, draw, spoil
from convlab.practice.drill.question import Question, Slip
from convlab.practice.drill.reading import Answer, Form

Sizes = tuple[int, ...]
UNCHECKED = "the formula alone is used, and not the rule that these settings break"
"""The mistake of one who answers with a number where torch raises an error."""


def output_shape(rng: random.Random, difficulty: int) -> Question:
    """A question about the output of a convolution.

    Args:
        rng: The lot.
        difficulty: 1 to 5; from 4 on the whole shape is asked for.

    Example:
        >>> output_shape(random.Random(4), 1).topic
        'output_shape'
    """
    return _question("output_shape", rng, difficulty, transposed=False)


def transposed_output_shape(rng: random.Random, difficulty: int) -> Question:
    """A question about the output of a transposed convolution.

    Args:
        rng: The lot.
        difficulty: 1 to 5; from 4 on the whole shape is asked for.

    Example:
        >>> transposed_output_shape(random.Random(4), 1).code
        'nn.ConvTranspose1d(2, 3, kernel_size=5, stride=2)'
    """
    return _question("transposed_output_shape", rng, difficulty, transposed=True)


def indented(text: str) -> str:
    """The lines as a block of code.

    Args:
        text: Lines.

    Example:
        >>> indented("1 + 1 = 2")
        '    1 + 1 = 2'
    """
    return "\n".join(f"    {line}" for line in text.splitlines())


def size_form(ndim: int, before: Sizes) -> Form:
    """The form of one size per spatial axis, one number for all where they are equal.

    Args:
        ndim: Spatial axes.
        before: Batch and channels, which may be given, too.

    Example:
        >>> size_form(1, (1, 4)).read("1 4 28")
        (28,)
    """
    as_ = " x ".join(["28", "26", "24"][:ndim])
    wanted = "a whole number, as 28" if ndim == 1 else f"one whole number per axis, as {as_}; one alone stands for all"
    return Form(f"{wanted}; or error", ndim, spreads=True, before=before, words=("error",))


def refused(rule: str) -> str:
    """The worked answer where torch refuses the settings.

    Args:
        rule: The rule and the values.

    Example:
        >>> refused("groups must divide in_channels, but in_channels=6 and groups=4")
        'Torch raises an error: groups must divide in_channels, but in_channels=6 and groups=4.'
    """
    return f"Torch raises an error: {rule}."


def _question(topic: str, rng: random.Random, difficulty: int, *, transposed: bool) -> Question:
    layer, shape = draw(rng, difficulty, transposed=transposed)
    rule = ""
    if rng.random() < SPOILED:
        layer, shape, rule = spoil(rng, difficulty, layer, shape)
    ndim, whole = layer.ndim, difficulty >= 4
    before = (shape[0], layer.out_channels)
    example = (2, 16, 28, 26, 24)[: ndim + 2]
    form = Form(f"the whole shape, as {example}; or error", ndim + 2, words=("error",))
    asked = "Which shape does the output have?" if whole else f"Which {AXES[ndim]} does the output have?"
    text = f"An input of shape {shape} goes through\n\n{indented(layer.code)}\n\n{asked}"
    text += " If torch raises an error, answer error."
    found = list(_slips(layer, shape))
    answer: Answer
    if rule:
        answer, worked = "error", refused(rule)
        found = [slip for slip in found if slip.clause == UNCHECKED]
    else:
        sizes = layer.sizes(shape)
        answer = (*before, *sizes) if whole else sizes
        worked = indented(sizes_in_words(layer.spec(), shape[2:]))
        if whole:
            worked += f"\n\nThe batch stays, and the channels are out_channels={layer.out_channels}: {answer}."
        found.append(Slip(tuple(size - 1 for size in sizes), "the + 1 at the end is forgotten"))
    if whole:
        found = [Slip((*before, *slip.answer), slip.clause) for slip in found]
        if not rule:
            kept = (shape[0], layer.in_channels, *layer.sizes(shape))
            found.append(Slip(kept, "the channels of the input are kept"))
    slips = tuple(dict.fromkeys(slip for slip in found if slip.answer != answer))
    wanted = form if whole else size_form(ndim, before)
    return Question(topic, difficulty, text, layer.code, shape, answer, wanted, worked, slips)


def _slips(layer: Layer, shape: Sizes) -> Iterable[Slip]:
    """What common mistakes make of the sizes."""
    alone = replace(layer, in_channels=1, out_channels=1).with_(groups=None)
    sizes = (1, 1, *shape[2:])
    mistakes = _TRANSPOSED if layer.transposed else _PLAIN
    for clause, mistake in mistakes.items():
        try:
            yield Slip(mistake(alone, sizes), clause)
        except (TypeError, ValueError):  # there is no such size
            continue


def _rounded_up(layer: Layer, shape: Sizes) -> Sizes:
    layer.sizes(shape)
    window = replace(Window.of(layer.spec()), ceil_mode=True)
    return tuple(window.output_size(axis, size) for axis, size in enumerate(shape[2:]))


def _padded_once(layer: Layer, shape: Sizes) -> Sizes:
    padding, bare = layer.spec().padding, layer.with_(padding=None, padding_mode=None)
    if isinstance(padding, str):
        raise ValueError("padding in words has two amounts")
    if layer.transposed:
        return tuple(size - amount for size, amount in zip(bare.sizes(shape), padding, strict=True))
    padded = tuple(size + amount for size, amount in zip(shape[2:], padding, strict=True))
    return bare.sizes((1, 1, *padded))


def _padding_added(layer: Layer, shape: Sizes) -> Sizes:
    bare = layer.with_(padding=None).sizes(shape)
    return tuple(2 * none - both for both, none in zip(layer.sizes(shape), bare, strict=True))


def _of_the_other_kind(layer: Layer, shape: Sizes) -> Sizes:
    return replace(layer, transposed=not layer.transposed).with_(output_padding=None).sizes(shape)


Mistake = Callable[[Layer, Sizes], Sizes]
_PLAIN: dict[str, Mistake] = {
    UNCHECKED: lambda layer, shape: layer.sizes(shape),
    "the dilation is ignored": lambda layer, shape: layer.with_(dilation=None).sizes(shape),
    "the stride is ignored": lambda layer, shape: layer.with_(stride=None).sizes(shape),
    "the padding is ignored": lambda layer, shape: layer.with_(padding=None).sizes(shape),
    "the padding is counted on one side only": _padded_once,
    "the division is rounded up": _rounded_up,
    "the kernel is not subtracted": lambda layer, shape: replace(layer, kernel_size=1).sizes(shape),
    "the formula of a transposed convolution is used": _of_the_other_kind,
}
_TRANSPOSED: dict[str, Mistake] = {
    UNCHECKED: lambda layer, shape: layer.sizes(shape),
    "the dilation is ignored": lambda layer, shape: layer.with_(dilation=None).sizes(shape),
    "the stride is ignored": lambda layer, shape: layer.with_(stride=None, output_padding=None).sizes(shape),
    "the padding is ignored": lambda layer, shape: layer.with_(padding=None).sizes(shape),
    "the padding is counted on one side only": _padded_once,
    "the padding is added, though it crops the output": _padding_added,
    "output_padding is ignored": lambda layer, shape: layer.with_(output_padding=None).sizes(shape),
    "the stride is multiplied by the input size, not by one less": lambda layer, shape: layer.sizes(
        (1, 1, *(size + 1 for size in shape[2:]))
    ),
    "the formula of an ordinary convolution is used": _of_the_other_kind,
}
