"""No false alarms: models as people write them, of which nothing has to be said; and for most of them what would be.

Each has its layers and a function for its forward, `m` for the model and `x` for the input.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch.nn.functional as F
from broken_models import FINE, Fine
from calculating import Net
from published_models import CLASSIFIERS, FIELDS, Published
from torch import Tensor, nn

from convlab.inspection import record
from convlab.inspection.silent import Remark, remarks


def said(model: nn.Module, *inputs: Tensor | tuple[int, ...]) -> tuple[Remark, ...]:
    """What is remarked on a run of shapes."""
    tensors = [torch.empty(x, device="meta") if isinstance(x, tuple) else x.to("meta") for x in inputs]
    with torch.device("meta"):
        made = record(model, tensors)
    assert made.error is None, made.error
    return remarks(made)


def words(*shape: int) -> Tensor:
    return torch.zeros(shape, dtype=torch.int64)


def empty(*shape: int) -> nn.Parameter:
    return nn.Parameter(torch.zeros(shape))


def frames(**others: nn.Module) -> dict[str, nn.Module]:
    """A network for each frame, with 8 features, and other layers."""
    return {"frame": nn.Sequential(nn.Conv2d(3, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()), **others}


def encoder(features: int, *, batch_first: bool) -> nn.Module:
    return nn.TransformerEncoder(
        nn.TransformerEncoderLayer(features, 2, 16, batch_first=batch_first), 2, enable_nested_tensor=False
    )


# --- Sequences --------------------------------------------------------------------------------------------------------


def vit(m: Any, x: Tensor) -> Any:
    x = m.patches(x).flatten(2).transpose(1, 2)
    x = torch.cat([m.token.expand(x.size(0), -1, -1), x], dim=1) + m.position
    return m.head(m.encoder(x)[:, 0])


def vit_time_first(m: Any, x: Tensor) -> Any:
    x = m.patches(x).flatten(2).permute(2, 0, 1)
    x = torch.cat([m.token.expand(-1, x.size(1), -1), x]) + m.position
    return m.head(m.encoder(x)[0])


def heads_by_hand(m: Any, x: Tensor) -> Any:
    n, steps, features = x.shape
    q, k, v = m.qkv(x).view(n, steps, 3, 2, features // 2).permute(2, 0, 3, 1, 4).unbind(0)
    weights = (q @ k.transpose(-2, -1)).softmax(dim=-1)
    return m.out((weights @ v).transpose(1, 2).reshape(n, steps, features))


def heads_folded_into_the_batch(m: Any, x: Tensor) -> Any:
    steps, n, features = x.shape
    q = m.query(x).view(steps, n * 2, features // 2).transpose(0, 1)
    weights = F.softmax(torch.bmm(q, q.transpose(1, 2)), dim=2)
    return m.out(torch.bmm(weights, q).transpose(0, 1).contiguous().view(steps, n, features))


def detr(m: Any, x: Tensor) -> Any:
    x = m.conv(x).flatten(2).permute(2, 0, 1)
    queries = m.queries.unsqueeze(1).repeat(1, x.size(1), 1)
    return m.boxes(m.decoder(queries, m.encoder(x))).transpose(0, 1).sigmoid()


def skewed(m: Any, x: Tensor) -> Any:
    n, rows, columns = x.shape
    padded = torch.cat([x.new_zeros(n, rows, 1), x], dim=-1)
    return padded.view(n, columns + 1, rows)[:, 1:].view_as(x)


def mixer_block(m: Any, x: Tensor) -> Any:
    x = m.patches(x).flatten(2).transpose(1, 2)
    x = x + m.tokens(m.norm1(x).transpose(1, 2)).transpose(1, 2)
    return (x + m.channels(m.norm2(x))).mean(dim=1)


def lstm_fcn(m: Any, x: Tensor) -> Any:
    series = m.conv(x).mean(dim=2)
    return m.head(torch.cat([series, m.lstm(x)[0][:, -1]], dim=1))


def decoder_loop(m: Any, x: Tensor) -> Any:
    _, state = m.encoder(m.embed(x))
    steps, token = [], state[-1]
    for _ in range(3):
        out, state = m.decoder(token.unsqueeze(1), state)
        token = out.squeeze(1)
        steps.append(m.head(token))
    return torch.stack(steps, dim=1)


SEQUENCES = {
    "a ViT": (
        Net(
            vit, patches=nn.Conv2d(3, 8, 4, 4), token=empty(1, 1, 8), position=empty(1, 5, 8),
            encoder=encoder(8, batch_first=True), head=nn.Linear(8, 3),
        ),
        (5, 3, 8, 8),
    ),
    "a ViT of as many samples as tokens, and as many tokens as features": (
        Net(
            vit, patches=nn.Conv2d(3, 10, 4, 4), token=empty(1, 1, 10), position=empty(1, 10, 10),
            encoder=encoder(10, batch_first=True), head=nn.Linear(10, 3),
        ),
        (10, 3, 12, 12),
    ),
    "a ViT with the tokens first": (
        Net(
            vit_time_first, patches=nn.Conv2d(3, 8, 4, 4), token=empty(1, 1, 8), position=empty(5, 1, 8),
            encoder=encoder(8, batch_first=False), head=nn.Linear(8, 3),
        ),
        (5, 3, 8, 8),
    ),
    "a transformer on words, the batch in front": (
        Net(
            lambda m, x: m.head(m.encoder(m.embed(x) + m.position[:, : x.size(1)]).mean(dim=1)),
            embed=nn.Embedding(9, 8), position=empty(1, 20, 8), encoder=encoder(8, batch_first=True),
            head=nn.Linear(8, 2),
        ),
        words(4, 6),
    ),
    "a transformer on words, the words in front": (
        Net(
            lambda m, x: m.head(m.encoder(m.embed(x) + m.position[: x.size(0)]).mean(dim=0)),
            embed=nn.Embedding(9, 8), position=empty(20, 1, 8), encoder=encoder(8, batch_first=False),
            head=nn.Linear(8, 2),
        ),
        words(6, 4),
    ),
    "an LSTM with the time first": (
        Net(lambda m, x: m.head(m.lstm(x)[0][-1]), lstm=nn.LSTM(5, 6), head=nn.Linear(6, 2)), (7, 3, 5),
    ),
    "an LSTM with the batch first": (
        Net(
            lambda m, x: m.head(m.lstm(x)[0][:, -1]),
            lstm=nn.LSTM(5, 6, batch_first=True, bidirectional=True), head=nn.Linear(12, 2),
        ),
        (3, 7, 5),
    ),
    "the states of a GRU with the time first": (
        Net(lambda m, x: torch.cat([m.gru(x)[1][-2], m.gru(x)[1][-1]], dim=1), gru=nn.GRU(5, 6, bidirectional=True)),
        (7, 3, 5),
    ),
    "the last step of each sample of its own length": (
        Net(
            lambda m, x: torch.stack([m.lstm(x)[0][i + 2, i] for i in range(x.size(1))]), lstm=nn.LSTM(5, 6)
        ),
        (7, 3, 5),
    ),
    "each sample of a batch on axis 1 by itself": (
        Net(lambda m, x: [(lambda out: [out[:, i] for i in range(3)])(m.lstm(x)[0])], lstm=nn.LSTM(5, 6)), (7, 3, 5),
    ),
    "a language model that returns all words of all samples in rows": (
        Net(
            lambda m, x: m.head(m.lstm(m.embed(x))[0].reshape(-1, 6)),
            embed=nn.Embedding(9, 5), lstm=nn.LSTM(5, 6, batch_first=True), head=nn.Linear(6, 9),
        ),
        words(3, 7),
    ),
    "a recognizer of text: the columns are the time": (
        Net(
            lambda m, x: m.head(m.lstm(m.conv(x).squeeze(2).permute(2, 0, 1))[0]).log_softmax(2),
            conv=nn.Conv2d(1, 8, (12, 3)), lstm=nn.LSTM(8, 6, bidirectional=True), head=nn.Linear(12, 9),
        ),
        (4, 1, 12, 20),
    ),
    "a recognizer of text: channels and rows are the features": (
        Net(
            lambda m, x: m.lstm(m.conv(x).permute(0, 3, 1, 2).flatten(2))[0],
            conv=nn.Conv2d(1, 8, 3, padding=1), lstm=nn.LSTM(32, 6, batch_first=True),
        ),
        (4, 1, 4, 20),
    ),
    "words in a picture of features": (
        Net(
            lambda m, x: F.max_pool1d(m.conv(m.embed(x).unsqueeze(1)).squeeze(3), 5).squeeze(2),
            embed=nn.Embedding(9, 8), conv=nn.Conv2d(1, 4, (3, 8)),
        ),
        words(3, 7),
    ),
    "words transposed for a convolution": (
        Net(
            lambda m, x: m.conv(m.embed(x).transpose(1, 2)).amax(dim=2),
            embed=nn.Embedding(9, 8), conv=nn.Conv1d(8, 4, 3),
        ),
        words(3, 8),
    ),
    "a sentence alone": (
        Net(lambda m, x: m.head(m.embed(x).mean(dim=0)), embed=nn.Embedding(9, 8), head=nn.Linear(8, 2)), words(7),
    ),
    "a linear layer over the time": (Net(lambda m, x: m.fc(x), fc=nn.Linear(20, 5)), (4, 7, 20)),
    "attention by hand": (Net(heads_by_hand, qkv=nn.Linear(8, 24), out=nn.Linear(8, 8)), (3, 5, 8)),
    "attention, its heads in the batch": (
        Net(heads_folded_into_the_batch, query=nn.Linear(8, 8), out=nn.Linear(8, 8)), (5, 3, 8),
    ),
    "a DETR": (
        Net(
            detr, conv=nn.Conv2d(3, 8, 4, 4), queries=empty(6, 8),
            encoder=encoder(8, batch_first=False),
            decoder=nn.TransformerDecoderLayer(8, 2, 16), boxes=nn.Linear(8, 4),
        ),
        (2, 3, 8, 8),
    ),
    "the skew of relative attention": (Net(skewed), (2, 5, 5)),
    "an MLP-Mixer": (
        Net(
            mixer_block, patches=nn.Conv2d(3, 4, 4, 4), norm1=nn.LayerNorm(4), norm2=nn.LayerNorm(4),
            tokens=nn.Linear(4, 4), channels=nn.Linear(4, 4),
        ),
        (2, 3, 8, 8),
    ),
    "an MLP-Mixer whose tokens are mixed by a convolution of 1": (
        Net(
            lambda m, x: m.mix(m.norm(m.patches(x).flatten(2).transpose(1, 2))),
            patches=nn.Conv2d(3, 6, 4, 4), norm=nn.LayerNorm(6), mix=nn.Conv1d(4, 4, 1),
        ),
        (2, 3, 8, 8),
    ),
    "an LSTM-FCN, whose LSTM sees a variable a step": (
        Net(
            lstm_fcn, conv=nn.Conv1d(3, 8, 3), lstm=nn.LSTM(20, 4, batch_first=True), head=nn.Linear(12, 2)
        ),
        (5, 3, 20),
    ),
    "a decoder that feeds itself": (
        Net(
            decoder_loop, embed=nn.Embedding(9, 6), encoder=nn.GRU(6, 6, batch_first=True),
            decoder=nn.GRU(6, 6, batch_first=True), head=nn.Linear(6, 9),
        ),
        words(4, 5),
    ),
    "a network for each variable of a series": (
        Net(
            lambda m, x: m.head(m.fc(x.reshape(-1, 20).unfold(1, 4, 4))).flatten(1).view(5, 3, -1),
            fc=nn.Linear(4, 8), head=nn.Linear(8, 1),
        ),
        (5, 3, 20),
    ),
    "frames in the batch as they come, an LSTM over each clip": (
        Net(
            lambda m, x: m.lstm(m.frame(x).view(-1, 4, 8))[0][:, -1], **frames(lstm=nn.LSTM(8, 6, batch_first=True))
        ),
        (8, 3, 9, 9),
    ),
    "frames in the batch as they come, those of one clip": (
        Net(
            lambda m, x: m.lstm(m.frame(x).view(-1, 4, 8))[0][:, -1], **frames(lstm=nn.LSTM(8, 6, batch_first=True))
        ),
        (4, 3, 9, 9),
    ),
    "frames in the batch as they come, those of one clip, by unflatten": (
        Net(
            lambda m, x: m.gru(m.frame(x).unflatten(0, (-1, 4)))[0][:, -1], **frames(gru=nn.GRU(8, 6, batch_first=True))
        ),
        (4, 3, 9, 9),
    ),
    "frames in the batch as they come, clips and frames counted, maps and all": (
        Net(
            lambda m, x: m.lstm(m.conv(x).reshape(x.size(0) // 4, 4, -1))[0],
            conv=nn.Conv2d(3, 2, 3), lstm=nn.LSTM(98, 6, batch_first=True),
        ),
        (8, 3, 9, 9),
    ),
    "frames in the batch as they come, moved for an LSTM with the time first": (
        Net(lambda m, x: m.lstm(m.frame(x).view(-1, 4, 8).transpose(0, 1))[0][-1], **frames(lstm=nn.LSTM(8, 6))),
        (8, 3, 9, 9),
    ),
    "frames in the batch as they come, which attend to each other": (
        Net(lambda m, x: m.encoder(m.frame(x).view(-1, 4, 8)), **frames(encoder=encoder(8, batch_first=True))),
        (8, 3, 9, 9),
    ),
    "frames in the batch as they come, an LSTM, and a score for each": (
        Net(
            lambda m, x: m.head(m.lstm(m.frame(x).view(-1, 4, 8))[0].reshape(-1, 6)),
            **frames(lstm=nn.LSTM(8, 6, batch_first=True), head=nn.Linear(6, 2)),
        ),
        (8, 3, 9, 9),
    ),
}  # fmt: skip


# --- Pictures, signals, volumes ---------------------------------------------------------------------------------------


def squeeze_and_excite(m: Any, x: Tensor) -> Any:
    x = m.conv(x)
    scale = m.excite(x.mean(dim=(2, 3)))
    return x * scale.sigmoid()[:, :, None, None]


def block_attention(m: Any, x: Tensor) -> Any:
    x = m.conv(x)
    maps = torch.cat([x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)], dim=1)
    return x * m.where(maps).sigmoid()


def efficient_attention(m: Any, x: Tensor) -> Any:
    x = m.conv(x)
    scale = m.along(F.adaptive_avg_pool2d(x, 1).squeeze(-1).transpose(-1, -2)).transpose(-1, -2).unsqueeze(-1)
    return x * scale.sigmoid().expand_as(x)


def non_local(m: Any, x: Tensor) -> Any:
    n, c = x.shape[:2]
    q, k = m.query(x).view(n, c, -1).permute(0, 2, 1), m.key(x).view(n, c, -1)
    weights = F.softmax(torch.matmul(q, k), dim=-1)
    return x + torch.matmul(weights, k.permute(0, 2, 1)).permute(0, 2, 1).contiguous().view(x.shape)


def channel_attention(m: Any, x: Tensor) -> Any:
    maps = m.conv(x).flatten(2)
    weights = torch.softmax(maps @ maps.transpose(1, 2), dim=-1)
    return (weights @ maps).view(x.size(0), -1, *x.shape[2:])


def shuffled(m: Any, x: Tensor) -> Any:
    n, c, h, w = (x := m.conv(x)).shape
    return m.after(x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w))


def windows(m: Any, x: Tensor) -> Any:
    x = m.conv(x).permute(0, 2, 3, 1)
    n, h, w, c = x.shape
    parts = x.view(n, h // 2, 2, w // 2, 2, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, 4, c)
    parts = m.attention(parts, parts, parts)[0].view(n, h // 2, w // 2, 2, 2, c)
    return parts.permute(0, 1, 3, 2, 4, 5).reshape(n, h, w, c).permute(0, 3, 1, 2)


def unet(m: Any, x: Tensor) -> Any:
    skip = m.down(x)
    x = m.up(m.middle(F.max_pool2d(skip, 2)))
    return m.head(torch.cat([skip, x], dim=1))


def pyramid(m: Any, x: Tensor) -> Any:
    fine = m.fine(x)
    coarse = m.coarse(fine)
    return fine + F.interpolate(m.lateral(coarse), size=fine.shape[2:], mode="nearest")


def proposals(m: Any, x: Tensor) -> Any:
    x = m.conv(x)
    boxes, scores = m.boxes(x), m.scores(x)
    n = x.size(0)
    return boxes.permute(0, 2, 3, 1).reshape(-1, 4), scores.permute(0, 2, 3, 1).reshape(n, -1, 1).sigmoid()


def levels(m: Any, x: Tensor) -> Any:
    found = []
    for stride in (1, 2):
        maps = m.head(x[..., ::stride, ::stride])
        n, _, h, w = maps.shape
        found.append(maps.view(n, 3, 5, h, w).permute(0, 3, 4, 1, 2).reshape(n, -1, 5))
    return torch.cat(found, dim=1).softmax(dim=-1)


def modulated(m: Any, x: Tensor, style: Tensor) -> Any:
    n, c, h, w = x.shape
    weight = m.weight[None] * m.scale(style).view(n, 1, c, 1, 1)
    out = F.conv2d(x.reshape(1, n * c, h, w), weight.view(n * 4, c, 3, 3), padding=1, groups=n)
    return m.after(out.view(n, 4, h, w))


def correlated(m: Any, picture: Tensor, pattern: Tensor) -> Any:
    x, z = m.conv(picture), m.conv(pattern)
    n, c, h, w = x.shape
    return F.conv2d(x.view(1, n * c, h, w), z, groups=n).transpose(0, 1)


def drop_path(m: Any, x: Tensor) -> Any:
    y = m.conv(x)
    return x + y * torch.rand((x.size(0), 1, 1, 1), device=x.device).floor()


def conv_next(m: Any, x: Tensor) -> Any:
    y = m.depthwise(x).permute(0, 2, 3, 1)
    return x + (m.scale * m.out(F.gelu(m.inner(m.norm(y))))).permute(0, 3, 1, 2)


def recurrent_maps(m: Any, x: Tensor) -> Any:
    state = x.new_zeros(x.size(0), 4, *x.shape[3:])
    states = []
    for step in range(x.size(1)):
        state = torch.tanh(m.cell(torch.cat([x[:, step], state], dim=1)))
        states.append(state)
    return torch.stack(states, dim=1)


def normed_frequencies(m: Any, x: Tensor) -> Any:
    x = m.norm(x.transpose(1, 3)).transpose(1, 3)
    return m.conv(x).mean(dim=3).amax(dim=2)


def three_ways(m: Any, x: Tensor) -> Any:
    def gate(x: Tensor) -> Tensor:
        pooled = torch.cat([x.amax(1, keepdim=True), x.mean(1, keepdim=True)], dim=1)
        gated: Tensor = x * m.gate(pooled).sigmoid()
        return gated

    x = m.conv(x)
    return gate(x) + gate(x.permute(0, 2, 1, 3)).permute(0, 2, 1, 3) + gate(x.permute(0, 3, 2, 1)).permute(0, 3, 2, 1)


def shifted_frames(m: Any, x: Tensor) -> Any:
    nt, c, h, w = x.shape
    clips = x.view(nt // 4, 4, c, h, w)
    clips = torch.cat([clips[:, 1:], clips[:, :1]], dim=1)
    return m.head(m.conv(clips.view(nt, c, h, w)).mean(dim=(2, 3))).view(nt // 4, 4, -1).mean(dim=1)


def points(m: Any, x: Tensor) -> Any:
    turn = m.turn(m.first(x).amax(dim=2)).view(-1, 3, 3)
    x = torch.bmm(x.transpose(1, 2), turn).transpose(1, 2)
    return m.head(m.second(x).max(2, keepdim=True)[0].view(-1, 16))


def sampler(m: Any, x: Tensor) -> Any:
    theta = m.theta(m.conv(x).flatten(1)).view(-1, 2, 3)
    return F.grid_sample(x, F.affine_grid(theta, list(x.shape), align_corners=False), align_corners=False)


PICTURES = {
    "squeeze and excite": (
        Net(squeeze_and_excite, conv=nn.Conv2d(3, 8, 3), excite=nn.Linear(8, 8)), (8, 3, 10, 10),
    ),
    "attention to places": (
        Net(block_attention, conv=nn.Conv2d(3, 8, 3), where=nn.Conv2d(2, 1, 7, padding=3)), (2, 3, 10, 10),
    ),
    "a convolution along the channels": (
        Net(efficient_attention, conv=nn.Conv2d(3, 8, 3), along=nn.Conv1d(1, 1, 3, padding=1)), (2, 3, 10, 10),
    ),
    "attention between places": (Net(non_local, query=nn.Conv2d(4, 4, 1), key=nn.Conv2d(4, 4, 1)), (2, 4, 5, 5)),
    "attention between channels": (Net(channel_attention, conv=nn.Conv2d(3, 4, 3, padding=1)), (2, 3, 6, 6)),
    "attention in three directions": (
        Net(three_ways, conv=nn.Conv2d(3, 8, 3), gate=nn.Conv2d(2, 1, 7, padding=3)), (2, 3, 10, 10),
    ),
    "a shuffle of channels": (
        Net(shuffled, conv=nn.Conv2d(3, 8, 1, groups=1), after=nn.Conv2d(8, 8, 3, groups=2)), (2, 3, 8, 8),
    ),
    "attention in windows": (
        Net(windows, conv=nn.Conv2d(3, 8, 1), attention=nn.MultiheadAttention(8, 2, batch_first=True)), (2, 3, 4, 4),
    ),
    "a U-Net": (
        Net(
            unet, down=nn.Conv2d(1, 4, 3, padding=1), middle=nn.Conv2d(4, 8, 3, padding=1),
            up=nn.ConvTranspose2d(8, 4, 2, 2), head=nn.Conv2d(8, 2, 1),
        ),
        (2, 1, 8, 8),
    ),
    "a pyramid": (
        Net(
            pyramid, fine=nn.Conv2d(3, 4, 3), coarse=nn.Conv2d(4, 8, 3, 2), lateral=nn.Conv2d(8, 4, 1)
        ),
        (4, 3, 10, 10),
    ),
    "proposals, those of all samples in rows": (
        Net(
            proposals, conv=nn.Conv2d(3, 8, 3), boxes=nn.Conv2d(8, 12, 1), scores=nn.Conv2d(8, 3, 1)
        ),
        (2, 3, 10, 10),
    ),
    "boxes of several levels": (Net(levels, head=nn.Conv2d(3, 15, 1)), (2, 3, 8, 8)),
    "pixels as samples of a linear layer": (
        Net(
            lambda m, x: m.fc(m.conv(x).permute(0, 2, 3, 1).reshape(-1, 8)), conv=nn.Conv2d(3, 8, 3), fc=nn.Linear(8, 2)
        ),
        (2, 3, 10, 10),
    ),
    "a softmax over the classes of each pixel": (
        Net(lambda m, x: F.log_softmax(m.conv(x), dim=1), conv=nn.Conv2d(3, 5, 3)), (5, 3, 8, 8),
    ),
    "a convolution of its own for each sample": (
        Net(modulated, weight=empty(4, 3, 3, 3), scale=nn.Linear(6, 3), after=nn.Conv2d(4, 3, 1)),
        (2, 3, 8, 8),
        (2, 6),
    ),
    "each picture searched for its own pattern": (
        Net(correlated, conv=nn.Conv2d(3, 4, 3)), (2, 3, 12, 12), (2, 3, 6, 6),
    ),
    "a number for each sample, drawn anew": (Net(drop_path, conv=nn.Conv2d(4, 4, 3, padding=1)), (4, 4, 4, 4)),
    "a ConvNeXt block": (
        Net(
            conv_next, depthwise=nn.Conv2d(8, 8, 7, padding=3, groups=8), norm=nn.LayerNorm(8),
            inner=nn.Linear(8, 32), out=nn.Linear(32, 8), scale=empty(8),
        ),
        (2, 8, 8, 8),
    ),
    "a generator": (
        nn.Sequential(
            nn.Linear(10, 8 * 4 * 4), nn.BatchNorm1d(128), nn.Unflatten(1, (8, 4, 4)), nn.ConvTranspose2d(8, 1, 4, 2, 1)
        ),
        (4, 10),
    ),
    "a generator from maps of one pixel": (
        Net(lambda m, x: m.up(x[:, :, None, None]).tanh(), up=nn.ConvTranspose2d(10, 3, 4)), (4, 10),
    ),
    "a discriminator": (
        Net(lambda m, x: m.conv(x).view(-1, 1).squeeze(1).sigmoid(), conv=nn.Conv2d(3, 1, 8)), (4, 3, 8, 8),
    ),
    "a discriminator on a batch of one": (
        Net(lambda m, x: m.conv(x).view(-1, 1).squeeze(1).sigmoid(), conv=nn.Conv2d(3, 1, 8)), (1, 3, 8, 8),
    ),
    "an autoencoder with a random code": (
        Net(
            lambda m, x: (lambda code: m.up(m.fc(code + torch.randn_like(code)).view(-1, 4, 3, 3)))(
                m.code(m.down(x).flatten(1))
            ),
            down=nn.Conv2d(1, 4, 3, 2), code=nn.Linear(36, 2), fc=nn.Linear(2, 36), up=nn.ConvTranspose2d(4, 1, 3, 2),
        ),
        (3, 1, 7, 7),
    ),
    "frames in the batch, a score for each": (
        Net(
            lambda m, x: m.head(m.conv(x.flatten(0, 1)).mean(dim=(2, 3))).unflatten(0, x.shape[:2]),
            conv=nn.Conv2d(3, 4, 3), head=nn.Linear(4, 2),
        ),
        (2, 5, 3, 8, 8),
    ),
    "frames in the batch, and there they stay": (
        Net(
            lambda m, x: m.head(m.conv(x.view(-1, *x.shape[2:])).mean(dim=(2, 3))),
            conv=nn.Conv2d(3, 4, 3), head=nn.Linear(4, 2),
        ),
        (2, 3, 3, 8, 8),
    ),
    "frames that are shifted": (Net(shifted_frames, conv=nn.Conv2d(3, 4, 3), head=nn.Linear(4, 2)), (8, 3, 8, 8)),
    "maps with a state": (Net(recurrent_maps, cell=nn.Conv2d(7, 4, 3, padding=1)), (2, 5, 3, 8, 8)),
    "frames in the batch as they come, the mean of each clip": (
        Net(lambda m, x: m.head(m.frame(x).view(-1, 4, 8).mean(dim=1)), **frames(head=nn.Linear(8, 2))), (8, 3, 9, 9),
    ),
    "frames in the batch as they come, a convolution over the time": (
        Net(lambda m, x: m.conv(m.frame(x).view(-1, 4, 8).transpose(1, 2)), **frames(conv=nn.Conv1d(8, 2, 3))),
        (8, 3, 9, 9),
    ),
    "frames in the batch as they come, maps of clips": (
        Net(
            lambda m, x: m.clip(m.conv(x).view(-1, 4, 6, 7, 7).transpose(1, 2)),
            conv=nn.Conv2d(3, 6, 3), clip=nn.Conv3d(6, 2, 3),
        ),
        (8, 3, 9, 9),
    ),
    "grey frames in the batch as they come, and then for channels": (
        Net(
            lambda m, x: m.after(m.conv(x).view(-1, 4, 7, 7)), conv=nn.Conv2d(1, 1, 3), after=nn.Conv2d(4, 2, 3)
        ),
        (8, 1, 9, 9),
    ),
    "a clip": (
        nn.Sequential(nn.Conv3d(3, 4, 3), nn.BatchNorm3d(4), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(4, 2)),
        (2, 3, 16, 12, 12),
    ),
    "a volume of three slices": (nn.Conv3d(1, 4, 3, padding=1), (2, 1, 3, 16, 16)),
    "four kinds of scans, three slices each": (nn.Conv3d(4, 4, 3, padding=1), (2, 4, 3, 16, 16)),
    "brain waves: electrodes are rows": (
        nn.Sequential(
            nn.Conv2d(1, 4, (1, 9), padding=(0, 4), bias=False), nn.BatchNorm2d(4),
            nn.Conv2d(4, 8, (22, 1), groups=4, bias=False), nn.BatchNorm2d(8), nn.ELU(), nn.AvgPool2d((1, 4)),
            nn.Flatten(), nn.Linear(8 * 16, 4), nn.LogSoftmax(dim=1),
        ),
        (3, 1, 22, 64),
    ),
    "brain waves: electrodes are channels, and a width of one": (nn.Conv2d(22, 8, (9, 1)), (3, 22, 64, 1)),
    "many channels of a short signal": (nn.Conv1d(64, 32, 3, padding=1), (3, 64, 8)),
    "a vector of features at a single place": (nn.Conv1d(64, 32, 1), (3, 64, 1)),
    "joints: three coordinates are the channels": (nn.Conv2d(3, 8, (9, 1)), (2, 3, 32, 17)),
    "joints on a graph": (
        Net(
            lambda m, x: torch.einsum("nctv,vw->nctw", m.conv(x), m.graph), conv=nn.Conv2d(3, 8, 1), graph=empty(17, 17)
        ),
        (17, 3, 17, 17),
    ),
    "a norm of each frequency": (
        Net(normed_frequencies, norm=nn.BatchNorm2d(16), conv=nn.Conv2d(2, 4, 3)), (3, 2, 20, 16),
    ),
    "as many samples as channels, rows and columns": (
        nn.Sequential(
            nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(1), nn.Conv2d(8, 8, 1),
            nn.GroupNorm(2, 8), nn.Flatten(), nn.Linear(512, 8), nn.Softmax(dim=1),
        ),
        (8, 8, 8, 8),
    ),
    "a batch of one": (
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3), nn.Softmax(dim=-1)),
        (1, 3, 8, 8),
    ),
    "a batch of one, the axes of the map squeezed by name": (
        Net(lambda m, x: m.fc(m.conv(x).squeeze(3).squeeze(2)), conv=nn.Conv2d(3, 4, 8), fc=nn.Linear(4, 2)),
        (1, 3, 8, 8),
    ),
    "a batch squeezed as it may be": (
        Net(lambda m, x: m.fc(m.conv(x).squeeze()), conv=nn.Conv2d(3, 4, 8), fc=nn.Linear(4, 2)), (2, 3, 8, 8),
    ),
    "a cloud of points": (
        Net(
            points, first=nn.Conv1d(3, 8, 1), turn=nn.Linear(8, 9), second=nn.Conv1d(3, 16, 1), head=nn.Linear(16, 4)
        ),
        (3, 3, 30),
    ),
    "a network that turns its input": (
        Net(sampler, conv=nn.Conv2d(1, 4, 5), theta=nn.Linear(64, 6)), (2, 1, 8, 8),
    ),
    "numbers one after another as a signal": (
        Net(lambda m, x: m.conv(m.fc(x).unsqueeze(1)).flatten(1), fc=nn.Linear(7, 12), conv=nn.Conv1d(1, 4, 3)), (5, 7),
    ),
    "a causal network": (
        Net(
            lambda m, x: m.conv2(F.pad(F.relu(m.conv1(F.pad(x, (2, 0)))), (4, 0))) + x,
            conv1=nn.Conv1d(6, 6, 3), conv2=nn.Conv1d(6, 6, 3, dilation=2),
        ),
        (6, 6, 20),
    ),
}  # fmt: skip


# --- Vectors, pairs, bags ---------------------------------------------------------------------------------------------


def bag(m: Any, x: Tensor) -> Any:
    features = m.conv(x.squeeze(0)).flatten(1)
    weights = F.softmax(torch.transpose(m.attend(features), 1, 0), dim=1)
    return m.head(torch.mm(weights, features))


def bag_in_columns(m: Any, x: Tensor) -> Any:
    features = m.fc(x)
    weights = torch.softmax(m.attend(features), dim=0)
    return m.head((weights * features).sum(dim=0))


def pictures_and_texts(m: Any, pictures: Tensor, texts: Tensor) -> Any:
    one = F.normalize(m.picture(pictures).mean(dim=(2, 3)), dim=-1)
    two = F.normalize(m.text(texts), dim=-1)
    scores = one @ two.t()
    return scores.softmax(dim=0), scores.softmax(dim=1)


def graph_attention(m: Any, x: Tensor, edges: Tensor) -> Any:
    h = m.fc(x)
    weights = F.leaky_relu(m.here(h) + m.there(h).T).masked_fill(edges == 0, -1e9)
    return F.softmax(weights, dim=1) @ h


def off_diagonal(m: Any, one: Tensor, two: Tensor) -> Any:
    c = m.net(one).T @ m.net(two)
    n = c.size(0)
    return c.flatten()[:-1].view(n - 1, n + 1)[:, 1:].flatten().pow(2).sum()


def contrast(m: Any, one: Tensor, two: Tensor) -> Any:
    z = F.normalize(torch.cat([m.net(one), m.net(two)], dim=0), dim=1)
    return z @ z.T


def same_class(m: Any, x: Tensor, labels: Tensor) -> Any:
    x = m.net(x)
    return (x @ x.T) * (labels.unsqueeze(1) == labels)


VECTORS = {
    "a network that compares two": (
        Net(
            lambda m, a, b: m.head((m.net(a) - m.net(b)).abs()).sigmoid(),
            net=nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(64, 8)), head=nn.Linear(8, 1),
        ),
        (3, 1, 6, 6), (3, 1, 6, 6),
    ),
    "pairs, one behind the other in the batch": (
        Net(lambda m, x: m.head(m.frame(x).view(-1, 16)), **frames(head=nn.Linear(16, 2))), (8, 3, 9, 9),
    ),
    "pairs, one behind the other in the batch, and only one": (
        Net(lambda m, x: m.head(m.frame(x).view(-1, 16)), **frames(head=nn.Linear(16, 2))), (2, 3, 9, 9),
    ),
    "pairs of pairs, on axes of their own": (
        Net(lambda m, x: m.head(m.frame(x).view(-1, 2, 2, 8).amax(2).flatten(1)), **frames(head=nn.Linear(16, 2))),
        (8, 3, 9, 9),
    ),
    "two views of each sample in one batch": (
        Net(
            lambda m, a, b: m.net(torch.cat([a, b])).chunk(2),
            net=nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(64, 8)),
        ),
        (3, 1, 6, 6), (3, 1, 6, 6),
    ),
    "two views of each sample against each other": (
        Net(contrast, net=nn.Sequential(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(64, 8))),
        (3, 1, 6, 6), (3, 1, 6, 6),
    ),
    "features against each other": (Net(off_diagonal, net=nn.Linear(6, 5)), (4, 6), (4, 6)),
    "pictures against texts": (
        Net(pictures_and_texts, picture=nn.Conv2d(3, 8, 3), text=nn.Linear(6, 8)), (4, 3, 8, 8), (4, 6),
    ),
    "all distances, an axis for each": (
        Net(lambda m, x: (m.fc(x)[:, None] - m.fc(x)[None]).norm(dim=-1), fc=nn.Linear(5, 4)), (3, 5),
    ),
    "all distances, one axis left to torch": (
        Net(lambda m, x, y: (m.fc(x).unsqueeze(1) - m.fc(y)).norm(dim=-1), fc=nn.Linear(5, 4)), (3, 5), (3, 5),
    ),
    "who has the same class": (Net(same_class, net=nn.Linear(5, 4)), (3, 5), (3,)),
    "a bag of pictures": (
        Net(bag, conv=nn.Conv2d(1, 4, 3), attend=nn.Linear(64, 1), head=nn.Linear(64, 1)), (1, 7, 1, 6, 6),
    ),
    "a bag of vectors": (
        Net(bag_in_columns, fc=nn.Linear(6, 5), attend=nn.Linear(5, 1), head=nn.Linear(5, 2)), (7, 6),
    ),
    "nodes that attend to each other": (
        Net(graph_attention, fc=nn.Linear(6, 5), here=nn.Linear(5, 1), there=nn.Linear(5, 1)), (7, 6), (7, 7),
    ),
    "the values of moves about their mean": (
        Net(
            lambda m, x: (lambda a: m.value(x) + a - a.mean(dim=1, keepdim=True))(m.moves(x)),
            value=nn.Linear(6, 1), moves=nn.Linear(6, 4),
        ),
        (4, 6),
    ),
    "a loss of a column and a column": (
        Net(lambda m, x, y: F.mse_loss(m.fc(x), y.unsqueeze(1)), fc=nn.Linear(6, 1)), (4, 6), (4,),
    ),
    "a loss of a row and a row": (
        Net(lambda m, x, y: (m.fc(x).squeeze(1) - y).square().mean(), fc=nn.Linear(6, 1)), (4, 6), (4,),
    ),
    "a scale for each channel": (
        Net(lambda m, x: m.conv(x) * m.scale.view(-1, 1, 1), conv=nn.Conv2d(3, 6, 3), scale=empty(6)), (2, 3, 8, 8),
    ),
    "the time of each sample": (
        Net(
            lambda m, x, t: m.conv(x) + m.time(t[:, None])[:, :, None, None],
            conv=nn.Conv2d(3, 6, 3), time=nn.Linear(1, 6),
        ),
        (6, 3, 8, 8), (6,),
    ),
    "rows of a table": (
        nn.Sequential(nn.BatchNorm1d(6), nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1)), (8, 6),
    ),
}  # fmt: skip

EVERYTHING: dict[str, tuple[Any, ...]] = {**SEQUENCES, **PICTURES, **VECTORS}


@pytest.mark.parametrize("name", EVERYTHING)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_nothing_is_said(name: str) -> None:
    model, *inputs = EVERYTHING[name]
    assert said(model, *inputs) == ()


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in FINE])
def test_nothing_is_said_of_what_is_fine(case: Fine) -> None:
    given = case.tensors()
    assert said(case.make(), *(given if isinstance(given, tuple) else (given,))) == ()


DEEPER = ("resnet_v1_101", "resnet_v1_152", "resnet_v1_200")  # than resnet_v1_50, and otherwise the same
PUBLISHED = [row for row in (*CLASSIFIERS, *FIELDS) if row.name not in DEEPER]


@pytest.mark.parametrize("published", PUBLISHED, ids=str)
def test_nothing_is_said_of_published_networks(published: Published) -> None:
    """On a batch of two; those that classify also on a single sample, as after training."""
    with torch.device("meta"):
        model = published.make()
    assert said(model, (2, *published.input_shape[1:])) == ()
    if published in CLASSIFIERS:
        assert said(model.eval(), published.input_shape) == ()


def test_there_are_enough() -> None:
    assert len(EVERYTHING) >= 80
