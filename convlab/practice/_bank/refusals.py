"""The exercise on the first layer of a network that refuses its input."""

import math

from convlab.practice._bank._making import known, row, table
from convlab.practice._bank._walk import FORM, slid, window
from convlab.practice._bank.networks import FEATURES
from convlab.practice.exercise import Exercise


def first_layer_that_fails(input_shape, layers):
    shape = tuple(input_shape)
    for index, (kind, *numbers) in enumerate(layers):
        if kind == "flatten":
            size = 1
            for n in shape[1:]:
                size *= n
            shape = (shape[0], size)
        elif kind == "linear":
            in_features, out_features = numbers
            if shape[-1] != in_features:
                return index
            shape = (*shape[:-1], out_features)
        else:
            channels, padding = shape[1], 0
            if kind == "conv":
                in_channels, channels, kernel_size, stride, padding = numbers
                if shape[1] != in_channels:
                    return index
            else:
                kernel_size, stride = numbers
            if min(shape[2:]) + 2 * padding < kernel_size:
                return index
            shape = (shape[0], channels, *((n + 2 * padding - kernel_size) // stride + 1 for n in shape[2:]))
    return None


def first_layer_that_fails_by_running(input_shape, layers):
    import torch
    from torch import nn

    makers = {"conv": nn.Conv2d, "pool": nn.MaxPool2d, "flatten": nn.Flatten, "linear": nn.Linear}
    x = torch.zeros(input_shape)
    for index, (kind, *numbers) in enumerate(layers):
        try:
            x = makers[kind](*numbers)(x)
        except RuntimeError:
            return index
    return None


def _failing(case):
    """The kind of the layer that fails; None where all run."""
    index = first_layer_that_fails(**case)
    return None if index is None else case["layers"][index][0]


def _faulty_search(faults):
    def first_layer_that_fails(input_shape, layers):
        shape, failed = tuple(input_shape), []
        for index, (kind, *numbers) in enumerate(layers):
            found = index + 1 if "counted from 1" in faults else index
            found = kind if "the kind instead of the index" in faults else found
            if kind == "flatten":
                kept = 0 if "flatten joins the batch, too" in faults else 1
                shape = (*shape[:kept], math.prod(shape[kept:]))
            elif kind == "linear":
                width = math.prod(shape[1:]) if "Linear flattens by itself" in faults else shape[-1]
                width = shape[1] if "a linear layer reads axis 1" in faults else width
                width = None if "a linear layer without flatten fails" in faults and len(shape) > 2 else width
                if width != numbers[0] and "in_features is not checked" not in faults:
                    failed.append(found)
                if "Linear keeps its input's size" not in faults:
                    shape = (*shape[:-1], numbers[1])
            else:
                wanted, made, kernel_size, stride, padding = window(faults, kind, numbers, shape)
                counted = padding if "the padding counts once in the check" in faults else 2 * padding
                counted = 0 if "the padding is left out of the check" in faults else counted
                too_large = kernel_size > min(shape[2:]) + counted
                if "a kernel that just fits fails" in faults:
                    too_large = kernel_size >= min(shape[2:]) + 2 * padding
                if "the width is not checked" in faults:
                    too_large = kernel_size > shape[2] + 2 * padding
                if "the height is not checked" in faults:
                    too_large = kernel_size > shape[3] + 2 * padding
                unchecked = "the kernel's size is not checked", f"the {kind} layers are not checked for size"
                too_large = too_large and faults.isdisjoint(unchecked)
                if too_large or (wanted != shape[1] and "the channels are not checked" not in faults):
                    failed.append(found)
                if f"the {kind} layers are left out" not in faults:
                    sizes = (slid(faults, kind, n, kernel_size, stride, padding) for n in shape[2:])
                    shape = (shape[0], made, *sizes)
        if "the last failure" in faults:
            failed = failed[::-1]
        if failed and "the last layer that runs" in faults:
            return failed[0] - 1 if failed[0] else None
        if failed and "the layer before the one that fails" in faults:
            return failed[0] - 1
        nothing = -1 if "-1 where nothing fails" in faults else None
        nothing = len(layers) if "the number of layers where nothing fails" in faults else nothing
        return failed[0] if failed else nothing

    return first_layer_that_fails


SEARCH = {
    "counted from 1": "Indices begin at 0, as in nn.Sequential.",
    "-1 where nothing fails": "Where every layer runs, the answer is None.",
    "the number of layers where nothing fails": "Where every layer runs, the answer is None.",
    "the last layer that runs": "Wanted is the layer that raises the error, not the last one before it that runs.",
    "the layer before the one that fails": "Wanted is the index of the layer that raises the error, not of the one "
    "before it: do not subtract 1.",
    "the kind instead of the index": "Return the index of the layer, an int.",
    "the last failure": "The first layer that fails stops the run: return at once.",
    "the channels are not checked": "A convolution fails unless its input has in_channels channels.",
    "in_features is not checked": "A linear layer fails unless the last axis of its input has in_features elements.",
    "the kernel's size is not checked": "A kernel that is larger than the padded input fails.",
    "the pool layers are not checked for size": "A pool fails, too, where its window is larger than what arrives.",
    "the conv layers are not checked for size": "A convolution fails, too, where its kernel is larger than the padded "
    "input.",
    "a kernel that just fits fails": "A kernel as large as its padded input has one place.",
    "the width is not checked": "The kernel must fit on both axes.",
    "the height is not checked": "The kernel must fit on both axes.",
    "the padding is left out of the check": "A kernel must fit into the padded input: compare it with n + 2 * padding.",
    "the padding counts once in the check": "padding elements are added on both sides: compare with n + 2 * padding.",
    "a linear layer without flatten fails": "A linear layer takes any number of axes: what counts is the last one.",
    "a linear layer reads axis 1": "A linear layer acts on the last axis, which is axis 1 only behind a flatten.",
    "Linear flattens by itself": "A linear layer acts on the last axis; without a flatten before it, that is the "
    "width.",
    "flatten joins the batch, too": "Flatten keeps the batch: (N, C * H * W).",
    "Linear keeps its input's size": "A linear layer makes out_features elements; the next one sees those.",
    **{
        name: FEATURES[name]
        for name in (
            "the channels stay those of the input",
            "the pool layers are left out",
            "pooling moves by its own size",
            "pooling divides by its stride",
            "1 is added before the division",
            "the padding is left out",
            "rounded up",
            "1 is not added",
            "the stride of a convolution is left out",
        )
    },
}

EXERCISES = (
    Exercise(
        name="first_layer_that_fails",
        notebook="05_shapes_and_errors",
        idea="where a network breaks",
        question=f"""Which layer of a network raises the error?

Write `first_layer_that_fails(input_shape, layers)`. `input_shape` is `(N, C, H, W)`; `layers` is a list, the input
side first. {FORM}, `("flatten",)` or `("linear", in_features, out_features)`. Return the index of the first layer
that raises an error, an int, or None where all run. Convolutions and pooling stand before flatten.""",
        difficulty=3,
        importance=2,
        minutes=15,
        hints=(
            "Follow the shape through the layers, and ask of each one first whether it can take it.",
            "A convolution wants its in_channels; a kernel must fit into the padded height and width; a linear layer "
            "wants in_features elements on the **last** axis.",
            "In a loop, `return index` where `shape[1] != in_channels`, `min(shape[2:]) + 2 * padding < kernel_size` "
            "or `shape[-1] != in_features`; else compute the new `shape`. After the loop `return None`.",
        ),
        solution=first_layer_that_fails,
        alternative=first_layer_that_fails_by_running,
        cases=table(
            first_layer_that_fails,
            {
                "nothing fails": lambda **case: first_layer_that_fails(**case) is None,
                "a convolution fails": lambda **case: _failing(case) == "conv",
                "pooling fails": lambda **case: _failing(case) == "pool",
                "a linear layer fails": lambda **case: _failing(case) == "linear",
                "the input is not square": lambda input_shape, **_: input_shape[2] != input_shape[3],
            },
            row("one layer that runs", (1, 1, 3, 3), [("conv", 1, 1, 3, 1, 0)]),
            row("wrong channels", (1, 3, 4, 4), [("conv", 1, 2, 3, 1, 0)]),
            row("a kernel too large", (1, 1, 3, 3), [("conv", 1, 2, 2, 1, 0), ("conv", 2, 3, 3, 1, 0)]),
            row("pooling too large", (1, 1, 3, 3), [("conv", 1, 2, 2, 1, 0), ("pool", 3, 3)]),
            row("too flat for a convolution", (1, 1, 2, 6), [("conv", 1, 2, 3, 1, 0)]),
            row("too narrow for a convolution", (1, 1, 6, 2), [("conv", 1, 2, 3, 1, 0)]),
            row("too flat for pooling", (1, 1, 2, 5), [("pool", 3, 3)]),
            row("padding on both sides lets it fit", (1, 1, 5, 3), [("conv", 1, 2, 5, 1, 1)]),
            row("padding 1, a kernel of 4", (1, 1, 3, 3), [("conv", 1, 2, 4, 1, 1)]),
            row("pooling that overlaps", (1, 1, 8, 10), [("pool", 3, 2), ("flatten",), ("linear", 12, 5)]),
            row("the size by the stride alone", (1, 1, 8, 10), [("pool", 3, 2), ("flatten",), ("linear", 20, 5)]),
            row("the size before pooling", (1, 1, 6, 6), [("pool", 2, 2), ("flatten",), ("linear", 36, 5)]),
            row("on the width", (1, 2, 4, 6), [("conv", 2, 3, 3, 1, 0), ("linear", 4, 5), ("linear", 5, 2)]),
            row("on the channels", (1, 2, 4, 6), [("conv", 2, 3, 3, 1, 0), ("linear", 3, 5)]),
            row("padding lets it fit", (1, 1, 2, 3), [("conv", 1, 2, 4, 1, 1), ("pool", 1, 1)]),
            row("too narrow", (1, 2, 6, 3), [("conv", 2, 4, 2, 1, 0), ("pool", 3, 3)]),
            row("channels that do not follow", (2, 3, 8, 8), [("conv", 3, 6, 3, 1, 0), ("conv", 3, 4, 3, 1, 0)]),
            row("a linear layer that fits", (2, 1, 4, 4), [("pool", 2, 2), ("flatten",), ("linear", 4, 10)]),
            row(
                "a linear layer that does not",
                (2, 2, 5, 5),
                [("conv", 2, 3, 3, 2, 0), ("flatten",), ("linear", 18, 10)],
            ),
            row("no flatten", (1, 2, 4, 4), [("conv", 2, 3, 3, 1, 0), ("linear", 12, 10), ("linear", 10, 2)]),
            row("a stride", (1, 1, 7, 7), [("conv", 1, 2, 3, 2, 0), ("flatten",), ("linear", 18, 5)]),
            row(
                "a second linear layer",
                (1, 1, 4, 4),
                [("pool", 2, 2), ("flatten",), ("linear", 4, 8), ("linear", 8, 4)],
            ),
            row("two failures", (1, 2, 6, 6), [("conv", 3, 4, 3, 1, 0), ("conv", 5, 4, 3, 1, 0)]),
            row(
                "LeNet-5 on a picture of 64",
                (4, 1, 64, 64),
                [
                    ("conv", 1, 6, 5, 1, 0),
                    ("pool", 2, 2),
                    ("conv", 6, 16, 5, 1, 0),
                    ("pool", 2, 2),
                    ("flatten",),
                    ("linear", 400, 120),
                ],
            ),
            row(
                "a stride with a rest, padding",
                (3, 3, 12, 17),
                [("conv", 3, 8, 3, 2, 1), ("pool", 2, 2), ("flatten",), ("linear", 96, 10), ("linear", 12, 2)],
            ),
        ),
        mistakes=known(_faulty_search, SEARCH),
        combined=_faulty_search,
    ),
)
