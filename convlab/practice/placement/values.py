"""Questions about values: windows, points between elements, gradients, transforms."""

from __future__ import annotations

import math
import random

from convlab.arithmetic import conv_output_size
from convlab.practice.drill.layers import Layer
from convlab.practice.drill.question import Question
from convlab.practice.drill.reading import Answer, Form
from convlab.practice.drill.topics_sizes import indented
from convlab.practice.placement.shapes import NUMBER, asked

SIGNED = Form("a whole number, as -2", is_count=True)


def window_value(rng: random.Random) -> Question:
    """A question about the first number of an output.

    Args:
        rng: The lot.

    Example:
        >>> question = window_value(random.Random(1))
        >>> print(question.worked)
            3*1 + 2*0 + 9*(-2) = -15
    """
    kernel = (1, 0, -2)
    numbers = rng.sample(range(1, 10), 5)  # none stands twice, so that a flipped kernel gives another answer
    answer = sum(one * other for one, other in zip(numbers, kernel, strict=False))
    flipped = sum(one * other for one, other in zip(numbers, kernel[::-1], strict=False))
    text = (
        "The first number of the output of `F.conv1d(x, w)`, without padding:\n\n"
        f"    x = {numbers}\n    w = {list(kernel)}\n\nWhich number is it?"
    )
    mistakes: dict[str, Answer] = {
        "the kernel is flipped": (flipped,),
        "the window is summed without the kernel": (sum(numbers[:3]),),
        "the sign of the last weight is lost": (numbers[0] + 2 * numbers[2],),
    }
    worked = f"    {numbers[0]}*1 + {numbers[1]}*0 + {numbers[2]}*(-2) = {answer}"
    code = f"F.conv1d(torch.tensor([[{numbers}]]).float(), torch.tensor([[{list(kernel)}]]).float())"
    return asked(text, (answer,), SIGNED, worked, mistakes, code=code)


def offset_channels(rng: random.Random) -> Question:
    """A question about the offsets of a deformable convolution.

    Args:
        rng: The lot.

    Example:
        >>> offset_channels(random.Random(1)).answer
        (18,)
    """
    ndim = rng.choice((2, 3))
    taps = 3**ndim
    text = (
        f"A deformable convolution in {ndim}D has kernel_size=3 and one offset group. How many channels does the "
        "tensor of its offsets have?"
    )
    mistakes: dict[str, Answer] = {
        "each tap is thought to have one number, not one for each axis": (taps,),
        "the taps along one axis are counted, not those of the whole kernel": (3 * ndim,),
        "one offset for the whole window is thought to do": (ndim,),
        "the mask is counted, too": ((ndim + 1) * taps,),
    }
    worked = f"    axes * taps = {ndim} * 3**{ndim} = {ndim * taps}"
    return asked(text, (ndim * taps,), NUMBER, worked, mistakes, code=f"convlab.nn.DeformConv{ndim}d(1, 1, 3)")


def between_elements(rng: random.Random) -> Question:
    """A question about the value between two elements.

    Args:
        rng: The lot.

    Example:
        >>> between_elements(random.Random(1)).worked.strip()
        '0.25 * 10 + 0.75 * 30 = 25'
    """
    first, rise, quarters = rng.choice((10, 20, 30)), rng.choice((20, 40)), rng.choice((1, 3))
    second, part = first + rise, quarters / 4
    answer = first + rise * quarters // 4
    text = (
        f"Element 2 of a signal is {first}, element 3 is {second}. What does a tap read at position {2 + part}, "
        "by linear interpolation?"
    )
    mistakes: dict[str, Answer] = {
        "the weights of the two neighbours are exchanged": (second - rise * quarters // 4,),
        "the mean of the two is taken": (first + rise // 2,),
        "the position is rounded down": (first,),
        "the position is rounded up": (second,),
    }
    worked = f"    {1 - part} * {first} + {part} * {second} = {answer}"
    code = f"torch.lerp(torch.tensor({first}.0), torch.tensor({second}.0), {part})"
    return asked(text, (answer,), NUMBER, worked, mistakes, code=code)


def input_gradient(rng: random.Random) -> Question:
    """A question about the gradient with respect to one element of the input.

    Args:
        rng: The lot.

    Example:
        >>> input_gradient(random.Random(1)).answer
        (17,)
    """
    kernel = rng.sample(range(4, 10), 3)
    layer = Layer(1, 1, 1, 3)
    text = (
        f"The weight of\n\n{indented(layer.code)}\n\nis {kernel}. Its input x has 7 elements, and the loss is the sum "
        "of its outputs. What is the gradient with respect to x[3], in the middle?"
    )
    mistakes: dict[str, Answer] = {
        "the windows are counted, without their weights": (3,),
        "only the window that has x[3] in its middle is looked at": (kernel[1],),
        "only the window that begins at x[3] is looked at": (kernel[0],),
    }
    worked = f"Three windows read x[3], each with another weight:\n\n    {' + '.join(map(str, kernel))} = {sum(kernel)}"
    code = f"F.conv1d(x, torch.tensor([[{kernel}]]).float())"
    return asked(text, (sum(kernel),), NUMBER, worked, mistakes, code=code, shape=(1, 1, 7))


def bias_gradient(rng: random.Random) -> Question:
    """A question about the gradient with respect to a bias.

    Args:
        rng: The lot.

    Example:
        >>> bias_gradient(random.Random(1)).answer
        (128,)
    """
    batch, size = rng.choice((2, 4)), rng.choice((8, 10))
    layer = Layer(2, 1, 4, 3, {"padding": 1})
    text = (
        f"An input of shape {(batch, 1, size, size)} goes through\n\n{indented(layer.code)}\n\n"
        "and the loss is the sum of all outputs. What is the gradient with respect to bias[0]?"
    )
    answer = batch * size * size
    mistakes: dict[str, Answer] = {
        "one place of the output is looked at": (1,),
        "the batch is left out": (size * size,),
        "the outputs of all channels are counted": (4 * answer,),
        "the examples are counted, not the places": (batch,),
    }
    worked = f"The bias is added at each place of each example:\n\n    {batch} * {size} * {size} = {answer}"
    return asked(text, (answer,), NUMBER, worked, mistakes, code=layer.code, shape=(batch, 1, size, size))


def transform_length(rng: random.Random) -> Question:
    """A question about the length of an FFT.

    Args:
        rng: The lot.

    Example:
        >>> transform_length(random.Random(1)).worked.strip()
        '60 + 15 - 1 = 74'
    """
    length, kernel = rng.choice((60, 100)), rng.choice((7, 9, 15))
    text = (
        f"All products of a signal of {length} elements and a kernel of {kernel}, partial overlaps at both ends "
        "included, shall come from the product of their two FFTs. Both are filled up with zeros to the same length. "
        "How long must it be at least, so that the end does not wrap round onto the beginning?"
    )
    answer = length + kernel - 1
    mistakes: dict[str, Answer] = {
        "the kernel is not given room": (length,),
        "the two are added, without the - 1": (length + kernel,),
        "the outputs of whole windows are counted": (length - kernel + 1,),
        "the next power of two is taken: it is allowed, and not the least": (2 ** math.ceil(math.log2(answer)),),
    }
    worked = f"    {length} + {kernel} - 1 = {answer}"
    return asked(text, (answer,), NUMBER, worked, mistakes, shape=(length, kernel))


def columns(rng: random.Random) -> Question:
    """A question about the matrix of im2col.

    Args:
        rng: The lot.

    Example:
        >>> columns(random.Random(1)).answer
        (18, 100)
    """
    channels, size = rng.choice((2, 3)), rng.choice((8, 10, 12))
    places = conv_output_size(size, 3)
    assert isinstance(places, int)
    text = (
        f"im2col makes a matrix of an input of shape {(1, channels, size, size)} for a 3x3 kernel, stride 1, no "
        "padding: each window becomes a column. How many rows and columns does the matrix have?"
    )
    answer = (9 * channels, places**2)
    mistakes: dict[str, Answer] = {
        "rows and columns are exchanged": answer[::-1],
        "the channels are left out": (9, places**2),
        "a window at every pixel is counted, also those that leave the picture": (9 * channels, size**2),
    }
    form = Form("rows and columns, as 12 x 25", 2)
    worked = f"    rows: C_in * kH * kW = {channels}*3*3 = {answer[0]}; columns: {places}*{places} = {answer[1]}"
    code = "F.unfold(x, 3)"
    return asked(text, answer, form, worked, mistakes, code=code, shape=(1, channels, size, size))
