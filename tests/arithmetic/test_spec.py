import copy
import dataclasses
import pickle
import re
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from convlab.arithmetic import PADDING_MODES, ConvSpec
from convlab.arithmetic.spec import as_int, as_tuple, axes_of, common_ndim

Kwargs = dict[str, Any]


def arguments(in_channels: Any, out_channels: Any, kernel_size: Any, **options: Any) -> Kwargs:
    return {"in_channels": in_channels, "out_channels": out_channels, "kernel_size": kernel_size, **options}


def torch_layer(given: Kwargs) -> nn.Module:
    """The module of torch with these arguments; its number of axes is the length of `kernel_size`, or 1."""
    options = dict(given)
    kind = "ConvTranspose" if options.pop("transposed", False) else "Conv"
    kernel = options["kernel_size"]
    ndim = len(kernel) if isinstance(kernel, tuple | list) and kernel else 1
    layer: nn.Module = getattr(nn, f"{kind}{ndim}d")(**options)
    return layer


def torch_run(given: Kwargs) -> torch.Tensor:
    """What torch's module makes of a small input; zero-element weights make it warn, which is not the question."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        layer = torch_layer(given)
    ndim = next(layer.parameters()).ndim - 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        output: torch.Tensor = layer(torch.zeros(1, given["in_channels"], *(8,) * ndim))
    return output


REFUSED = [
    # Types.
    pytest.param(
        arguments(1.0, 1, (3,)), TypeError, "in_channels must be an int, but in_channels=1.0 is a float", id="float-in"
    ),
    pytest.param(
        arguments(1, 1.0, (3,)),
        TypeError,
        "out_channels must be an int, but out_channels=1.0 is a float",
        id="float-out",
    ),
    pytest.param(
        arguments("1", 1, (3,)), TypeError, "in_channels must be an int, but in_channels='1' is a str", id="word-in"
    ),
    pytest.param(
        arguments(None, 1, (3,)),
        TypeError,
        "in_channels must be an int, but in_channels=None is a NoneType",
        id="none-in",
    ),
    pytest.param(
        arguments(1, 1, (3,), groups=True),
        TypeError,
        "groups must be an int, but groups=True is a bool",
        id="bool-groups",
    ),
    pytest.param(
        arguments(1, 1, (3,), groups=1.0),
        TypeError,
        "groups must be an int, but groups=1.0 is a float",
        id="float-groups",
    ),
    pytest.param(
        arguments(1, 1, (3.0,)),
        TypeError,
        "kernel_size must hold ints, but kernel_size=(3.0,) holds a float",
        id="float-k",
    ),
    pytest.param(
        arguments(1, 1, None),
        TypeError,
        "kernel_size must have one int per spatial axis, as (3, 3), but kernel_size=None",
        id="none-kernel",
    ),
    pytest.param(
        arguments(1, 1, "3"),
        TypeError,
        "kernel_size must have one int per spatial axis, as (3, 3), but kernel_size='3'",
        id="word-kernel",
    ),
    pytest.param(
        arguments(1, 1, ()),
        TypeError,
        "kernel_size must have one int per spatial axis, as (3, 3), but kernel_size=()",
        id="no-axes",
    ),
    pytest.param(
        arguments(1, 1, (3,), stride=True),
        TypeError,
        "stride must be an int, but stride=True is a bool",
        id="bool-stride",
    ),
    pytest.param(
        arguments(1, 1, (3,), stride=np.True_),
        TypeError,
        f"stride must be an int, but stride=np.True_ is a {type(np.True_).__name__}",
        id="numpy-bool-stride",
    ),
    pytest.param(
        arguments(1, 1, (3,), stride=2.0),
        TypeError,
        "stride must be an int, but stride=2.0 is a float",
        id="float-stride",
    ),
    pytest.param(
        arguments(1, 1, (3, 3), stride=(1, 2.5)),
        TypeError,
        "stride must hold ints, but stride=(1, 2.5) holds a float",
        id="float-stride-on-one-axis",
    ),
    pytest.param(
        arguments(1, 1, (3, 3), stride=(1, False)),
        TypeError,
        "stride must hold ints, but stride=(1, False) holds a bool",
        id="bool-stride-on-one-axis",
    ),
    pytest.param(
        arguments(1, 1, (3,), stride="same"),
        TypeError,
        "stride must be an int, but stride='same' is a str",
        id="stride-is-no-word",
    ),
    pytest.param(
        arguments(1, 1, (3,), padding=1.0),
        TypeError,
        "padding must be an int, but padding=1.0 is a float",
        id="float-pad",
    ),
    pytest.param(
        arguments(1, 1, (3,), padding=True),
        TypeError,
        "padding must be an int, but padding=True is a bool",
        id="bool-pad",
    ),
    pytest.param(
        arguments(1, 1, (3, 3), padding=("same", 1)),
        TypeError,
        "padding must hold ints, but padding=('same', 1) holds a str",
        id="same-on-one-axis",
    ),
    pytest.param(
        arguments(1, 1, (3,), dilation=1.0),
        TypeError,
        "dilation must be an int, but dilation=1.0 is a float",
        id="float-dilation",
    ),
    pytest.param(
        arguments(1, 1, (3,), transposed=True, padding="same"),
        TypeError,
        "padding must hold ints in a transposed convolution, but padding='same'",
        id="transposed-same",
    ),
    pytest.param(
        arguments(1, 1, (3,), transposed=True, padding="valid"),
        TypeError,
        "padding must hold ints in a transposed convolution, but padding='valid'",
        id="transposed-valid",
    ),
    # Values of one argument.
    pytest.param(
        arguments(-1, 1, (3,)), ValueError, "in_channels must be at least 1, but in_channels=-1", id="negative-in"
    ),
    pytest.param(
        arguments(1, -2, (3,)), ValueError, "out_channels must be at least 1, but out_channels=-2", id="negative-out"
    ),
    pytest.param(arguments(1, 1, (3,), groups=0), ValueError, "groups must be at least 1, but groups=0", id="groups-0"),
    pytest.param(
        arguments(1, 1, (3,), groups=-1), ValueError, "groups must be at least 1, but groups=-1", id="groups-negative"
    ),
    pytest.param(
        arguments(1, 1, (3, 0)), ValueError, "kernel_size must be at least 1, but kernel_size=(3, 0)", id="kernel-0"
    ),
    pytest.param(
        arguments(1, 1, (-1,)),
        ValueError,
        "kernel_size must be at least 1, but kernel_size=(-1,)",
        id="kernel-negative",
    ),
    pytest.param(arguments(1, 1, (3,), stride=0), ValueError, "stride must be at least 1, but stride=0", id="stride-0"),
    pytest.param(
        arguments(1, 1, (3, 3), stride=(2, -1)),
        ValueError,
        "stride must be at least 1, but stride=(2, -1)",
        id="stride-negative-on-one-axis",
    ),
    pytest.param(
        arguments(1, 1, (3,), padding=-1),
        ValueError,
        "padding must be at least 0, but padding=-1",
        id="padding-negative",
    ),
    pytest.param(
        arguments(1, 1, (3, 3), padding=(0, -1)),
        ValueError,
        "padding must be at least 0, but padding=(0, -1)",
        id="padding-negative-on-one-axis",
    ),
    pytest.param(
        arguments(1, 1, (3,), dilation=0), ValueError, "dilation must be at least 1, but dilation=0", id="dilation-0"
    ),
    pytest.param(
        arguments(1, 1, (3,), transposed=True, output_padding=-1),
        ValueError,
        "output_padding must be at least 0, but output_padding=-1",
        id="output-padding-negative",
    ),
    pytest.param(
        arguments(1, 1, (3,), padding="full"),
        ValueError,
        "padding must be ints, 'same' or 'valid', but padding='full'",
        id="padding-unknown-word",
    ),
    pytest.param(
        arguments(1, 1, (3,), padding_mode="constant"),
        ValueError,
        "padding_mode must be one of 'zeros', 'reflect', 'replicate', 'circular', but padding_mode='constant'",
        id="mode-unknown",
    ),
    # Numbers of axes.
    pytest.param(
        arguments(1, 1, (3,), stride=(1, 1)),
        ValueError,
        "stride must be an int or have one int for the spatial axis, but stride=(1, 1)",
        id="two-strides-for-one-axis",
    ),
    pytest.param(
        arguments(1, 1, (3, 3, 3), stride=(1, 1)),
        ValueError,
        "stride must be an int or have one int for each of 3 spatial axes, but stride=(1, 1)",
        id="two-strides-for-three-axes",
    ),
    pytest.param(
        arguments(1, 1, (3,), stride=()),
        ValueError,
        "stride must be an int or have one int for the spatial axis, but stride=()",
        id="no-strides",
    ),
    pytest.param(
        arguments(1, 1, (3, 3), padding=(1, 1, 1)),
        ValueError,
        "padding must be an int or have one int for each of 2 spatial axes, but padding=(1, 1, 1)",
        id="three-paddings-for-two-axes",
    ),
    pytest.param(
        arguments(1, 1, (3, 3), dilation=(1, 1, 1)),
        ValueError,
        "dilation must be an int or have one int for each of 2 spatial axes, but dilation=(1, 1, 1)",
        id="three-dilations-for-two-axes",
    ),
    pytest.param(
        arguments(1, 1, (3,), transposed=True, output_padding=(0, 0)),
        ValueError,
        "output_padding must be an int or have one int for the spatial axis, but output_padding=(0, 0)",
        id="two-output-paddings-for-one-axis",
    ),
    # Combinations.
    pytest.param(
        arguments(6, 8, (3,), groups=4),
        ValueError,
        "groups must divide in_channels, but in_channels=6 and groups=4",
        id="groups-and-in",
    ),
    pytest.param(
        arguments(6, 8, (3,), groups=3),
        ValueError,
        "groups must divide out_channels, but out_channels=8 and groups=3",
        id="groups-and-out",
    ),
    pytest.param(
        arguments(8, 6, (3,), groups=4, transposed=True),
        ValueError,
        "groups must divide out_channels, but out_channels=6 and groups=4",
        id="groups-and-out-transposed",
    ),
    pytest.param(
        arguments(1, 1, (3,), padding="same", stride=2),
        ValueError,
        "padding='same' needs stride=1, but stride=(2,)",
        id="same-with-stride",
    ),
    pytest.param(
        arguments(1, 1, (3, 3), padding="same", stride=(1, 2)),
        ValueError,
        "padding='same' needs stride=1, but stride=(1, 2)",
        id="same-with-stride-on-one-axis",
    ),
    pytest.param(
        arguments(1, 1, (3,), output_padding=1),
        ValueError,
        "output_padding needs a transposed convolution, but output_padding=(1,)",
        id="output-padding-of-an-ordinary-one",
    ),
    pytest.param(
        arguments(1, 1, (3,), transposed=True, padding_mode="circular"),
        ValueError,
        "a transposed convolution needs padding_mode='zeros', but padding_mode='circular'",
        id="transposed-mode",
    ),
    pytest.param(
        arguments(1, 1, (3,), transposed=True, output_padding=1),
        ValueError,
        "output_padding must be smaller than stride or dilation, "
        "but on spatial axis 0 output_padding=1, stride=1 and dilation=1",
        id="output-padding-with-stride-1",
    ),
    pytest.param(
        arguments(1, 1, (3, 3), transposed=True, stride=(3, 2), dilation=(1, 2), output_padding=2),
        ValueError,
        "output_padding must be smaller than stride or dilation, "
        "but on spatial axis 1 output_padding=2, stride=2 and dilation=2",
        id="output-padding-on-one-axis",
    ),
]

REFUSED_BY_CONVLAB_ALONE = [
    pytest.param(
        arguments(0, 1, (3,)), ValueError, "in_channels must be at least 1, but in_channels=0", id="no-input-channels"
    ),
    pytest.param(
        arguments(True, 1, (3,)),
        TypeError,
        "in_channels must be an int, but in_channels=True is a bool",
        id="a-bool-is-no-number-of-channels",
    ),
    pytest.param(
        arguments(1, 1, (True,)),
        TypeError,
        "kernel_size must hold ints, but kernel_size=(True,) holds a bool",
        id="a-bool-is-no-size",
    ),
    pytest.param(
        arguments(1, 1, 3),
        TypeError,
        "kernel_size must have one int per spatial axis, as (3, 3), but kernel_size=3",
        id="an-int-does-not-say-how-many-axes",
    ),
    pytest.param(
        arguments(1, 1, (3,), padding=-1, padding_mode="circular"),
        ValueError,
        "padding must be at least 0, but padding=-1",
        id="padding-modes-crop-in-torch",
    ),
]


@pytest.mark.parametrize(("given", "error", "message"), REFUSED)
def test_an_invalid_argument_is_refused_with_these_words_and_torch_refuses_it_too(
    given: Kwargs, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=rf"\A{re.escape(message)}\Z"):
        ConvSpec(**given)
    with pytest.raises((TypeError, ValueError, RuntimeError)):
        torch_run(given)


@pytest.mark.parametrize(("given", "error", "message"), REFUSED_BY_CONVLAB_ALONE)
def test_what_torch_lets_through_is_refused_with_these_words(
    given: Kwargs, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=rf"\A{re.escape(message)}\Z"):
        ConvSpec(**given)
    torch_run(given)


def test_no_output_channels() -> None:
    # torch builds this layer, and runs it on no input.
    with pytest.raises(ValueError, match=r"\Aout_channels must be at least 1, but out_channels=0\Z"):
        ConvSpec(1, 0, (3,))


ACCEPTED = [
    pytest.param(arguments(1, 1, (1,)), id="smallest"),
    pytest.param(arguments(3, 16, (3, 3), stride=2, padding=1), id="an-everyday-layer"),
    pytest.param(arguments(3, 16, (2, 3, 4), stride=(1, 2, 3), padding=(0, 1, 2), dilation=(3, 2, 1)), id="asymmetric"),
    pytest.param(arguments(6, 6, (3,), groups=6), id="depthwise"),
    pytest.param(arguments(6, 12, (3,), groups=6, bias=False), id="depth-multiplier"),
    pytest.param(arguments(6, 4, (3, 5), groups=2), id="groups"),
    pytest.param(arguments(6, 4, (3, 5), groups=2, transposed=True), id="groups-transposed"),
    pytest.param(arguments(4, 6, (2, 1, 3), groups=2, transposed=True, bias=False), id="transposed-3d"),
    pytest.param(arguments(1, 1, (4,), padding="same"), id="same"),
    pytest.param(arguments(1, 1, (4,), padding="valid", stride=3), id="valid-with-stride"),
    pytest.param(arguments(1, 1, (3,), padding=2, padding_mode="reflect"), id="reflect"),
    pytest.param(arguments(1, 1, (3,), padding="same", padding_mode="replicate"), id="replicate-same"),
    pytest.param(arguments(1, 1, (3,), padding=1, padding_mode="circular"), id="circular"),
    pytest.param(arguments(1, 1, (3,), padding_mode="zeros", transposed=True), id="transposed-mode-zeros"),
    pytest.param(arguments(1, 1, (3,), transposed=True, stride=2, output_padding=1), id="output-padding-below-stride"),
    pytest.param(
        arguments(1, 1, (3,), transposed=True, dilation=3, output_padding=2), id="output-padding-below-dilation"
    ),
    pytest.param(arguments(1, 1, (3,), padding=9), id="padding-wider-than-the-kernel"),
]


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")
@pytest.mark.parametrize("given", ACCEPTED)
def test_weight_shape_and_attributes_are_those_of_the_torch_module(given: Kwargs) -> None:
    spec, layer = ConvSpec(**given), torch_layer(given)
    assert spec.weight_shape == tuple(layer.get_parameter("weight").shape)
    assert spec.bias == ("bias" in dict(layer.named_parameters()))
    assert spec.ndim == layer.get_parameter("weight").ndim - 2
    names = [field.name for field in dataclasses.fields(ConvSpec) if field.name != "bias"]
    assert {name: getattr(spec, name) for name in names} == {name: getattr(layer, name) for name in names}
    torch_run(given)


def test_the_defaults_are_those_of_torch() -> None:
    spec = ConvSpec(3, 16, (3, 5))
    assert dataclasses.asdict(spec) == {
        "in_channels": 3,
        "out_channels": 16,
        "kernel_size": (3, 5),
        "stride": (1, 1),
        "padding": (0, 0),
        "dilation": (1, 1),
        "groups": 1,
        "bias": True,
        "padding_mode": "zeros",
        "transposed": False,
        "output_padding": (0, 0),
    }


def test_the_padding_modes_are_those_of_torch() -> None:
    with pytest.raises(ValueError, match="padding_mode must be one of") as refusal:
        torch_layer(arguments(1, 1, (3,), padding_mode=""))
    assert set(re.findall(r"'(\w+)'", str(refusal.value))) == set(PADDING_MODES)


def test_everything_after_the_kernel_is_keyword_only() -> None:
    with pytest.raises(TypeError, match="positional"):
        ConvSpec(1, 1, (3,), 2)  # type: ignore[call-arg]


INTS = [
    pytest.param(2, id="int"),
    pytest.param(np.int64(2), id="numpy-int64"),
    pytest.param(np.uint8(2), id="numpy-uint8"),
    pytest.param(np.array(2), id="numpy-0d-array"),
    pytest.param(torch.tensor(2), id="0d-tensor"),
    pytest.param(torch.tensor(2, dtype=torch.int32), id="0d-int32-tensor"),
]
PAIRS = [
    pytest.param((2, 3), id="tuple"),
    pytest.param([2, 3], id="list"),
    pytest.param(torch.Size([2, 3]), id="torch-size"),
    pytest.param(torch.zeros(2, 3).shape, id="shape-of-a-tensor"),
    pytest.param(np.array([2, 3]), id="numpy-array"),
    pytest.param(torch.tensor([2, 3]), id="tensor"),
    pytest.param(range(2, 4), id="range"),
    pytest.param([np.int32(2), torch.tensor(3)], id="mixed"),
]


def all_ints(spec: ConvSpec) -> Iterator[object]:
    for name in ("in_channels", "out_channels", "groups"):
        yield getattr(spec, name)
    for name in ("kernel_size", "stride", "padding", "dilation", "output_padding"):
        values = getattr(spec, name)
        assert type(values) is tuple
        yield from values


@pytest.mark.parametrize("two", INTS)
def test_anything_that_stands_for_an_int_becomes_an_int(two: Any) -> None:
    given = arguments(two, two, (two, two), stride=two, padding=two, dilation=(two, two), groups=two)
    spec = ConvSpec(**given, transposed=True, output_padding=1)
    plain = ConvSpec(2, 2, (2, 2), stride=2, padding=2, dilation=2, groups=2, transposed=True, output_padding=1)
    assert spec == plain
    assert hash(spec) == hash(plain)
    assert {type(value) for value in all_ints(spec)} == {int}


@pytest.mark.parametrize("name", ["kernel_size", "stride", "padding", "dilation", "output_padding"])
@pytest.mark.parametrize("pair", PAIRS)
def test_anything_that_holds_ints_becomes_a_tuple_of_ints(name: str, pair: Any) -> None:
    fixed = {"kernel_size": (4, 4), "stride": 4, "transposed": True}
    spec = ConvSpec(1, 1, **{**fixed, name: pair})
    assert spec == ConvSpec(1, 1, **{**fixed, name: (2, 3)})  # type: ignore[arg-type]
    assert {type(value) for value in all_ints(spec)} == {int}


def test_an_iterator_is_refused_since_it_lasts_for_one_reading() -> None:
    iterator: Any = iter((2, 3))
    with pytest.raises(TypeError, match=r"^stride must be an int, but stride=<tuple_iterator"):
        ConvSpec(1, 1, (4, 5), stride=iterator)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        pytest.param({"bias": None}, "bias must be a bool, but bias=None has type NoneType", id="bias-none"),
        pytest.param(
            {"transposed": "no"}, "transposed must be a bool, but transposed='no' has type str", id="transposed-word"
        ),
        pytest.param(
            {"padding_mode": 0}, "padding_mode must be a str, but padding_mode=0 has type int", id="mode-number"
        ),
    ],
)
def test_words_and_switches_have_their_types(options: dict[str, Any], words: str) -> None:
    with pytest.raises(TypeError, match=f"^{re.escape(words)}$"):
        ConvSpec(1, 1, (3,), **options)


@pytest.mark.parametrize("name", ["stride", "padding", "dilation"])
def test_one_int_in_a_sequence_stands_for_all_axes_as_in_torch(name: str) -> None:
    alone, everywhere = {name: (2,)}, {name: (2, 2, 2)}
    assert ConvSpec(1, 1, (3, 3, 3), **alone) == ConvSpec(1, 1, (3, 3, 3), **everywhere)  # type: ignore[arg-type]
    x, w = torch.zeros(1, 1, 8, 8, 8), torch.zeros(1, 1, 3, 3, 3)
    conv3d: Any = nn.functional.conv3d
    assert conv3d(x, w, **alone).shape == conv3d(x, w, **everywhere).shape


def test_a_spec_is_frozen() -> None:
    spec = ConvSpec(1, 1, (3,))
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec.stride = (2,)  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del spec.stride
    assert spec.stride == (1,)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(ConvSpec(3, 6, (3, 3), stride=2), ConvSpec(3, 6, [3, 3], stride=(2, 2)), id="int-and-tuple"),
        pytest.param(ConvSpec(3, 6, (3, 3), padding=[1]), ConvSpec(3, 6, (3, 3), padding=1), id="one-in-a-list"),
        pytest.param(ConvSpec(3, 6, (3,)), ConvSpec(3, 6, (3,), groups=1, padding_mode="zeros"), id="defaults-spelled"),
    ],
)
def test_equal_ways_to_write_a_spec_are_equal_and_hash_alike(one: ConvSpec, other: ConvSpec) -> None:
    assert one == other
    assert len({one, other}) == 1


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"in_channels": 8}, id="in_channels"),
        pytest.param({"out_channels": 8}, id="out_channels"),
        pytest.param({"kernel_size": (3, 4)}, id="kernel_size"),
        pytest.param({"stride": (1, 2)}, id="stride"),
        pytest.param({"padding": 1}, id="padding"),
        pytest.param({"padding": "valid"}, id="padding-word"),
        pytest.param({"dilation": 2}, id="dilation"),
        pytest.param({"groups": 2}, id="groups"),
        pytest.param({"bias": False}, id="bias"),
        pytest.param({"padding_mode": "reflect"}, id="padding_mode"),
        pytest.param({"transposed": True}, id="transposed"),
    ],
)
def test_a_difference_in_any_argument_makes_specs_unequal(change: Kwargs) -> None:
    base = arguments(4, 4, (3, 3))
    changed = ConvSpec(**{**base, **change})
    assert changed != ConvSpec(**base)
    assert changed == dataclasses.replace(ConvSpec(**base), **change)


def test_replace_copy_and_pickle_make_valid_specs() -> None:
    spec = ConvSpec(4, 6, (3, 4), padding="same", groups=2)
    assert dataclasses.replace(spec, dilation=2).dilation == (2, 2)  # type: ignore[arg-type]
    assert copy.deepcopy(spec) == spec
    assert pickle.loads(pickle.dumps(spec)) == spec
    with pytest.raises(ValueError, match="groups must divide in_channels, but in_channels=4 and groups=3"):
        dataclasses.replace(spec, groups=3)


def test_four_spatial_axes_are_a_spec_though_torch_has_no_layer_for_it() -> None:
    assert ConvSpec(2, 3, (1, 2, 3, 4)).weight_shape == (3, 2, 1, 2, 3, 4)


# The helpers that word the errors of every room.


@pytest.mark.parametrize(
    ("value", "ndim", "expected"),
    [
        pytest.param(2, 3, (2, 2, 2), id="int-for-all-axes"),
        pytest.param((2,), 3, (2, 2, 2), id="single-one-for-all-axes"),
        pytest.param([1, 2], 2, (1, 2), id="list"),
        pytest.param(0, 1, (0,), id="the-minimum-itself"),
    ],
)
def test_as_tuple(value: Any, ndim: int, expected: tuple[int, ...]) -> None:
    assert as_tuple("padding", value, ndim, minimum=0) == expected


def test_as_int_takes_the_minimum_and_refuses_what_is_below() -> None:
    assert as_int("batch_size", 0, minimum=0) == 0
    with pytest.raises(ValueError, match=r"\Abatch_size must be at least 0, but batch_size=-1\Z"):
        as_int("batch_size", -1, minimum=0)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(3, None, id="int"),
        pytest.param("same", None, id="word"),
        pytest.param(1.5, None, id="float"),
        pytest.param(None, None, id="none"),
        pytest.param(np.int64(3), None, id="numpy-int"),
        pytest.param(torch.tensor(3), None, id="0d-tensor"),
        pytest.param((), (), id="empty"),
        pytest.param([3], (3,), id="list"),
        pytest.param(torch.Size([1, 2]), (1, 2), id="torch-size"),
        pytest.param(b"ab", None, id="bytes"),
        pytest.param({1: 2}, None, id="dict"),
        pytest.param({1, 2}, None, id="set"),
    ],
)
def test_axes_of(value: object, expected: tuple[int, ...] | None) -> None:
    assert axes_of(value) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param([], None, id="nothing"),
        pytest.param([1, "same", 3], None, id="single-things"),
        pytest.param([1, (2,)], 1, id="one-axis"),
        pytest.param([(2,), (1, 2), 5], 2, id="a-single-one-gives-way"),
        pytest.param([(1, 2, 3), (1, 2)], 3, id="the-largest-number"),
    ],
)
def test_common_ndim(values: list[object], expected: int | None) -> None:
    assert common_ndim(values) == expected
