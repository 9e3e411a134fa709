"""The exercises on single steps of a network's shape: pooling and flatten."""

from convlab.practice._bank._making import known, row, table
from convlab.practice.exercise import Exercise


def flatten_size(shape):
    size = 1
    for n in shape[1:]:  # all axes but the batch
        size *= n
    return size


def flatten_size_of_a_tensor(shape):
    import torch

    return torch.empty(shape, device="meta").flatten(1).shape[1]


def _faulty_flatten(faults):
    def flatten_size(shape):
        axes = list(shape[1:])
        for name, wrong in {
            "the batch counts": list(shape),
            "the channels are left out": axes[1:],
            "the last axis is left out": axes[:-1],
            "the first axis of the picture twice": [axes[0], axes[1], axes[1]],
            "two spatial axes only": axes[:3],
            "the last axis only": axes[-1:],
            "the channels only": axes[:1],
        }.items():
            axes = wrong if name in faults else axes
        size = 1
        for n in axes:
            size *= n
        size = sum(axes) if "the axes are added" in faults else size
        return (shape[0], size) if "the shape instead of the size" in faults else size

    return flatten_size


FLATTEN = {
    "the batch counts": "Flatten keeps the batch: multiply the other axes only.",
    "the channels are left out": "The channels are flattened, too.",
    "the last axis is left out": "All axes behind the batch are flattened.",
    "the last axis only": "All axes behind the batch are flattened.",
    "the channels only": "All axes behind the batch are flattened.",
    "the first axis of the picture twice": "Height and width differ in general: multiply both.",
    "two spatial axes only": "A volume has a third spatial axis: multiply all axes behind the batch.",
    "the axes are added": "Each channel has height * width numbers: multiply.",
    "the shape instead of the size": "Return one int: the second number of the flattened shape.",
}


def pooled_size(input_size, kernel_size, stride=None):
    if stride is None:
        stride = kernel_size
    return (input_size - kernel_size) // stride + 1


def pooled_size_by_torch(input_size, kernel_size, stride=None):
    import torch

    layer = torch.nn.MaxPool1d(kernel_size, stride)
    return layer(torch.zeros(1, 1, input_size)).shape[-1]


def _faulty_pooled(faults):
    def pooled_size(input_size, kernel_size, stride=None):
        stride = 1 if stride is None and "the stride is 1 by default" in faults else stride
        stride = None if "the stride is always the kernel's size" in faults else stride
        stride = 2 if "the stride is always 2" in faults else stride
        stride = 2 if stride is None and "the stride is 2 by default" in faults else stride
        stride = kernel_size if stride is None else stride
        way = input_size - kernel_size
        for name, wrong in {
            "1 is not added": way // stride,
            "rounded up": -(-way // stride) + 1,
            "true division, not floor division": way / stride + 1,
            "1 is added before the division": (way + 1) // stride,
            "the input is divided by the stride": input_size // stride,
            "the input is divided by the stride, rounded up": -(-input_size // stride),
            "the kernel counts twice": (way - kernel_size) // stride + 1,
            "an ordinary convolution": way + 1,
        }.items():
            if name in faults:
                return wrong
        return way // stride + 1

    return pooled_size


POOLED = {
    "the stride is 1 by default": "Pooling moves by its own size unless a stride is given: stride=None means "
    "kernel_size.",
    "the stride is 2 by default": "Pooling moves by its own size unless a stride is given, and its size need not be 2.",
    "the stride is always the kernel's size": "Where a stride is given, it counts; kernel_size is the default only.",
    "the stride is always 2": "The stride is what is given, and kernel_size where nothing is given.",
    "1 is not added": "The window before the first step counts, too: add 1.",
    "rounded up": "Without ceil_mode, a last step that does not fit is not made: round down, with //.",
    "true division, not floor division": "A size is a whole number: divide with //.",
    "1 is added before the division": "Divide the way that the window can go, then add 1 for its first place.",
    "the input is divided by the stride": "That is right only where the stride is kernel_size: the window must fit.",
    "the input is divided by the stride, rounded up": "A window at the end must lie inside the input: subtract "
    "kernel_size first.",
    "the kernel counts twice": "The window can go input_size - kernel_size elements.",
    "an ordinary convolution": "The window of a pooling layer moves on by the stride.",
}

EXERCISES = (
    Exercise(
        name="flatten_size",
        notebook="05_shapes_and_errors",
        idea="what flatten makes",
        question="""Write `flatten_size(shape)`: `nn.Flatten()` makes `(N, F)` from a tensor of this shape. Return F,
an int. The shape is `(N, C, *spatial)`, with any number of spatial axes.""",
        difficulty=1,
        importance=2,
        minutes=3,
        hints=(
            "Which axis does `nn.Flatten()` keep?",
            "It keeps the batch and joins all axes behind it: none of their numbers gets lost.",
            "Multiply the numbers of `shape[1:]`.",
        ),
        solution=flatten_size,
        alternative=flatten_size_of_a_tensor,
        cases=table(
            flatten_size,
            {
                "the batch has more than one sample": lambda shape: shape[0] > 1,
                "there are several channels": lambda shape: shape[1] > 1,
                "there is one spatial axis": lambda shape: len(shape) == 3,
                "there are three spatial axes": lambda shape: len(shape) == 5,
                "height and width differ": lambda shape: len(shape) == 4 and shape[2] != shape[3],
            },
            row("one number", (1, 1, 1, 1)),
            row("a square", (1, 1, 3, 3)),
            row("a picture that is not square", (1, 2, 3, 5)),
            row("a batch of signals", (4, 3, 6)),
            row("the maps of LeNet-5", (8, 16, 5, 5)),
            row("a batch of volumes", (2, 3, 2, 4, 5)),
            row("flat maps", (2, 3, 1, 6)),
            row("the maps of VGG", (3, 512, 7, 7)),
        ),
        mistakes=known(_faulty_flatten, FLATTEN),
        combined=_faulty_flatten,
    ),
    Exercise(
        name="pooled_size",
        notebook="05_shapes_and_errors",
        idea="what pooling leaves",
        question="""Write `pooled_size(input_size, kernel_size, stride=None)`: how many elements
`nn.MaxPool1d(kernel_size, stride)` leaves of `input_size`. There is no padding, and `stride=None` means what it
means in torch. Return an int.""",
        difficulty=1,
        importance=2,
        minutes=3,
        hints=(
            "What is the stride of `nn.MaxPool1d(3)`?",
            "It is kernel_size: windows lie side by side. Otherwise the size formula is that of a convolution.",
            "`(input_size - kernel_size) // stride + 1`",
        ),
        solution=pooled_size,
        alternative=pooled_size_by_torch,
        cases=table(
            pooled_size,
            {
                "no stride is given": lambda stride, **_: stride is None,
                "the stride is not the kernel's size": lambda stride, kernel_size, **_: (
                    stride not in (None, kernel_size)
                ),
                "the division leaves a rest": lambda input_size, kernel_size, stride: (
                    (input_size - kernel_size) % (stride or kernel_size) > 0
                ),
            },
            row("one window", 2, 2),
            row("windows of 2", 6, 2),
            row("a rest", 7, 2),
            row("windows of 3, a rest of 2", 8, 3),
            row("a given stride", 6, 2, 2),
            row("windows that overlap", 7, 3, stride=2),
            row("windows that overlap, a rest", 8, 3, 2),
            row("a stride of 1", 6, 3, 1),
            row("a stride wider than the window", 11, 2, 4),
            row("the pooling of AlexNet", 55, 3, 2),
        ),
        mistakes=known(_faulty_pooled, POOLED),
        combined=_faulty_pooled,
    ),
)
