"""Deformable convolution at one position: mistakes as switches."""

import math

import torch

SENTENCES = {
    "dx before dy": "The first number of a pair moves the tap along the columns. dy, along the rows, comes first.",
    "all dy before all dx": "The first half of the channels is read as dy. dy and dx alternate: channels 2 * t and "
    "2 * t + 1 belong to tap t.",
    "the offsets are ignored": "This is an ordinary convolution. Each tap reads at its place plus its offset.",
    "the offsets are subtracted": "The taps are moved the other way. The offset is added to the place of the tap.",
    "the offsets are read at (x, y)": "The offsets are read at column y of row x. Rows come first: offset[:, y, x].",
    "the offsets of the first position": "The offsets are read at (0, 0). Every output position has its own: "
    "offset[:, y, x].",
    "one offset for all taps": "All taps are moved by the offset of tap 0. Each tap has its own.",
    "the nearest element": "The taps read the nearest element. Between elements the value is a mean of the four "
    "around.",
    "rounded down": "The taps read the element above and to the left. Between elements the value is a mean of the four "
    "around.",
    "the edge goes on outside": "Outside the image your answer reads the elements of the edge. It must read zeros "
    "there.",
    "zero for every place outside": "A place between the edge and the zeros outside gives zero. Elements inside still "
    "count: only those outside are zero.",
    "int() instead of floor()": "int(-0.25) is 0: it rounds towards zero. The element before -0.25 is -1: use "
    "math.floor.",
    "negative indices read from the end": "image[:, -1] is the last row, not zeros. Leave out elements with a row or "
    "column below 0.",
    "ceil() instead of floor() + 1": "Where a place is a whole number, its ceil() is its floor(), and the same element "
    "counts twice. Take floor() and floor() + 1.",
    "the output position is forgotten": "The window stands at the first position. Add y to the rows and x to the "
    "columns.",
    "the window is centred": "The window is centred on (y, x). Without padding its first tap stands at (y, x).",
    "the kernel is flipped": "Tap (k, m) meets the weight of the opposite tap. torch computes cross-correlation: it "
    "meets "
    "weight[:, :, k, m].",
    "the taps are counted column by column": "The offsets are given to the taps column by column. Taps are counted row "
    "by "
    "row: t = k * kW + m.",
    "only the first input channel": "Only input channel 0 is read. The products of all input channels are added.",
    "the mean over the input channels": "The products of the input channels are averaged. Add them.",
    "the mean over the taps": "The products are divided by the number of taps. Only add them.",
    "all output channels alike": "Every output channel uses weight[0]. Output channel o uses weight[o].",
    "the channel axes of the weight are swapped": "The kernel from input channel c to output channel o is weight[o, "
    "c].",
}


def faulty_deform_conv_at(faults=frozenset()):
    """`deform_conv_at` with these mistakes, keys of `SENTENCES`; without any it is right."""
    unknown = faults - set(SENTENCES)
    if unknown:
        raise ValueError(f"no such mistakes: {sorted(unknown)}")
    has = faults.__contains__

    def deform_conv_at(image, weight, offset, y, x):
        image, weight = _tensors(image, weight, has)
        moves = _moves(offset, y, x, weight.shape[2:], has)
        if has("the output position is forgotten"):
            y = x = 0
        total = weight.new_zeros(len(weight))
        for k in range(weight.shape[2]):
            for m in range(weight.shape[3]):
                dy, dx = moves[k, m].tolist()
                total = total + weight[:, :, k, m] @ _read(image, y + k + dy, x + m + dx, has)
        return total / weight[0, 0].numel() if has("the mean over the taps") else total

    return deform_conv_at


def _tensors(image, weight, has):
    if has("the channel axes of the weight are swapped"):
        if weight.shape[0] != weight.shape[1]:
            raise IndexError("index out of range")
        weight = weight.transpose(0, 1)
    if has("the kernel is flipped"):
        weight = weight.flip(2, 3)
    if has("all output channels alike"):
        weight = weight[:1].expand_as(weight)
    if has("only the first input channel"):
        image, weight = image[:1], weight[:, :1]
    if has("the mean over the input channels"):
        weight = weight / len(image)
    return image, weight


def _moves(offset, y, x, size, has):
    """(dy, dx) of each tap, (kH, kW, 2)."""
    if has("the offsets are read at (x, y)"):
        offset = offset.transpose(1, 2)
    found = offset[:, 0, 0] if has("the offsets of the first position") else offset[:, y, x]
    pairs = found.reshape(2, -1).T if has("all dy before all dx") else found.reshape(-1, 2)
    if has("dx before dy"):
        pairs = pairs.flip(1)
    if has("one offset for all taps"):
        pairs = pairs[:1].expand_as(pairs)
    if has("the offsets are ignored"):
        pairs = pairs * 0
    if has("the offsets are subtracted"):
        pairs = -pairs
    if has("the taps are counted column by column"):
        pairs = pairs.reshape(size[1], size[0], 2).transpose(0, 1)
    pairs = pairs.reshape(*size, 2)
    return pairs - torch.tensor([size[0] // 2, size[1] // 2]).to(pairs) if has("the window is centred") else pairs


def _read(image, row, column, has):
    """All channels at a place between elements."""
    if has("the nearest element"):
        row, column = round(row), round(column)
    if has("rounded down"):
        row, column = math.floor(row), math.floor(column)
    last_row, last_column = image.shape[1] - 1, image.shape[2] - 1
    if has("the edge goes on outside"):
        row, column = min(max(row, 0), last_row), min(max(column, 0), last_column)
    values = image.new_zeros(len(image))
    if has("zero for every place outside") and not (0 <= row <= last_row and 0 <= column <= last_column):
        return values
    floor = int if has("int() instead of floor()") else math.floor
    after = math.ceil if has("ceil() instead of floor() + 1") else lambda place: floor(place) + 1
    first = (-last_row - 1, -last_column - 1) if has("negative indices read from the end") else (0, 0)
    for i in (floor(row), after(row)):
        for j in (floor(column), after(column)):
            if first[0] <= i <= last_row and first[1] <= j <= last_column:
                values = values + image[:, i, j] * ((1 - abs(row - i)) * (1 - abs(column - j)))
    return values
