"""What the rules share: the remarks that were made, those that wait for the end, and where each call stands."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import nn

from convlab.inspection.calls import Call, Record, TensorInfo, is_deformable
from convlab.inspection.diagnosis import WIDTH
from convlab.inspection.silent.axes import Axes, Axis, Part, alone
from convlab.inspection.silent.meanings import Meanings
from convlab.inspection.silent.moves import PERMUTES, RESHAPES, kind_of

VIEWS = RESHAPES | PERMUTES | {"getitem", "unsqueeze", "squeeze", "expand"}
Level = Literal["warning", "note"]
Holds = Callable[[Sequence[Axes]], bool]


@dataclass(frozen=True)
class Remark:
    """Something that a model does without an error, and that may not be meant.

    Attributes:
        level: A "warning" where the shapes give a mistake away, a "note" where this may as well be meant.
        layer: The layer by its qualified name; a call that is no module's is written "forward: view", or
            "up.forward: cat" inside the module `up`; the model itself is "model".
        message: What happens, with the numbers, why, and what to write instead.

    Example:
        >>> print(Remark("note", "conv1", "Conv2d takes (3, 12, 12) for one picture."))
        note: conv1: Conv2d takes (3, 12, 12) for one picture.
    """

    level: Level
    layer: str
    message: str

    def __str__(self) -> str:
        """The level, the layer and the message, in lines as long as those of a diagnosis."""
        text = f"{self.level}: {self.layer}: {self.message}"
        return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


@dataclass(eq=False)
class Entry:
    """A remark that may still become a warning, or be dropped.

    Attributes:
        level: As in `Remark`.
        layer: As in `Remark`.
        message: As in `Remark`.
        holds: Whether it is still true at the end, given the axes of what the model gave back; None if it is anyway.

    Example:
        >>> Entry("note", "conv1", "It is.").holds is None
        True
    """

    level: Level
    layer: str
    message: str
    holds: Holds | None = None


@dataclass(eq=False)
class Watch:
    """A run under watch.

    Attributes:
        meanings: What the axes of its tensors hold.
        entries: The remarks so far, by the layer and by what is remarked.
        maker: The function and the place that made a tensor, by the tensor's key.
        view_of: The key of the tensor of which another is a view, by the key of that.
        alone: The channels of what was taken as one sample without a batch axis, and the remark on it.
        lone_channels: The remark on a convolution that took one sample without a batch axis, by the key of its output.
        embedded: The features that an embedding made.
        time_first: The places of layers that go along a sequence and do not have the batch in front.
        joined: Where samples and something else were joined to one axis, by that axis.
        split: The remarks that wait until a layer works on samples of which more were made, by the batch axis.
        picked: How many entries were taken, one by one, of a batch that is not in front, by the tensor's key.

    Example:
        >>> from torch import empty, nn
        >>> from convlab.inspection import record
        >>> watch = Watch(Meanings(record(nn.ReLU(), [empty(2, 3, device="meta")])))
        >>> _ = watch.say("note", "model", "it", "It is.")
        >>> watch.remarks([])
        (Remark(level='note', layer='model', message='It is.'),)
    """

    meanings: Meanings
    entries: dict[tuple[str, str], Entry] = field(default_factory=dict)
    maker: dict[int, tuple[str, str]] = field(default_factory=dict)
    view_of: dict[int, int] = field(default_factory=dict)
    alone: dict[Part, Entry] = field(default_factory=dict)
    lone_channels: dict[int, Entry] = field(default_factory=dict)
    embedded: set[Part] = field(default_factory=set)
    time_first: set[str] = field(default_factory=set)
    joined: dict[Axis, tuple[str, TensorInfo]] = field(default_factory=dict)
    split: dict[Axis, tuple[str, str, Part]] = field(default_factory=dict)
    picked: dict[int, int] = field(default_factory=dict)

    def say(self, level: Level, layer: str, what: str, message: str, holds: Holds | None = None) -> Entry:
        """Makes a remark, once for each layer and what is remarked.

        Args:
            level: "warning" or "note".
            layer: Where.
            what: The kind of remark.
            message: The sentences.
            holds: Whether it is still true at the end; None if it is anyway.
        """
        return self.entries.setdefault((layer, what), Entry(level, layer, message, holds))

    def axes(self, info: TensorInfo) -> Axes:
        """What the axes of a tensor hold."""
        return self.meanings.of(info)

    def root(self, info: TensorInfo) -> int:
        """The key of the tensor of which this one is a view, or its own."""
        key = info.key
        while key in self.view_of:
            key = self.view_of[key]
        return key

    def made(self, call: Call, place: str) -> None:
        """Follows the call, and writes down who made what comes out."""
        self.meanings.follow(call, place)
        for info in call.outputs:
            self.maker[info.key] = (kind_of(call), place)
            if kind_of(call) == "embedding":
                self.embedded.update(self.axes(info)[-1])
            if call.inputs and kind_of(call) in VIEWS:
                self.view_of[info.key] = call.inputs[0].key
            if info.key in self.lone_channels:
                channels = alone(self.axes(info)[0])
                if channels:
                    self.alone[channels] = self.lone_channels[info.key]

    def remarks(self, outputs: Sequence[Axes]) -> tuple[Remark, ...]:
        """All that still holds at the end, given the axes of what the model gave back."""
        return tuple(
            Remark(entry.level, entry.layer, entry.message)
            for entry in self.entries.values()
            if entry.holds is None or (outputs and entry.holds(outputs))
        )


def placed(record: Record) -> Iterator[tuple[Call, str]]:
    """The calls of functions in the order of execution, each with its place in the words of `Remark`.

    Example:
        >>> from torch import empty, nn
        >>> from convlab.inspection import record
        >>> made = record(nn.Sequential(nn.Flatten()), [empty(2, 3, device="meta")])
        >>> [(call.kind, place) for call, place in placed(made)]
        [('flatten', '0')]
    """
    yield from _placed(record.model, None)


def _placed(call: Call, layer: str | None) -> Iterator[tuple[Call, str]]:
    if call.module is None:
        yield call, layer or f"{call.name}.forward: {kind_of(call)}".removeprefix(".")
        return
    if layer is None and is_layer(call.module):
        layer = call.name or "model"
    deformable = is_deformable(call.module)  # its branch takes the axes for what it does itself
    for inner in call.calls:
        if inner.module is None or not deformable:
            yield from _placed(inner, call.name or "model" if deformable else layer)


def is_layer(module: nn.Module) -> bool:
    """Whether a module is one of torch's that hold no other layers of the reader's.

    Example:
        >>> is_layer(nn.LSTM(2, 3)), is_layer(nn.Sequential(nn.ReLU()))
        (True, False)
    """
    if isinstance(module, torch.jit.ScriptModule | nn.Sequential):
        return False
    return (getattr(type(module).forward, "__module__", None) or "").startswith("torch.")
