"""From a traceback to the call that failed: the model or function, what it was given, and the reader's names for it."""

from __future__ import annotations

import linecache
import sysconfig
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import convlab
from convlab.inspection.doctor import Names
from convlab.notebook.failing import failed_call

net = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 10))
images = torch.rand(2, 3, 5, 5)
small = torch.rand(2, 3, 3, 3)
vectors = torch.rand(4, 5)
labels = torch.zeros(3, dtype=torch.long)
batch = {"image": images, "label": labels}
criterion = nn.CrossEntropyLoss()
layers = [net]
with warnings.catch_warnings(action="ignore"):  # TorchScript is deprecated
    scripted = torch.jit.script(net)
parallel = nn.DataParallel(net)


class Trainer:
    """Code of a reader's, who keeps things as attributes."""

    def __init__(self) -> None:
        self.model, self.images = net, images

    @property
    def data(self) -> Tensor:
        """A property may do anything when it is read."""
        return self.images

    def step(self) -> None:
        """One name and one attribute."""
        self.model(self.images)

    def property_step(self) -> None:
        """The model goes by its name, the property does not."""
        self.model(self.data)


class TwoInputs(nn.Module):
    """A model with two inputs, one of them by keyword only, and with a flag."""

    def forward(self, left: Tensor, flag: bool, *, right: Tensor) -> Tensor:
        """Adds what may not fit."""
        return left + right


class TakesDict(nn.Module):
    """A model that takes a dict."""

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        """Adds what may not fit."""
        return batch["image"] + batch["label"]


both, takes_dict = TwoInputs(), TakesDict()


def called_over_lines() -> None:
    net(
        images + 0,
    )


def in_a_helper() -> None:
    def helper(data: Tensor) -> Any:
        return net(data)

    helper(images)


# id, what fails, the module or the name of the function, the reader's names
MODELS = [
    ("a name", lambda: net(images), net, "net", ("images",)),
    ("a computed input", lambda: net(torch.rand(2, 3, 5, 5)), net, "net", ("x",)),
    ("an entry of a dict", lambda: net(batch["image"]), net, "net", ('batch["image"]',)),
    ("a slice is no name", lambda: net(images[:, :3]), net, "net", ("x",)),
    ("a model in a list", lambda: layers[0](images), net, "layers[0]", ("images",)),
    ("by keyword", lambda: net(input=images), net, "net", ("images",)),
    ("behind a star", lambda: net(*[images]), net, "net", ("images",)),
    ("behind a star, with no name", lambda: net(*[images[:2]]), net, "net", ("x",)),
    ("over several lines", called_over_lines, net, "net", ("x",)),
    ("in a helper", in_a_helper, net, "net", ("data",)),
    ("in a comprehension", lambda: [net(image) for image in [images]], net, "net", ("image",)),
    ("attributes", Trainer().step, net, "self.model", ("self.images",)),
    ("a property is not read", Trainer().property_step, net, "self.model", ("images",)),
    ("forward called by hand", lambda: net.forward(images), net, "net", ("images",)),
    ("two inputs and a flag", lambda: both(images, True, right=labels), both, "both", ("images", "labels")),
    ("two computed", lambda: both(images + 1, True, right=labels + 1), both, "both", ("left", "right")),
    ("a dict of tensors", lambda: takes_dict(batch), takes_dict, "takes_dict", ("batch['image']", "batch['label']")),
    ("a loss", lambda: criterion(net(small), labels), criterion, "criterion", ("input", "labels")),
    ("made on the spot", lambda: nn.Linear(4, 2)(images), nn.Linear, "model", ("images",)),
    ("DataParallel", lambda: nn.DataParallel(net)(images), net, "net", ("images",)),
    ("DataParallel by its name", lambda: parallel(images), net, "parallel.module", ("images",)),
    ("vmap", lambda: torch.func.vmap(net)(images[None]), net, "net", ("x",)),
    ("functional_call", lambda: torch.func.functional_call(net, {}, (images,)), net, "net", ("images",)),
]

FUNCTIONS = [
    ("names", lambda: F.conv2d(vectors, labels), torch.conv2d, "F.conv2d", ("vectors", "labels")),
    ("new tensors", lambda: F.conv2d(torch.rand(1, 3, 8, 8), torch.ones(4, 2, 3, 3)), torch.conv2d, "F.conv2d", None),
    ("an operator", lambda: vectors @ labels, "matmul", "matmul", ("vectors", "labels")),
    ("a comparison", lambda: images == labels, "eq", "eq", ("images", "labels")),
    ("a method", lambda: images.view(images.size(0), 7), "view", "images.view", ("images",)),
    ("arithmetic of sizes", lambda: images.view(-1, 16 * 5 * 5), "view", "images.view", ("images",)),
    ("a list", lambda: torch.cat([images, labels], dim=1), "cat", "torch.cat", ("images", "labels")),
    ("a text", lambda: torch.einsum("ab,bc->ac", images, labels), "einsum", "torch.einsum", ("images", "labels")),
    ("computed, but in Python", lambda: F.cross_entropy(net(small), labels), "cross_entropy", "F.cross_entropy", None),
    ("a method in Python", lambda: F.relu(images).split([1, 2]), "split", "F.relu(images).split", ("x",)),
]


def raised_by(code: Callable[[], Any]) -> BaseException:
    with pytest.raises(Exception) as caught:  # noqa: PT011
        code()
    return caught.value


@pytest.mark.parametrize(("code", "model", "name", "inputs"), [pytest.param(*row[1:], id=row[0]) for row in MODELS])
def test_the_outermost_model(code: Callable[[], Any], model: Any, name: str, inputs: tuple[str, ...]) -> None:
    failed = failed_call(raised_by(code))
    assert failed is not None
    assert failed.function is model or (isinstance(model, type) and isinstance(failed.function, model))
    assert (failed.names.model, failed.names.inputs) == (name, inputs)


@pytest.mark.filterwarnings("ignore:Using a target size")
@pytest.mark.parametrize(
    ("code", "function", "name", "inputs"), [pytest.param(*row[1:], id=row[0]) for row in FUNCTIONS]
)
def test_a_function_outside_of_models(
    code: Callable[[], Any], function: Any, name: str, inputs: tuple[str, ...] | None
) -> None:
    error = raised_by(code)
    failed = failed_call(error)
    assert failed is not None
    assert failed.function is function or getattr(failed.function, "__name__", "") == function
    assert failed.names.model == name
    assert inputs is None or failed.names.inputs == inputs
    again = raised_by(lambda: failed.function(*failed.args, **failed.kwargs))
    assert (type(again), str(again)) == (type(error), str(error))  # so the arguments are those of the failing call


def test_what_was_given_is_what_the_model_got() -> None:
    failed = failed_call(raised_by(lambda: both(images, True, right=labels)))
    assert failed is not None
    assert failed.args[0] is images
    assert failed.args[1:] == (True,)
    assert failed.kwargs["right"] is labels


def backward() -> None:
    (images.clone().requires_grad_() * 2).backward()


def by_the_reader() -> None:
    raise ValueError(f"no such file for {images.shape}")


def from_a_loader() -> None:
    next(iter(torch.utils.data.DataLoader([vectors, labels], batch_size=2)))  # type: ignore[arg-type]


def augmented_in_place() -> None:
    torch.add(vectors, vectors, out=labels)


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(lambda: batch["key"], id="a dict"),
        pytest.param(lambda: int("x"), id="no tensor"),
        pytest.param(lambda: torch.zeros(-1), id="a function of torch without a tensor"),
        pytest.param(lambda: convlab.conv(images, images, stride=0), id="convlab says it itself"),
        pytest.param(lambda: F.relu(images).view(3, 7), id="a method in C of something computed"),
        pytest.param(lambda: net(small) @ labels, id="an operator on something computed"),
        pytest.param(lambda: vectors.copy_(labels), id="a method that changes its tensor"),
        pytest.param(lambda: nn.init.xavier_uniform_(labels), id="a function that changes its tensor"),
        pytest.param(augmented_in_place, id="a function with out"),
        pytest.param(backward, id="backward"),
        pytest.param(by_the_reader, id="raised by the reader"),
        pytest.param(from_a_loader, id="a DataLoader"),
        pytest.param(lambda: scripted(images), id="a model in TorchScript"),
    ],
)
def test_nothing_is_said_of(code: Callable[[], Any]) -> None:
    assert failed_call(raised_by(code)) is None


def test_names_that_do_not_hold_are_not_taken() -> None:
    """The source may have been edited since it was loaded: then the line says something else."""
    old, new = "def run(f, x):\n    f(x)\n", "def run(g, y):\n    g(y)\n"
    names: dict[str, Any] = {}
    linecache.cache["edited.py"] = (len(new), None, new.splitlines(keepends=True), "edited.py")
    exec(compile(old, "edited.py", "exec"), names)
    failed = failed_call(raised_by(lambda: names["run"](net, images)))
    assert failed is not None
    assert (failed.names.model, failed.names.inputs) == ("f", ("x",))


@pytest.mark.parametrize(
    ("file", "module", "is_told"),
    [
        pytest.param("own.py", "own", True, id="the reader's"),
        pytest.param(str(Path(sysconfig.get_path("purelib"), "augment.py")), "augment", False, id="a library's"),
        pytest.param("own.py", "convlab.own", False, id="convlab's"),
    ],
)
def test_whose_function_it_is(file: str, module: str, is_told: bool) -> None:
    """What failed inside a library is not for the reader to change."""
    source = "def run(images, labels):\n    return images @ labels\n"
    names: dict[str, Any] = {"__name__": module}
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    exec(compile(source, file, "exec"), names)
    assert (failed_call(raised_by(lambda: names["run"](vectors, labels))) is not None) == is_told


def test_code_without_source() -> None:
    names = {"F": F, "net": net, "images": images, "labels": labels}
    model = failed_call(raised_by(lambda: exec("net(images)", names)))
    function = failed_call(raised_by(lambda: exec("F.cross_entropy(images, labels)", names)))
    assert model is not None
    assert function is not None
    assert (model.function, model.names.model, model.names.inputs) == (net, "net", ("images",))
    assert (function.function, function.names.inputs) == (F.cross_entropy, ("images", "labels"))


def test_a_call_that_is_repeated_costs_the_reader_nothing() -> None:
    """Operands are looked up, random ones made again without a step of torch's generator."""
    torch.manual_seed(0)
    error = raised_by(lambda: F.conv2d(torch.rand(1, 3, 8, 8), torch.rand(4, 2, 3, 3)))
    state = torch.random.get_rng_state()
    assert failed_call(error) is not None
    assert torch.equal(torch.random.get_rng_state(), state)


def test_a_compiled_model_is_taken_as_it_was_before() -> None:
    model = nn.Sequential(*net)
    whole = failed_call(raised_by(lambda: torch.compile(model, backend="eager")(images)))
    model.compile(backend="eager")
    in_place = failed_call(raised_by(lambda: model(images)))
    assert whole is not None
    assert in_place is not None
    assert whole.function is model
    assert isinstance(in_place.function, nn.Sequential)
    assert in_place.function._compiled_call_impl is None
    assert in_place.function[0] is net[0]
    assert model._compiled_call_impl is not None
    assert whole.names == in_place.names == Names("model", ("images",))
