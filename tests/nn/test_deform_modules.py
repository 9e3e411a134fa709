"""The deformable modules against torch's convolutions, their branch, their state, and the words of their errors."""

from __future__ import annotations

import copy
import inspect
import io
import itertools
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from conv_cases import EVEN_SAME_WARNING, TORCH_MODULE, assert_one_sentence, numbers
from torch import Tensor, nn
from torch.testing import assert_close
from window_cases import WINDOWS

import convlab
from convlab.nn import CausalConv1d, DeformConv1d, DeformConv2d, DeformConv3d

pytestmark = pytest.mark.filterwarnings(EVEN_SAME_WARNING)

DEFORM: dict[int, Callable[..., Any]] = {1: DeformConv1d, 2: DeformConv2d, 3: DeformConv3d}
SIZE = (7, 8, 6)
F64: dict[str, Any] = {"dtype": torch.float64}

CASES: dict[str, tuple[int, dict[str, Any]]] = {
    **WINDOWS,
    "groups": (2, {"groups": 2}),
    "all options in 3D": (3, {"groups": 2, "stride": (1, 2, 1), "padding": (2, 1, 0), "dilation": (1, 1, 2)}),
}
each_case = pytest.mark.parametrize(("ndim", "options"), [pytest.param(*case, id=name) for name, case in CASES.items()])
OWN: dict[str, dict[str, Any]] = {
    "modulated": {},
    "not modulated": {"modulated": False},
    "two offset groups": {"offset_groups": 2},
    "no branch": {"branch": False, "offset_groups": 2},
}
each_own = pytest.mark.parametrize("own", [pytest.param(own, id=name) for name, own in OWN.items()])
each_ndim = pytest.mark.parametrize("ndim", DEFORM)


def plain_conv(ndim: int, options: dict[str, Any]) -> Any:
    """Torch's layer from 4 to 6 channels."""
    return TORCH_MODULE[ndim](4, 6, **{"kernel_size": 3, **F64, **options})


def with_branch(layer: Any, size: float = 1.0) -> Any:
    """The layer with numbers in its branch, as after a training."""
    for parameter in layer.offset_branch.parameters():
        parameter.data = size * numbers(*parameter.shape, dtype=parameter.dtype)
    return layer


def given_zeros(layer: Any, input: Tensor) -> tuple[Tensor, ...]:
    """What a layer without branch is to be given so that nothing moves; nothing for one with a branch."""
    if layer.branch:
        return ()
    out, taps = layer._conv.forward(layer, input), layer.offset_groups * layer.weight[0, 0].numel()
    shape = (len(input), taps, *out.shape[2:])
    return input.new_zeros(shape).repeat_interleave(layer.weight.ndim - 2, dim=1), input.new_ones(shape)


@each_own
@each_case
def test_untrained_it_is_the_convolution(ndim: int, options: dict[str, Any], own: dict[str, Any]) -> None:
    plain, input = plain_conv(ndim, options), numbers(2, 4, *SIZE[:ndim])
    layer = DEFORM[ndim].from_conv(plain, **own)  # type: ignore[attr-defined]
    assert_close(layer(input, *given_zeros(layer, input)), plain(input))  # within rounding, of float64 here
    if layer.branch:
        assert_close(layer(input[1]), plain(input[1]))  # unbatched


@each_own
@each_case
def test_untrained_it_is_exact_where_no_sum_is_rounded(ndim: int, options: dict[str, Any], own: dict[str, Any]) -> None:
    """Of small whole numbers every order of a sum gives the same: not a bit differs."""
    plain, input = plain_conv(ndim, {**options, "dtype": torch.float32}), numbers(2, 4, *SIZE[:ndim])
    input = (8 * input).round().float()
    for parameter in plain.parameters():
        parameter.data = (16 * parameter.data).round()
    layer = DEFORM[ndim].from_conv(plain, **own)  # type: ignore[attr-defined]
    assert torch.equal(layer(input, *given_zeros(layer, input)), plain(input))


def test_with_the_plain_sigmoid_of_the_paper_it_would_begin_at_half() -> None:
    """What the docstring says of DCNv2."""
    plain, input = nn.Conv2d(4, 6, 3, bias=False, **F64), numbers(1, 4, 6, 6)
    layer = DeformConv2d.from_conv(plain)
    offset, mask = layer.offsets(input)
    assert mask is not None
    assert torch.equal(mask, torch.ones_like(mask))
    assert_close(convlab.deform_conv(input, offset, plain.weight, mask=mask / 2), plain(input) / 2)


@each_ndim
def test_the_branch_moves_the_taps_and_weighs_them(ndim: int) -> None:
    options: dict[str, Any] = {"stride": 2, "padding": 1, "dilation": 2, "groups": 2, "offset_groups": 2}
    layer, input = with_branch(DEFORM[ndim](4, 6, 3, **options, **F64)), numbers(2, 4, *SIZE[:ndim])
    said = layer.offset_branch(input)
    taps = 2 * 3**ndim
    offset, factors = said[:, : ndim * taps], said[:, ndim * taps :]
    window = {name: options[name] for name in ("stride", "padding", "dilation", "groups")}
    mask = 2 / (1 + (-factors).exp())
    expected = convlab.deform_conv(input, offset, layer.weight, layer.bias, mask=mask, **window)
    assert_close(layer(input), expected)
    assert_close(layer(input[1]), expected[1])  # unbatched
    assert not torch.allclose(expected, layer._conv.forward(layer, input))  # something moved
    made = layer.offsets(input)
    assert [tuple(each.shape[:2]) for each in made] == [(2, ndim * taps), (2, taps)]
    assert_close(made, (offset, mask))
    outside = DEFORM[ndim](4, 6, 3, **options, **F64, branch=False)
    outside.load_state_dict(layer.state_dict(), strict=False)
    assert torch.equal(outside(input, *made), layer(input))
    assert torch.equal(outside(input, mask=made[1], offset=made[0]), layer(input))


def test_version_1_has_offsets_alone() -> None:
    layer, input = with_branch(DeformConv2d(4, 6, 3, modulated=False, **F64)), numbers(2, 4, 7, 8)
    offset, mask = layer.offsets(input)
    assert (tuple(offset.shape), mask) == ((2, 18, 5, 6), None)
    assert_close(layer(input), convlab.deform_conv(input, offset, layer.weight, layer.bias))
    outside = DeformConv2d(4, 6, 3, modulated=False, branch=False, **F64)
    outside.load_state_dict(layer.state_dict(), strict=False)
    assert torch.equal(outside(input, offset), layer(input))


@each_own
@each_ndim
def test_one_step_of_training_moves_the_taps(ndim: int, own: dict[str, Any]) -> None:
    layer, input = DEFORM[ndim](4, 6, 3, padding=1, **own), numbers(2, 4, *SIZE[:ndim]).float()
    given = [each.requires_grad_() for each in given_zeros(layer, input)]
    layer(input, *given).square().sum().backward()
    gradients = {name: parameter.grad for name, parameter in layer.named_parameters()}
    assert all(gradient is not None and gradient.abs().sum() > 0 for gradient in gradients.values()), gradients.keys()
    assert all(each.grad is not None and each.grad.abs().sum() > 0 for each in given)
    if layer.branch:
        torch.optim.SGD(layer.parameters(), lr=1e-4).step()
        offset, mask = layer.offsets(input)
        assert offset.abs().max() > 0
        assert mask is None or (mask != 1).any()


def test_gradients_of_all_parameters_are_right() -> None:
    layer = with_branch(DeformConv1d(2, 2, 2, offset_groups=2, **F64), 0.1)
    input = numbers(1, 2, 5, requires_grad=True)
    names = [name for name, _ in layer.named_parameters()]

    def run(input: Tensor, *values: Tensor) -> Tensor:
        output: Tensor = torch.func.functional_call(layer, dict(zip(names, values, strict=True)), (input,))
        return output

    assert torch.autograd.gradcheck(run, (input, *(p.detach().clone().requires_grad_() for p in layer.parameters())))


@each_own
@each_case
def test_the_state_of_a_convolution_goes_in(ndim: int, options: dict[str, Any], own: dict[str, Any]) -> None:
    plain = plain_conv(ndim, options)
    layer = DEFORM[ndim](4, 6, **{"kernel_size": 3, **F64, **options, **own})
    found = layer.load_state_dict(plain.state_dict(), strict=False)
    branch = ["offset_branch.weight", "offset_branch.bias"] if layer.branch else []
    assert (found.missing_keys, found.unexpected_keys) == (branch, [])
    assert list(layer.state_dict()) == [*plain.state_dict(), *branch]
    assert torch.equal(layer.weight, plain.weight)
    if branch:
        channels = layer.offset_groups * layer.weight[0, 0].numel() * (ndim + layer.modulated)
        made = layer.offset_branch
        assert (type(made), made.out_channels, made.groups) == (TORCH_MODULE[ndim], channels, 1)
        window = ("in_channels", "kernel_size", "stride", "padding", "dilation")
        assert [getattr(made, name) for name in window] == [getattr(plain, name) for name in window]
        assert not any(parameter.any() for parameter in made.parameters())


@each_own
def test_copies_and_files_compute_the_same(own: dict[str, Any]) -> None:
    layer, input = DeformConv2d(4, 6, 3, **own), numbers(2, 4, 6, 7).float()
    given = given_zeros(layer, input)
    if layer.branch:
        with_branch(layer)
    expected = layer(input, *given)
    twin = DeformConv2d(4, 6, 3, **own)
    twin.load_state_dict(layer.state_dict())
    file = io.BytesIO()
    torch.save(layer, file)
    file.seek(0)
    copies = [twin, copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), torch.load(file, weights_only=False)]
    for each in copies:
        assert torch.equal(each(input, *given), expected)
        assert repr(each) == repr(layer)
    copies[1].weight.data.zero_()
    assert torch.equal(layer(input, *given), expected)


@pytest.mark.parametrize(
    ("setting", "kept"),
    [
        pytest.param(lambda conv: conv.to(torch.float16), lambda conv: conv.weight.dtype, id="dtype"),
        pytest.param(lambda conv: conv.to("meta"), lambda conv: conv.weight.device, id="device"),
        pytest.param(lambda conv: conv.eval(), lambda conv: conv.training, id="training flag"),
        pytest.param(
            lambda conv: conv.requires_grad_(False),
            lambda conv: (conv.weight.requires_grad, conv.bias.requires_grad),
            id="frozen",
        ),
        pytest.param(
            lambda conv: conv.bias.requires_grad_(False),
            lambda conv: (conv.weight.requires_grad, conv.bias.requires_grad),
            id="a frozen bias",
        ),
        pytest.param(
            lambda conv: conv.to(memory_format=torch.channels_last), lambda conv: conv.weight.stride(), id="layout"
        ),
    ],
)
def test_from_conv_keeps(setting: Callable[[Any], object], kept: Callable[[Any], object]) -> None:
    plain = nn.Conv2d(4, 6, 3, padding="same")
    usual = kept(plain)
    setting(plain)
    layer = DeformConv2d.from_conv(plain)
    assert kept(layer) == kept(plain) != usual
    assert layer.offset_branch is not None
    assert all(parameter.requires_grad for parameter in layer.offset_branch.parameters())  # it is there to learn
    branch = layer.offset_branch.weight
    assert (branch.dtype, branch.device) == (plain.weight.dtype, plain.weight.device)
    assert {module.training for module in layer.modules()} == {plain.training}


def test_from_conv_shares_nothing_and_draws_nothing() -> None:
    plain, state = nn.Conv2d(4, 6, 3), torch.get_rng_state()
    layer = DeformConv2d.from_conv(plain)
    assert torch.equal(torch.get_rng_state(), state)
    before = plain.weight.detach().clone()
    layer.weight.data.zero_()
    assert torch.equal(plain.weight, before)
    theirs = {parameter.data_ptr() for parameter in plain.parameters()}
    assert theirs.isdisjoint(parameter.data_ptr() for parameter in layer.parameters())


class Doubled(nn.Conv2d):
    """A convolution whose forward is its own."""

    def forward(self, input: Tensor) -> Tensor:
        """Twice the convolution."""
        return 2 * super().forward(input)


@pytest.mark.parametrize(
    ("kind", "conv", "error"),
    [
        pytest.param(
            DeformConv2d,
            nn.Conv3d(1, 1, 3),
            TypeError("conv must be an nn.Conv2d with torch's forward, but it is a torch.nn.modules.conv.Conv3d"),
            id="another number of axes",
        ),
        pytest.param(
            DeformConv1d,
            nn.ConvTranspose1d(1, 1, 3),
            TypeError(
                "conv must be an nn.Conv1d with torch's forward, but it is a torch.nn.modules.conv.ConvTranspose1d"
            ),
            id="transposed",
        ),
        pytest.param(
            DeformConv1d,
            CausalConv1d(1, 1, 3),
            TypeError("conv must be an nn.Conv1d with torch's forward, but it is a convlab.nn.causal.CausalConv1d"),
            id="it pads by itself",
        ),
        pytest.param(
            DeformConv2d,
            Doubled(1, 1, 3),
            TypeError(f"conv must be an nn.Conv2d with torch's forward, but it is a {__name__}.Doubled"),
            id="a forward of its own",
        ),
        pytest.param(
            DeformConv2d,
            DeformConv2d(1, 1, 3),
            TypeError("conv must be an nn.Conv2d with torch's forward, but it is a convlab.nn.deform.DeformConv2d"),
            id="deformable already",
        ),
        pytest.param(
            DeformConv2d,
            nn.Conv2d(1, 1, 3, padding=1, padding_mode="reflect"),
            ValueError(
                "padding_mode must be 'zeros' in a deformable convolution, since what a tap reads outside the input "
                "is zero, but padding_mode='reflect'"
            ),
            id="a padding mode",
        ),
        pytest.param(
            DeformConv2d,
            nn.LazyConv2d(1, 3),
            ValueError("conv must be initialised, but its weight has no shape yet: run it once on real data"),
            id="lazy",
        ),
    ],
)
def test_from_conv_refuses(kind: Any, conv: nn.Module, error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        kind.from_conv(conv)
    assert str(caught.value) == str(error)


@each_own
@each_case
def test_the_same_seed_gives_the_weights_of_the_convolution(
    ndim: int, options: dict[str, Any], own: dict[str, Any]
) -> None:
    made = []
    for kind, more in ((DEFORM[ndim], own), (TORCH_MODULE[ndim], {})):
        torch.manual_seed(0)
        layer: Any = kind(4, 6, **{"kernel_size": 3, **options, **more})
        made.append((layer.weight.detach(), nn.Linear(3, 3).weight.detach()))  # and whatever comes after it
    assert_close(*made, rtol=0, atol=0)


def test_resetting_draws_the_weights_and_clears_the_branch() -> None:
    layer, plain = with_branch(DeformConv2d(4, 6, 3)), nn.Conv2d(4, 6, 3)
    for each in (layer, plain):
        torch.manual_seed(1)
        each.reset_parameters()
    assert torch.equal(layer.weight, plain.weight)
    assert not any(parameter.any() for parameter in layer.offset_branch.parameters())
    with torch.device("meta"):
        made = DeformConv2d(4, 6, 3)
    made.to_empty(device="cpu").reset_parameters()  # as for any layer that is built without memory
    assert_close(made(torch.ones(1, 4, 5, 5)), made._conv.forward(made, torch.ones(1, 4, 5, 5)))


@each_ndim
def test_by_position_arguments_are_those_of_torch(ndim: int) -> None:
    ours, theirs = (inspect.signature(item).parameters for item in (DEFORM[ndim], TORCH_MODULE[ndim]))
    by_position = [name for name, item in ours.items() if item.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD]
    assert by_position == list(theirs)
    assert {name: ours[name].default for name in theirs} == {name: item.default for name, item in theirs.items()}
    assert [name for name in ours if name not in theirs] == ["offset_groups", "modulated", "branch"]
    assert issubclass(DEFORM[ndim], TORCH_MODULE[ndim])  # type: ignore[arg-type]


@each_own
@each_ndim
def test_device_and_dtype_reach_every_parameter(ndim: int, own: dict[str, Any]) -> None:
    made = DEFORM[ndim](2, 4, 3, device="meta", dtype=torch.float16, **own)
    assert {(p.device.type, p.dtype) for p in made.parameters()} == {("meta", torch.float16)}


@each_ndim
def test_shapes_alone_are_enough(ndim: int) -> None:
    layer = DEFORM[ndim](4, 6, 3, stride=2, device="meta")
    assert layer(torch.empty(2, 4, *SIZE[:ndim], device="meta")).shape[:2] == (2, 6)


def test_autocast_runs_it_as_a_convolution() -> None:
    layer, input = with_branch(DeformConv2d(4, 6, 3)), numbers(2, 4, 6, 7).float()
    with torch.autocast("cpu"):
        output = layer(input)
    assert output.dtype == layer._conv.forward(layer, input).bfloat16().dtype
    assert output.isfinite().all()


@pytest.mark.parametrize("narrow", [False, True], ids=["float32 comes in", "bfloat16 comes in"])
def test_autocast_does_not_round_the_places(narrow: bool) -> None:
    layer, input = DeformConv1d(1, 1, 1, bias=False, modulated=False), torch.arange(1000.0).remainder(8)[None, None] / 8
    layer.weight.data.fill_(1.0)
    assert layer.offset_branch is not None
    assert layer.offset_branch.bias is not None
    layer.offset_branch.bias.data.fill_(300.75)  # 300 in bfloat16
    with torch.autocast("cpu"):
        offset, _ = layer.offsets(input.bfloat16() if narrow else input)
        output = layer(input.bfloat16() if narrow else input)
        output.sum().backward()
    assert offset.dtype == torch.float32
    assert output[0, 0, 0] == 4.75 / 8
    assert all(parameter.grad is not None for parameter in layer.parameters())


def test_an_empty_batch_stays_empty() -> None:
    assert DeformConv2d(4, 6, 3)(torch.zeros(0, 4, 6, 7)).shape == (0, 6, 4, 5)


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        pytest.param(
            DeformConv2d(4, 6, 3, stride=2, padding=1),
            "DeformConv2d(\n"
            "  4, 6, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1)\n"
            "  (offset_branch): Conv2d(4, 27, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1))\n"
            ")",
            id="usual",
        ),
        pytest.param(
            DeformConv1d(4, 6, 3, groups=2, bias=False, padding="same", offset_groups=2, modulated=False, branch=False),
            "DeformConv1d(4, 6, kernel_size=(3,), stride=(1,), padding=same, groups=2, bias=False, "
            "offset_groups=2, modulated=False, branch=False)",
            id="everything",
        ),
    ],
)
def test_repr(layer: nn.Module, text: str) -> None:
    assert repr(layer) == text


def row(id: str, layer: Any, error: Exception, *args: Any, **options: Any) -> Any:
    return pytest.param(layer, args, options, error, id=id)


@pytest.mark.parametrize(
    ("layer", "args", "options", "error"),
    [
        row(
            "no output channels", DeformConv2d,
            ValueError("out_channels must be at least 1, but out_channels=0"), 3, 0, 3,
        ),
        row(
            "kernel for another number of axes", DeformConv3d,
            ValueError("kernel_size must be an int or have one int for each of 3 spatial axes, but kernel_size=(3, 3)"),
            3, 6, (3, 3),
        ),
        row(
            "groups", DeformConv1d,
            ValueError("groups must divide in_channels, but in_channels=3 and groups=2"), 3, 6, 3, groups=2,
        ),
        row(
            "offset groups", DeformConv2d,
            ValueError("offset_groups must divide in_channels, but in_channels=4 and offset_groups=3"),
            4, 6, 3, offset_groups=3,
        ),
        row(
            "no offset groups", DeformConv2d,
            ValueError("offset_groups must be at least 1, but offset_groups=0"), 4, 6, 3, offset_groups=0,
        ),
        row(
            "a padding mode", DeformConv1d,
            ValueError(
                "padding_mode must be 'zeros' in a deformable convolution, since what a tap reads outside the input "
                "is zero, but padding_mode='circular'"
            ),
            4, 6, 3, padding=1, padding_mode="circular",
        ),
        row(
            "an unknown padding mode", DeformConv1d,
            ValueError(
                "padding_mode must be one of 'zeros', 'reflect', 'replicate', 'circular', but padding_mode='zero'"
            ),
            4, 6, 3, padding_mode="zero",
        ),
        row(
            "same with stride", DeformConv2d,
            ValueError("padding='same' needs stride=1, but stride=(2, 2)"), 4, 6, 3, 2, "same",
        ),
        row(
            "modulated is a number", DeformConv2d,
            TypeError("modulated must be a bool, but modulated=1 has type int"), 4, 6, 3, modulated=1,
        ),
        row(
            "complex", DeformConv2d,
            TypeError(
                "dtype must be a floating-point dtype, since the input is interpolated, but dtype=torch.complex64"
            ),
            4, 6, 3, dtype=torch.complex64,
        ),
        row(
            "branch is a word", DeformConv2d,
            TypeError("branch must be a bool, but branch='yes' has type str"), 4, 6, 3, branch="yes",
        ),
    ],
)  # fmt: skip
def test_errors(layer: Any, args: tuple[Any, ...], options: dict[str, Any], error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        layer(*args, **options)
    assert str(caught.value) == str(error)
    if not {"modulated", "branch", "offset_groups", "dtype"} & set(options):
        assert_one_sentence(caught.value)


IMAGE, OFFSET, MASK = torch.zeros(1, 4, 5, 5), torch.zeros(1, 18, 3, 3), torch.ones(1, 9, 3, 3)


@pytest.mark.parametrize(
    ("options", "given", "error"),
    [
        pytest.param(
            {}, (IMAGE, OFFSET),
            TypeError(
                "DeformConv2d must be built with branch=False to be given an offset: its own branch says what they are"
            ),
            id="an offset too many",
        ),
        pytest.param(
            {}, (IMAGE, None, MASK),
            TypeError(
                "DeformConv2d must be built with branch=False to be given a mask: its own branch says what they are"
            ),
            id="a mask too many",
        ),
        pytest.param(
            {"branch": False}, (IMAGE,),
            TypeError("DeformConv2d must be given an offset as its second argument, since it has branch=False"),
            id="no offset",
        ),
        pytest.param(
            {"branch": False}, (IMAGE, OFFSET),
            TypeError("DeformConv2d must be given a mask as its third argument, since it has modulated=True"),
            id="no mask",
        ),
        pytest.param(
            {"branch": False, "modulated": False}, (IMAGE, OFFSET, MASK),
            TypeError("DeformConv2d must be built with modulated=True to be given a mask, but it has modulated=False"),
            id="a mask for version 1",
        ),
        pytest.param(
            {"branch": False, "modulated": False, "offset_groups": 2},
            (IMAGE, OFFSET),
            ValueError(
                "offset must have the 36 channels of offset_groups=2, "
                "but offset has 18 on axis 1 of its shape (1, 18, 3, 3)"
            ),
            id="an offset for fewer groups",
        ),
        pytest.param(
            {}, (torch.zeros(1, 3, 5, 5),),
            ValueError(
                "input must have in_channels = 4 channels, but input has 3 on axis 1 of its shape (1, 3, 5, 5)"
            ),
            id="channels",
        ),
        pytest.param(
            {}, (torch.zeros(3, 5, 5),),
            ValueError("input must have in_channels = 4 channels, but input has 3 on axis 0 of its shape (3, 5, 5)"),
            id="channels, unbatched",
        ),
        pytest.param(
            {}, (torch.zeros(1, 4, 5, 5, 5),),
            ValueError(
                "input must have shape (N, C_in, H, W) or (C_in, H, W), but input has shape (1, 4, 5, 5, 5)"
            ),
            id="axes",
        ),
        pytest.param(
            {}, ([0.0],), TypeError("input must be a torch.Tensor, but input is a builtins.list"), id="a list"
        ),
        pytest.param(
            {}, (None,), TypeError("input must be a torch.Tensor, but input is a builtins.NoneType"), id="nothing"
        ),
        pytest.param(
            {"branch": False}, (None, OFFSET, MASK),
            TypeError("input must be a torch.Tensor, but input is a builtins.NoneType"), id="nothing, no branch",
        ),
        pytest.param(
            {"branch": False}, (IMAGE, [0.0], MASK),
            TypeError("offset must be a torch.Tensor, but offset is a builtins.list"), id="a list of offsets",
        ),
        pytest.param(
            {}, (IMAGE.double(),),
            TypeError("weight must have the dtype of input, but weight is torch.float32 and input is torch.float64"),
            id="float64",
        ),
        pytest.param(
            {}, (IMAGE.long(),),
            TypeError("weight must have the dtype of input, but weight is torch.float32 and input is torch.int64"),
            id="whole numbers",
        ),
        pytest.param(
            {}, (IMAGE.to("meta"),),
            ValueError("weight must be on the device of input, but weight is on cpu and input is on meta"),
            id="another device",
        ),
        pytest.param(
            {}, (IMAGE[..., :2],),
            ValueError(
                "the kernel must fit into the padded input, but on spatial axis 1 input_size=2 with padding of 0 "
                "before and 0 after makes 2 and kernel_size=3 with dilation=1 spans 3"
            ),
            id="too small",
        ),
    ],
)  # fmt: skip
def test_errors_of_a_run(options: dict[str, Any], given: tuple[Any, ...], error: Exception) -> None:
    layer = DeformConv2d(4, 6, 3, **options)
    with pytest.raises(type(error)) as caught:
        layer(*given)
    assert str(caught.value) == str(error)


def test_a_layer_without_branch_has_no_offsets_to_show() -> None:
    with pytest.raises(ValueError, match="offsets needs branch=True, but this DeformConv2d gets them from outside"):
        DeformConv2d(4, 6, 3, branch=False).offsets(IMAGE)


def test_the_table_notices_a_layer_that_is_wrong() -> None:
    """A mask of 0.5, a stride that the branch forgets, and offsets of another order change what comes out."""
    plain, input = nn.Conv2d(4, 6, 3, stride=2, **F64), numbers(1, 4, 7, 8)
    layer = DeformConv2d.from_conv(plain)
    offset, mask = with_branch(layer).offsets(input)
    assert mask is not None
    window: dict[str, Any] = {"stride": 2}
    right = layer(input)
    swapped = offset.unflatten(1, (-1, 2)).flip(2).flatten(1, 2)
    for wrong in ((offset, mask / 2), (swapped, mask), (offset, mask.flip(1))):
        made = convlab.deform_conv(input, wrong[0], layer.weight, layer.bias, mask=wrong[1], **window)
        assert not torch.allclose(made, right)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize(("ndim", "own"), [*itertools.product(DEFORM, [{}, {"modulated": False}])])
def test_on_a_gpu(ndim: int, own: dict[str, Any]) -> None:
    layer, input = with_branch(DEFORM[ndim](4, 6, 3, **own, **F64)), numbers(2, 4, *SIZE[:ndim])
    expected = layer(input)
    assert_close(layer.to("cuda")(input.to("cuda")).cpu(), expected)
