"""The designs of the last notebook: a network to a specification, and the way back up."""

from convlab.arithmetic import ConvSpec
from convlab.practice._bank._properties import Stack, first_fault, read
from convlab.practice.exercise import Design, Mistake


def _judge_network(answer):
    layers = read(answer, (1, 1, 1, 0, 1, 1))
    if layers is None:
        return "another form", (
            "Hand in a list of layers (out_channels, kernel_size, stride, padding, dilation, groups), the input side "
            "first; all are ints, at least 1, the padding at least 0."
        )
    specs, in_channels = [], 3
    for out_channels, kernel_size, stride, padding, dilation, groups in layers:
        geometry = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups, "bias": False}
        try:
            specs.append(ConvSpec(in_channels, out_channels, (kernel_size, kernel_size), **geometry))
        except ValueError as error:
            return "a layer that torch refuses", f"Layer {len(specs)} cannot be built: {error}."
        in_channels = out_channels
    stack = Stack(specs, (64, 64))
    try:
        size = (in_channels, *stack.sizes[-1])
    except ValueError as error:
        return "a kernel that does not fit", f"The picture gets too small on the way: {error}."
    return first_fault(
        (
            (lambda: size != (32, 8, 8), "another output size", "The output must have 32 channels of 8 x 8."),
            (lambda: stack.field < 63, "the field is too small", "The receptive field must be at least 63."),
            (lambda: stack.macs > 250_000, "too many MACs", "The layers may need 250,000 MACs at most."),
            (lambda: stack.params > 1_600, "too many weights", "The layers may have 1,600 weights at most."),
            (
                lambda: stack.has_gaps,
                "the field has gaps",
                "The output must see every element of its receptive field.",
            ),
        ),
        stack,
    )


def _judge_upsampler(answer):
    layers = read(answer, (1, 1, 1, 0, 0))
    if layers is None:
        return "another form", (
            "Hand in a list of layers (out_channels, kernel_size, stride, padding, output_padding), the input side "
            "first; all are ints, the first three at least 1, the last two at least 0."
        )
    specs, in_channels = [], 32
    for out_channels, kernel_size, stride, padding, output_padding in layers:
        geometry = {"stride": stride, "padding": padding, "output_padding": output_padding, "bias": False}
        try:
            spec = ConvSpec(in_channels, out_channels, (kernel_size, kernel_size), transposed=True, **geometry)
        except ValueError as error:
            return "a layer that torch refuses", f"Layer {len(specs)} cannot be built: {error}."
        specs.append(spec)
        in_channels = out_channels
    stack = Stack(specs, (8, 8))
    try:
        size = (in_channels, *stack.sizes[-1])
    except ValueError as error:
        return "nothing is left of the output", f"A layer crops too much: {error}."
    shape = f"{size[0]} channels of {size[1]} x {size[2]}"
    uneven = [spec for spec in specs if spec.kernel_size[0] % spec.stride[0]]
    if size != (1, 64, 64):
        return "another output size", f"The output must have 1 channel of 64 x 64, but it has {shape}."
    if uneven:
        (kernel_size, _), (stride, _) = uneven[0].kernel_size, uneven[0].stride
        return "a checkerboard", (
            "Stamps overlap evenly only where stride divides kernel_size, "
            f"but kernel_size={kernel_size} and stride={stride}."
        )
    if max(spec.stride[0] for spec in specs) > 2:
        return "a stride above 2", "Go up in small steps: no stride may be larger than 2."
    if any(spec.kernel_size[0] < 2 * spec.stride[0] for spec in specs if spec.stride[0] > 1):
        return "stamps that do not overlap", (
            "With kernel_size equal to stride, neighbouring stamps share nothing and the result is blocks: "
            "take a kernel of at least twice the stride."
        )
    if stack.macs > 1_000_000:
        return "too many MACs", f"The layers may need 1,000,000 MACs at most, but they need {stack.macs:,}."
    return None


_NETWORK = (
    (4, 3, 2, 1, 1, 1),
    (4, 3, 2, 1, 1, 4),
    (16, 1, 1, 0, 1, 1),
    (16, 3, 2, 1, 1, 16),
    (32, 1, 1, 0, 1, 1),
    (32, 3, 1, 1, 1, 32),
    (32, 3, 1, 2, 2, 32),
)

EXERCISES = (
    Design(
        name="network_to_spec",
        notebook="12_capstone",
        idea="a network to a specification",
        question="""Choose layers for a picture of 3 x 64 x 64. Hand in a list of tuples with the numbers of
`nn.Conv2d`, `(out_channels, kernel_size, stride, padding, dilation, groups)`, the input side first; kernels are
square, and no layer has a bias. Together they must

- make 32 channels of 8 x 8,
- have a receptive field of at least 63 elements along each axis, without gaps,
- need at most 250,000 MACs and 1,600 weights.""",
        difficulty=3,
        importance=3,
        minutes=20,
        hints=(
            "Begin with the strides: 64 becomes 8. Then count what the field is, and what is missing.",
            "Most MACs are in the first layer, since it has the most places: few channels there. Depthwise layers "
            "(groups equal to the channels) widen the field at little cost; pointwise layers change the channels.",
            "A 3 x 3 layer to 4 channels with stride 2; two depthwise ones with stride 2, each with a pointwise one "
            "behind it; then depthwise ones with dilation 1 and 2 at 8 x 8.",
        ),
        solution=list(_NETWORK),
        alternative=[
            (3, 3, 2, 1, 1, 1),
            (4, 3, 2, 1, 1, 1),
            (6, 3, 2, 1, 1, 1),
            (6, 3, 1, 1, 1, 1),
            (6, 3, 1, 2, 2, 1),
            (32, 1, 1, 0, 1, 1),
        ],
        judge=_judge_network,
        mistakes=(
            Mistake("another output size", "A stride is missing: 64 / 2 / 2 is 16.", (_NETWORK[0], *_NETWORK[2:])),
            Mistake("the field is too small", "The dilated layer is missing.", _NETWORK[:-1]),
            Mistake(
                "too many MACs", "16 channels at 32 x 32 places cost too much.", ((16, 3, 2, 1, 1, 1), *_NETWORK[1:])
            ),
            Mistake(
                "too many weights",
                "Each 3 x 3 layer of 8 channels that are all joined has 576 weights.",
                [
                    (3, 3, 2, 1, 1, 1),
                    (4, 3, 2, 1, 1, 1),
                    (8, 3, 2, 1, 1, 1),
                    (8, 3, 1, 1, 1, 1),
                    (8, 3, 1, 2, 2, 1),
                    (32, 1, 1, 0, 1, 1),
                ],
            ),
            Mistake(
                "the field has gaps",
                "Taps 32 elements apart, with 15 elements seen around each, leave holes.",
                (*_NETWORK[:-2], (32, 3, 1, 4, 4, 32)),
            ),
            Mistake("a layer that torch refuses", "groups must divide both.", ((4, 3, 2, 1, 1, 2), *_NETWORK[1:])),
            Mistake(
                "a kernel that does not fit", "No padding, and large kernels.", ((4, 65, 2, 0, 1, 1), *_NETWORK[1:])
            ),
            Mistake("another form", "Six numbers are wanted.", [(32, 3, 8)]),
        ),
    ),
    Design(
        name="upsampler",
        notebook="12_capstone",
        idea="the way back up",
        question="""Choose transposed convolutions that make 1 channel of 64 x 64 from 32 channels of 8 x 8. Hand
in a list of tuples `(out_channels, kernel_size, stride, padding, output_padding)`, the input side first; kernels are
square, and no layer has a bias.

- No stride is above 2.
- Where the stride is 2, stamps overlap, and evenly, so that no checkerboard is built in: the kernel is 4, 6, 8 or
  a larger even number.
- All layers together need at most 1,000,000 MACs.""",
        difficulty=2,
        importance=2,
        minutes=12,
        hints=(
            "Which three strides make 64 of 8?",
            "(n - 1) * 2 - 2 * padding + kernel_size + output_padding must be 2 * n: with a kernel of 4, "
            "the padding is 1.",
            "`(12, 4, 2, 1, 0)`, then two more with fewer channels",
        ),
        solution=[(12, 4, 2, 1, 0), (8, 4, 2, 1, 0), (1, 4, 2, 1, 0)],
        alternative=[(8, 4, 2, 1, 0), (4, 4, 2, 1, 0), (2, 6, 2, 2, 0), (1, 3, 1, 1, 0)],
        judge=_judge_upsampler,
        mistakes=(
            Mistake(
                "another output size",
                "Without padding, each layer makes two too many.",
                [(8, 4, 2, 0, 0)] * 2 + [(1, 4, 2, 0, 0)],
            ),
            Mistake(
                "a checkerboard",
                "A kernel of 3 with stride 2 overlaps unevenly.",
                [(8, 3, 2, 1, 1)] * 2 + [(1, 3, 2, 1, 1)],
            ),
            Mistake(
                "stamps that do not overlap",
                "A kernel of 2 with stride 2 makes blocks.",
                [(8, 2, 2, 0, 0)] * 2 + [(1, 2, 2, 0, 0)],
            ),
            Mistake("a stride above 2", "One layer of stride 8 does all at once.", [(1, 16, 8, 4, 0)]),
            Mistake(
                "too many MACs", "32 channels all the way cost too much.", [(32, 4, 2, 1, 0)] * 2 + [(1, 4, 2, 1, 0)]
            ),
            Mistake("a layer that torch refuses", "output_padding must be below stride.", [(1, 4, 2, 1, 2)]),
            Mistake("nothing is left of the output", "The padding crops everything.", [(1, 1, 1, 9, 0)]),
            Mistake("another form", "A layer has five numbers.", [(8, 4, 2, 1)] * 3),
        ),
    ),
)
