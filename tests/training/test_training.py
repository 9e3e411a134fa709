"""The training loop: what it learns, measures, repeats, refuses, and leaves as it was."""

from __future__ import annotations

import copy
import itertools
import random
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import matplotlib.pyplot as plt
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.testing import assert_close

from convlab import figures
from convlab.training import History, accuracy, train

INPUTS = torch.linspace(-1, 1, 20).reshape(10, 2)
DATA = (INPUTS, INPUTS @ torch.tensor([[2.0], [-1.0]]) + 0.5)
FROZEN = 1e-12
"""A learning rate at which nothing that float32 can hold is learned."""


def linear() -> nn.Linear:
    """A model that starts from zero."""
    model = nn.Linear(2, 1)
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    return model


def with_dropout() -> nn.Sequential:
    """A model with random numbers of its own, and the same weights each time."""
    return seeded(lambda: nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 1)))


def seeded(make: Callable[[], nn.Sequential]) -> nn.Sequential:
    """The model that this makes, with the same weights each time."""
    with torch.random.fork_rng([]):
        torch.default_generator.manual_seed(7)
        return make()


def run(model: nn.Module, data: Any = DATA, **options: Any) -> History:
    """A short training run, silent."""
    defaults: dict[str, Any] = {"loss": F.mse_loss, "epochs": 3, "batch_size": 4, "learning_rate": 0.05}
    return train(model, data, **{**defaults, "progress": False, **options})


class Recorder(nn.Linear):
    """A linear model that writes down its batches, and in which mode it was asked."""

    def __init__(self) -> None:
        super().__init__(1, 1)
        self.seen: list[tuple[bool, bool, list[int]]] = []

    def forward(self, input: Tensor) -> Tensor:
        self.seen.append((self.training, torch.is_grad_enabled(), input[:, 0].int().tolist()))
        return super().forward(input)


def counted(n: int) -> tuple[Tensor, Tensor]:
    """Inputs 0, 1, 2, ... and targets that are all 0."""
    return torch.arange(n).float().unsqueeze(1), torch.zeros(n, 1)


# learning


def test_it_learns_a_line() -> None:
    model = linear()
    history = run(model, epochs=200, batch_size=5, learning_rate=0.05)
    assert history.loss[-1] < 1e-4 < history.loss[0]
    assert len(history.loss) == 200
    assert (model(INPUTS) - DATA[1]).abs().max() < 0.02


def test_it_learns_to_tell_two_classes_of_pictures() -> None:
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randn(64, 1, 8, 8, generator=generator) * 0.1
    labels = torch.arange(64) % 2
    pictures[labels == 1, :, 2:6, 3] += 1  # a vertical bar
    pictures[labels == 0, :, 3, 2:6] += 1  # a horizontal bar
    model = seeded(
        lambda: nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    )
    history = run(
        model,
        (pictures[:48], labels[:48]),
        loss=nn.CrossEntropyLoss(),
        metric=accuracy,
        validation=(pictures[48:], labels[48:]),
        epochs=15,
        batch_size=8,
        learning_rate=0.02,
    )
    assert history.validation_metric[-1] == 1.0
    assert history.metric[-1] > 0.95


@pytest.mark.parametrize(
    "optimizer",
    [torch.optim.SGD, lambda parameters, lr: torch.optim.SGD(parameters, lr=lr, momentum=0.5)],
    ids=["a class", "a function"],
)
def test_one_step_of_gradient_descent_by_hand(optimizer: Any) -> None:
    model = linear()
    error = -DATA[1]  # the model answers 0
    run(model, epochs=1, batch_size=10, learning_rate=0.1, optimizer=optimizer)
    assert_close(model.weight.data, -0.1 * 2 * (error * INPUTS).mean(0, keepdim=True))
    assert_close(model.bias.data, -0.1 * 2 * error.mean(0))


def test_the_defaults_are_adam_and_a_thousandth() -> None:
    model, other = linear(), linear()
    train(model, DATA, loss=F.mse_loss, epochs=2, batch_size=4, progress=False)
    run(other, epochs=2, optimizer=torch.optim.Adam, learning_rate=1e-3, seed=0)
    assert torch.equal(model.weight, other.weight)
    assert model.weight.abs().max() > 1e-3


def test_frozen_parameters_stay() -> None:
    model = linear().requires_grad_(False)
    model.bias.requires_grad_(True)
    run(model)
    assert model.weight.abs().max() == 0 < model.bias.abs().max()


# examples and what is measured


def test_each_epoch_sees_every_example_once_in_a_new_order() -> None:
    model = Recorder()
    run(model, counted(10), epochs=4, batch_size=4, learning_rate=FROZEN)
    batches = [rows for _, _, rows in model.seen]
    assert [len(rows) for rows in batches] == [4, 4, 2] * 4
    orders = [list(itertools.chain(*batches[first : first + 3])) for first in (0, 3, 6, 9)]
    assert all(sorted(order) == list(range(10)) for order in orders)
    assert len({tuple(order) for order in [*orders, list(range(10))]}) == 5


def test_inputs_and_targets_stay_together() -> None:
    pairs: list[Tensor] = []

    def loss(outputs: Tensor, targets: Tensor) -> Tensor:
        pairs.append(torch.stack([outputs.detach(), targets], dim=1))
        return outputs.mean()

    identity = nn.PReLU(init=1.0)  # one parameter; the output is the input
    train(identity, (torch.arange(9.0), torch.arange(9.0)), loss=loss, epochs=1, batch_size=4, progress=False)
    together = torch.cat(pairs)
    assert_close(together[:, 0], together[:, 1], atol=0.1, rtol=0)


def test_modes_and_gradients_in_training_and_in_validation() -> None:
    model = Recorder()
    run(model, counted(4), epochs=2, batch_size=4, validation=counted(5))
    assert [(training, gradient, len(rows)) for training, gradient, rows in model.seen] == [
        (True, True, 4),
        (False, False, 4),
        (False, False, 1),
    ] * 2


def test_means_are_over_examples_even_if_the_last_batch_is_small() -> None:
    model, (inputs, targets) = linear(), DATA
    nn.init.ones_(model.weight)

    def metric(outputs: Tensor, targets: Tensor) -> float:
        return (outputs - targets).abs().mean().item()

    history = run(model, batch_size=4, epochs=2, learning_rate=FROZEN, validation=DATA, metric=metric)
    with torch.no_grad():
        outputs = model(inputs)
    for values, expected in (
        (history.loss, F.mse_loss(outputs, targets).item()),
        (history.validation_loss, F.mse_loss(outputs, targets).item()),
        (history.metric, metric(outputs, targets)),
        (history.validation_metric, metric(outputs, targets)),
    ):
        assert values == pytest.approx([expected] * 2)


def test_validation_is_measured_after_the_epoch_on_its_own_examples() -> None:
    model, other = linear(), (INPUTS + 1, DATA[1] - 3)
    history = run(model, epochs=1, validation=other)
    assert history.validation_loss == pytest.approx([F.mse_loss(model(other[0]), other[1]).item()])


def test_validation_changes_nothing() -> None:
    plain, measured = with_dropout(), with_dropout()
    first, second = run(plain), run(measured, validation=DATA, metric=lambda outputs, _: outputs.mean())
    assert first.loss == second.loss
    assert_same_weights(plain, measured)


def test_a_batch_may_be_larger_than_the_data() -> None:
    model = Recorder()
    run(model, counted(3), epochs=1, batch_size=100)
    assert [len(rows) for _, _, rows in model.seen] == [3]


# determinism


def assert_same_weights(model: nn.Module, other: nn.Module) -> None:
    for (name, mine), theirs in zip(model.state_dict().items(), other.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs), name


def test_the_same_seed_gives_the_same_history_and_weights() -> None:
    models = [with_dropout() for _ in range(3)]
    histories = [run(models[0], seed=3, validation=DATA)]
    torch.rand(5)  # the state outside does not matter
    histories.append(run(models[1], seed=3, validation=DATA))
    assert histories[0] == histories[1]
    assert_same_weights(models[0], models[1])
    assert run(models[2], seed=4, validation=DATA) != histories[0]


@pytest.mark.parametrize(
    "make", [linear, with_dropout], ids=["the order depends on the seed", "and so does the dropout"]
)
def test_another_seed_gives_another_run(make: Callable[[], nn.Module]) -> None:
    batch_size = 3 if make is linear else 10  # one batch: no order
    runs = [run(make(), epochs=2, batch_size=batch_size, seed=seed).loss for seed in (0, 1)]
    assert runs[0] != runs[1]


@pytest.mark.parametrize("fails", [False, True], ids=["after a run", "after an error"])
def test_random_states_and_modes_are_as_before(fails: bool) -> None:
    model = with_dropout().eval()
    model[0].train()
    states, modes = torch.get_rng_state(), [module.training for module in model.modules()]
    python = random.getstate()
    if fails:
        with pytest.raises(RuntimeError, match="the loss must stay finite"):
            run(model, learning_rate=1e30, validation=DATA)
    else:
        run(model, validation=DATA)
    assert torch.equal(torch.get_rng_state(), states)
    assert random.getstate() == python
    assert [module.training for module in model.modules()] == modes
    assert torch.is_grad_enabled()


def test_data_and_gradients_are_as_before() -> None:
    model, data = linear(), tuple(tensor.clone() for tensor in DATA)
    run(model, data)
    assert all(torch.equal(mine, kept) for mine, kept in zip(data, DATA, strict=True))
    assert all(parameter.grad is None for parameter in model.parameters())
    model.weight.grad = torch.full_like(model.weight, 1e6)  # left from before: not a part of this run
    fresh = copy.deepcopy(model)
    fresh.weight.grad = None
    run(model)
    run(fresh)
    assert_same_weights(model, fresh)


# the bar


def test_the_bar_counts_epochs_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    run(linear(), progress=True, validation=DATA)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "3/3" in captured.err
    assert ", loss=" in captured.err
    assert "validation_loss=" in captured.err


def test_without_a_bar_it_is_silent(capfd: pytest.CaptureFixture[str]) -> None:
    run(linear(), progress=False)
    assert capfd.readouterr() == ("", "")


def test_importing_the_loop_outside_a_notebook_loads_no_widgets() -> None:
    code = "import convlab.training, sys; print(sorted({'ipywidgets', 'matplotlib'} & set(sys.modules)))"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout.strip() == "[]"


# the history


def test_history_is_drawn_by_curves() -> None:
    history = run(linear(), epochs=4, validation=DATA, metric=lambda outputs, targets: (outputs - targets).abs().max())
    for series in (history.losses, history.metrics):
        ax = figures.curves(series, xlabel="epoch", ylabel="number")
        lines = {str(line.get_label()): line for line in ax.lines}
        assert list(lines) == ["training", "validation"]
        assert all(len(lines[name].get_ydata()) == 4 for name in lines)  # type: ignore[arg-type]
        plt.close(ax.figure)  # type: ignore[arg-type]


def test_history_without_validation_and_metric() -> None:
    history = run(linear(), epochs=1)
    assert (history.validation_loss, history.metric, history.validation_metric) == ([], [], [])
    assert list(history.losses) == ["training"]
    assert history.metrics == {}
    assert all(type(value) is float for value in history.loss)


@pytest.mark.parametrize(
    ("history", "text"),
    [
        pytest.param(History([0.12345]), "History(1 epoch: loss 0.123 to 0.123)", id="one epoch"),
        pytest.param(
            History([2.0, 1.0], [3.0, 2.5], [0.1, 0.9], [0.1, 0.8]),
            "History(2 epochs: loss 2 to 1, validation_loss 3 to 2.5, metric 0.1 to 0.9, validation_metric 0.1 to 0.8)",
            id="everything",
        ),
    ],
)
def test_history_shows_rounded_ends(history: History, text: str) -> None:
    assert repr(history) == text


# accuracy


@pytest.mark.parametrize(
    ("logits", "targets", "expected"),
    [
        pytest.param([[0.0, 1.0], [1.0, 0.0]], [1, 0], 1.0, id="all right"),
        pytest.param([[0.0, 1.0], [1.0, 0.0]], [0, 1], 0.0, id="all wrong"),
        pytest.param([[-3.0, -1.0, -2.0]] * 3, [1, 1, 2], 2 / 3, id="negative logits"),
        pytest.param([[[1.0, 0.0, 5.0], [0.0, 1.0, 3.0]]], [[0, 1, 0]], 1.0, id="a class for each element"),
    ],
)
def test_accuracy(logits: Any, targets: Any, expected: float) -> None:
    assert accuracy(torch.tensor(logits), torch.tensor(targets)) == pytest.approx(expected)


# refusals


def row(id: str, error: Exception, **options: Any) -> Any:
    return pytest.param(error, options, id=id)


ERRORS = [
    row("epochs 0", ValueError("epochs must be at least 1, but epochs=0"), epochs=0),
    row("batch_size 0", ValueError("batch_size must be at least 1, but batch_size=0"), batch_size=0),
    row("half a batch", TypeError("batch_size must be an int, but batch_size=0.5 is a float"), batch_size=0.5),
    row("a seed below 0", ValueError("seed must be at least 0, but seed=-1"), seed=-1),
    row(
        "lengths differ",
        ValueError(
            "data must have one target for each input and at least one of them, "
            "but inputs have shape (10, 2) and targets have shape (9, 1)"
        ),
        data=(INPUTS, DATA[1][:9]),
    ),
    row(
        "lengths differ in validation",
        ValueError(
            "validation must have one target for each input and at least one of them, "
            "but inputs have shape (9, 2) and targets have shape (10, 1)"
        ),
        validation=(INPUTS[:9], DATA[1]),
    ),
    row(
        "no examples",
        ValueError(
            "data must have one target for each input and at least one of them, "
            "but inputs have shape (0, 2) and targets have shape (0, 1)"
        ),
        data=(INPUTS[:0], DATA[1][:0]),
    ),
    row("inputs alone", TypeError("data must be two tensors (inputs, targets), but data is a Tensor"), data=INPUTS[:2]),
    row(
        "targets are a list",
        TypeError("data must be two tensors (inputs, targets), but data is a tuple of Tensor, list"),
        data=(INPUTS, [0] * 10),
    ),
    row(
        "the loss is a class",
        TypeError("loss must be a function of (outputs, targets), but loss is the class MSELoss"),
        loss=nn.MSELoss,
    ),
    row(
        "the loss is a word",
        TypeError("loss must be a function of (outputs, targets), but loss is 'mse'"),
        loss="mse",
    ),
    row(
        "the metric is a word",
        TypeError("metric must be a function of (outputs, targets), but metric is 'accuracy'"),
        metric="accuracy",
    ),
    row(
        "a learning rate of 0",
        ValueError("learning_rate must be positive and finite, but learning_rate=0"),
        learning_rate=0,
    ),
    row(
        "a learning rate that is nan",
        ValueError("learning_rate must be positive and finite, but learning_rate=nan"),
        learning_rate=float("nan"),
    ),
    row(
        "a learning rate in words",
        TypeError("learning_rate must be a number, but learning_rate='fast'"),
        learning_rate="fast",
    ),
]


@pytest.mark.parametrize(("error", "options"), ERRORS)
def test_refused_before_any_work(error: Exception, options: dict[str, Any]) -> None:
    model = Recorder()
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(type(error)) as caught:
        run(model, options.pop("data", DATA), **options)
    assert str(caught.value) == str(error)
    assert model.seen == []
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("model", [nn.Flatten(), linear().requires_grad_(False)], ids=["no parameters", "all frozen"])
def test_a_model_that_cannot_learn_is_refused(model: nn.Module) -> None:
    with pytest.raises(ValueError, match=r"^model must have a parameter that requires a gradient, but model has none$"):
        run(model)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param(
            {"loss": nn.MSELoss(reduction="none")},
            "loss must return one number, the mean over a batch, but loss returned a value of shape (4, 1)",
            id="a loss for each example",
        ),
        pytest.param(
            {"loss": lambda outputs, targets: 1.0},
            "loss must return one number, the mean over a batch, but loss returned a value of type float",
            id="a loss without a gradient",
        ),
        pytest.param(
            {"metric": lambda outputs, targets: None},
            "metric must return one number, the mean over a batch, but metric returned a value of type NoneType",
            id="a metric that returns nothing",
        ),
    ],
)
def test_a_score_must_return_one_number(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(TypeError) as caught:
        run(linear(), **options)
    assert str(caught.value) == sentence


def test_a_loss_that_grows_past_all_numbers_says_where_and_what_to_change() -> None:
    data = (INPUTS * 100, DATA[1] * 100)
    model = linear()
    with pytest.raises(RuntimeError) as caught:
        run(model, data, epochs=50, batch_size=10, learning_rate=10.0, optimizer=torch.optim.SGD)
    losses: list[float] = []  # the same by hand, up to the epoch before
    weight, inputs, targets = torch.zeros(3, 1), torch.cat([data[0], torch.ones(10, 1)], dim=1), data[1]
    while not losses or losses[-1] < float("inf"):
        errors = inputs @ weight - targets
        losses.append(errors.square().mean().item())
        weight -= 10.0 * 2 * inputs.T @ errors / 10
    assert str(caught.value) == (
        f"the loss must stay finite, but in epoch {len(losses)} of 50 it became inf: "
        "take a learning_rate smaller than 10.0, or look for nan and inf in the data"
    )
    assert caught.value.__suppress_context__
    assert all(parameter.isfinite().all() for parameter in model.parameters())  # the step is not made


def test_nan_in_the_validation_data_is_found() -> None:
    with pytest.raises(RuntimeError, match=r"^the loss must stay finite, but in epoch 1 of 3 it became nan: "):
        run(linear(), validation=(INPUTS * float("nan"), DATA[1]))


@pytest.mark.parametrize(
    ("logits", "targets"),
    [
        pytest.param((5, 3), (5, 1), id="targets of two axes"),
        pytest.param((5, 3), (5, 3), id="one-hot targets"),
        pytest.param((5, 3), (4,), id="lengths differ"),
        pytest.param((5,), (5,), id="no axis of classes"),
    ],
)
def test_accuracy_refuses_what_would_broadcast(logits: tuple[int, ...], targets: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"^logits must have shape \(N, classes, \.\.\.\) and targets") as caught:
        accuracy(torch.zeros(logits), torch.zeros(targets))
    assert f"logits has shape {logits} and targets has shape {targets}" in str(caught.value)


# devices


def test_the_device_moves_the_model() -> None:
    model = linear()
    with pytest.raises((NotImplementedError, RuntimeError)):  # meta tensors hold no numbers, so no loss
        run(model, device="meta")
    assert {parameter.device.type for parameter in model.parameters()} == {"meta"}


def test_a_default_device_does_not_disturb_the_order() -> None:
    options: dict[str, Any] = {"validation": DATA, "metric": lambda outputs, targets: outputs.mean().item()}
    history = run(linear(), **options)
    model = linear()
    with torch.device("meta"):
        assert run(model, **options) == history


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu() -> None:
    on_cpu, model = linear(), linear()
    expected, state = run(on_cpu), torch.cuda.get_rng_state()
    history = run(model, device="cuda")
    assert model.weight.is_cuda
    assert history.loss == pytest.approx(expected.loss, rel=1e-4)
    assert torch.equal(torch.cuda.get_rng_state(), state)
    repeated = [run(with_dropout().to("cuda")).loss for _ in range(2)]
    assert repeated[0] == repeated[1]
