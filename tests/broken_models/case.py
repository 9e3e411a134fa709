"""What a broken model is, what a repair of it is, and the four lists that the modules of this package fill."""

from __future__ import annotations

import copy
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter

import convlab

Shape: TypeAlias = tuple[int, ...]
Input: TypeAlias = "Tensor | tuple[Tensor, ...]"
Make = TypeVar("Make", bound=Callable[[], nn.Module])

Cause = Literal[
    # the layout of the input, or of what a layer gets
    "missing batch axis",
    "missing channel axis",
    "extra axis",
    "channels last",
    "axes in the wrong order",
    "flattened too early",
    # an argument of a layer
    "in_channels",
    "in_features",
    "norm channels",
    "wrong dimension of layer",
    "groups",
    # from feature maps to vectors
    "missing flatten",
    "view with a wrong number",
    "view of a permuted tensor",
    # sizes
    "input too small",
    "skip does not match",
    "does not broadcast",
    # what a layer is given beside its input
    "offset or mask",
    # values out of range
    "dtype",
    "padding",
    "output_padding",
]


@dataclass(frozen=True)
class Repair:
    """One way to make a model run: called with model and input, it gives both back, and leaves its arguments alone.

    Attributes:
        line: What the reader would write, for more than one line with "; " between them.
        at: What that changes: "input", "model", the name of a module, parameter or buffer, or a "forward".
        apply: Does it, on copies.
    """

    line: str
    at: str
    apply: Callable[[nn.Module, Input], tuple[nn.Module, Input]]

    def __call__(self, model: nn.Module, input: Input) -> tuple[nn.Module, Input]:
        return self.apply(model, input)


@dataclass(frozen=True)
class Broken:
    """A model that ends with an exception, as somebody met it.

    A place is written "input", "conv1" (a module, by its qualified name) or "forward: view" and "up.forward: cat" (a
    call that is no module's, in the forward of the model or of its module `up`). An operator goes by its method's name
    without the underscores, as in "forward: add".

    Attributes:
        name: What is broken, in a few words.
        make: Builds the model.
        input: The shape of a float32 input, or a function that makes the tensor or tensors.
        culprit: The place that the reader should change or where the difference arises. Where more than one can be
            defended, all of them, the best first.
        cause: The kind of mistake.
        accepted: The repairs that a reader would thank for.
        source: The address of a post in which this mistake is made, asked about or mended.
        raises: The type of the exception.
        fails_at: The place where the exception arises, which is often not the culprit.
    """

    name: str
    make: Callable[[], nn.Module]
    input: Shape | Callable[[], Input]
    culprit: str | tuple[str, ...]
    cause: Cause
    accepted: tuple[Repair, ...]
    source: str
    raises: type[Exception]
    fails_at: str

    @property
    def culprits(self) -> tuple[str, ...]:
        """The places that may be named, the best first."""
        return (self.culprit,) if isinstance(self.culprit, str) else self.culprit

    def tensors(self) -> Input:
        """The input: the same numbers each time."""
        return sample(self.input)


@dataclass(frozen=True)
class Silent:
    """A model that runs and computes something else than was meant.

    Attributes:
        name: What is wrong, in a few words.
        make: Builds the model.
        input: The shape of a float32 input, or a function that makes the tensor or tensors.
        shows: The place where it can be seen, written as in `Broken`.
        level: A "warning" where the shapes give it away; a "note" where this may as well be meant.
        wrong: What happens, in a sentence.
        gives: The shape of the output.
        meant: The shape of the output that was meant.
        cured: Repairs after which the model computes what was meant.
        source: The address of a post in which this mistake is made, asked about or mended.
    """

    name: str
    make: Callable[[], nn.Module]
    input: Shape | Callable[[], Input]
    shows: str
    level: Literal["warning", "note"]
    wrong: str
    gives: Shape
    meant: Shape
    cured: tuple[Repair, ...]
    source: str

    def tensors(self) -> Input:
        """The input: the same numbers each time."""
        return sample(self.input)


@dataclass(frozen=True)
class Fine:
    """A model that does what it says and looks like a mistake: there is nothing to warn of.

    Attributes:
        name: What it does, in a few words.
        make: Builds the model.
        input: The shape of a float32 input, or a function that makes the tensor or tensors.
        why: Why that is right, in a sentence.
    """

    name: str
    make: Callable[[], nn.Module]
    input: Shape | Callable[[], Input]
    why: str

    def tensors(self) -> Input:
        """The input: the same numbers each time."""
        return sample(self.input)


@dataclass(frozen=True)
class Unbuilt:
    """A model that cannot even be built: there is nothing to trace, only the exception.

    Attributes:
        name: What is broken, in a few words.
        make: Raises.
        raises: The type of the exception.
        cause: The kind of mistake.
        line: What the reader would write.
        mended: Builds the model with that line.
        source: The address of a post in which this mistake is made, asked about or mended.
    """

    name: str
    make: Callable[[], nn.Module]
    raises: type[Exception]
    cause: Cause
    line: str
    mended: Callable[[], nn.Module]
    source: str


BROKEN: list[Broken] = []
SILENT: list[Silent] = []
FINE: list[Fine] = []
UNBUILT: list[Unbuilt] = []


def broken(
    name: str,
    *,
    input: Shape | Callable[[], Input],
    culprit: str | tuple[str, ...],
    cause: Cause,
    accepted: tuple[Repair, ...],
    source: str,
    raises: type[Exception] = RuntimeError,
    fails_at: str = "",
) -> Callable[[Make], Make]:
    """Puts the class or function below into `BROKEN`; it fails at the first culprit that is no input if not told."""
    culprits = (culprit,) if isinstance(culprit, str) else culprit
    fails_at = fails_at or next(place for place in culprits if not place.startswith("input"))

    def add(make: Make) -> Make:
        BROKEN.append(Broken(name, make, input, culprit, cause, accepted, source, raises, fails_at))
        return make

    return add


def silent(
    name: str,
    *,
    input: Shape | Callable[[], Input],
    shows: str,
    level: Literal["warning", "note"],
    wrong: str,
    gives: Shape,
    meant: Shape,
    cured: tuple[Repair, ...],
    source: str,
) -> Callable[[Make], Make]:
    """Puts the class or function below into `SILENT`."""

    def add(make: Make) -> Make:
        SILENT.append(Silent(name, make, input, shows, level, wrong, gives, meant, cured, source))
        return make

    return add


def fine(name: str, *, input: Shape | Callable[[], Input], why: str) -> Callable[[Make], Make]:
    """Puts the class or function below into `FINE`."""

    def add(make: Make) -> Make:
        FINE.append(Fine(name, make, input, why))
        return make

    return add


# --- Tensors ----------------------------------------------------------------------------------------------------------


def sample(input: Shape | Callable[[], Input]) -> Input:
    """The tensor or tensors of a case."""
    return floats(*input) if isinstance(input, tuple) else input()


def floats(*shape: int) -> Tensor:
    """Numbers around zero in float32."""
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def integers(*shape: int, below: int, dtype: torch.dtype = torch.int64) -> Tensor:
    """Integers from zero on."""
    return torch.randint(below, shape, generator=torch.Generator().manual_seed(0)).to(dtype)


def run(model: nn.Module, input: Input) -> Any:
    """What the model makes of the input."""
    return model(*input) if isinstance(input, tuple) else model(input)


# --- Repairs ----------------------------------------------------------------------------------------------------------


def feed(line: str) -> Repair:
    """Another input. The line names the tensors as the model's forward does; a single one is always x."""

    def apply(model: nn.Module, input: Input) -> tuple[nn.Module, Input]:
        if isinstance(input, Tensor):
            return model, _executed(line, {"x": input})["x"]
        names = list(inspect.signature(model.forward).parameters)
        namespace = _executed(line, dict(zip(names, input, strict=True)))
        return model, tuple(namespace[name] for name in names)

    return Repair(line, "input", apply)


def swap(line: str) -> Repair:
    """Another module, parameter or buffer in the place of one: "classifier.0 = nn.Linear(8, 2)".

    Where the shapes are the same, a module keeps the numbers of the old one.
    """
    name, value = line.split(" = ", maxsplit=1)

    def apply(model: nn.Module, input: Input) -> tuple[nn.Module, Input]:
        mended = copy.deepcopy(model)
        _replace(mended, name, _evaluated(value, {}))
        return mended, input

    return Repair(line, name, apply)


def before(name: str, value: str) -> Repair:
    """A module put in front of another."""

    def apply(model: nn.Module, input: Input) -> tuple[nn.Module, Input]:
        mended = copy.deepcopy(model)
        _replace(mended, name, nn.Sequential(_evaluated(value, {}), mended.get_submodule(name)))
        return mended, input

    return Repair(f"{value} before {name}", name, apply)


def edit(old: str, new: str, of: str = "") -> Repair:
    """Another text in the place of one, which occurs once in the forward of the model or of its module `of`."""

    def apply(model: nn.Module, input: Input) -> tuple[nn.Module, Input]:
        mended = copy.deepcopy(model)
        module = mended.get_submodule(of)
        forward = type(module).forward
        source = textwrap.dedent(inspect.getsource(forward))
        if source.count(old) != 1:
            raise ValueError(f"{old!r} is {source.count(old)} times in the forward of {type(module).__name__}")
        namespace = _executed(source.replace(old, new), dict(forward.__globals__))
        module.__class__ = type(type(module).__name__, (type(module),), {"forward": namespace["forward"]})
        return mended, input

    return Repair(new, f"{of}.forward".lstrip("."), apply)


def whole(line: str) -> Repair:
    """A call on the whole model, as "model.double()"."""

    def apply(model: nn.Module, input: Input) -> tuple[nn.Module, Input]:
        mended = copy.deepcopy(model)
        _evaluated(line, {"model": mended})
        return mended, input

    return Repair(line, "model", apply)


def both(*repairs: Repair) -> Repair:
    """Repairs that help only together; `at` is that of the first."""

    def apply(model: nn.Module, input: Input) -> tuple[nn.Module, Input]:
        for repair in repairs:
            model, input = repair(model, input)
        return model, input

    return Repair("; ".join(repair.line for repair in repairs), repairs[0].at, apply)


def _evaluated(text: str, names: dict[str, Any]) -> Any:
    return eval(text, {"torch": torch, "nn": nn, "F": F, "convlab": convlab, **names})


def _executed(text: str, names: dict[str, Any]) -> dict[str, Any]:
    namespace = {"torch": torch, "nn": nn, "F": F, "convlab": convlab, **names}
    exec(text, namespace)
    return namespace


def _replace(model: nn.Module, name: str, value: nn.Module | Tensor) -> None:
    parent, _, leaf = name.rpartition(".")
    owner = model.get_submodule(parent)
    if not hasattr(owner, leaf):
        raise AttributeError(f"the model has no {name}")
    old = getattr(owner, leaf)
    if isinstance(value, nn.Module):
        value.train(owner.training)
        if isinstance(old, nn.Module) and _shapes(old) == _shapes(value):
            value.load_state_dict(old.state_dict())
    setattr(owner, leaf, value)


def _shapes(module: nn.Module) -> dict[str, Shape | None]:
    """The shapes in the state of a module; a lazy one has not all of them yet, and equals none."""
    tensors = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    lazy = any(isinstance(tensor, UninitializedParameter) for tensor in tensors.values())
    return {str(id(module)): None} if lazy else {name: tuple(tensor.shape) for name, tensor in tensors.items()}
