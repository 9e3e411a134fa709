"""The exercise on the shape of the offsets of a deformable convolution: offset_shape."""

from convlab.practice.exercise import Case, Exercise, Mistake

NOTEBOOK = "09_deformable"


def offset_shape(input_shape, kernel_size, stride=1, padding=0):
    batch, _, height, width = input_shape
    kh, kw = kernel_size
    out_height = (height + 2 * padding - kh) // stride + 1
    out_width = (width + 2 * padding - kw) // stride + 1
    return batch, 2 * kh * kw, out_height, out_width


def offset_shape_by_counting(input_shape, kernel_size, stride=1, padding=0):
    def windows(size, taps):
        return len(range(0, size + 2 * padding - taps + 1, stride))

    taps = [(k, m) for k in range(kernel_size[0]) for m in range(kernel_size[1])]
    numbers = [direction for tap in taps for direction in ("dy", "dx")]
    out = tuple(windows(size, taps) for size, taps in zip(input_shape[2:], kernel_size, strict=True))
    return (input_shape[0], len(numbers), *out)


def _shape(rule):
    """A wrong shape from N, C, H, W, kH, kW, H_out and W_out."""

    def wrong(input_shape, kernel_size, stride=1, padding=0):
        return rule(*input_shape, *kernel_size, *offset_shape(input_shape, kernel_size, stride, padding)[2:])

    return wrong


def _offset_shape_cases():
    def case(id, shape, kernel, **options):
        found = {
            "the stride is not 1": options.get("stride", 1) != 1,
            "there is padding": options.get("padding", 0) != 0,
            "the kernel is not square": kernel[0] != kernel[1],
            "the input is not square": shape[2] != shape[3],
            "there are several input channels": shape[1] > 1,
            "the batch has more than one sample": shape[0] > 1,
        }
        return Case(id, (shape, kernel), options, frozenset(trait for trait, holds in found.items() if holds))

    return (
        case("a window as large as the input", (1, 1, 3, 3), (3, 3)),
        case("3 x 3 in 5 x 5", (1, 1, 5, 5), (3, 3)),
        case("3 samples with 4 channels", (3, 4, 6, 8), (3, 3)),
        case("a kernel of 2 x 3", (2, 1, 6, 8), (2, 3)),
        case("stride 2", (1, 3, 7, 10), (3, 3), stride=2),
        case("padding 1", (1, 3, 7, 9), (3, 3), padding=1),
        case("stride 2 and padding 2", (2, 3, 8, 9), (5, 4), stride=2, padding=2),
    )


OFFSET_SHAPE = Exercise(
    name="offset_shape",
    notebook=NOTEBOOK,
    idea="one offset per tap and output position",
    question="What is the shape of the tensor of offsets of a deformable convolution?\n\n"
    "`input_shape` is `(N, C_in, H, W)`, `kernel_size` is `(kH, kW)`, `stride` and `padding` are ints. "
    "All input channels share the offsets, as in `torchvision.ops.deform_conv2d` with one offset group. "
    "The result is a tuple of four ints.",
    difficulty=1,
    importance=2,
    minutes=6,
    hints=(
        "At each output position, each tap of the kernel is moved by its own offset.",
        "An offset has two numbers, dy and dx. Their channels lie in axis 1; the last two axes are those of the "
        "output.",
        "`(N, 2 * kH * kW, H_out, W_out)`, with the output size of an ordinary convolution.",
    ),
    solution=offset_shape,
    alternative=offset_shape_by_counting,
    cases=_offset_shape_cases,
    mistakes=(
        Mistake(
            "one number per tap",
            "There is one number for each tap. A tap moves in two directions, so it has two: dy and dx.",
            _shape(lambda n, c, h, w, kh, kw, oh, ow: (n, kh * kw, oh, ow)),
        ),
        Mistake(
            "three numbers per tap",
            "There are three numbers for each tap. The offset has two, dy and dx; the mask is a tensor of its own.",
            _shape(lambda n, c, h, w, kh, kw, oh, ow: (n, 3 * kh * kw, oh, ow)),
        ),
        Mistake(
            "offsets for each input channel",
            "The input channels share the offsets: C_in does not matter.",
            _shape(lambda n, c, h, w, kh, kw, oh, ow: (n, 2 * c * kh * kw, oh, ow)),
        ),
        Mistake(
            "the size of the input",
            "There is one set of offsets for each element of the output, not of the input.",
            _shape(lambda n, c, h, w, kh, kw, oh, ow: (n, 2 * kh * kw, h, w)),
        ),
        Mistake(
            "only two channels",
            "There is one offset for each output position. Each of the kH * kW taps has its own.",
            _shape(lambda n, c, h, w, kh, kw, oh, ow: (n, 2, oh, ow)),
        ),
        Mistake(
            "a sum instead of a product",
            "The kernel has kH * kW taps, not kH + kW.",
            _shape(lambda n, c, h, w, kh, kw, oh, ow: (n, 2 * (kh + kw), oh, ow)),
        ),
        Mistake(
            "the kernel taken as square",
            "The number of taps is kH * kW, not kH * kH.",
            _shape(lambda n, c, h, w, kh, kw, oh, ow: (n, 2 * kh * kh, oh, ow)),
        ),
        Mistake(
            "dy and dx on an axis of their own",
            "dy and dx are neighbours on axis 1, which has 2 * kH * kW channels; the shape has four axes.",
            _shape(lambda n, c, h, w, kh, kw, oh, ow: (n, kh * kw, 2, oh, ow)),
        ),
        Mistake(
            "channels last",
            "The offsets stand on axis 1, as channels do: (N, 2 * kH * kW, H_out, W_out).",
            _shape(lambda n, c, h, w, kh, kw, oh, ow: (n, oh, ow, 2 * kh * kw)),
        ),
        Mistake(
            "the batch is forgotten",
            "Each sample has its own offsets: the first axis is N.",
            _shape(lambda n, c, h, w, kh, kw, oh, ow: (2 * kh * kw, oh, ow)),
        ),
        Mistake(
            "the batch is 1",
            "Each sample has its own offsets: the first axis is N, not 1.",
            _shape(lambda n, c, h, w, kh, kw, oh, ow: (1, 2 * kh * kw, oh, ow)),
        ),
        Mistake(
            "height and width swapped",
            "The last two axes are H_out and W_out, in this order.",
            _shape(lambda n, c, h, w, kh, kw, oh, ow: (n, 2 * kh * kw, ow, oh)),
        ),
        Mistake(
            "the stride is ignored",
            "There is one set of offsets for each output position, and the stride makes them fewer.",
            lambda shape, kernel, stride=1, padding=0: offset_shape(shape, kernel, 1, padding),
        ),
        Mistake(
            "padding is ignored",
            "There is one set of offsets for each output position, and padding makes them more.",
            lambda shape, kernel, stride=1, padding=0: offset_shape(shape, kernel, stride, 0),
        ),
        Mistake(
            "padding counts once",
            "Padding stands on both sides of an axis: 2 * padding.",
            lambda shape, kernel, stride=1, padding=0: offset_shape(
                (*shape[:2], shape[2] - padding, shape[3] - padding), kernel, stride, padding
            ),
        ),
    ),
)


EXERCISES = (OFFSET_SHAPE,)
