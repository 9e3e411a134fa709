"""Channels and connections: read back from the scene alone, and held against torch's layers."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import torch
from reading_scenes import lit
from torch import Tensor, nn

from convlab import scenes
from convlab.arithmetic import ConvSpec
from convlab.scenes import Link, Place, Scene

GROUPED = torch.block_diag(torch.ones(2, 2), torch.ones(1, 2)).bool()  # 4 inputs, 3 outputs
CHAIN = [torch.tensor([[1, 1, 0], [0, 1, 1]]).bool(), torch.tensor([[1, 1]]).bool()]
SHUFFLE = torch.eye(9).reshape(3, 3, 9).transpose(0, 1).reshape(9, 9).bool()
LONG = torch.ones(1, 40).bool()


def node(scene: Scene, place: Place) -> int:
    """Which node of its row a cell is: the number in it."""
    number = scene.grid(place.grid).values[place.row][place.column]
    assert isinstance(number, int)
    return number


def matrices(scene: Scene) -> list[Tensor]:
    """The links of a scene as bool matrices, (outputs, inputs), layer by layer."""
    nodes = [[n for n in grid.values[0] if n is not None] for grid in scene.grids]
    assert all(row == list(range(len(row))) for row in nodes)
    found = [torch.zeros(len(above), len(below)).bool() for below, above in itertools.pairwise(nodes)]
    names = [grid.name for grid in scene.grids]
    for start, end in scene.links:
        assert names.index(end.grid) == names.index(start.grid) + 1
        found[names.index(start.grid)][node(scene, end), node(scene, start)] = True
    return found


def faults(scene: Scene) -> list[str]:
    """What is wrong in the story, read from the scene alone: what is lit is what reaches the output, by these links."""
    found = []
    layers = matrices(scene)
    for output, step in enumerate(scene.steps):
        reached = torch.zeros(len(layers[-1])).bool()
        reached[output] = True
        rows = [reached]
        for layer in reversed(layers):
            rows.insert(0, layer[rows[0]].any(0))
        for grid, expected in zip(scene.grids, rows, strict=True):
            cells = [at for role in ("read", "written") for at in lit(step, role) if at.grid == grid.name]
            if [node(scene, at) for at in cells] != expected.nonzero().flatten().tolist():
                found.append(f"{step.title}: lights {cells} in {grid.name}")
        cells = [at for role in ("read", "written") for at in lit(step, role)]
        lines = [n for n, (start, end) in enumerate(scene.links) if start in cells and end in cells]
        if list(step.links) != lines:
            found.append(f"{step.title}: lights the links {step.links}")
        if step.at != tuple(lit(step, "written")):
            found.append(f"{step.title}: stands for {step.at}")
    if len(scene.steps) != len(layers[-1]):
        found.append("not each output has its step")
    return found


@pytest.mark.parametrize(
    "links",
    [
        pytest.param([GROUPED], id="groups"),
        pytest.param(CHAIN, id="two-layers"),
        pytest.param([torch.block_diag(*[torch.ones(3, 3)] * 3).bool(), SHUFFLE], id="shuffle"),
        pytest.param([torch.zeros(2, 3).bool()], id="nothing-reaches"),
        pytest.param([LONG], id="without-gaps"),
    ],
)
def test_connections_are_drawn_and_lit(links: Sequence[Tensor]) -> None:
    scene = scenes.connections(links)
    assert all(torch.equal(drawn, given) for drawn, given in zip(matrices(scene), links, strict=True))
    assert faults(scene) == []


MODULES = [
    pytest.param([nn.Conv2d(4, 6, 3, groups=2)], id="grouped"),
    pytest.param([nn.Conv1d(3, 12, 5, groups=3, bias=False)], id="depth-multiplier"),
    pytest.param([nn.Conv2d(8, 8, 3, groups=8, bias=False), nn.Conv2d(8, 4, 1)], id="separable"),
    pytest.param([nn.ConvTranspose2d(4, 8, 2, groups=4)], id="transposed"),
    pytest.param([nn.Conv3d(1, 1, 1)], id="one-channel"),
]


@pytest.mark.parametrize("modules", MODULES)
def test_channels_are_those_of_torch(modules: list[nn.Conv2d]) -> None:
    specs = [
        ConvSpec(
            module.in_channels, module.out_channels, module.kernel_size,
            groups=module.groups, bias=module.bias is not None, transposed=module.transposed,
        )
        for module in modules
    ]  # fmt: skip
    scene = scenes.channels(specs)
    assert faults(scene) == []
    for module, drawn in zip(modules, matrices(scene), strict=True):
        assert torch.equal(drawn, reached_by(module))
    for step in scene.steps:
        for module, line in zip(reversed(modules), step.text.splitlines(), strict=True):
            words = re.search(r"(\d+) input channels? x [\d x]+ = (\d+) weights(.*?) for", line)
            assert words is not None
            factors, each, bias = words.groups()
            assert int(factors) == module.in_channels // module.groups
            assert int(each) * module.out_channels == module.weight.numel()
            assert (bias == " + 1 bias") == (module.bias is not None)
            assert line.endswith(f"; {sum(parameter.numel() for parameter in module.parameters())} in all")


def reached_by(module: nn.Conv2d) -> Tensor:
    """Which input channel reaches which output channel of a layer of torch, by its derivative."""
    nn.init.ones_(module.weight)
    x = torch.zeros(module.in_channels, *[6] * len(module.kernel_size))
    found = torch.autograd.functional.jacobian(lambda x: module(x).flatten(1).sum(1), x)
    return torch.as_tensor(found.flatten(2).abs().sum(2) > 0)


SCENE = scenes.connections(GROUPED)


@pytest.mark.parametrize(
    "scene",
    [
        pytest.param(replace(SCENE, steps=SCENE.steps[::-1]), id="steps-in-another-order"),
        pytest.param(replace(SCENE, steps=SCENE.steps[1:]), id="a-step-too-few"),
        pytest.param(replace(SCENE, steps=(replace(SCENE.steps[0], links=()), *SCENE.steps[1:])), id="links-not-lit"),
        pytest.param(
            replace(SCENE, links=(Link(Place("input", 0, 6), SCENE.links[0].end), *SCENE.links[1:])), id="another-link"
        ),
    ],
)
def test_the_checks_notice_a_fault(scene: Scene) -> None:
    assert faults(SCENE) == []
    assert faults(scene) != []


def test_nodes_stand_above_the_middle_of_their_group() -> None:
    scene = scenes.channels([ConvSpec(2, 8, (1,), groups=2)])
    low, high = scene.grids
    middles = {
        (grid.name, value): grid.left + column + 0.5
        for grid in scene.grids
        for column, value in enumerate(grid.values[0])
        if value is not None
    }
    for group in (0, 1):
        assert middles["input", group] == sum(middles["layer 1", 4 * group + n] for n in range(4)) / 4
    assert low.top > high.top


def test_names_and_words() -> None:
    scene = scenes.connections(CHAIN, names=["x", "h", "y"])
    assert [label.text for label in scene.labels] == ["x", "h", "y"]
    assert [label.top for label in scene.labels] == [grid.top + 0.5 for grid in scene.grids]
    assert min(grid.left for grid in scene.grids) > max(label.left for label in scene.labels)
    assert scene.steps[0].text == "3 of the 3 inputs reach it: 0, 1, 2"
    assert scenes.connections(torch.zeros(1, 2).bool()).steps[0].text == "0 of the 2 inputs reach it"
    separable = scenes.channels([ConvSpec(4, 6, (3,), groups=2), ConvSpec(6, 2, (1,))])
    assert [label.text for label in separable.labels] == ["C_in = 4", "C = 6", "C_out = 2"]
    assert scenes.channels([ConvSpec(4, 2, (3,), groups=2)]).alt == "Channels as nodes: 4 to 2 channels in 2 groups."


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        pytest.param(
            lambda: scenes.connections(torch.ones(2, 2)),
            TypeError,
            "links must be bools, but layer 1 has dtype torch.float32",
            id="floats",
        ),
        pytest.param(
            lambda: scenes.connections([[True, False]]),  # type: ignore[list-item]
            TypeError,
            "links must be tensors, but layer 1 is a list",
            id="lists",
        ),
        pytest.param(
            lambda: scenes.connections(GROUPED.to("meta")),
            ValueError,
            "links must hold bools, but layer 1 is on the device 'meta', which has none",
            id="meta",
        ),
        pytest.param(
            lambda: scenes.connections(GROUPED[0]),
            ValueError,
            "links must have shape (outputs, inputs), nowhere 0, but layer 1 has shape (4,)",
            id="one-axis",
        ),
        pytest.param(lambda: scenes.connections([]), ValueError, "links must hold at least one layer", id="no-links"),
        pytest.param(
            lambda: scenes.connections([GROUPED, GROUPED]),
            ValueError,
            "the inputs of a layer must be the outputs of the layer before, but layer 2 has 4 inputs and layer 1 has 3",
            id="no-fit",
        ),
        pytest.param(
            lambda: scenes.connections(GROUPED, names=["a"]),
            ValueError,
            "names must be as many as rows, but there are 2 rows and 1 names",
            id="a-name-too-few",
        ),
        pytest.param(
            lambda: scenes.connections(torch.ones(65, 1).bool()),
            ValueError,
            "a row shows at most 64 nodes, but one has 65",
            id="too-many",
        ),
        pytest.param(lambda: scenes.channels([]), ValueError, "layers must hold at least one layer", id="no-layers"),
        pytest.param(
            lambda: scenes.channels([nn.ReLU()]),  # type: ignore[list-item]
            TypeError,
            "layers must be ConvSpecs, but layer 1 is a ReLU",
            id="no-spec",
        ),
        pytest.param(
            lambda: scenes.channels([ConvSpec(512, 1, (3,))]),
            ValueError,
            "a row shows at most 64 nodes, but one has 512",
            id="too-many-channels",
        ),
        pytest.param(
            lambda: scenes.channels([ConvSpec(2, 4, (3,)), ConvSpec(2, 4, (3,))]),
            ValueError,
            "a layer must read the channels that the layer before makes, "
            "but layer 2 has in_channels=2 and layer 1 has out_channels=4",
            id="no-chain",
        ),
    ],
)
def test_refused_with_these_words(call: Callable[[], Scene], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=rf"\A{re.escape(message)}"):
        call()


def test_a_scene_is_the_same_each_time_and_survives_json(meta_device: None) -> None:
    specs = [ConvSpec(4, 4, (3, 3), groups=4), ConvSpec(4, 2, (1, 1))]
    scene = scenes.channels(specs)
    assert scenes.channels(iter(specs)) == scene
    assert Scene.from_json(scene.to_json()) == scene
