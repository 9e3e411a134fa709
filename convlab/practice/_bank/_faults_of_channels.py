"""What goes wrong with channels, bias, batch and the form of the result, as in `_faults`."""

from __future__ import annotations

import torch

from convlab.practice._bank._faults import Fault, before, weight


def after(change, sentence):
    return Fault("result", lambda call: {"y": change(call.y)}, sentence)


def _bias(change, sentence):
    return before(lambda call: {} if call.b is None else {"b": change(call)}, sentence)


def _only(tensor, axis, place):
    """The tensor with zeros everywhere but at one place of an axis."""
    kept = torch.zeros_like(tensor)
    kept.select(axis, place).copy_(tensor.select(axis, place))
    return kept


def _bias_of_samples(call):
    """bias[n] for all channels of sample n, and nothing for samples after the last bias: (N, C_out, 1, ...)."""
    samples, channels = len(call.x), len(call.b)
    found = call.b.new_zeros(samples)
    found[:channels] = call.b[:samples]
    return found.reshape(-1, 1).expand(-1, channels)


BIAS = {
    "the bias is forgotten": _bias(lambda call: None, "Each output channel adds its own bias, where one is given."),
    "the bias is subtracted": _bias(lambda call: -call.b, "The bias is added."),
    "the bias is added once per input channel": _bias(
        lambda call: call.b * call.w.shape[1], "The bias is added once, after the sum over the input channels."
    ),
    "the bias is added to each product": _bias(
        lambda call: call.b * call.w[0].numel(), "The bias is added once, after the sum of the products."
    ),
    "the bias is added once per tap": _bias(
        lambda call: call.b * call.w[0, 0].numel(), "The bias is added once, after the sum over the taps of the kernel."
    ),
    "the first bias is used for all channels": _bias(
        lambda call: call.b[:1].expand_as(call.b), "Output channel o adds bias[o]."
    ),
    "only the first output channel gets its bias": _bias(
        lambda call: _only(call.b, 0, 0), "Every output channel o adds its bias[o], not only channel 0."
    ),
    "the bias runs along the batch": _bias(
        _bias_of_samples, "Sample n got bias[n]. The bias belongs to axis 1, the channels: channel o adds bias[o]."
    ),
    "the bias stands on axis 0": before(
        lambda call: {"bias_axis": 0},
        "The bias belongs to axis 1, the channels. Give it the shape (1, C_out, 1, ...): the first 1 is the batch.",
    ),
    "the bias runs along the last axis": before(
        lambda call: {"bias_axis": -1},
        "The bias belongs to axis 1, the channels: give it the shape (C_out, 1, ...) with one 1 per spatial axis, "
        "since broadcasting starts at the last axis.",
    ),
    "the bias multiplies": before(lambda call: {"bias_as": "product"}, "The bias is added, not multiplied."),
}

CHANNELS = {
    "only the first input channel is used": weight(
        lambda w: _only(w, 1, 0), "A filter sees every input channel, and adds what it finds in all of them."
    ),
    "only the last input channel is used": weight(
        lambda w: _only(w, 1, -1), "The sums of the input channels are added up: += where = overwrites the ones before."
    ),
    "the input channels are averaged": before(
        lambda call: {"reduce": "mean of channels"}, "The sums of the input channels are added up, not averaged."
    ),
    "the largest input channel is taken": before(
        lambda call: {"reduce": "largest channel"}, "The sums of the input channels are added up."
    ),
    "the input channels are not added up": before(
        lambda call: {"reduce": "none"}, "The input channels are added up: one map for each output channel."
    ),
    "the input channels are added before the product": weight(
        lambda w: w.sum(1, keepdim=True).expand_as(w), "Each input channel meets its own kernel, weight[o, c]."
    ),
    "one kernel is used for all input channels": weight(
        lambda w: w[:, :1].expand_as(w), "Each input channel c meets its own kernel, weight[o, c]."
    ),
    "all output channels use the first filter": weight(
        lambda w: w[:1].expand_as(w), "Output channel o uses its own filter, weight[o]."
    ),
    "the weight's channels are swapped": weight(
        lambda w: w.transpose(0, 1), "The weight starts with (C_out, C_in): the output channel comes first."
    ),
    "the output channels are added up": after(
        lambda y: y.sum(1, keepdim=True), "Each filter gives a channel of its own; only input channels are added up."
    ),
    "only the first output channel is computed": after(
        lambda y: y[:, :1], "The result has one channel for each filter, weight.shape[0] in all."
    ),
}

RESULT = {
    "only the first sample is computed": before(
        lambda call: {"x": call.x[:1]}, "The result holds every sample of the batch, along axis 0."
    ),
    "the first sample stands for all": before(
        lambda call: {"x": call.x[:1].expand_as(call.x)}, "Sample n of the result comes from sample n of the input."
    ),
    "the samples are added up": before(
        lambda call: {"x": call.x.sum(0, keepdim=True)}, "The samples of a batch never mix: one result for each."
    ),
    "axes of length 1 are dropped": after(
        lambda y: y.squeeze(), "Every axis stays, also where its length is 1; squeeze() drops too many."
    ),
    "the result is reshaped, its channels not moved": after(
        lambda y: y.movedim(1, -1).reshape(y.shape),
        "The channels were the last axis, and a reshape or view put them on axis 1: it does not move elements, it "
        "mixes them. Move the axis with permute, transpose or movedim.",
    ),
    "the result is reshaped, its batch not moved": after(
        lambda y: y.transpose(0, 1).reshape(y.shape),
        "The channels stood before the batch, and a reshape or view put them after it: it does not move elements, it "
        "mixes them. Exchange the two axes with transpose(0, 1) or permute.",
    ),
    "batch and channels are swapped": after(
        lambda y: y.transpose(0, 1), "The result starts with (N, C_out): samples first, then channels."
    ),
    "the channels come last": after(
        lambda y: y.movedim(1, -1), "The channels are axis 1 of the result, before the spatial axes."
    ),
    "the result's last two axes are swapped": after(
        lambda y: y.transpose(-1, -2), "Rows come before columns in the result, as in the input."
    ),
    "the result is always float32": after(
        lambda y: y.to(torch.float32),
        "The result has the input's dtype. torch.zeros makes float32 unless it is told dtype=input.dtype.",
    ),
    "computed in float32": before(
        lambda call: {"x": call.x.float(), "w": call.w.float(), "b": call.b if call.b is None else call.b.float()},
        "The input is float64, and every number on the way must be float64, too.",
    ),
    "negative results are set to zero": after(lambda y: y.relu(), "A convolution has no ReLU inside."),
    "the absolute value is taken": after(lambda y: y.abs(), "The sums keep their signs."),
    "the result has the wrong sign": after(lambda y: -y, "The products are added, not subtracted."),
    "the sums are rounded": after(lambda y: y.floor(), "The sums are not rounded: they need not be whole numbers."),
}
