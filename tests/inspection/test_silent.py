"""Silent mistakes are remarked on where they can be seen, and what looks like one and is right is not."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import pytest
import torch
import torch.nn.functional as F
from broken_models import BROKEN, SILENT, Broken, Silent
from calculating import Net
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from convlab.inspection import record
from convlab.inspection.silent import Remark, remarks
from convlab.inspection.silent.axes import Axes, Part, moved, regrouped, scattered

Input = Tensor | tuple[int, ...]


def said(model: nn.Module, *inputs: Input) -> tuple[Remark, ...]:
    """What is remarked on a run of shapes."""
    tensors = [torch.empty(x, device="meta") if isinstance(x, tuple) else x.to("meta") for x in inputs]
    return remarks(record(model, tensors))


def places(model: nn.Module, *inputs: Input) -> list[tuple[str, str]]:
    return [(remark.level, remark.layer) for remark in said(model, *inputs)]


# --- The gallery ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in SILENT])
def test_the_gallery(case: Silent) -> None:
    """At the place and of the level that it says, with the sizes, and nowhere else but where it began."""
    given = case.tensors()
    found = said(case.make(), *(given if isinstance(given, tuple) else (given,)))
    assert (case.level, case.shows) in [(remark.level, remark.layer) for remark in found]
    assert len(found) <= 2
    for remark in found:
        assert any(character.isdigit() for character in remark.message)
        assert remark.message.endswith(".")
        assert 60 < len(remark.message) < 420


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in SILENT])
def test_nothing_is_said_when_cured(case: Silent) -> None:
    for repair in case.cured:
        model, given = repair(case.make(), case.tensors())
        assert said(model, *(given if isinstance(given, tuple) else (given,))) == (), repair.line


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in SILENT])
def test_numbers_and_shapes_say_the_same(case: Silent) -> None:
    given = case.tensors()
    tensors = list(given) if isinstance(given, tuple) else [given]
    model = case.make().eval()
    assert remarks(record(model, tensors)) == said(model, *tensors)


# --- Pairs: a mistake, and what looks like it and is right ------------------------------------------------------------


class Pair(NamedTuple):
    """A model and what is said of it; and one of which nothing is said."""

    wrong: nn.Module
    given: tuple[Input, ...]
    says: list[tuple[str, str]]
    right: nn.Module
    instead: tuple[Input, ...] | None = None


def lstm(calculate: Callable[..., Any], *sizes: int, batch_first: bool = False) -> nn.Module:
    return Net(calculate, lstm=nn.LSTM(*sizes, batch_first=batch_first))


def head(*layers: nn.Module) -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 6, 3), *layers)


def conv(calculate: Callable[..., Any], **others: nn.Module | nn.Parameter) -> nn.Module:
    return Net(calculate, conv=nn.Conv2d(3, 6, 3), **others)


def parameter(*shape: int) -> nn.Parameter:
    return nn.Parameter(torch.ones(shape))


class Inner(nn.Module):
    def forward(self, one: Tensor, two: Tensor) -> Tensor:
        return torch.cat([one, two])


PAIRS = {
    # taken as unbatched
    "a batch of signals for a picture": Pair(
        nn.Sequential(nn.Conv1d(1, 8, 5), nn.Conv2d(4, 2, 3)), ((4, 1, 20),), [("warning", "1")],
        nn.Sequential(nn.Conv1d(1, 8, 5), nn.Unflatten(1, (1, 8)), nn.Conv2d(1, 2, 3)),
    ),
    "one grey picture": Pair(
        nn.Conv2d(1, 4, 3), ((1, 9, 9),), [("warning", "model")],
        nn.Conv2d(1, 4, 3), ((1, 1, 9, 9),),
    ),
    "one picture in colour": Pair(
        nn.Conv2d(3, 4, 3), ((3, 9, 9),), [("note", "model")],
        nn.Conv2d(3, 4, 3), ((1, 3, 9, 9),),
    ),
    "one map to be enlarged": Pair(
        nn.ConvTranspose3d(3, 4, 3), ((3, 9, 9, 9),), [("note", "model")], nn.ConvTranspose3d(3, 4, 3),
        ((3, 3, 9, 9, 9),)
    ),
    "one picture, an axis put in by hand": Pair(
        Net(lambda m, x: m.conv(x.unsqueeze(0)), conv=nn.Conv2d(1, 4, 3)), ((9, 9),), [("note", "conv")],
        Net(lambda m, x: m.conv(x[None, None]), conv=nn.Conv2d(1, 4, 3)),
    ),
    "features of a batch for a signal": Pair(
        Net(lambda m, x: m.conv(m.fc(x)), fc=nn.Linear(5, 8), conv=nn.Conv1d(4, 4, 3)),
        ((4, 5),), [("warning", "conv")],
        Net(lambda m, x: m.conv(m.fc(x)[:, None]), fc=nn.Linear(5, 8), conv=nn.Conv1d(1, 4, 3)),
    ),
    "channels of one picture for samples, by Flatten": Pair(
        head(nn.Flatten(), nn.Linear(49, 2)), ((3, 9, 9),), [("warning", "0"), ("warning", "2")],
        head(nn.Flatten(), nn.Linear(294, 2)), ((2, 3, 9, 9),),
    ),
    "channels of one picture for samples, by interpolate": Pair(
        head(nn.Upsample(scale_factor=2)), ((3, 9, 9),), [("warning", "0"), ("warning", "1")],
        head(nn.Upsample(scale_factor=2)), ((2, 3, 9, 9),),
    ),
    "channels of one picture for samples, by a norm": Pair(
        head(nn.LocalResponseNorm(2)), ((3, 9, 9),), [("warning", "0"), ("warning", "1")],
        head(nn.LocalResponseNorm(2)), ((2, 3, 9, 9),),
    ),
    "a pool over channels, adaptive": Pair(
        nn.Sequential(nn.Conv1d(1, 8, 5), nn.AdaptiveAvgPool2d(1)), ((2, 1, 20),), [("warning", "1")],
        nn.Sequential(nn.Conv1d(1, 8, 5), nn.AdaptiveAvgPool1d(1)),
    ),
    "features of a batch for a series": Pair(
        Net(lambda m, x: m.lstm(m.conv(x).mean(dim=(2, 3)))[0], conv=nn.Conv2d(3, 6, 3), lstm=nn.LSTM(6, 5)),
        ((4, 3, 9, 9),), [("warning", "lstm")],
        Net(
            lambda m, x: m.lstm(m.conv(x).mean(dim=(2, 3))[:, None])[0],
            conv=nn.Conv2d(3, 6, 3), lstm=nn.LSTM(6, 5, batch_first=True),
        ),
    ),
    "two axes for an LSTM": Pair(
        lstm(lambda m, x: m.lstm(x)[0], 5, 6), ((4, 5),), [("note", "lstm")], lstm(lambda m, x: m.lstm(x)[0], 5, 6),
        ((4, 2, 5),)
    ),
    "two axes for attention": Pair(
        Net(lambda m, x: m.a(x, x, x)[0], a=nn.MultiheadAttention(8, 2)), ((4, 8),), [("note", "a")],
        Net(lambda m, x: m.a(x, x, x)[0], a=nn.MultiheadAttention(8, 2)), ((4, 2, 8),),
    ),
    # axes in another order
    "channels last, rows and columns different": Pair(
        nn.Conv2d(32, 4, 3, padding=1), ((2, 32, 48, 3),), [("warning", "model")], nn.Conv2d(32, 4, 3),
        ((2, 32, 48, 9),)
    ),
    "channels last in a volume": Pair(
        nn.Conv3d(8, 4, 1), ((2, 8, 16, 16, 3),), [("warning", "model")], nn.Conv3d(8, 4, 1), ((2, 8, 16, 16, 16),)
    ),
    "channels last, moved there": Pair(
        conv(lambda m, x: m.last(m.conv(x).permute(0, 2, 3, 1)), last=nn.Conv2d(7, 2, 3)),
        ((2, 3, 9, 9),), [("warning", "last")],
        conv(lambda m, x: m.last(m.conv(x).permute(0, 2, 3, 1)), last=nn.Linear(6, 2)),
    ),
    "channels last, moved there, one size given by hand": Pair(
        conv(lambda m, x: m.last(m.conv(x).permute(0, 2, 3, 1)), last=nn.BatchNorm2d(8)),
        ((2, 3, 10, 9),), [("note", "last")],
        conv(lambda m, x: m.last(m.conv(x).permute(0, 2, 3, 1)), last=nn.LayerNorm(6)),
    ),
    "a batch moved behind": Pair(
        Net(lambda m, x: m.two(m.one(x).permute(1, 0, 2)), one=nn.Conv1d(3, 6, 3), two=nn.Conv1d(4, 2, 3)),
        ((4, 3, 20),), [("warning", "two")],
        Net(lambda m, x: m.two(m.one(x).permute(0, 2, 1)), one=nn.Conv1d(3, 6, 1), two=nn.Linear(6, 2)),
    ),
    "a recurrent layer with the time first before a norm": Pair(
        lstm(lambda m, x: F.batch_norm(m.lstm(x)[0], None, None, training=True), 5, 6),
        ((7, 4, 5),), [("warning", "lstm")],
        lstm(lambda m, x: F.layer_norm(m.lstm(x)[0], (6,)), 5, 6),
    ),
    "a pool over the features of an LSTM": Pair(
        lstm(lambda m, x: F.adaptive_avg_pool1d(m.lstm(x)[0], 1), 5, 6, batch_first=True),
        ((4, 7, 5),), [("warning", "forward: adaptive_avg_pool1d")],
        lstm(lambda m, x: F.adaptive_avg_pool1d(m.lstm(x)[0].transpose(1, 2), 1), 5, 6, batch_first=True),
    ),
    "a norm behind a linear layer, as many moments as features": Pair(
        nn.Sequential(nn.Linear(5, 7), nn.BatchNorm1d(7)), ((4, 7, 5),), [("warning", "1")],
        nn.Sequential(nn.Linear(5, 7), nn.LayerNorm(7)),
    ),
    "a norm behind a linear layer, one number given by hand": Pair(
        nn.Sequential(nn.Linear(5, 6), nn.BatchNorm1d(7)), ((4, 7, 5),), [("note", "1")],
        nn.Sequential(nn.Linear(5, 6), nn.BatchNorm1d(6)), ((4, 5),),
    ),
    "words for channels": Pair(
        Net(lambda m, x: m.c(m.e(x)), e=nn.Embedding(9, 8), c=nn.Conv1d(6, 4, 3)),
        (torch.zeros(4, 6, dtype=torch.int64),), [("warning", "c")],
        Net(lambda m, x: m.c(m.e(x)), e=nn.Embedding(9, 8), c=nn.Conv1d(6, 4, 1)),
    ),
    "a time in front for one that has the batch in front": Pair(
        Net(lambda m, x: m.l(m.c(x).permute(2, 0, 1))[0], c=nn.Conv1d(3, 6, 3), l=nn.LSTM(6, 5, batch_first=True)),
        ((4, 3, 20),), [("warning", "l")],
        Net(lambda m, x: m.l(m.c(x).permute(0, 2, 1))[0], c=nn.Conv1d(3, 6, 3), l=nn.LSTM(6, 5, batch_first=True)),
    ),
    "channels for moments": Pair(
        Net(lambda m, x: m.l(m.c(x))[0], c=nn.Conv1d(3, 6, 3), l=nn.LSTM(18, 5, batch_first=True)),
        ((4, 3, 20),), [("warning", "l")],
        Net(lambda m, x: m.l(m.c(x).mT)[0], c=nn.Conv1d(3, 6, 3), l=nn.LSTM(6, 5, batch_first=True)),
    ),
    "channels for tokens": Pair(
        Net(lambda m, x: m.t(m.c(x)), c=nn.Conv1d(3, 6, 3), t=nn.TransformerEncoderLayer(18, 2, 8, batch_first=True)),
        ((4, 3, 20),), [("note", "t")],
        Net(lambda m, x: m.t(m.c(x).mT), c=nn.Conv1d(3, 6, 3), t=nn.TransformerEncoderLayer(6, 2, 8, batch_first=True)),
    ),
    "a row of a map for features": Pair(
        head(nn.Linear(6, 2)), ((4, 3, 9, 8),), [("warning", "1")], head(nn.Linear(7, 2)), ((4, 3, 9, 9),)
    ),
    "a norm of rows": Pair(
        head(nn.LayerNorm(6)), ((4, 3, 9, 8),), [("warning", "1")], head(nn.LayerNorm([6, 7, 6])),
    ),
    # the batch lost or mixed up
    "colours for samples": Pair(
        Net(lambda m, x: m.fc(x.view(-1, 64)), fc=nn.Linear(64, 2)), ((4, 3, 8, 8),), [("warning", "forward: view")],
        Net(lambda m, x: m.fc(x.view(-1, 64)), fc=nn.Linear(64, 2)), ((4, 1, 8, 8),),
    ),
    "maps for samples": Pair(
        conv(lambda m, x: m.fc(m.conv(x).view(-1, 49)), fc=nn.Linear(49, 2)),
        ((4, 3, 9, 9),), [("warning", "forward: view")],
        conv(lambda m, x: m.fc(m.conv(x).view(-1, 49)).view(4, 6, 2), fc=nn.Linear(49, 2)),
    ),
    "frames of clips, and the clips for moments": Pair(
        conv(lambda m, x: m.l(m.conv(x).mean(dim=(2, 3)).view(-1, 4, 6))[0], l=nn.LSTM(6, 5)),
        ((8, 3, 9, 9),), [("warning", "l")],
        conv(lambda m, x: m.l(m.conv(x).mean(dim=(2, 3)).view(-1, 4, 6))[0], l=nn.LSTM(6, 5, batch_first=True)),
    ),
    "frames of clips, and attention between the clips": Pair(
        conv(lambda m, x: m.t(m.conv(x).mean(dim=(2, 3)).view(-1, 4, 6)), t=nn.TransformerEncoderLayer(6, 2, 8)),
        ((8, 3, 9, 9),), [("warning", "t")],
        conv(
            lambda m, x: m.t(m.conv(x).mean(dim=(2, 3)).view(-1, 4, 6)),
            t=nn.TransformerEncoderLayer(6, 2, 8, batch_first=True),
        ),
    ),
    "all samples made one series, and a clip of as many frames": Pair(
        conv(lambda m, x: m.l(m.conv(x).mean(dim=(2, 3)).view(1, -1, 6))[0], l=nn.LSTM(6, 5, batch_first=True)),
        ((4, 3, 9, 9),), [("warning", "l")],
        conv(lambda m, x: m.l(m.conv(x).mean(dim=(2, 3)).view(-1, 4, 6))[0], l=nn.LSTM(6, 5, batch_first=True)),
    ),
    "maps of two samples in a row, and features of a pair": Pair(
        conv(lambda m, x: m.fc(m.conv(x).view(-1, 2 * 294)), fc=nn.Linear(588, 2)),
        ((8, 3, 9, 9),), [("warning", "forward: view")],
        conv(lambda m, x: m.fc(m.conv(x).mean(dim=(2, 3)).view(-1, 12)), fc=nn.Linear(12, 2)),
    ),
    "maps of all samples in a row, and features of one pair": Pair(
        conv(lambda m, x: m.fc(m.conv(x).view(-1, 2 * 294)), fc=nn.Linear(588, 2)),
        ((2, 3, 9, 9),), [("warning", "forward: view")],
        conv(lambda m, x: m.fc(m.conv(x).mean(dim=(2, 3)).view(-1, 12)), fc=nn.Linear(12, 2)),
    ),
    "maps of one pixel with the wrong number, and frames on an axis of their own": Pair(
        conv(lambda m, x: m.fc(F.adaptive_avg_pool2d(m.conv(x), 1).view(-1, 12)), fc=nn.Linear(12, 2)),
        ((8, 3, 9, 9),), [("warning", "forward: view")],
        conv(lambda m, x: m.fc(F.adaptive_avg_pool2d(m.conv(x), 1).view(-1, 2, 6).mean(1)), fc=nn.Linear(6, 2)),
    ),
    "features too few for the channels of a map, and grey pictures for channels": Pair(
        Net(lambda m, x: m.c(m.fc(x).view(-1, 4, 7, 7)), fc=nn.Linear(5, 49), c=nn.Conv2d(4, 2, 3)),
        ((8, 5),), [("warning", "forward: view")],
        Net(lambda m, x: m.c(x.view(-1, 4, 7, 7)), c=nn.Conv2d(4, 2, 3)), ((8, 1, 7, 7),),
    ),
    "pixels for samples, the channels not moved": Pair(
        conv(lambda m, x: m.fc(m.conv(x).reshape(-1, 6)), fc=nn.Linear(6, 2)),
        ((4, 3, 9, 9),), [("warning", "forward: reshape")],
        conv(lambda m, x: m.fc(m.conv(x).permute(0, 2, 3, 1).reshape(-1, 6)), fc=nn.Linear(6, 2)),
    ),
    "tokens viewed as a map": Pair(
        Net(lambda m, x: m.c(m.t(x).view(2, 8, 4, 4)), t=nn.Linear(5, 8), c=nn.Conv2d(8, 2, 3)),
        ((2, 16, 5),), [("warning", "forward: view")],
        Net(lambda m, x: m.c(m.t(x).transpose(1, 2).view(2, 8, 4, 4)), t=nn.Linear(5, 8), c=nn.Conv2d(8, 2, 3)),
    ),
    "rows, columns and colours viewed": Pair(
        Net(lambda m, x: m.c(x.view(-1, 3, 8, 8)), c=nn.Conv2d(3, 2, 3)),
        ((2, 8, 8, 3),), [("warning", "forward: view")],
        Net(lambda m, x: m.c(x.view(-1, 3, 8, 8)), c=nn.Conv2d(3, 2, 3)), ((2, 192),),
    ),
    "a norm of groups by hand is no transposition": Pair(
        conv(lambda m, x: m.conv(x).view(2, 49, 6)), ((2, 3, 9, 9),), [("warning", "forward: view")],
        Net(lambda m, x: F.layer_norm(m.c(x).view(2, 4, -1), (32,)).view(2, 8, 4, 4), c=nn.Conv2d(3, 8, 3)),
        ((2, 3, 6, 6),),
    ),
    "everything flattened": Pair(
        conv(lambda m, x: m.fc(torch.flatten(m.conv(x))), fc=nn.Linear(588, 2)),
        ((2, 3, 9, 9),), [("warning", "forward: flatten")],
        conv(lambda m, x: torch.flatten(m.conv(x)).square().mean()),
    ),
    "everything flattened, a batch of one": Pair(
        conv(lambda m, x: m.fc(torch.flatten(m.conv(x))), fc=nn.Linear(294, 2)),
        ((1, 3, 9, 9),), [("warning", "forward: flatten")],
        conv(lambda m, x: m.fc(torch.flatten(m.conv(x), 1)), fc=nn.Linear(294, 2)),
    ),
    "a batch of one squeezed": Pair(
        conv(lambda m, x: m.conv(x).squeeze()), ((1, 3, 3, 3),), [("warning", "forward: squeeze")],
        conv(lambda m, x: m.conv(x).squeeze().unsqueeze(0)),
    ),
    "a softmax that chooses its axis": Pair(
        nn.Sequential(nn.Linear(5, 6), nn.Softmax(dim=None)), ((4, 7, 5),), [("warning", "1")],
        nn.Sequential(nn.Linear(5, 6), nn.Softmax(dim=None)), ((4, 5),),
    ),
    "a softmax of rows of a table": Pair(
        nn.Sequential(nn.Linear(5, 6), nn.LogSoftmax(dim=0)), ((4, 5),), [("warning", "1")],
        Net(lambda m, x: (m.fc(x).softmax(dim=0) * x).sum(dim=0), fc=nn.Linear(5, 1)),
    ),
    "a softmax of one map": Pair(
        conv(lambda m, x: m.one(m.conv(x)).softmax(1), one=nn.Conv2d(6, 1, 1)),
        ((4, 3, 9, 9),), [("warning", "forward: softmax")],
        conv(lambda m, x: m.one(m.conv(x)).flatten(2).softmax(2), one=nn.Conv2d(6, 1, 1)),
    ),
    "a loss of a column and a row": Pair(
        Net(lambda m, x, y: F.mse_loss(m.fc(x), y), fc=nn.Linear(5, 1)),
        ((4, 5), (4,)), [("warning", "forward: mse_loss")],
        Net(lambda m, x, y: F.mse_loss(m.fc(x)[:, 0], y), fc=nn.Linear(5, 1)),
    ),
    "a number for each sample times a map as wide": Pair(
        conv(lambda m, x, t: m.conv(x) * t), ((7, 3, 9, 9), (7,)), [("warning", "forward: mul")],
        conv(lambda m, x, t: m.conv(x) * t.view(-1, 1, 1, 1)),
    ),
    "vectors and vectors with an axis more": Pair(
        lstm(lambda m, x: m.lstm(x[:, None])[0] + x, 5, 5, batch_first=True), ((4, 5),), [("warning", "forward: add")],
        lstm(lambda m, x: m.lstm(x[:, None])[0].squeeze(1) + x, 5, 5, batch_first=True),
    ),
    "a number for each channel times a map as wide": Pair(
        conv(lambda m, x: m.conv(x) * m.scale, scale=parameter(6)), ((4, 3, 9, 8),), [("warning", "forward: mul")],
        conv(lambda m, x: m.conv(x) * m.scale.view(6, 1, 1), scale=parameter(6)),
    ),
    "branches behind each other in the batch": Pair(
        conv(lambda m, x: m.inner(m.conv(x), m.other(x)), other=nn.Conv2d(3, 6, 3), inner=Inner()),
        ((4, 3, 9, 9),), [("warning", "inner.forward: cat")],
        conv(lambda m, x, y: m.inner(m.conv(x), m.conv(y)), inner=Inner()), ((4, 3, 9, 9), (4, 3, 9, 9)),
    ),
    "the mean of the samples": Pair(
        lstm(lambda m, x: m.lstm(x)[0].mean(1), 5, 6), ((4, 7, 5),), [("warning", "lstm")],
        lstm(lambda m, x: m.lstm(x)[0].mean(0), 5, 6),
    ),
    "the last sample": Pair(
        lstm(lambda m, x: m.lstm(x)[0].select(1, -1), 5, 6), ((4, 7, 5),), [("warning", "lstm")],
        lstm(lambda m, x: torch.stack([m.lstm(x)[1][0][0, i] for i in range(7)]), 5, 6),
    ),
    "places for the wrong axis": Pair(
        Net(
            lambda m, x: m.t(x + m.p[: x.size(0)]),
            t=nn.TransformerEncoderLayer(8, 2, 8, batch_first=True), p=parameter(9, 1, 8),
        ),
        ((4, 6, 8),), [("warning", "forward: add")],
        Net(lambda m, x: m.t(x + m.p[: x.size(0)]), t=nn.TransformerEncoderLayer(8, 2, 8), p=parameter(9, 1, 8)),
    ),
    "places that say where the batch is": Pair(
        Net(lambda m, x: m.t(x + m.p), t=nn.TransformerEncoderLayer(8, 2, 8), p=parameter(1, 6, 8)),
        ((4, 6, 8),), [("warning", "t")],
        Net(lambda m, x: m.t(x + m.p), t=nn.TransformerEncoderLayer(8, 2, 8, batch_first=True), p=parameter(1, 6, 8)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.filterwarnings("ignore:Implicit dimension choice:UserWarning", "ignore:Using a target size:UserWarning")
def test_a_mistake_and_what_looks_like_it(name: str) -> None:
    pair = PAIRS[name]
    assert places(pair.wrong, *pair.given) == pair.says
    assert places(pair.right, *(pair.instead or pair.given)) == []


# --- Words ------------------------------------------------------------------------------------------------------------


def test_words_of_a_note() -> None:
    (remark,) = said(nn.Sequential(nn.Conv2d(3, 4, 3)), (3, 12, 12))
    assert f"{remark.level}: {remark.layer}: {remark.message}" == (
        "note: 0: Conv2d takes (3, 12, 12) for one picture without a batch axis, (channels, height, width), and gives "
        "(4, 10, 10). That is right for one picture of 3 channels, and wrong for a batch of 3: write x.unsqueeze(0) "
        "for a batch of one picture, x.unsqueeze(1) and in_channels=1 for a batch."
    )


def test_a_printed_remark_has_lines_of_100_characters() -> None:
    (remark,) = said(nn.Sequential(nn.Conv2d(3, 4, 3)), (3, 12, 12))
    lines = str(remark).splitlines()
    assert len(lines) > 2
    assert max(map(len, lines)) <= 100
    assert "\n" not in remark.message
    assert " ".join(lines) == f"note: 0: {remark.message}"


def test_one_cure_where_two_would_give_the_same_tensor() -> None:
    (remark,) = said(nn.Conv3d(1, 4, 3), (1, 3, 7, 7))
    assert remark.message.endswith("write x.unsqueeze(0), which gives (1, 1, 3, 7, 7) and is right for both.")
    assert "unsqueeze(1)" not in remark.message


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        pytest.param((3, 3, 7, 7), "Of 3 pictures with 3 channels make volumes that are 1 deep", id="as many of both"),
        pytest.param((8, 3, 16, 16), "x.unsqueeze(2), in_channels=3 and a kernel", id="another number of channels"),
    ],
)
def test_four_axes_in_conv3d_may_be_a_batch_of_pictures(shape: tuple[int, ...], words: str) -> None:
    (remark,) = said(nn.Conv3d(shape[0], 4, 3), shape)
    assert words in remark.message


def test_an_axis_too_long_for_colours_is_not_called_a_picture() -> None:
    (remark,) = said(nn.Conv3d(3, 4, 3), (3, 16, 16, 16))
    assert "picture" not in remark.message


def test_words_of_a_warning() -> None:
    (remark,) = said(nn.Sequential(nn.Conv1d(1, 8, 5), nn.MaxPool2d(2)), (2, 1, 20))
    assert remark == Remark(
        "warning",
        "1",
        "MaxPool2d takes (2, 8, 16) for one sample without a batch axis, and so the batch of 2 for channels and the 8 "
        "channels for an axis to pool over: (2, 4, 8) comes out. Use MaxPool1d.",
    )


def test_a_layer_used_twice_is_remarked_on_once() -> None:
    model = Net(lambda m, x: m.conv(m.conv(x)), conv=nn.Conv2d(3, 3, 3))
    assert places(model, (3, 9, 9)) == [("note", "conv")]


# --- No rule fails ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in BROKEN])
@pytest.mark.filterwarnings("ignore")
def test_models_that_stop(case: Broken) -> None:
    """Nothing fails; and as they are not silent, little is said of them."""
    given = case.tensors()
    tensors = list(given) if isinstance(given, tuple) else [given]
    model = case.make()
    if any(isinstance(tensor, nn.parameter.UninitializedParameter) for tensor in model.parameters()):
        pytest.skip("a lazy model that stops has no shapes")
    found = remarks(record(model, [tensor.to("meta") for tensor in tensors]))
    assert len(found) <= 1


STEPS: dict[str, Callable[[Tensor], Any]] = {
    "conv1d": lambda x: F.conv1d(x, x.new_ones(4, x.size(-2), 2)),
    "conv2d": lambda x: F.conv2d(x, x.new_ones(4, x.size(-3), 2, 2)),
    "pool": lambda x: F.max_pool2d(x, 2),
    "norm": lambda x: F.batch_norm(x, None, None, training=True),
    "linear": lambda x: F.linear(x, x.new_ones(6, x.size(-1))),
    "lstm": lambda x: nn.LSTM(x.size(-1), 4, device=x.device)(x)[0],
    "attention": lambda x: nn.MultiheadAttention(x.size(-1), 1, device=x.device)(x, x, x)[0],
    "softmax": lambda x: x.softmax(0),
    "squeeze": lambda x: x.squeeze(),
    "unsqueeze": lambda x: x.unsqueeze(0),
    "flatten": lambda x: x.flatten(),
    "flatten(1)": lambda x: x.flatten(1),
    "view": lambda x: x.reshape(-1, 4),
    "view, other": lambda x: x.reshape(2, -1, 2),
    "turned": lambda x: x.reshape(x.shape[::-1]),
    "permute": lambda x: x.permute(*range(1, x.dim()), 0),
    "transpose": lambda x: x.transpose(-1, 0),
    "T": lambda x: x.mT,
    "movedim": lambda x: x.movedim(0, -1),
    "index": lambda x: x[:, -1],
    "index, ellipsis": lambda x: x[..., None, :1],
    "index, mask": lambda x: x[torch.tensor([0])],
    "mean": lambda x: x.mean(dim=-1),
    "max": lambda x: x.max(dim=0, keepdim=True)[0],
    "sum": lambda x: x.sum(),
    "cat": lambda x: torch.cat([x, x + 1]),
    "stack": lambda x: torch.stack([x, x], dim=-1),
    "chunk": lambda x: x.chunk(2, dim=-1)[0],
    "outer": lambda x: x - x[..., 0],
    "matmul": lambda x: x @ x.mT,
    "einsum": lambda x: torch.einsum("ij,kj->ik", x, x),
    "pad": lambda x: F.pad(x, (1, 1)),
    "interpolate": lambda x: F.interpolate(x, scale_factor=2),
}


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=150, deadline=None)
@given(
    shape=st.lists(st.integers(1, 5), min_size=0, max_size=5),
    steps=st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=8),
)
def test_no_rule_fails_on_whatever_is_called(shape: list[int], steps: list[str]) -> None:
    def forward(m: Any, x: Tensor) -> Tensor:
        for step in steps:
            try:
                x = STEPS[step](x)
            except (RuntimeError, ValueError, IndexError, AssertionError, TypeError, NotImplementedError):
                continue
        return x

    with torch.device("meta"):
        made = record(Net(forward), [torch.empty(shape)])
    assert made.error is None
    assert all(isinstance(remark, Remark) for remark in remarks(made))


# --- What becomes of the axes, against tensors whose numbers say where they came from ---------------------------------


def coordinates(axes: Axes, parts: list[Part]) -> Tensor:
    """The tensor that has these axes, if each number counts the elements of the parts in their first order."""
    sizes = [part.size for part in parts]
    flat = [part for axis in axes for part in axis]
    numbers = torch.arange(math.prod(sizes)).view(sizes).permute([parts.index(part) for part in flat])
    return numbers.reshape([math.prod(part.size for part in axis) for axis in axes])


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_parts_keep_their_numbers(data: st.DataObject) -> None:
    """Moved, joined and cut at their borders again, as torch does it."""
    parts = [Part(size) for size in data.draw(st.lists(st.integers(2, 4), min_size=2, max_size=5))]
    axes: Axes = tuple((part,) for part in parts)
    tensor = coordinates(axes, parts)
    for _ in range(data.draw(st.integers(1, 3))):
        order = data.draw(st.permutations(range(len(axes))))
        axes, tensor = moved(axes, order), tensor.permute(order)
        flat = [part.size for axis in axes for part in axis]
        borders = data.draw(st.sets(st.integers(1, len(flat) - 1)))
        cuts = [0, *sorted(borders), len(flat)]
        shape = [math.prod(flat[start:end]) for start, end in pairwise(cuts)]
        grouped = regrouped(axes, shape)
        assert grouped is not None
        axes, tensor = grouped, tensor.reshape(shape)
        assert torch.equal(tensor, coordinates(axes, parts))


@settings(max_examples=100, deadline=None)
@given(sizes=st.lists(st.integers(2, 5), min_size=2, max_size=4), data=st.data())
def test_a_view_that_moves_no_number_is_not_called_scattered(sizes: list[int], data: st.DataObject) -> None:
    axes: Axes = tuple((Part(size),) for size in sizes)
    start = data.draw(st.integers(0, len(sizes) - 2))
    joined = [*sizes[:start], sizes[start] * sizes[start + 1], *sizes[start + 2 :]]
    assert scattered(axes, joined) is None
    assert scattered(axes, [*sizes, 1]) is None
