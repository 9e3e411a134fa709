"""Deformable convolution: every tap reads between elements, at its place on the lattice plus its own offset."""

from __future__ import annotations

import itertools
from typing import SupportsIndex

import torch

from convlab.arithmetic.spec import ConvSpec, IntOrTuple, as_int, as_tuple
from convlab.scenes.deform_grids import grids
from convlab.scenes.deform_tensors import Tensors, checked
from convlab.scenes.lattice import samples
from convlab.scenes.numbers import whole, word
from convlab.scenes.parts import Change, Step
from convlab.scenes.scene import Scene
from convlab.scenes.wording import alt_text, element, named, position


def deform(
    spec: ConvSpec,
    input: torch.Tensor | IntOrTuple,
    offset: torch.Tensor | None = None,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    *,
    mask: torch.Tensor | None = None,
    picture: bool = False,
) -> Scene:
    """A deformable convolution of one channel, in 1D or 2D: one step for each number of the output.

    A ring stands where an ordinary convolution would read, and an arrow leads to the point that is read instead. The
    grid "sampled" holds what is read there; the rest is a sum of products.

    Args:
        spec: The convolution, with one input and one output channel; whether there is a bias is decided by `bias`.
        input: The input without a batch axis, or its size, an int or one int per spatial axis: then digits are made.
        offset: Laid out as in `ops.deform_conv`, without the batch; None makes small ones, in quarters of an element.
        weight: Laid out as in torch; None makes small whole numbers.
        bias: One number, or None.
        mask: One factor for each sample, without the batch; None leaves it out.
        picture: Whether the input is drawn as a picture is, in grey, and it and the output without their numbers.

    Shape:
        - input: (1, *spatial)
        - offset: (ndim * prod(kernel_size), *out)
        - weight: (1, 1, *kernel_size)
        - bias: (1,)
        - mask: (prod(kernel_size), *out)

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If a shape does not fit, there are several channels or three spatial axes, or there would be too
            much to read: at most 2000 cells and 4000 products.

    Source:
        Dai et al. 2017, Deformable Convolutional Networks, https://arxiv.org/abs/1703.06211, section 2.1; the mask:
        Zhu et al. 2018, Deformable ConvNets v2, https://arxiv.org/abs/1811.11168, section 3.2.

    Example:
        >>> x, w = torch.tensor([[1.0, 2.0, 4.0]]), torch.tensor([[[-1.0, 1.0]]])
        >>> scene = deform(ConvSpec(1, 1, (2,)), x, torch.tensor([[0.0, 0.0], [0.0, -0.5]]), w)
        >>> print(scene.steps[1].text)
        at 1: 1*2 = 2
        at 1.5: 0.5*2 + 0.5*4 = 3
        together: 2*(-1) + 3*1 = 1
        >>> [step.points[1].column for step in scene.steps], scene.values_at(-1)["output"]
        ([1, 1.5], [[1, 1]])
    """
    given = checked("deform", spec, input, offset, weight, bias, mask)
    output, read = given.results(given.offset[None])
    places = list(itertools.product(*map(range, output.shape[1:])))
    found = [samples(spec, given.offset, here, given.size) for here in places]
    shown = grids(given, list(itertools.chain(*found)), output, read, picture=picture)
    steps = []
    for here, window in zip(places, found, strict=True):
        moment = shown.moment(here, window, output[0], read[0])
        steps.append(Step(element("output", 1, 0, here), at=(shown.output.place(0, here),), **moment))
    placed, labels = shown.arranged()
    return Scene(_title(given), _alt(given), placed, tuple(steps), labels=labels, accumulates=True)


def growing_offsets(
    spec: ConvSpec,
    input: torch.Tensor | IntOrTuple,
    offset: torch.Tensor | None = None,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    *,
    mask: torch.Tensor | None = None,
    at: IntOrTuple | None = None,
    steps: SupportsIndex = 8,
    picture: bool = False,
) -> Scene:
    """A deformable convolution whose offsets grow from zero to the given ones: from a convolution to what it becomes.

    The points are those of one output position; the whole output changes with each step.

    Args:
        spec: The convolution, with one input and one output channel; whether there is a bias is decided by `bias`.
        input: The input without a batch axis, or its size, an int or one int per spatial axis: then digits are made.
        offset: The offsets of the last step, laid out as in `ops.deform_conv`, without the batch; None makes some.
        weight: Laid out as in torch; None makes small whole numbers.
        bias: One number, or None.
        mask: One factor for each sample, without the batch; None leaves it out.
        at: The output position whose points are drawn; None takes the middle.
        steps: Into how many parts the way is cut; the scene has one step more, for the beginning.
        picture: Whether the input is drawn as a picture is, in grey, and it and the output without their numbers.

    Shape:
        - input: (1, *spatial)
        - offset: (ndim * prod(kernel_size), *out)
        - weight: (1, 1, *kernel_size)
        - bias: (1,)
        - mask: (prod(kernel_size), *out)

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: As `deform`, or if there is no such output position, or `steps` is less than 1.

    Example:
        >>> x, w = torch.tensor([[1.0, 2.0, 4.0]]), torch.tensor([[[1.0]]])
        >>> scene = growing_offsets(ConvSpec(1, 1, (1,)), x, torch.ones(1, 3), w, steps=2)
        >>> [scene.values_at(step)["output"] for step in range(3)]
        [[[1, 2, 4]], [[1.5, 3, 2]], [[2, 4, 0]]]
    """
    given = checked("growing_offsets", spec, input, offset, weight, bias, mask)
    count = as_int("steps", steps, minimum=1)
    out = tuple(given.offset.shape[1:])
    here = tuple(n // 2 for n in out) if at is None else as_tuple("at", at, spec.ndim, minimum=0)
    if any(i >= n for i, n in zip(here, out, strict=True)):
        raise ValueError(f"at must lie inside the output, but at={here} and the output size is {out}")
    shares = [number / count for number in range(count + 1)]
    offsets = torch.stack([share * given.offset for share in shares])
    output, read = given.results(offsets)
    found = [samples(spec, each, here, given.size) for each in offsets]
    shown = grids(given, list(itertools.chain(*found)), output, read, picture=picture)
    places = list(itertools.product(*map(range, out)))
    story = []
    for share, window, tapped, result in zip(shares, found, read, output, strict=True):
        moment = shown.moment(here, window, result, tapped)
        others = (
            Change(*shown.output.place(0, place), whole(result[place].item())) for place in places if place != here
        )
        title = f"offsets * {word(share, 3)}" if share else "no offsets: a convolution"
        moment["changes"] += tuple(others)
        story.append(Step(f"{title}; {element('output', 1, 0, here)}", **moment))
    placed, labels = shown.arranged()
    alt = f"{_alt(given)} The offsets grow from zero; the points are those of output {position(here)}."
    return Scene(f"{_title(given)}: growing offsets", alt, placed, tuple(story), labels=labels, accumulates=True)


def _title(given: Tensors) -> str:
    masked = ", with a mask" if given.mask is not None else ""
    return f"deformable, {named(given.spec)}{masked}"


def _alt(given: Tensors) -> str:
    sliding = alt_text(given.spec, given.size, given.offset.shape[1:])
    factor = "; what it reads is multiplied by a mask" if given.mask is not None else ""
    return f"{sliding} Each tap reads between elements, where its own offset leads{factor}."
