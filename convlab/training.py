"""One training loop for the whole course: seeded, with a progress bar, and it returns its history."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from numbers import Real
from typing import SupportsIndex

import torch
from torch import nn
from tqdm.auto import tqdm  # type: ignore[import-untyped]

from convlab.arithmetic.spec import as_int

Examples = tuple[torch.Tensor, torch.Tensor]
"""Inputs and targets, as many of the one as of the other."""

Score = Callable[[torch.Tensor, torch.Tensor], "torch.Tensor | float"]
"""Outputs of the model and targets in, one number out: the mean over the examples."""


@dataclass(frozen=True, repr=False)
class History:
    """What a training run measured, one number per epoch.

    `loss` and `metric` are means over an epoch's batches, taken while the model learns; `validation_loss` and
    `validation_metric` are taken after the epoch, in evaluation mode. What was not asked for is empty.

    Attributes:
        loss: The training loss.
        validation_loss: The loss on the validation examples.
        metric: The metric on the training examples.
        validation_metric: The metric on the validation examples.

    Example:
        >>> history = History(loss=[2.0, 0.5], validation_loss=[2.0, 0.75])
        >>> history
        History(2 epochs: loss 2 to 0.5, validation_loss 2 to 0.75)
        >>> history.losses  # for figures.curves
        {'training': [2.0, 0.5], 'validation': [2.0, 0.75]}
    """

    loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    metric: list[float] = field(default_factory=list)
    validation_metric: list[float] = field(default_factory=list)

    @property
    def losses(self) -> dict[str, list[float]]:
        """The losses by the name of the examples, as `figures.curves` draws them."""
        return _named(self.loss, self.validation_loss)

    @property
    def metrics(self) -> dict[str, list[float]]:
        """The metrics by the name of the examples, as `figures.curves` draws them."""
        return _named(self.metric, self.validation_metric)

    def __repr__(self) -> str:
        ends = [f"{name} {values[0]:.3g} to {values[-1]:.3g}" for name, values in vars(self).items() if values]
        count = len(self.loss)
        return f"History({count} epoch{'s' * (count != 1)}: {', '.join(ends)})"


def train(
    model: nn.Module,
    data: Examples,
    *,
    loss: Score,
    epochs: SupportsIndex,
    batch_size: SupportsIndex,
    learning_rate: float = 1e-3,
    seed: SupportsIndex = 0,
    validation: Examples | None = None,
    metric: Score | None = None,
    device: torch.device | str | None = None,
    optimizer: Callable[..., torch.optim.Optimizer] = torch.optim.Adam,
    progress: bool = True,
) -> History:
    """Training of a model on examples in mini-batches, in a new random order in each epoch.

    On the CPU of one machine, the same model, data and seed give the same history and the same weights. The seed rules
    the order of the examples and the model's own randomness, such as dropout; the weights that the model starts with
    are its maker's. Torch's own random state is as before afterwards, and so is each module's training mode.

    Args:
        model: What learns, in place.
        data: Inputs and targets.
        loss: Mean loss of a batch, from the model's outputs and the targets: `nn.CrossEntropyLoss()`, for example.
        epochs: How often the model sees each example.
        batch_size: Examples per step; the last batch of an epoch has what is left.
        learning_rate: The `lr` of the optimizer.
        seed: At least 0.
        validation: Inputs and targets that the model does not learn from, to be measured after each epoch.
        metric: Mean of what else is to be measured on a batch: `accuracy`, for example.
        device: Where the model is moved, and each batch; None is where the model's parameters are.
        optimizer: A class of `torch.optim`, or what makes one from parameters and `lr`.
        progress: Whether a progress bar is shown.

    Shape:
        - data, validation: (N, ...) and (N, ...)

    Raises:
        TypeError: If an argument has the wrong type.
        ValueError: If a value is not allowed, or inputs and targets differ in number.
        RuntimeError: If the loss is no longer finite.

    Example:
        >>> inputs = torch.linspace(-1, 1, 64).unsqueeze(1)
        >>> history = train(
        ...     nn.Linear(1, 1), (inputs, 3 * inputs), loss=nn.MSELoss(), epochs=20, batch_size=8, learning_rate=0.1,
        ...     progress=False,
        ... )
        >>> len(history.loss), history.loss[-1] < 0.001
        (20, True)
    """
    epochs = as_int("epochs", epochs, minimum=1)
    batch_size = as_int("batch_size", batch_size, minimum=1)
    seed = as_int("seed", seed, minimum=0)
    _check_examples("data", data)
    if validation is not None:
        _check_examples("validation", validation)
    _check_function("loss", loss)
    if metric is not None:
        _check_function("metric", metric)
    if not isinstance(learning_rate, Real):
        raise TypeError(f"learning_rate must be a number, but learning_rate={learning_rate!r}")
    if not 0 < learning_rate < math.inf:
        raise ValueError(f"learning_rate must be positive and finite, but learning_rate={learning_rate}")
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    if not learned:
        raise ValueError("model must have a parameter that requires a gradient, but model has none")

    device = learned[0].device if device is None else torch.device(device)
    model.to(device)
    step = optimizer(learned, lr=learning_rate)
    scores = {"loss": loss} if metric is None else {"loss": loss, "metric": metric}
    order = torch.Generator().manual_seed(seed)
    history = History()
    with _seeded(seed, device), _modes_kept(model), tqdm(total=epochs, unit="epoch", disable=not progress) as bar:
        for epoch in range(1, epochs + 1):
            rows = torch.randperm(len(data[0]), generator=order, device="cpu")
            try:
                means = _pass(model, data, rows.split(batch_size), scores, device, step)
                if validation is not None:
                    rows = torch.arange(len(validation[0]), device="cpu")
                    found = _pass(model, validation, rows.split(batch_size), scores, device)
                    means |= {f"validation_{name}": mean for name, mean in found.items()}
            except _NotFiniteError as error:
                raise RuntimeError(
                    f"the loss must stay finite, but in epoch {epoch} of {epochs} it became {error}: "
                    f"take a learning_rate smaller than {learning_rate}, or look for nan and inf in the data"
                ) from None
            for name, mean in means.items():
                getattr(history, name).append(mean)
            bar.set_postfix({name: f"{mean:.3g}" for name, mean in means.items()}, refresh=False)
            bar.update()
    step.zero_grad()
    return history


def accuracy(logits: torch.Tensor, targets: torch.Tensor) -> float:
    """The part of the targets that have the largest logit, from 0 to 1.

    Args:
        logits: One number per class, the larger the likelier; probabilities do as well.
        targets: The right class, an int from 0.

    Shape:
        - logits: (N, classes, ...)
        - targets: (N, ...)

    Raises:
        ValueError: If the shapes do not fit each other.

    Example:
        >>> accuracy(torch.tensor([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0], [1.0, 0.0]]), torch.tensor([0, 1, 1, 0]))
        0.75
    """
    if logits.ndim < 2 or logits.shape[:1] + logits.shape[2:] != targets.shape:
        raise ValueError(
            "logits must have shape (N, classes, ...) and targets (N, ...), "
            f"but logits has shape {tuple(logits.shape)} and targets has shape {tuple(targets.shape)}"
        )
    return (logits.argmax(1) == targets).double().mean().item()


class _NotFiniteError(Exception):
    """A loss that is nan or inf."""


def _pass(
    model: nn.Module,
    examples: Examples,
    batches: Sequence[torch.Tensor],
    scores: Mapping[str, Score],
    device: torch.device,
    step: torch.optim.Optimizer | None = None,
) -> dict[str, float]:
    """The mean of each score over the examples, which the model learns from where there is a `step`."""
    model.train(step is not None)
    sums = dict.fromkeys(scores, 0.0)
    for rows in batches:
        inputs, targets = (tensor[rows.to(tensor.device)].to(device) for tensor in examples)
        with torch.set_grad_enabled(step is not None):
            outputs = model(inputs)
            loss = _one_number("loss", scores["loss"](outputs, targets))
        if not math.isfinite(loss.item()):
            raise _NotFiniteError(loss.item())
        if step is not None:
            step.zero_grad()
            loss.backward()
            step.step()
        for name, score in scores.items():
            value = loss if name == "loss" else _one_number(name, score(outputs.detach(), targets))
            sums[name] += value.item() * len(rows) / len(examples[0])
    return sums


def _one_number(name: str, value: object) -> torch.Tensor:
    if isinstance(value, float | int) and name != "loss":
        return torch.tensor(value, dtype=torch.float64, device="cpu")
    if isinstance(value, torch.Tensor) and value.numel() == 1:
        return value
    shown = f"shape {tuple(value.shape)}" if isinstance(value, torch.Tensor) else f"type {type(value).__name__}"
    raise TypeError(f"{name} must return one number, the mean over a batch, but {name} returned a value of {shown}")


@contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Torch's random numbers start from the seed inside, and go on afterwards as if nothing had been."""
    on_gpu = device.type == "cuda"
    with torch.random.fork_rng([device] if on_gpu else []):
        torch.default_generator.manual_seed(seed)  # not torch.manual_seed, which seeds every device
        if on_gpu:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        yield


@contextmanager
def _modes_kept(model: nn.Module) -> Iterator[None]:
    """Each module is afterwards in the mode, training or evaluation, that it was in."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def _check_examples(name: str, examples: object) -> None:
    if not isinstance(examples, tuple | list) or [isinstance(part, torch.Tensor) for part in examples] != [True, True]:
        kinds = [type(part).__name__ for part in examples] if isinstance(examples, tuple | list) else None
        shown = type(examples).__name__ + (f" of {', '.join(kinds)}" if kinds else "")
        raise TypeError(f"{name} must be two tensors (inputs, targets), but {name} is a {shown}")
    inputs, targets = examples
    if inputs.ndim == 0 or targets.ndim == 0 or len(inputs) != len(targets) or len(inputs) == 0:
        raise ValueError(
            f"{name} must have one target for each input and at least one of them, "
            f"but inputs have shape {tuple(inputs.shape)} and targets have shape {tuple(targets.shape)}"
        )


def _check_function(name: str, function: object) -> None:
    if isinstance(function, type) or not callable(function):  # nn.MSELoss(outputs, targets) would be a module
        shown = f"the class {function.__name__}" if isinstance(function, type) else repr(function)
        raise TypeError(f"{name} must be a function of (outputs, targets), but {name} is {shown}")


def _named(training: list[float], validation: list[float]) -> dict[str, list[float]]:
    return {name: values for name, values in (("training", training), ("validation", validation)) if values}
