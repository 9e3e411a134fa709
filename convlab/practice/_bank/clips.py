"""Exercises of 04_conv3d: a clip as an input of a convolution, and the difference of its frames."""

import torch

from convlab.practice._bank._cases import counting, not_contiguous, numbers
from convlab.practice.exercise import Case, Exercise, Mistake


def clip_to_input(clip):
    return clip.permute(3, 0, 1, 2).unsqueeze(0)


def clip_to_input_by_frames(clip):
    frames = [torch.stack(frame.unbind(-1)) for frame in clip]  # each (C, H, W)
    return torch.stack(frames, dim=1)[None]


_CLIP_MISTAKES = (
    Mistake(
        "the batch axis is missing",
        "The input has five axes: add the batch with unsqueeze(0).",
        lambda clip: clip.permute(3, 0, 1, 2),
    ),
    Mistake(
        "the channels are still last",
        "torch wants the channels right after the batch: (1, C, T, H, W).",
        lambda clip: clip[None],
    ),
    Mistake(
        "the frames are taken for the batch",
        "(T, C, H, W) is a batch of pictures, for conv2d. A clip is one sample with the axis T next to H and W.",
        lambda clip: clip.permute(0, 3, 1, 2),
    ),
    Mistake(
        "time comes before the channels",
        "The channels are axis 1 and time is axis 2: (1, C, T, H, W).",
        lambda clip: clip.permute(0, 3, 1, 2)[None],
    ),
    Mistake(
        "reshaped instead of permuted",
        "A reshape gives the right shape, but it moves no element: axes are moved with permute or movedim.",
        lambda clip: clip.reshape(1, clip.shape[3], *clip.shape[:3]),
    ),
    Mistake(
        "the permutation is the wrong way round",
        "permute lists, for each axis of the result, the axis of the clip that goes there: (3, 0, 1, 2).",
        lambda clip: clip.permute(1, 2, 3, 0)[None],
    ),
    Mistake("height and width are swapped", "H stays before W.", lambda clip: clip.permute(3, 0, 2, 1)[None]),
    Mistake(
        "time comes last",
        "Time is the first of the three axes that the kernel slides along: (1, C, T, H, W). "
        "A swap of two axes, as transpose(0, 3), puts it last.",
        lambda clip: clip.permute(3, 1, 2, 0)[None],
    ),
    Mistake(
        "channels and time are joined",
        "Channels and time stay two axes: (1, C, T, H, W).",
        lambda clip: clip.permute(3, 0, 1, 2).flatten(0, 1)[None],
    ),
    Mistake("the batch axis is last", "The batch is axis 0.", lambda clip: clip.permute(3, 0, 1, 2)[..., None]),
    Mistake(
        "the channels are reversed",
        "The channels keep their order.",
        lambda clip: clip.permute(3, 0, 1, 2).flip(0)[None],
    ),
    Mistake(
        "the result is always float32",
        "The result has the clip's dtype; nothing is computed here.",
        lambda clip: clip.permute(3, 0, 1, 2)[None].float(),
    ),
    Mistake(
        "divided by 255",
        "The result has the clip's dtype and its numbers; nothing is computed here: leave out the division.",
        lambda clip: clip.permute(3, 0, 1, 2)[None] / 255,
    ),
)


def frame_difference(input):
    return input[:, :, 1:] - input[:, :, :-1]


def frame_difference_by_conv3d(input):
    C = input.shape[1]
    weight = input.new_tensor([-1.0, 1.0]).view(1, 1, 2, 1, 1).repeat(C, 1, 1, 1, 1)
    return torch.nn.functional.conv3d(input, weight, groups=C)  # each channel by itself


_DIFFERENCE_MISTAKES = (
    Mistake(
        "the sign is wrong",
        "Each frame minus the one before it, not the other way round: the kernel is (-1, 1).",
        lambda input: input[:, :, :-1] - input[:, :, 1:],
    ),
    Mistake("the absolute value is taken", "The difference keeps its sign.", lambda input: input.diff(dim=2).abs()),
    Mistake(
        "the difference runs along the channels",
        "Time is axis 2, after batch and channels.",
        lambda input: input.diff(dim=1),
    ),
    Mistake(
        "the difference runs along the height", "Time is axis 2; height is axis 3.", lambda input: input.diff(dim=3)
    ),
    Mistake(
        "the difference runs along the width",
        "Time is axis 2; width is the last axis.",
        lambda input: input.diff(dim=4),
    ),
    Mistake(
        "the difference runs along the batch",
        "Time is axis 2; the samples of a batch never mix.",
        lambda input: input.diff(dim=0),
    ),
    Mistake(
        "the first frame is kept",
        "The first frame has none before it, so the result has T - 1 frames.",
        lambda input: torch.cat([input[:, :, :1], input.diff(dim=2)], 2),
    ),
    Mistake(
        "zeros stand for the first difference",
        "The first frame has none before it, so the result has T - 1 frames.",
        lambda input: torch.cat([torch.zeros_like(input[:, :, :1]), input.diff(dim=2)], 2),
    ),
    Mistake(
        "the last frame meets the first",
        "The first frame has none before it: roll, or the index -1, takes the last frame. Begin at frame 1.",
        lambda input: input - input.roll(1, 2),
    ),
    Mistake(
        "two frames are added",
        "The kernel is (-1, 1): a difference, not a sum.",
        lambda input: input[:, :, 1:] + input[:, :, :-1],
    ),
    Mistake(
        "the frames are two apart",
        "Each frame minus the one right before it.",
        lambda input: input[:, :, 2:] - input[:, :, :-2],
    ),
    Mistake(
        "every frame minus the first",
        "Each frame minus the one right before it.",
        lambda input: input[:, :, 1:] - input[:, :, :1],
    ),
    Mistake(
        "the channels are added up",
        "Each channel stays by itself.",
        lambda input: input.diff(dim=2).sum(1, keepdim=True),
    ),
    Mistake(
        "the differences are halved", "The difference is not divided by anything.", lambda input: input.diff(dim=2) / 2
    ),
    Mistake(
        "the last difference is missing", "T frames have T - 1 differences.", lambda input: input.diff(dim=2)[:, :, :-1]
    ),
    Mistake(
        "only the first sample is computed",
        "The result holds every sample of the batch, along axis 0.",
        lambda input: input.diff(dim=2)[:1],
    ),
    Mistake(
        "the result is always float32", "The result has the input's dtype.", lambda input: input.diff(dim=2).float()
    ),
)


def _case(id, tensor, channels, sides):
    found = {
        "the batch has more than one sample": tensor.ndim == 5 and len(tensor) > 1,
        "there are several channels": channels > 1,
        "height and width differ": sides[0] != sides[1],
        "the clip is not contiguous": not tensor.is_contiguous(),
        "the dtype is float64": tensor.dtype == torch.float64,
        "the dtype is uint8": tensor.dtype == torch.uint8,
    }
    return Case(id, (tensor,), traits=frozenset(trait for trait, is_so in found.items() if is_so))


def _clip(id, tensor):
    return _case(id, tensor, tensor.shape[3], tensor.shape[1:3])


def _input(id, tensor):
    return _case(id, tensor, tensor.shape[1], tensor.shape[3:])


def _clip_cases():
    return (
        _clip("2 grey frames", counting(2, 2, 2, 1)),
        _clip("2 frames in colour", counting(2, 2, 2, 3)),
        _clip("frames of 2 rows and 3 columns", counting(2, 2, 3, 1)),
        _clip("float64", numbers(3, 2, 2, 1, dtype=torch.float64)),
        _clip("bytes", counting(4, 2, 2, 1).to(torch.uint8)),
        _clip("a clip that is not contiguous", not_contiguous(counting(3, 2, 2, 3))),
        _clip("four different sizes", counting(4, 2, 5, 3)),
    )


def _difference_cases():
    return (
        _input("3 grey frames", torch.tensor([[[[[1.0, 5], [2, 0]], [[3, 5], [1, 4]], [[7, -2], [1, 5]]]]])),
        _input("frames of 2 rows and 3 columns", numbers(1, 1, 4, 2, 3)),
        _input("2 channels", numbers(1, 2, 3, 2, 2)),
        _input("a batch of 2", numbers(2, 1, 3, 2, 2)),
        _input("float64", numbers(1, 1, 4, 2, 2, dtype=torch.float64)),
        _input("an input that is not contiguous", not_contiguous(numbers(2, 2, 3, 3, 3))),
        _input("everything", numbers(3, 2, 6, 4, 5)),
    )


EXERCISES = (
    Exercise(
        name="clip_to_input",
        notebook="04_conv3d",
        idea="the axes of a clip",
        question="""Bring a clip into the form that `F.conv3d` takes: write `clip_to_input(clip)`.

`clip` has the shape `(T, H, W, C)`, as most video readers give it; the result has the shape `(1, C, T, H, W)`. The
element of channel `c`, frame `t`, row `h` and column `w` is the same as before, and so is the dtype.""",
        difficulty=1,
        importance=3,
        minutes=5,
        hints=(
            "The elements must move to other axes, and one axis is added. A reshape only cuts the memory into other "
            "pieces.",
            "`permute` lists, for each axis of the result, which axis of the clip goes there. The channels were axis "
            "3.",
            "`clip.permute(3, 0, 1, 2)` has the shape `(C, T, H, W)`; `unsqueeze(0)` adds the batch.",
        ),
        solution=clip_to_input,
        alternative=clip_to_input_by_frames,
        cases=_clip_cases,
        mistakes=_CLIP_MISTAKES,
    ),
    Exercise(
        name="frame_difference",
        notebook="04_conv3d",
        idea="a kernel in time",
        question="""Show what moves: write `frame_difference(input)`, each frame minus the one before it.

`input` has the shape `(N, C, T, H, W)`; the result has the shape `(N, C, T - 1, H, W)` and the input's dtype, each
channel by itself. This is a convolution with the kernel `(-1, 1)` along T. Slices, `F.conv3d`, everything may be
used.""",
        difficulty=1,
        importance=1,
        minutes=5,
        hints=(
            "Which axis is time? Which frames have one before them?",
            "All frames but the first are `input[:, :, 1:]`; what is subtracted has as many frames.",
            "`input[:, :, 1:] - input[:, :, :-1]`.",
        ),
        solution=frame_difference,
        alternative=frame_difference_by_conv3d,
        cases=_difference_cases,
        mistakes=_DIFFERENCE_MISTAKES,
    ),
)
