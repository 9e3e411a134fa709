"""Transposed convolution by stamps, with mistakes as switches that can be combined."""

import torch
import torch.nn.functional as F

SENTENCES = {
    "the kernel is flipped": "Every stamp is the kernel turned by 180 degrees. A transposed convolution stamps the "
    "kernel as it is; it is flipped only if you gather with an ordinary convolution.",
    "the border is padding wide": "An ordinary convolution moves over the input with zeros between, inside a border of "
    "padding. Gathering needs a border of kernel_size - 1 - padding.",
    "the kernel is transposed": "The rows and columns of the kernel have changed places. weight[c, o] has kH rows and "
    "kW columns, and is stamped so.",
    "the stride is ignored": "The stamps lie side by side at distance 1. Input element (i, j) is stamped at "
    "(i * stride, j * stride).",
    "the stride divides": "This is an ordinary convolution: its stride makes the output smaller. In a transposed "
    "convolution the input elements write, and the stride is the distance at which they write, so the output grows.",
    "one zero too many between": "The stamps lie stride + 1 apart. Between two input elements there are stride - 1 "
    "zeros, not stride.",
    "zeros inserted after the last element too": "The last element of an axis is followed by zeros as well. Zeros "
    "stand only between two elements, so an axis grows from n to (n - 1) * stride + 1.",
    "elements repeated in the gaps": "Between two input elements the first one is repeated. A transposed convolution "
    "leaves the gaps at zero: every input element is stamped once.",
    "elements repeated instead of zeros": "The gaps between the input elements are filled with copies. A transposed "
    "convolution leaves them at zero: every input element is stamped once.",
    "stamps overwrite": "A later stamp replaces an earlier one. Where stamps overlap, they add: use += instead of =.",
    "stamps overwrite, of all channels the last remains": "Each stamp replaces what was there, even that of another "
    "input channel. Stamps add, over positions and over input channels: use += instead of =.",
    "overlaps are averaged": "The sum is divided by the number of stamps that land on an element. Overlapping stamps "
    "only add; this unevenness is the cause of the checkerboard.",
    "the last row and column are left out": "The last row and the last column of the input are never stamped. Count to "
    "H and W, not to H - 1 and W - 1.",
    "padding is ignored": "The output has kept its border. padding takes that many elements away from each side of "
    "each "
    "axis.",
    "padding enlarges the output": "The output has got a border of zeros. padding of a transposed convolution takes "
    "elements away: it undoes what the padding of the convolution adds.",
    "the input is padded": "The input has got a border of zeros, as in an ordinary convolution. Here padding takes "
    "elements away from the output.",
    "padding crops only the start": "Only the first rows and columns are taken away. padding counts for both sides of "
    "each axis.",
    "padding crops only the end": "Only the last rows and columns are taken away. padding counts for both sides of "
    "each "
    "axis.",
    "padding crops twice": "Each side loses 2 * padding elements. Each side loses padding; the two sides together lose "
    "2 * padding.",
    "nothing is left where padding is 0": "output[:, :, padding:-padding] is empty where padding is 0, since -0 is 0. "
    "Count the end from the size: padding : size - padding.",
    "output_padding is ignored": "The output is too small. output_padding adds that many rows and columns at the end.",
    "output_padding at the start": "The new rows and columns stand at the start. output_padding adds them at the end, "
    "on the right and at the bottom.",
    "output_padding on both sides": "The output has grown on both sides. output_padding counts for the end of each "
    "axis "
    "only.",
    "output_padding takes away": "The output has become smaller. output_padding adds rows and columns at the end.",
    "output_padding adds new elements after cropping": "First padding cropped the end, then empty elements were added. "
    "output_padding crops less: it gives back what stood there.",
    "no bias in the output_padding": "The elements that output_padding adds are left at zero. They are elements of the "
    "output like all others: crop fewer at the end, so that the stamps there are kept, and add the bias to them, too.",
    "the channel axes of the weight are swapped": "The weight is read as (C_out, C_in, kH, kW). In a transposed "
    "convolution C_in comes first: (C_in, C_out, kH, kW).",
    "the weight is indexed as weight[o, c]": "The kernel from input channel c to output channel o is weight[c, o]: in "
    "a "
    "transposed convolution C_in comes first.",
    "the weight is reshaped instead of transposed": "reshape keeps the order of the numbers, and so mixes the kernels. "
    "To exchange two axes, use transpose(0, 1).",
    "only the first input channel": "Only input channel 0 is stamped. The stamps of all input channels add.",
    "the mean over the input channels": "The stamps of the input channels are averaged. Add them.",
    "all output channels alike": "Every output channel uses the kernels weight[:, 0]. Output channel o uses "
    "weight[:, o].",
    "the bias is forgotten": "The bias is missing. bias[o] is added once to every element of output channel o.",
    "the bias is subtracted": "The bias has the wrong sign: it is added.",
    "the bias is in every stamp": "The bias is added with every stamp, so it counts several times where stamps "
    "overlap. "
    "It is added once to every element of the output, also where no stamp lands.",
    "the bias once per input channel": "The bias is added once for each input channel. Add it only once, after all "
    "stamps.",
    "the other samples stay zero": "Only the first sample is stamped; the others hold nothing but the bias. Stamp "
    "every sample: output[n] comes from input[n].",
    "only the first sample is computed": "The result holds every sample of the batch, along axis 0.",
    "only the first sample": "Every sample of the result is that of the first sample. Each sample has its own output.",
    "the samples of the batch are added": "The outputs of all samples are added together. Each sample has its own "
    "output.",
}


def faulty_conv_transpose2d(faults=frozenset()):
    """`conv_transpose2d` with these mistakes, keys of `SENTENCES`; without any it is right."""
    unknown = faults - set(SENTENCES)
    if unknown:
        raise ValueError(f"no such mistakes: {sorted(unknown)}")
    has = faults.__contains__

    def conv_transpose2d(input, weight, bias=None, stride=1, padding=0, output_padding=0):
        steps, crops, extras = _pair(stride), _pair(padding), _pair(output_padding)
        x, w = _tensors(input, weight, has)
        if has("the stride divides"):
            output = F.conv2d(x, w.transpose(0, 1), None, steps, crops)
            return _with_bias(output, bias, has, len(w))
        canvas = _canvas(x, w, bias, steps, crops, has)
        return _cut(canvas, bias, crops, extras, w, has)

    return conv_transpose2d


def _pair(value):
    """One int per axis: the gradient of an input may leave a rest on one axis only."""
    return (value, value) if isinstance(value, int) else value


def _tensors(x, w, has):
    if has("the weight is indexed as weight[o, c]"):
        if w.shape[0] != w.shape[1]:
            raise IndexError("index out of range")
        w = w.transpose(0, 1)
    if has("the weight is reshaped instead of transposed"):
        w = w.reshape(w.shape[1], w.shape[0], *w.shape[2:]).transpose(0, 1)
    if has("the channel axes of the weight are swapped"):
        w = w.transpose(0, 1)  # now it has w.shape[0] input channels
        if x.shape[1] < len(w):
            raise IndexError("index out of range")
        x = x[:, : len(w)]
    if has("the kernel is flipped"):
        w = w.flip(2, 3)
    if has("the kernel is transposed"):
        w = w.transpose(2, 3)
    if has("all output channels alike"):
        w = w[:, :1].expand_as(w)
    if has("only the first input channel"):
        x, w = x[:, :1], w[:1]
    if has("stamps overwrite, of all channels the last remains"):
        x, w = x[:, -1:], w[-1:]
    if has("the mean over the input channels"):
        w = w / len(w)
    if has("only the first sample"):
        x = x[:1].expand_as(x)
    if has("only the first sample is computed"):
        x = x[:1]
    if has("the other samples stay zero"):
        x = torch.cat([x[:1], torch.zeros_like(x[1:])])
    if has("the samples of the batch are added"):
        x = x.sum(0, keepdim=True)
    return x, w


def _canvas(x, w, bias, steps, crops, has):
    """All stamps on the output before it is cropped, without the bias."""
    if has("elements repeated instead of zeros"):
        x, steps = x.repeat_interleave(steps[0], 2).repeat_interleave(steps[1], 3), (1, 1)
    if has("elements repeated in the gaps"):
        rows, columns = ((size - 1) * step + 1 for size, step in zip(x.shape[2:], steps, strict=True))
        x = x.repeat_interleave(steps[0], 2).repeat_interleave(steps[1], 3)[:, :, :rows, :columns]
        steps = (1, 1)
    if has("the stride is ignored"):
        steps = (1, 1)
    if has("one zero too many between"):
        steps = (steps[0] + 1, steps[1] + 1)
    if has("the input is padded"):
        x = F.pad(x, (crops[1], crops[1], crops[0], crops[0]))
    (rows, columns), (kh, kw) = x.shape[2:], w.shape[2:]
    height, width = (rows - 1) * steps[0] + kh, (columns - 1) * steps[1] + kw
    if has("zeros inserted after the last element too"):
        height, width = height + steps[0] - 1, width + steps[1] - 1
    canvas, counts = x.new_zeros(len(x), w.shape[1], height, width), x.new_zeros(height, width)
    stamps = torch.einsum("nchw,cokl->hwnokl", x, w)
    if has("the bias is in every stamp") and bias is not None:
        stamps = stamps + bias[:, None, None]
    if has("the last row and column are left out"):
        rows, columns = rows - 1, columns - 1
    overwrites = has("stamps overwrite") or has("stamps overwrite, of all channels the last remains")
    for i in range(rows):
        for j in range(columns):
            place = (..., slice(i * steps[0], i * steps[0] + kh), slice(j * steps[1], j * steps[1] + kw))
            counts[place] += 1
            canvas[place] = stamps[i, j] if overwrites else canvas[place] + stamps[i, j]
    return canvas / counts.clamp(min=1) if has("overlaps are averaged") else canvas


def _cut(canvas, bias, crops, extras, w, has):
    """Crop by padding, grow by output_padding, and add the bias."""
    around = [[crop, crop] for crop in crops]
    if has("padding is ignored") or has("the input is padded"):
        around = [[0, 0], [0, 0]]
    if has("padding enlarges the output"):
        around = [[-crop, -crop] for crop in crops]
    if has("padding crops only the start"):
        around = [[crop, 0] for crop in crops]
    if has("padding crops only the end"):
        around = [[0, crop] for crop in crops]
    if has("padding crops twice"):
        around = [[2 * crop, 2 * crop] for crop in crops]
    if has("the border is padding wide"):
        missing = [size - 1 - crop for size, crop in zip(w.shape[2:], crops, strict=True)]
        around = [[crop, crop] for crop in missing]
    grown = [[0, extra] for extra in extras]
    if has("output_padding is ignored"):
        grown = [[0, 0], [0, 0]]
    if has("output_padding at the start"):
        grown = [[extra, 0] for extra in extras]
    if has("output_padding on both sides"):
        grown = [[extra, extra] for extra in extras]
    if has("output_padding takes away"):
        grown = [[0, -extra] for extra in extras]
    if has("no bias in the output_padding"):
        return _padded(_with_bias(_padded(canvas, around, -1), bias, has, len(w)), grown)
    if has("output_padding adds new elements after cropping"):
        return _with_bias(_padded(_padded(canvas, around, -1), grown), bias, has, len(w))
    if has("nothing is left where padding is 0"):
        canvas = canvas[:, :, : canvas.shape[2] if crops[0] else 0, : canvas.shape[3] if crops[1] else 0]
        around, grown = (
            [pair if crop else [0, 0] for pair, crop in zip(sides, crops, strict=True)] for sides in (around, grown)
        )
    return _with_bias(_padded(_padded(canvas, grown), around, -1), bias, has, len(w))


def _padded(canvas, around, sign=1):
    (top, bottom), (left, right) = around
    return F.pad(canvas, (sign * left, sign * right, sign * top, sign * bottom))


def _with_bias(output, bias, has, in_channels):
    if bias is None or has("the bias is forgotten") or has("the bias is in every stamp"):
        return output
    times = in_channels if has("the bias once per input channel") else 1
    return output + bias[:, None, None] * (-times if has("the bias is subtracted") else times)
