"""The properties by which designs are judged: size, cost, receptive field and its gaps."""

import operator
from collections.abc import Iterable
from dataclasses import dataclass

from convlab.arithmetic import ConvSpec, num_macs, num_params, output_size, receptive_field
from convlab.arithmetic.receptive_field import num_read


def read(answer, minimums):
    """The layers of an answer as tuples of ints; None where it is no list of layers with at least these numbers."""
    if not isinstance(answer, Iterable) or isinstance(answer, str | dict | set):
        return None
    layers = []
    for layer in answer:
        if not isinstance(layer, Iterable) or isinstance(layer, str | dict | set):
            return None
        try:
            numbers = tuple(map(operator.index, layer))
        except TypeError:
            return None
        if len(numbers) != len(minimums) or any(map(operator.lt, numbers, minimums)):
            return None
        layers.append(numbers)
    return layers or None


@dataclass(frozen=True)
class Stack:
    """Convolutions that run one after the other on a picture of this size."""

    specs: list[ConvSpec]
    input_size: tuple[int, int]

    @property
    def sizes(self):
        """The input's size and the size behind each layer; ValueError where a kernel does not fit."""
        sizes = [self.input_size]
        for spec in self.specs:
            sizes.append(output_size(spec, sizes[-1]))
        return sizes

    @property
    def macs(self):
        """The multiply-accumulate operations of one picture."""
        return sum(num_macs(spec, size) for spec, size in zip(self.specs, self.sizes[:-1], strict=True))

    @property
    def params(self):
        """The learned numbers."""
        return sum(map(num_params, self.specs))

    @property
    def field(self):
        """The receptive field along an axis."""
        return receptive_field(self.specs).size[0]

    @property
    def jump(self):
        """The stride of all layers together."""
        return receptive_field(self.specs).jump[0]

    @property
    def has_gaps(self):
        """Whether the output never sees some element inside its receptive field."""
        return num_read(self.specs, 0) < self.field


def first_fault(faults, stack):
    """The first of these faults that is there, with the numbers of the design: (is there, name, sentence)."""
    for is_there, name, sentence in faults:
        if is_there():
            return name, f"{sentence}\n\n{numbers(stack)}"
    return None


def numbers(stack):
    """What the design has, in one sentence."""
    channels, (height, width) = stack.specs[-1].out_channels, stack.sizes[-1]
    return (
        f"Your design makes {channels} channels of {height} x {width}, with a receptive field of {stack.field} at "
        f"stride {stack.jump}, {stack.macs:,} MACs and {stack.params:,} weights."
    )
