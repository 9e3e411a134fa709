"""Questions about shapes: of weights, of inputs, and of what a layer needs."""

from __future__ import annotations

import random

from convlab.arithmetic import effective_kernel_size
from convlab.practice.drill.layers import Layer
from convlab.practice.drill.question import Question, Slip
from convlab.practice.drill.reading import Answer, Form
from convlab.practice.drill.topics_sizes import indented

NUMBER = Form("a whole number, or a product or sum, as 3*5 + 2", is_count=True)
TOPIC = "placement"


def asked(
    text: str,
    answer: Answer,
    form: Form,
    worked: str,
    mistakes: dict[str, Answer],
    *,
    code: str = "",
    shape: tuple[int, ...] | None = None,
) -> Question:
    """A question of the placement drill.

    Args:
        text: The question.
        answer: The right answer.
        form: How answers are read.
        worked: How the answer is found.
        mistakes: What common mistakes give, by the mistake; those that give the right answer are left out.
        code: The layer that it is about.
        shape: The shape of the input.

    Example:
        >>> asked("1 + 1?", (2,), NUMBER, "    1 + 1 = 2", {"it is left out": (1,), "all is well": (2,)}).slips
        (Slip(answer=(1,), clause='it is left out'),)
    """
    slips = tuple(Slip(given, clause) for clause, given in mistakes.items() if given != answer)
    return Question(TOPIC, 2, text, code, shape, answer, form, worked, slips)


def electrodes(rng: random.Random) -> Question:
    """A question about `in_channels` of a signal.

    Args:
        rng: The lot.

    Example:
        >>> electrodes(random.Random(1)).code
        'nn.Conv1d(?, 4, kernel_size=5)'
    """
    channels, length, out = rng.choice((14, 19, 32)), rng.choice((256, 500, 1000)), rng.choice((4, 8, 16))
    layer = f"nn.Conv1d(?, {out}, kernel_size=5)"
    text = (
        f"A recording has {channels} electrodes with {length} samples each. The window of\n\n"
        f"{indented(layer)}\n\nslides along its time. Which number stands for the question mark?"
    )
    worked = f"    in_channels = {channels}: the input is (N, {channels}, {length})"
    mistakes: dict[str, Answer] = {
        "the samples are taken for the channels": (length,),
        "each electrode is taken for an input of its own": (1,),
        "in_channels and out_channels are taken for the same": (out,),
    }
    return asked(text, (channels,), NUMBER, worked, mistakes, code=layer, shape=(1, channels, length))


def causal_padding(rng: random.Random) -> Question:
    """A question about the zeros in front of a causal convolution.

    Args:
        rng: The lot.

    Example:
        >>> question = causal_padding(random.Random(1))
        >>> question.code, question.answer
        ('nn.Conv1d(1, 1, kernel_size=3, dilation=3)', (6,))
    """
    layer = Layer(1, 1, 1, rng.choice((3, 4, 5)), {"dilation": rng.choice((3, 4))})
    kernel, dilation = layer.kernel_size, layer.options["dilation"]
    span = effective_kernel_size(kernel, dilation=dilation)
    assert isinstance(span, int)
    text = (
        f"The output of\n\n{indented(layer.code)}\n\nshall be as long as its input, and output i shall see no input "
        "after i. How many zeros go in front of the input?"
    )
    mistakes: dict[str, Answer] = {
        "the dilation is ignored": (kernel - 1,),
        "the zeros are divided between both ends": ((span - 1) // 2,),
        "the element i itself is counted as padding": (span,),
        "kernel_size and dilation are multiplied": (kernel * dilation,),
    }
    worked = f"    dilation * (kernel_size - 1) = {dilation}*({kernel}-1) = {span - 1}"
    return asked(text, (span - 1,), NUMBER, worked, mistakes, code=layer.code, shape=(1, 1, 20))


def weight_shape(rng: random.Random) -> Question:
    """A question about the weight of a Conv2d.

    Args:
        rng: The lot.

    Example:
        >>> weight_shape(random.Random(1)).answer
        (8, 3, 5, 3)
    """
    layer = Layer(2, rng.choice((3, 4)), rng.choice((8, 16)), (5, 3))
    inward, outward, (height, width) = layer.in_channels, layer.out_channels, layer.kernel_size
    mistakes: dict[str, Answer] = {
        "the input channels are named first": (inward, outward, height, width),
        "the channels stand last": (height, width, inward, outward),
        "each kernel is thought to have one channel": (outward, 1, height, width),
        "width is named before height": (outward, inward, width, height),
    }
    worked = f"    (C_out, C_in, kH, kW) = {(outward, inward, height, width)}"
    return _weight(layer, (outward, inward, height, width), worked, mistakes)


def depthwise_weight_shape(rng: random.Random) -> Question:
    """A question about the weight of a depthwise Conv2d.

    Args:
        rng: The lot.

    Example:
        >>> depthwise_weight_shape(random.Random(1)).answer
        (12, 1, 3, 3)
    """
    channels = rng.choice((6, 8))
    layer = Layer(2, channels, 2 * channels, 3, {"groups": channels})
    answer = (2 * channels, 1, 3, 3)
    mistakes: dict[str, Answer] = {
        "the groups are ignored": (2 * channels, channels, 3, 3),
        "the output channels are divided by the groups, too": (2, 1, 3, 3),
        "one kernel is counted for each input channel": (channels, 1, 3, 3),
    }
    worked = f"    (C_out, C_in / groups, kH, kW) = ({2 * channels}, {channels}/{channels}, 3, 3) = {answer}"
    return _weight(layer, answer, worked, mistakes)


def transposed_weight_shape(rng: random.Random) -> Question:
    """A question about the weight of a ConvTranspose2d.

    Args:
        rng: The lot.

    Example:
        >>> transposed_weight_shape(random.Random(1)).answer
        (16, 4, 2, 2)
    """
    layer = Layer(2, rng.choice((16, 32)), rng.choice((4, 8)), 2, {"stride": 2}, transposed=True)
    inward, outward = layer.in_channels, layer.out_channels
    mistakes: dict[str, Answer] = {
        "the layout of an ordinary convolution is used": (outward, inward, 2, 2),
        "the channels stand last": (2, 2, inward, outward),
    }
    worked = f"    (C_in, C_out / groups, kH, kW) = {(inward, outward, 2, 2)}"
    return _weight(layer, (inward, outward, 2, 2), worked, mistakes)


def _weight(layer: Layer, answer: tuple[int, ...], worked: str, mistakes: dict[str, Answer]) -> Question:
    text = f"Which shape does the weight of this layer have?\n\n{indented(layer.code)}"
    form = Form("the whole shape, as (2, 16, 5, 5)", 4)
    return asked(text, answer, form, worked, mistakes, code=layer.code)


def unbatched(rng: random.Random) -> Question:
    """A question about four axes given to a Conv3d.

    Args:
        rng: The lot.

    Example:
        >>> question = unbatched(random.Random(1))
        >>> question.input_shape, question.answer
        ((2, 12, 28, 28), (4, 10, 26, 26))
    """
    channels, outward = rng.choice((2, 3)), rng.choice((4, 8))
    depth, size = rng.choice((9, 12, 16)), rng.choice((28, 32))
    layer = Layer(3, channels, outward, 3)
    shape = (channels, depth, size, size)
    answer = (outward, *layer.sizes((1, *shape)))
    text = f"An input of shape {shape}, four axes, goes through\n\n{indented(layer.code)}\n\nWhich shape does the "
    text += "output have? If torch raises an error, answer error."
    form = Form("the whole shape, as (2, 16, 28, 28); or error", 4, before=(1,), words=("error",))
    mistakes: dict[str, Answer] = {
        "the first axis is taken for the batch": (channels, outward, size - 2, size - 2),
        "the channels of the input are kept": (channels, *answer[1:]),
        "depth is thought to stay": (outward, depth, size - 2, size - 2),
        "the kernel is not subtracted": (outward, *shape[1:]),
    }
    worked = f"Four axes are one example without a batch, (C_in, D, H, W):\n\n    {shape} -> {answer}"
    return asked(text, answer, form, worked, mistakes, code=layer.code, shape=shape)


def clip_layout(rng: random.Random) -> Question:
    """A question about the axes of a clip.

    Args:
        rng: The lot.

    Example:
        >>> clip_layout(random.Random(1)).answer
        (2, 3, 8, 48, 64)
    """
    batch, frames = rng.choice((2, 4)), rng.choice((8, 16))
    layer = Layer(3, 3, 8, 3)
    answer = (batch, 3, frames, 48, 64)
    text = (
        f"{batch} colour clips have {frames} frames each; a frame is 48 pixels high and 64 wide. The window of\n\n"
        f"{indented(layer.code)}\n\nshall move over time, height and width. Which shape does the input have?"
    )
    mistakes: dict[str, Answer] = {
        "the frames are taken for the channels": (batch, frames, 3, 48, 64),
        "the colours stand last": (batch, frames, 48, 64, 3),
        "width is named before height": (batch, 3, frames, 64, 48),
    }
    form = Form("the whole shape, as (2, 1, 9, 28, 28)", 5)
    worked = f"    (N, C_in, D, H, W) = {answer}"
    return asked(text, answer, form, worked, mistakes, code=layer.code, shape=answer)


def flattened(rng: random.Random) -> Question:
    """A question about the first number of the Linear after a Flatten.

    Args:
        rng: The lot.

    Example:
        >>> flattened(random.Random(1)).answer
        (784,)
    """
    outward, size = rng.choice((4, 6)), rng.choice((28, 32))
    layer = Layer(2, 3, outward, 3, {"padding": 1})
    half = size // 2
    names = [layer.code, "nn.MaxPool2d(2)", "nn.Flatten()", "nn.Linear(?, 10)"]
    code = "nn.Sequential(\n" + "".join(f"    {name},\n" for name in names) + ")"
    shape = (8, 3, size, size)
    text = f"An input of shape {shape} goes through\n\n{indented(code)}\n\nWhich number stands for the question mark?"
    mistakes: dict[str, Answer] = {
        "the channels are forgotten": (half * half,),
        "only the channels are counted": (outward,),
        "the pooling is left out": (outward * size * size,),
        "the batch is flattened, too": (8 * outward * half * half,),
        "the channels of the input are taken": (3 * half * half,),
    }
    answer = outward * half * half
    worked = f"    C * H * W = {outward} * {half} * {half} = {answer}"
    return asked(text, (answer,), NUMBER, worked, mistakes, code=code, shape=shape)


def kept_size(rng: random.Random) -> Question:
    """A question about the padding that keeps the size under dilation.

    Args:
        rng: The lot.

    Example:
        >>> kept_size(random.Random(1)).answer
        (6,)
    """
    kernel, dilation = 5, rng.choice((3, 4, 6))
    span = effective_kernel_size(kernel, dilation=dilation)
    assert isinstance(span, int)
    layer = f"nn.Conv2d(1, 1, kernel_size={kernel}, dilation={dilation}, padding=?)"
    text = f"Which padding keeps height and width?\n\n{indented(layer)}"
    answer = (span - 1) // 2
    mistakes: dict[str, Answer] = {
        "the dilation is ignored": ((kernel - 1) // 2,),
        "the zeros of both sides are put on each": (span - 1,),
        "the dilation alone is taken": (dilation,),
    }
    worked = f"    dilation * (kernel_size - 1) / 2 = {dilation}*({kernel}-1)/2 = {answer}"
    return asked(text, (answer,), NUMBER, worked, mistakes, code=layer, shape=(1, 1, 24, 24))
