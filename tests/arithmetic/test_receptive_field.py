import math
import re
from collections.abc import Callable
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from convlab.arithmetic import ConvSpec, ReceptiveField, receptive_field
from convlab.arithmetic.receptive_field import layer_specs, num_read

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")

Layers = list[nn.Module]


def strides_of(layer: nn.Module, ndim: int) -> tuple[int, ...]:
    return (layer.stride,) * ndim if isinstance(layer.stride, int) else tuple(layer.stride)  # type: ignore[arg-type]


def measured(layers: Layers, *input_size: int) -> ReceptiveField:
    """The receptive field from the gradients of torch.

    Every weight is one, so that no two paths cancel and an input element has a gradient exactly where it is seen. Axis
    by axis the outputs of one index are added up, and so are the gradients of one index. The outputs in the middle
    serve, since no border is in their view; from output i in the middle, output 0 is i jumps away.
    """
    ndim = len(input_size)
    chain = nn.Sequential(*layers).double()
    for parameter in chain.parameters():
        nn.init.ones_(parameter)
    x = torch.ones(1, 1, *input_size, dtype=torch.float64, requires_grad=True)
    y = chain(x)

    def seen(axis: int, index: int) -> list[int]:
        (gradient,) = torch.autograd.grad(y.select(axis + 2, index).sum(), x, retain_graph=True)
        elements: list[int] = (
            gradient.abs().sum([d for d in range(ndim + 2) if d != axis + 2]).nonzero().flatten().tolist()
        )
        assert not elements or (elements[0] > 0 and elements[-1] < input_size[axis] - 1), "a border is in view"
        return elements

    fields: list[tuple[Any, Any, Any]] = []
    for axis in range(ndim):
        period = math.prod(strides_of(layer, ndim)[axis] for layer in layers if getattr(layer, "transposed", False))
        middle = y.shape[axis + 2] // 2 // period * period
        phases = [seen(axis, middle + phase) for phase in range(period)]
        size = max(elements[-1] - elements[0] + 1 if elements else 0 for elements in phases)
        if size == 0:
            fields.append((0, None, None))
            continue
        visible = next(phase for phase, elements in enumerate(phases) if elements)
        jump = Fraction(seen(axis, middle + visible + period)[0] - phases[visible][0], period)
        start = phases[0][0] - middle * jump if phases[0] else None
        fields.append((size, jump, start))
    return ReceptiveField(*zip(*fields, strict=True))


def conv(kernel: Any, transposed: bool = False, **options: Any) -> nn.Module:
    """A layer of torch with one channel and no bias; an int is a kernel on one axis."""
    ndim = len(kernel) if isinstance(kernel, tuple) else 1
    kind = "ConvTranspose" if transposed else "Conv"
    layer: nn.Module = getattr(nn, f"{kind}{ndim}d")(1, 1, kernel, bias=False, **options)
    return layer


def up(kernel: Any, **options: Any) -> nn.Module:
    return conv(kernel, transposed=True, **options)


CHAINS: list[Any] = [
    pytest.param([conv(3)], (40,), id="one-layer"),
    pytest.param([conv(1)], (40,), id="pointwise"),
    pytest.param([conv(4, padding=1)], (40,), id="even-kernel"),
    pytest.param([conv(3, padding=5)], (40,), id="padding-wider-than-the-kernel"),
    pytest.param([conv(3, dilation=2), conv(3, dilation=4)], (60,), id="dilated"),
    pytest.param([conv(3, stride=2, padding=1)] * 3, (99,), id="strided"),
    pytest.param([conv(1, stride=3), conv(3)], (60,), id="stride-leaves-elements-out"),
    pytest.param([conv(5, stride=3, padding=2), conv(3, dilation=3), conv(2, stride=2)], (160,), id="all-options"),
    pytest.param([conv(3, padding="same"), conv(4, padding="same")], (40,), id="same"),
    pytest.param([conv(2, padding="same", dilation=3)], (40,), id="same-with-an-odd-span"),
    pytest.param([conv(3, padding="valid", stride=2)], (40,), id="valid"),
    pytest.param(
        [conv(3), nn.AvgPool1d(2), conv(3, padding=1), nn.AvgPool1d(3, stride=2, padding=1)], (80,), id="pooling"
    ),
    pytest.param([conv((3, 5))], (30, 30), id="2d-asymmetric-kernel"),
    pytest.param(
        [conv((3, 2), stride=(2, 1), padding=(1, 0)), conv((1, 3), dilation=(1, 2)), conv((2, 3), stride=(1, 3))],
        (40, 50),
        id="2d-asymmetric-chain",
    ),
    pytest.param([conv((5, 5)), nn.AvgPool2d(2), conv((5, 5)), nn.AvgPool2d(2)], (60, 60), id="2d-lenet"),
    pytest.param([nn.AvgPool2d((1, 3), padding=(0, 1)), conv((3, 1))], (30, 40), id="2d-asymmetric-pooling"),
    pytest.param(
        [conv((3, 3, 2), stride=(1, 2, 2), padding=(1, 0, 1)), conv((1, 2, 3), dilation=(1, 3, 1))],
        (16, 30, 30),
        id="3d",
    ),
    pytest.param([up(3)], (40,), id="transposed-with-stride-1"),
    pytest.param([up(4, stride=2, padding=1)], (40,), id="transposed"),
    pytest.param([up(3, stride=2, padding=1, output_padding=1)], (40,), id="transposed-phases-differ"),
    pytest.param([up(2, stride=3)], (40,), id="one-phase-sees-nothing"),
    pytest.param([up(1, stride=2, padding=1)], (40,), id="phase-0-sees-nothing"),
    pytest.param([up(3, stride=2, padding=2, dilation=3)], (40,), id="transposed-dilated"),
    pytest.param([conv(3, stride=2, padding=1), up(4, stride=2, padding=1)], (60,), id="down-and-up"),
    pytest.param([up(4, stride=2, padding=1), conv(3, stride=2, padding=1)], (60,), id="up-and-down"),
    pytest.param([conv(3, stride=2), up(3, stride=3), conv(3, dilation=2), up(2, stride=2)], (120,), id="up-twice"),
    pytest.param([up(3, stride=2), conv(2, stride=3), up(5, stride=2, padding=2)], (120,), id="uneven-rates"),
    pytest.param([up(1, stride=2), conv(3, dilation=2)], (60,), id="a-chain-with-a-blind-phase"),
    pytest.param([up(1, stride=2), conv(1, stride=2, padding=1)], (60,), id="a-chain-that-sees-nothing"),
    pytest.param(
        [conv((3, 3), stride=(2, 1), padding=1), up((4, 2), stride=(2, 3), padding=(1, 0)), nn.AvgPool2d(2)],
        (40, 30),
        id="2d-transposed",
    ),
    pytest.param(
        [conv((2, 3, 3), stride=(1, 2, 2)), up((1, 2, 4), stride=(1, 2, 2), padding=(0, 0, 1))],
        (12, 24, 24),
        id="3d-transposed",
    ),
]


def as_far_as_gradients_tell(field: ReceptiveField) -> ReceptiveField:
    """The field without the jump of an axis on which no output sees anything."""
    assert isinstance(field.size, tuple)
    assert isinstance(field.jump, tuple)
    jump = tuple(j if s else None for j, s in zip(field.jump, field.size, strict=True))
    return ReceptiveField(field.size, jump, field.start)


@pytest.mark.parametrize(("layers", "input_size"), CHAINS)
def test_the_field_is_where_torch_has_gradients(layers: Layers, input_size: tuple[int, ...]) -> None:
    assert as_far_as_gradients_tell(receptive_field(layers)) == measured(layers, *input_size)


@st.composite
def axis_layers(draw: st.DrawFn, *, may_be_transposed: bool) -> dict[str, Any]:
    kernel, stride, dilation = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 2))
    padding, transposed = draw(st.integers(0, 2)), may_be_transposed and draw(st.booleans())
    return {"kernel": kernel, "stride": stride, "dilation": dilation, "padding": padding, "transposed": transposed}


@settings(max_examples=60)
@given(st.lists(axis_layers(may_be_transposed=True), min_size=1, max_size=3))
def test_the_field_of_any_chain_is_where_torch_has_gradients(chain: list[dict[str, Any]]) -> None:
    layers = [conv(**options) for options in chain]
    assert as_far_as_gradients_tell(receptive_field(layers)) == measured(layers, 240)


@given(st.lists(axis_layers(may_be_transposed=False), max_size=4))
def test_a_chain_of_windows_has_the_closed_form(chain: list[dict[str, Any]]) -> None:
    """Araujo, Norris and Sim, Distill (2019): sums over the layers, weighted with the strides before them."""
    size, jump, start = 1, 1, 0
    for c in chain:
        size += (c["kernel"] - 1) * c["dilation"] * jump
        start -= c["padding"] * jump
        jump *= c["stride"]
    layers = [
        ConvSpec(1, 1, (c["kernel"],), stride=c["stride"], padding=c["padding"], dilation=c["dilation"]) for c in chain
    ]
    expected = ReceptiveField((size,), (jump,), (start,)) if chain else ReceptiveField(1, 1, 0)
    assert receptive_field(layers) == expected


@pytest.mark.parametrize(
    "pool",
    [
        pytest.param({"kernel_size": 2}, id="stride-is-the-kernel"),
        pytest.param({"kernel_size": 3, "stride": 2, "padding": 1}, id="overlapping"),
        pytest.param({"kernel_size": 3, "stride": 1, "padding": 1, "dilation": 2}, id="dilated"),
    ],
)
def test_max_pooling_sees_what_it_lets_through(pool: dict[str, Any]) -> None:
    """A one-hot input comes out positive exactly where it is seen, in a chain without negative weights."""
    n, chain = 60, nn.Sequential(conv(3, stride=2, padding=1), nn.MaxPool1d(**pool), conv(2)).double()
    for parameter in chain.parameters():
        nn.init.ones_(parameter)
    out = chain(torch.eye(n, dtype=torch.float64).unsqueeze(1))[:, 0]
    middle = out.shape[1] // 2
    elements, after = out[:, middle].nonzero().flatten().tolist(), out[:, middle + 1].nonzero().flatten().tolist()
    size, jump = elements[-1] - elements[0] + 1, after[0] - elements[0]
    assert receptive_field(chain) == ReceptiveField((size,), (jump,), (elements[0] - middle * jump,))


def chain_of(kernel: int, dilations: list[int]) -> list[ConvSpec]:
    return [ConvSpec(1, 1, (kernel,), dilation=d) for d in dilations]


FACTS: list[Any] = [
    pytest.param(chain_of(3, [1, 2]), ((7,), (1,), (0,)), id="k3-dilations-1-2"),
    pytest.param(chain_of(3, [1, 2, 4]), ((15,), (1,), (0,)), id="k3-dilations-1-2-4"),
    pytest.param(chain_of(3, [1, 1, 1]), ((7,), (1,), (0,)), id="k3-three-times-grows-by-2-each"),
    pytest.param(chain_of(2, [2**i for i in range(10)]), ((1024,), (1,), (0,)), id="wavenet"),
    pytest.param(
        [conv(3, stride=2, padding=1), up(4, stride=2, padding=1)], ((5,), (1,), (-3,)), id="down-and-up-keeps-the-grid"
    ),
    pytest.param([up(4, stride=2, padding=1)], ((2,), (Fraction(1, 2),), (-1,)), id="the-output-is-finer"),
    pytest.param(
        [conv(3, stride=2, padding=1), up(4, stride=2, padding=1), up(2, stride=3)],
        ((5,), (Fraction(1, 3),), (-3,)),
        id="a-chain-ends-finer",
    ),
    pytest.param([up(2, stride=2), conv(3, stride=3, padding=1)], ((2,), (Fraction(3, 2),), (-1,)), id="three-halves"),
    pytest.param([up(2, stride=3)], ((1,), (Fraction(1, 3),), (0,)), id="a-blind-phase-does-not-count"),
    pytest.param([up(1, stride=2, padding=1)], ((1,), (Fraction(1, 2),), (None,)), id="output-0-sees-nothing"),
    pytest.param([up(1, stride=2), conv(1, stride=2, padding=1)], ((0,), (1,), (None,)), id="no-output-sees-anything"),
    pytest.param([nn.MaxPool2d(2)], (2, 2, 0), id="ints-where-no-layer-speaks-of-axes"),
    pytest.param([nn.MaxPool1d(2), nn.AvgPool1d(3, padding=1)], ((6,), (6,), (-2,)), id="a-tuple-where-one-layer-does"),
    pytest.param([nn.LPPool2d(2, 3)], (3, 3, 0), id="a-stride-of-none-is-the-kernel"),
    pytest.param([nn.LPPool2d(2, (3, 2))], ((3, 2), (3, 2), (0, 0)), id="a-stride-of-none-is-the-kernel-on-each-axis"),
    pytest.param([SimpleNamespace(kernel_size=3)], (3, 1, 0), id="any-object-with-a-kernel-size"),
    pytest.param(
        [SimpleNamespace(kernel_size=3, stride=2), conv((3, 5))], ((7, 11), (2, 2), (0, 0)), id="an-int-is-all-axes"
    ),
    pytest.param([], (1, 1, 0), id="no-layer-at-all"),
]


@pytest.mark.parametrize(("layers", "expected"), FACTS)
def test_known_fields(layers: list[object], expected: tuple[Any, Any, Any]) -> None:
    assert receptive_field(layers) == ReceptiveField(*expected)


def test_a_jump_is_an_int_where_it_is_whole() -> None:
    whole = receptive_field([up(4, stride=4), conv(3, stride=2), conv(3, stride=2)])
    fraction = receptive_field([up(4, stride=4), conv(3, stride=2)])
    assert isinstance(whole.jump, tuple)
    assert isinstance(fraction.jump, tuple)
    assert [type(jump) for jump in whole.jump + fraction.jump] == [int, Fraction]
    assert whole.jump + fraction.jump == (1, Fraction(1, 2))


@pytest.mark.parametrize(
    ("module", "spec"),
    [
        pytest.param(
            nn.Conv2d(3, 8, (3, 5), stride=(2, 1), padding=(0, 2), dilation=(1, 2)),
            ConvSpec(3, 8, (3, 5), stride=(2, 1), padding=(0, 2), dilation=(1, 2)),
            id="conv",
        ),
        pytest.param(nn.Conv1d(1, 1, 4, padding="same"), ConvSpec(1, 1, (4,), padding="same"), id="same"),
        pytest.param(
            nn.Conv1d(1, 1, 3, padding=1, padding_mode="circular"),
            ConvSpec(1, 1, (3,), padding=1),
            id="borders-do-not-count",
        ),
        pytest.param(
            nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1, output_padding=1),
            ConvSpec(4, 2, (3, 3), stride=2, padding=1, output_padding=1, transposed=True),
            id="transposed",
        ),
    ],
)
def test_a_spec_has_the_field_of_the_module(module: nn.Module, spec: ConvSpec) -> None:
    assert receptive_field([spec]) == receptive_field([module])
    assert receptive_field([spec, module]) == receptive_field([module, spec])


def test_layers_may_come_from_a_generator_or_a_sequential() -> None:
    layers = [conv(3), conv(3, stride=2), up(2)]
    assert (
        receptive_field(layer for layer in layers) == receptive_field(nn.Sequential(*layers)) == receptive_field(layers)
    )


def test_an_upsampler_by_60() -> None:
    layers = [conv(7, padding=3), *[up(2 * s, stride=s, padding=s // 2) for s in (5, 4, 3)]]
    assert receptive_field(layers).jump == (Fraction(1, 60),)
    assert receptive_field(layers) == measured(layers, 40)


REFUSED: list[Any] = [
    pytest.param(
        lambda: receptive_field([nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3)]),
        TypeError,
        "a layer of a receptive field must have a kernel_size, but ReLU() has none",
        id="a-layer-without-a-kernel",
    ),
    pytest.param(
        lambda: receptive_field([nn.AdaptiveAvgPool2d(1)]),
        TypeError,
        "a layer of a receptive field must have a kernel_size, but AdaptiveAvgPool2d(output_size=1) has none",
        id="adaptive-pooling",
    ),
    pytest.param(
        lambda: receptive_field([3]),
        TypeError,
        "a layer of a receptive field must have a kernel_size, but 3 has none",
        id="a-number",
    ),
    pytest.param(
        lambda: receptive_field([nn.MaxUnpool2d(2)]),
        TypeError,
        "a layer of a receptive field must slide a window at a fixed stride, "
        "but MaxUnpool2d(kernel_size=(2, 2), stride=(2, 2), padding=(0, 0)) does not",
        id="a-window-of-another-kind",
    ),
    pytest.param(
        lambda: receptive_field([nn.Conv2d(1, 1, 3), nn.Conv3d(1, 1, 3)]),
        ValueError,
        "the layers must have the same number of spatial axes, but they have 2 and 3",
        id="two-axes-then-three",
    ),
    pytest.param(
        lambda: receptive_field([nn.Conv3d(1, 1, 3), nn.MaxPool2d((2, 1))]),
        ValueError,
        "the layers must have the same number of spatial axes, but they have 2 and 3",
        id="three-axes-then-two",
    ),
    pytest.param(
        lambda: receptive_field([SimpleNamespace(kernel_size=(3, 3), stride=(1, 1, 1))]),
        ValueError,
        "kernel_size must be an int or have one int for each of 3 spatial axes, but kernel_size=(3, 3)",
        id="one-layer-that-contradicts-itself",
    ),
    pytest.param(
        lambda: receptive_field([SimpleNamespace(kernel_size=3, stride=0)]),
        ValueError,
        "stride must be at least 1, but stride=0",
        id="a-value-that-torch-refuses",
    ),
    pytest.param(
        lambda: receptive_field([SimpleNamespace(kernel_size=0)]),
        ValueError,
        "kernel_size must be at least 1, but kernel_size=0",
        id="an-empty-kernel",
    ),
    pytest.param(
        lambda: receptive_field([SimpleNamespace(kernel_size=2.5)]),
        TypeError,
        "kernel_size must be an int, but kernel_size=2.5 is a float",
        id="a-float",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_refused_with_these_words(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=rf"\A{re.escape(message)}\Z"):
        call()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            nn.Conv1d(1, 1, 3),
            nn.Conv2d(1, 1, 3),
            id="1-and-2",
        ),
        pytest.param(
            nn.Conv1d(1, 1, 3),
            nn.Conv3d(1, 1, 3),
            id="1-and-3",
        ),
        pytest.param(nn.Conv2d(1, 1, 3), nn.Conv3d(1, 1, 3), id="2-and-3"),
        pytest.param(nn.AvgPool3d((2, 2, 2)), nn.AvgPool2d((2, 2)), id="pooling"),
        pytest.param(ConvSpec(1, 1, (3, 3)), nn.ConvTranspose3d(1, 1, 3), id="spec-and-transposed"),
    ],
)
def test_layers_of_different_numbers_of_axes_are_no_chain(one: object, other: object) -> None:
    for layers in ([one, other], [other, one]):
        with pytest.raises(ValueError, match=r"ax[ei]s"):
            receptive_field(layers)


@pytest.mark.parametrize(
    ("layers", "read"),
    [
        pytest.param([nn.Conv1d(1, 1, 3, dilation=2)] * 3, 7, id="holes"),
        pytest.param([nn.Conv1d(1, 1, 1, 2), nn.Conv1d(1, 1, 3)], 3, id="a stride over a kernel of 1"),
        pytest.param([nn.Conv1d(1, 1, 3), nn.Conv1d(1, 1, 1, 2), nn.Conv1d(1, 1, 3)], 7, id="behind a kernel of 3"),
        pytest.param([nn.Conv1d(1, 1, 4, 3, padding=1, dilation=2), nn.Conv1d(1, 1, 2, 2)], 8, id="all at once"),
    ],
)
def test_what_is_read_has_a_gradient(layers: list[nn.Conv1d], read: int) -> None:
    input = torch.zeros(1, 1, 60, requires_grad=True)
    output = input
    for layer in layers:
        output = F.conv1d(output, torch.ones_like(layer.weight), None, layer.stride, layer.padding, layer.dilation)
    output[0, 0, output.shape[2] // 2].backward()
    assert input.grad is not None
    assert num_read(layer_specs(layers), 0) == int((input.grad != 0).sum()) == read


def test_a_transposed_layer_is_refused() -> None:
    with pytest.raises(ValueError, match="num_read takes no transposed layers, but one of the 1 layers is transposed"):
        num_read([ConvSpec(1, 1, (3,), transposed=True)], 0)
