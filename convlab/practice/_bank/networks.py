"""The exercise on the first linear layer of a network: how many features it needs."""

from convlab.practice._bank._making import known, row, table
from convlab.practice._bank._walk import FORM, slid, window
from convlab.practice.exercise import Exercise


def linear_in_features(input_shape, layers):
    _, channels, height, width = input_shape
    for kind, *numbers in layers:
        if kind == "conv":
            _, channels, kernel_size, stride, padding = numbers
        else:
            kernel_size, stride = numbers
            padding = 0
        height = (height + 2 * padding - kernel_size) // stride + 1
        width = (width + 2 * padding - kernel_size) // stride + 1
    return channels * height * width


def linear_in_features_by_running(input_shape, layers):
    import torch
    from torch import nn

    makers = {"conv": nn.Conv2d, "pool": nn.MaxPool2d}
    x = torch.zeros(input_shape)
    for kind, *numbers in layers:
        x = makers[kind](*numbers)(x)
    return x[0].numel()


def _faulty_features(faults):
    def linear_in_features(input_shape, layers):
        shape = list(input_shape)
        chosen = layers[:-1] if "the last layer is left out" in faults else layers
        chosen = layers[:1] if "the first layer only" in faults else chosen
        for kind, *numbers in chosen:
            if f"the {kind} layers are left out" in faults:
                continue
            _, channels, *geometry = window(faults, kind, numbers, shape)
            shape = [shape[0], channels, *(slid(faults, kind, n, *geometry) for n in shape[2:])]
        batch, channels, height, width = shape
        for name, wrong in {
            "the channels are left out": height * width,
            "the batch counts": batch * channels * height * width,
            "the channels alone": channels,
            "the height twice": channels * height * height,
            "the width twice": channels * width * width,
            "the channels of the input": input_shape[1] * height * width,
            "the size of the input": channels * input_shape[2] * input_shape[3],
            "one axis only": channels * width,
        }.items():
            if name in faults:
                return wrong
        return channels * height * width

    return linear_in_features


FEATURES = {
    "the batch counts": "Flatten keeps the batch: multiply channels, height and width only.",
    "the channels are left out": "Flatten joins the channels, too: channels * height * width.",
    "the channels alone": "Flatten joins all positions: channels * height * width.",
    "one axis only": "The maps have rows and columns: channels * height * width.",
    "the height twice": "The input need not be square: follow height and width.",
    "the width twice": "The input need not be square: follow height and width.",
    "the channels of the input": "The last convolution's out_channels are flattened, not the input's channels.",
    "the channels stay those of the input": "A convolution makes out_channels, its second number.",
    "the size of the input": "Each layer changes height and width: follow them through all layers.",
    "the pool layers are left out": "Pooling shrinks height and width, too.",
    "the conv layers are left out": "A convolution changes the channels and, without padding, the size.",
    "the last layer is left out": "All layers run before flatten.",
    "the first layer only": "All layers run before flatten.",
    "the stride of pooling is left out": "A pooling layer moves on by its stride.",
    "pooling moves by its own size": "The stride of pooling is given: it need not be its kernel_size.",
    "pooling divides by its stride": "That is right only where kernel_size is the stride: subtract it first, then "
    "add 1.",
    "1 is added before the division": "Divide the way that the window can go, then add 1 for its first place.",
    "the stride of a convolution is left out": "A convolution with stride s has about 1/s of the places on each axis.",
    "the padding is left out": "A convolution's padding is added on both sides.",
    "the padding counts once": "A convolution's padding is added on both sides: 2 * padding.",
    "rounded up": "A last step that does not fit is not made: round down, with //.",
    "1 is not added": "The window before the first step counts, too: add 1.",
}

EXERCISES = (
    Exercise(
        name="linear_in_features",
        notebook="05_shapes_and_errors",
        idea="the first linear layer",
        question=f"""How many `in_features` does the first `nn.Linear` of a network need?

Write `linear_in_features(input_shape, layers)`. `input_shape` is `(N, C, H, W)`; `layers` is a list, the input side
first, and after its last layer come `nn.Flatten()` and the linear layer. {FORM}. Return an int.""",
        difficulty=2,
        importance=3,
        minutes=10,
        hints=(
            "Follow three numbers through the layers: channels, height and width.",
            "A convolution sets the channels to out_channels; both kinds apply the size formula to height and width.",
            "`(n + 2 * padding - kernel_size) // stride + 1` for both axes in each layer; at the end `C * H * W`",
        ),
        solution=linear_in_features,
        alternative=linear_in_features_by_running,
        cases=table(
            linear_in_features,
            {
                "the batch has more than one sample": lambda input_shape, **_: input_shape[0] > 1,
                "the input is not square": lambda input_shape, **_: input_shape[2] != input_shape[3],
                "there are several layers": lambda layers, **_: len(layers) > 1,
                "there is pooling": lambda layers, **_: any(layer[0] == "pool" for layer in layers),
                "a convolution has a stride": lambda layers, **_: any(n[0] == "conv" and n[4] > 1 for n in layers),
                "a convolution has padding": lambda layers, **_: any(n[0] == "conv" and n[5] > 0 for n in layers),
            },
            row("one small layer", (1, 1, 3, 3), [("conv", 1, 1, 3, 1, 0)]),
            row("two samples", (2, 1, 4, 4), [("conv", 1, 2, 3, 1, 0)]),
            row("a picture that is not square", (1, 2, 5, 7), [("conv", 2, 3, 3, 1, 0)]),
            row("pooling alone", (1, 3, 6, 8), [("pool", 2, 2)]),
            row("pooling that overlaps", (1, 2, 7, 9), [("pool", 3, 2)]),
            row("pooling that overlaps, with a rest", (1, 2, 8, 10), [("pool", 3, 2)]),
            row("a stride with a rest, two samples", (2, 1, 8, 9), [("conv", 1, 3, 4, 3, 0)]),
            row("padding", (1, 1, 5, 6), [("conv", 1, 4, 3, 1, 1)]),
            row("a stride with a rest", (1, 1, 8, 10), [("conv", 1, 2, 3, 2, 0)]),
            row("convolution and pooling", (2, 3, 9, 12), [("conv", 3, 5, 3, 1, 1), ("pool", 2, 2)]),
            row(
                "LeNet-5",
                (4, 1, 32, 32),
                [("conv", 1, 6, 5, 1, 0), ("pool", 2, 2), ("conv", 6, 16, 5, 1, 0), ("pool", 2, 2)],
            ),
            row(
                "everything at once",
                (3, 3, 31, 40),
                [("conv", 3, 8, 5, 2, 1), ("pool", 3, 2), ("conv", 8, 6, 4, 1, 2), ("pool", 2, 1)],
            ),
        ),
        mistakes=known(_faulty_features, FEATURES),
        combined=_faulty_features,
    ),
)
