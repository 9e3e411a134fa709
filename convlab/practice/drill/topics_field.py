"""Questions about receptive fields: how much of the input one output sees through several layers."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from convlab.arithmetic import ConvSpec, output_size
from convlab.arithmetic import receptive_field as field_of
from convlab.practice.drill.layers import SPOILED
from convlab.practice.drill.question import Question, Slip
from convlab.practice.drill.reading import Form
from convlab.practice.drill.topics_sizes import UNCHECKED, indented, refused


@dataclass(frozen=True)
class Stage:
    """A layer of a chain: a convolution, or a pooling.

    Attributes:
        ndim: Spatial axes.
        kernel_size: Elements of the window.
        stride: Steps of the window.
        dilation: Elements from one tap to the next.
        channels: Of the input and of the output; None of a pooling.

    Example:
        >>> Stage(2, 3, 2, 1, (1, 4)).code, Stage(2, 2, 2).code
        ('nn.Conv2d(1, 4, kernel_size=3, stride=2)', 'nn.MaxPool2d(2)')
    """

    ndim: int
    kernel_size: int
    stride: int = 1
    dilation: int = 1
    channels: tuple[int, int] | None = None

    @property
    def code(self) -> str:
        """The line of Python that makes it."""
        options = "".join(f", {name}={value}" for name, value in self._options.items() if value != 1)
        if self.channels is None:
            return f"nn.MaxPool{self.ndim}d({self.kernel_size})"
        return f"nn.Conv{self.ndim}d({self.channels[0]}, {self.channels[1]}, kernel_size={self.kernel_size}{options})"

    @property
    def spec(self) -> ConvSpec:
        """Its window along one axis."""
        return ConvSpec(1, 1, (self.kernel_size,), stride=self.stride, dilation=self.dilation)

    @property
    def _options(self) -> dict[str, int]:
        return {"stride": self.stride, "dilation": self.dilation}


Chain = tuple[Stage, ...]


def receptive_field(rng: random.Random, difficulty: int) -> Question:
    """A question about the receptive field of a chain of layers.

    Args:
        rng: The lot.
        difficulty: 1 to 5.

    Example:
        >>> receptive_field(random.Random(1), 1).text.splitlines()[2]
        '    nn.Sequential('
    """
    chain = _drawn(rng, difficulty)
    ndim, size = chain[0].ndim, _size(chain)
    shape = (1, _channels(chain)[0], *(size + rng.randint(0, 12),) * ndim)
    rule = ""
    if rng.random() < SPOILED:
        chain, shape, rule = _spoiled(rng, chain, shape)
    code = "nn.Sequential(\n" + "".join(f"    {stage.code},\n" for stage in chain) + ")"
    along = "" if ndim == 1 else ", along one axis"
    text = (
        f"An input of shape {shape} goes through\n\n{indented(code)}\n\n"
        f"How many input elements{along}, from the first to the last, can one output see? "
        "If torch raises an error, answer error."
    )
    form = Form("a whole number, as 11; or error", words=("error",))
    if ndim > 1:
        form = Form("a whole number, as 11 or 11 x 11; or error", ndim, spreads=True, words=("error",))
    worked = refused(rule) if rule else indented("\n".join(_lines(chain)))
    answer = "error" if rule else (size,) * ndim
    found = [(UNCHECKED, size)] if rule else [each for each in _mistakes(chain) if each[1] != size]
    slips = tuple(dict.fromkeys(Slip((number,) * ndim, clause) for clause, number in found))
    return Question("receptive_field", difficulty, text, code, shape, answer, form, worked, slips)


def _size(chain: Sequence[Stage]) -> int:
    size = field_of([stage.spec for stage in chain]).size
    return size[0] if isinstance(size, tuple) else 1  # type: ignore[return-value]


def _jump(chain: Sequence[Stage]) -> int:
    jump = field_of([stage.spec for stage in chain]).jump
    return jump[0] if isinstance(jump, tuple) else 1  # type: ignore[return-value]


def _channels(chain: Sequence[Stage]) -> list[int]:
    """The channels of the input, and those after each convolution."""
    pairs = [stage.channels for stage in chain if stage.channels is not None]
    return [pairs[0][0], *(pair[1] for pair in pairs)]


def _drawn(rng: random.Random, difficulty: int) -> Chain:
    ndim = 1 if difficulty < 3 else 2
    while True:
        count = {1: 2, 2: rng.choice((2, 3)), 3: 3, 4: 3, 5: rng.choice((4, 5))}[difficulty]
        channels, stages = rng.choice((1, 2, 3)), []
        for place in range(count):
            if difficulty >= 3 and place and rng.random() < 0.4:
                stages.append(Stage(ndim, 2, 2))
                continue
            stride = rng.choice((1, 2)) if difficulty in (2, 3, 5) else 1
            dilation = rng.choice((1, 2, 4)) if difficulty >= 4 else 1
            after = rng.choice((1, 2, 4, 8))
            stages.append(Stage(ndim, rng.choice((2, 3, 5)), stride, dilation, (channels, after)))
            channels = after
        if _size(stages) <= 20 * difficulty + 20:
            return tuple(stages)


def _spoiled(rng: random.Random, chain: Chain, shape: tuple[int, ...]) -> tuple[Chain, tuple[int, ...], str]:
    """A chain that torch refuses: the channels of two layers differ, or an input smaller than the receptive field."""
    convs = [place for place, stage in enumerate(chain) if stage.channels is not None]
    if rng.random() < 0.5:
        place = rng.choice(convs)
        inward, outward = chain[place].channels or (1, 1)
        wrong = inward + rng.choice((1, 2, 3))
        bad = Stage(
            chain[place].ndim, chain[place].kernel_size, chain[place].stride, chain[place].dilation, (wrong, outward)
        )
        rule = f"the input must have in_channels channels, but in layer {place} in_channels={wrong} and it has {inward}"
        return (*chain[:place], bad, *chain[place + 1 :]), shape, rule
    size = rng.randint(1, _size(chain) - 1)
    length = size
    for place, stage in enumerate(chain):
        try:
            (length,) = output_size(stage.spec, length)
        except ValueError as error:
            return chain, (*shape[:2], *(size,) * chain[0].ndim), f"in layer {place} {error}"
    raise AssertionError("an input smaller than the receptive field gives no output")


def _lines(chain: Chain) -> Iterator[str]:
    """The size and the jump after each layer, each from the one before."""
    size, jump = 1, 1
    for place, stage in enumerate(chain):
        new_size, new_jump = _size(chain[: place + 1]), _jump(chain[: place + 1])
        steps = f"{stage.dilation}*({stage.kernel_size}-1)*{jump}"
        yield f"layer {place}: {size} + {steps} = {new_size}; jump {jump}*{stage.stride} = {new_jump}"
        size, jump = new_size, new_jump


def _mistakes(chain: Chain) -> Iterator[tuple[str, int]]:
    """What common mistakes make of the size."""
    size = _size(chain)
    plain = [Stage(stage.ndim, stage.kernel_size, stage.stride) for stage in chain]
    slow = [Stage(stage.ndim, stage.kernel_size, 1, stage.dilation) for stage in chain]
    only_convs = [stage for stage in chain if stage.channels is not None]
    yield "the dilations are ignored", _size(plain)
    yield "the strides are ignored", _size(slow)
    yield "dilations and strides are ignored", _size([Stage(stage.ndim, stage.kernel_size) for stage in chain])
    yield "the kernel sizes are added up", sum(stage.kernel_size for stage in chain)
    yield "the kernel sizes are multiplied", math.prod(stage.kernel_size for stage in chain)
    yield "the 1 for the element itself is forgotten", size - 1
    yield "the jump is taken for the size", _jump(chain)
    yield "the pooling layers are left out", _size(only_convs)
    yield "the layers are taken in the opposite order", _size(chain[::-1])
    yield "only the last layer is looked at", _size(chain[-1:])
    shifted = [
        Stage(stage.ndim, stage.kernel_size, after.stride, stage.dilation) for stage, after in itertools.pairwise(chain)
    ]
    first = Stage(chain[0].ndim, 1, chain[0].stride)
    yield "the stride of a layer is counted for its own window, too", _size([first, *shifted, chain[-1]])
