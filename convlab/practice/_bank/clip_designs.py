"""The design of a network for clips, which the last notebook then trains."""

from convlab.arithmetic import ConvSpec, num_macs, num_params, output_size, receptive_field
from convlab.arithmetic.receptive_field import num_read
from convlab.practice._bank._properties import read
from convlab.practice.exercise import Design, Mistake


def _judge_clips(answer):
    layers = read(answer, (1, 1, 1, 1, 1))
    if layers is None:
        return "another form", (
            "Hand in a list of layers (out_channels, frames, size, stride, groups), the input side first; all are "
            "ints, at least 1."
        )
    specs, sizes, in_channels = [], [(9, 12, 12)], 1
    for out_channels, frames, size, stride, groups in layers:
        if size % 2 == 0:
            return "an even kernel", f"size must be odd, so that both sides get the same padding, but size={size}."
        if size // 2 > sizes[-1][1]:
            return "padding wider than the maps", (
                f"Circular padding cannot be wider than the maps, but size={size} pads {size // 2} pixels, and the "
                f"maps have {sizes[-1][1]}."
            )
        geometry = {"stride": (1, stride, stride), "padding": (0, size // 2, size // 2), "groups": groups}
        try:
            specs.append(ConvSpec(in_channels, out_channels, (frames, size, size), **geometry))
            sizes.append(output_size(specs[-1], sizes[-1]))
        except ValueError as error:
            return "a layer that torch refuses", f"Layer {len(specs)} does not work: {error}."
        in_channels = out_channels
    field, made = receptive_field(specs).size, sizes.pop()
    macs = sum(num_macs(spec, size) for spec, size in zip(specs, sizes, strict=True))
    params = sum(map(num_params, specs))
    faults = (
        (
            in_channels != 16 or made[1:] != (6, 6),
            "another output size",
            "The output must have 16 channels of 6 x 6 pixels, and any number of frames.",
        ),
        (field[0] < 3, "too few frames", "An output must see at least 3 frames."),
        (field[1] < 9, "the field is too small", "An output must see at least 9 x 9 pixels."),
        (
            num_read(specs, 1) < field[1],
            "pixels that nobody reads",
            "An output must read every pixel inside its receptive field.",
        ),
        (macs > 450_000, "too many MACs", "The layers may need 450,000 MACs at most."),
        (params > 8_000, "too many parameters", "The layers may have 8,000 parameters at most."),
    )
    frames, height, width = made
    numbers = (
        f"Your design makes {in_channels} channels of {frames} x {height} x {width}, with a receptive field of "
        f"{field[0]} x {field[1]} x {field[2]}, {macs:,} MACs and {params:,} parameters."
    )
    return next(((name, f"{sentence}\n\n{numbers}") for is_there, name, sentence in faults if is_there), None)


EXERCISES = (
    Design(
        name="clip_network",
        notebook="12_capstone",
        idea="a network of your own",
        question="""Choose the layers for project two, the clips of 9 x 12 x 12. Hand in a list of tuples as those
in `designs`, `(out_channels, frames, size, stride, groups)`, the input side first: the kernel has `frames` x `size` x
`size` taps, `size` is odd, the stride is 1 in time and `stride` in space; `body` pads in space by size // 2, around
the circle and no wider than the maps, and not in time. Together they must

- make 16 channels of 6 x 6 pixels, and any number of frames,
- see at least 3 frames and 9 x 9 pixels, and leave out no pixel,
- need at most 450,000 MACs and 8,000 parameters.

Then run the cells below: they train it and place it beside ours. Can it be better, or cheaper?""",
        difficulty=2,
        importance=3,
        minutes=15,
        hints=(
            "One layer must have stride 2. Where do you want to see several frames: before it or behind it?",
            "A kernel of 5 x 5 and, behind stride 2, one of 3 x 3 see 5 + 2 * 2 = 9 pixels. Depthwise layers (groups "
            "equal to the channels) cost little.",
            "`(8, 3, 5, 2, 1)`, then a depthwise layer `(8, 3, 3, 1, 8)`, and one of `size` 1 that makes 16 channels",
        ),
        solution=[(8, 3, 5, 2, 1), (8, 3, 3, 1, 8), (16, 1, 1, 1, 1)],
        alternative=[(4, 3, 5, 2, 1), (16, 3, 3, 1, 4)],
        judge=_judge_clips,
        mistakes=(
            Mistake("another output size", "No layer has stride 2.", [(2, 3, 5, 1, 1), (16, 1, 5, 1, 2)]),
            Mistake("another output size", "8 channels come out.", [(8, 3, 5, 2, 1), (8, 1, 3, 1, 8)]),
            Mistake("too few frames", "Two frames show one step.", [(8, 2, 5, 2, 1), (16, 1, 3, 1, 1)]),
            Mistake("the field is too small", "5 + 2 * 0 pixels.", [(8, 3, 5, 2, 1), (16, 1, 1, 1, 1)]),
            Mistake("pixels that nobody reads", "Stride 2 with a kernel of 1.", [(4, 3, 1, 2, 1), (16, 3, 9, 1, 4)]),
            Mistake("padding wider than the maps", "15 // 2.", [(4, 3, 3, 2, 1), (4, 1, 15, 1, 4), (16, 1, 1, 1, 1)]),
            Mistake("too many MACs", "16 channels from the start.", [(16, 3, 5, 2, 1), (16, 3, 3, 1, 1)]),
            Mistake("too many parameters", "10,000 weights.", [(16, 9, 5, 2, 1), (16, 1, 5, 1, 1)]),
            Mistake("an even kernel", "size must be odd.", [(8, 3, 4, 2, 1), (16, 1, 3, 1, 1)]),
            Mistake("a layer that torch refuses", "groups must divide both.", [(8, 3, 5, 2, 1), (16, 1, 3, 1, 3)]),
            Mistake("a layer that torch refuses", "More frames than are left.", [(8, 9, 5, 2, 1), (16, 3, 3, 1, 1)]),
            Mistake("another form", "Five numbers are wanted.", [(8, (3, 5, 5), 2)]),
        ),
    ),
)
