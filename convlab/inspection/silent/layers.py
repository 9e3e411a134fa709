"""Rules on layers that take one axis for another: the batch for channels or time, moments for channels and so on."""

from __future__ import annotations

from convlab.inspection.calls import Call
from convlab.inspection.silent.axes import BATCH, Axes, Part, alone, length, roles, with_role
from convlab.inspection.silent.meanings import ATTENTION, NORMS, RECURRENT, batch_first
from convlab.inspection.silent.moves import kind_of, window_axes
from convlab.inspection.silent.watch import Level, Watch
from convlab.inspection.windows import DEFORMABLE, named, window_of

_ONE = {1: "signal", 2: "picture", 3: "volume"}
_SPACE = {1: "length", 2: "height, width", 3: "depth, height, width"}
_COLOURS = (1, 3, 4)


def layer_rules(watch: Watch, call: Call, place: str) -> None:
    """Remarks on a call of a function that slides a window, normalises, or goes along a sequence.

    Example:
        >>> from torch import empty, nn
        >>> from convlab.inspection import record
        >>> from convlab.inspection.silent import remarks
        >>> [remark.level for remark in remarks(record(nn.Conv2d(3, 4, 3), [empty(3, 9, 9, device="meta")]))]
        ['note']
    """
    info, kind, window = call.inputs[0], kind_of(call), window_axes(call)
    if not watch.meanings.origins(info):
        return
    axes = watch.axes(info)
    if window and len(axes) == window[1] + 1:
        (_unbatched if window[0] == "conv" else _pooled)(watch, call, place, window[1])
    elif window and len(axes) == window[1] + 2:
        if window[0] == "conv":
            _channels_last(watch, call, place, window[1])
        _channels(watch, call, place)
    elif kind in NORMS:
        _channels(watch, call, place)
    elif kind in RECURRENT or kind == ATTENTION:
        _sequence(watch, call, place)
    elif kind in ("linear", "layer_norm"):
        _features(watch, call, place)
    if kind in NORMS or kind == "interpolate" or (kind == "linear" and len(axes) == 2):
        _alone(watch, call, place)


def title(call: Call) -> str:
    """The name of the layer that a function belongs to.

    Example:
        >>> title(Call("", "conv_transpose2d")), title(Call("", "lstm")), title(Call("", "max_pool1d_with_indices"))
        ('ConvTranspose2d', 'LSTM', 'MaxPool1d')
    """
    kind = kind_of(call).removesuffix("_with_indices")
    known = {"lstm": "LSTM", "gru": "GRU", "rnn_tanh": "RNN", "rnn_relu": "RNN", ATTENTION: "The attention"}
    known |= {"layer_norm": "LayerNorm", "batch_norm": "BatchNorm", "group_norm": "GroupNorm"}
    if kind == DEFORMABLE:
        return f"DeformConv{len(named(call, ('input', 'offset', 'weight'))['weight'].shape) - 2}d"
    return known.get(kind) or "".join(word[:1].upper() + word[1:] for word in kind.split("_"))


def _unbatched(watch: Watch, call: Call, place: str, ndim: int) -> None:
    info = call.inputs[0]
    axes, shape, count = watch.axes(info), info.shape, info.shape[0]
    if "channel" in roles(axes[0]) or not call.outputs:
        return
    level: Level = "note"
    if "batch" in roles(axes[0]) or (roles(axes[0]) == {"first"} and roles(axes[-1]) == {"feature"}):
        level = "warning"
        reason = f"Its first axis is the batch, so that the {count} samples are taken for channels"
        cure = f"use {'Conv1d' if ndim == 2 else 'a layer with fewer axes'}, or put in the axis that is missing"
    elif count == 1 and roles(axes[0]) != {"new"}:
        level = "warning"
        reason = "An axis of one element in front is a batch of one as often as it is the one channel"
        cure = f"write x.unsqueeze(0), which gives {(1, *shape)} and is right for both"
    else:
        reason = f"That is right for one {_ONE[ndim]} of {count} channels, and wrong for a batch of {count}"
        cure = f"write x.unsqueeze(0) for a batch of one {_ONE[ndim]}, x.unsqueeze(1) and in_channels=1 for a batch"
        if ndim == 3 and shape[1] in _COLOURS:
            cure += (
                f" of {count} volumes. Of {count} pictures with {shape[1]} channels make volumes that are 1 deep, with "
                f"x.unsqueeze(2), in_channels={shape[1]} and a kernel or padding that fits, or use Conv2d"
            )
    message = (
        f"{title(call)} takes {shape} for one {_ONE[ndim]} without a batch axis, (channels, {_SPACE[ndim]}), and gives "
        f"{call.outputs[0].shape}. {reason}: {cure}."
    )
    entry = watch.say(level, place, "unbatched", message)
    if "conv" in kind_of(call):
        watch.lone_channels[call.outputs[0].key] = entry


def _pooled(watch: Watch, call: Call, place: str, ndim: int) -> None:
    info = call.inputs[0]
    axes = watch.axes(info)
    if ndim > 1 and "batch" in roles(axes[0]) and "channel" in roles(axes[1]) and call.outputs:
        watch.say(
            "warning", place, "pooled",
            f"{title(call)} takes {info.shape} for one sample without a batch axis, and so the batch of "
            f"{info.shape[0]} for channels and the {info.shape[1]} channels for an axis to pool over: "
            f"{call.outputs[0].shape} comes out. Use {title(call).replace(str(ndim), str(ndim - 1))}.",
        )  # fmt: skip


def _channels_last(watch: Watch, call: Call, place: str, ndim: int) -> None:
    """An input as it was given, whose sizes say that its axes have another order than (N, C, ...)."""
    axes, window = watch.axes(call.inputs[0]), window_of(call)
    raw = all(len(axis) == 1 and not axis[0].moved and axis[0].role in ("", "first") for axis in axes)
    if not raw or window is None or window.transposed:
        return
    _, channels, *space = shape = call.inputs[0].shape
    slides = window.kernel_size[-1] > 1
    if ndim == 1:
        last = channels >= 10 and space[-1] <= 3 and slides
    else:
        same = channels == space[0] if ndim == 2 else space[0] == space[1]
        wide = min(space[:-1]) >= 8 and channels >= 5
        last = wide and space[-1] in _COLOURS and (same or (space[-1] == 3 and channels >= 16 and slides))
    if last:
        order = {1: "0, 2, 1", 2: "0, 3, 1, 2", 3: "0, 4, 1, 2, 3"}[ndim]
        watch.say(
            "warning", place, "order",
            f"{title(call)} takes axis 1 of {shape} for {channels} channels and slides over the {space[-1]} entries of "
            f"the last axis. By its size the last axis holds the channels: write x.permute({order}) and "
            f"in_channels={space[-1]}.",
        )  # fmt: skip
    elif ndim == 3 and space[0] == 3 and min(space[1:]) >= 8 and channels > 4:
        watch.say(
            "warning", place, "order",
            f"Conv3d takes axis 1 of {shape} for {channels} channels and slides over the 3 entries of axis 2. By their "
            f"sizes these are {channels} frames in 3 colours: write x.transpose(1, 2) and in_channels=3.",
        )  # fmt: skip


def _channels(watch: Watch, call: Call, place: str) -> None:
    """An axis 1 that is not the one of the channels."""
    info = call.inputs[0]
    axes, name, shape = watch.axes(info), title(call), info.shape
    if len(axes) < 2:
        return
    _batch_behind(watch, call, place, axes)
    if len(axes) < 3 or length(axes[1]) == 1 or kind_of(call) == "local_response_norm":
        return
    window, norm = window_of(call), kind_of(call) in NORMS
    works = window is None or max(window.kernel_size) > 1
    here, own = roles(axes[1]), [part for axis in axes[2:] for part in axis if not part.taken]
    square, last = shape[1] in shape[2:], alone(axes[-1])
    if last in own and last.role == "feature" and works:
        certain = here == {"time"} or (here == {""} and (square or last in watch.embedded))
        if certain or (here == {""} and norm):
            watch.say(
                "warning" if certain else "note", place, "axis",
                f"{name} takes axis 1 of {shape} for its {shape[1]} channels, but {last.by} left the features on the "
                f"last axis: it {'normalises each moment, not each feature' if norm else 'slides over the features'}. "
                f"Write x.transpose(1, 2) before it{' and again behind it' if norm else ''}.",
            )  # fmt: skip
    elif here == {"space"} and with_role([tuple(own)], ("channel",)) and (works or (square and len(axes) > 3)):
        watch.say(
            "warning" if square else "note", place, "axis",
            f"{name} takes axis 1 of {shape} for its {shape[1]} channels, but that axis is one of space, and the "
            f"channels are behind it. Move them back to axis 1 with permute.",
        )  # fmt: skip


def _batch_behind(watch: Watch, call: Call, place: str, axes: Axes) -> None:
    shape = call.inputs[0].shape
    samples = [part for part in with_role(axes[1:], ("batch",)) if part.size > 1]
    if not samples or roles(axes[0]) & set(BATCH):
        return
    number = next(number for number, axis in enumerate(axes) if samples[0] in axis)
    window = window_of(call)
    if number == 1 and window and window.groups > 1 and window.groups % samples[0].size == 0:
        return  # a group of channels for each sample
    by = samples[0].by
    watch.say(
        "warning", by if by in watch.time_first else place, "batch",
        f"{title(call)} at {place} takes axis 0 of {shape} for the batch, but the {samples[0].size} samples are on "
        f"axis {number}, by {by}. Bring the batch to the front, or write batch_first=True where a layer has it.",
    )  # fmt: skip


def _sequence(watch: Watch, call: Call, place: str) -> None:
    """A batch or channels that are taken for moments."""
    info, recurrent = call.inputs[0], kind_of(call) in RECURRENT
    axes, name = watch.axes(info), title(call)
    first = batch_first(call) if recurrent else watch.maker.get(info.key) == ("transpose", place)
    if first is None or len(axes) not in (2, 3):
        return
    time = 1 if recurrent and first else 0  # attention has turned the axes itself by now
    unbatched = len(axes) == 2 or watch.maker.get(info.key) == ("unsqueeze", place)
    samples = [part for part in with_role([axes[time]], BATCH) if part.size > 1]
    if not unbatched and not first:
        watch.time_first.add(place)
    if unbatched and samples:
        count = samples[0].size
        watch.say(
            "warning" if samples[0].role == "batch" else "note", place, "unbatched",
            f"{name} takes two axes for one sequence without a batch axis: the first axis, {count} long, is its time. "
            f"If these are {count} samples, write x.unsqueeze(1) and batch_first=True.",
        )  # fmt: skip
    elif samples and samples[0].role == "batch" and not unbatched:
        happens = "go through each other's state" if recurrent else "attend to each other"
        watch.say(
            "warning", place, "batch",
            f"{name} has batch_first={first} and takes axis {int(first)} for time, but that is the batch of "
            f"{samples[0].size}, by {samples[0].by}: the samples {happens}. "
            f"Write {'x.transpose(0, 1) before it' if first else 'batch_first=True'}.",
        )  # fmt: skip
        return
    channel = alone(axes[time])
    if channel and channel.role == "channel" and not channel.taken and roles(axes[-1]) == {"space"}:
        channels, features = channel.size, length(axes[-1])
        watch.say(
            "warning" if recurrent or channels == features else "note", place, "axis",
            f"{name} takes the {channels} channels for moments and the {features} places for features. Write "
            "x.transpose(1, 2), so that each moment has its channels.",
        )  # fmt: skip


def _features(watch: Watch, call: Call, place: str) -> None:
    """A last axis that is one of space, and as long as there are channels."""
    info, weight = call.inputs[0], call.inputs[1].shape if len(call.inputs) > 1 else ()
    axes = watch.axes(info)
    if len(axes) < 3 or (kind_of(call) == "layer_norm" and len(weight) != 1):
        return
    channels, last = alone(axes[1]), alone(axes[-1])
    if channels is None or last is None or channels.moved or last.moved or channels.size == 1:
        return
    if (channels.role, last.role) == ("channel", "space") and channels.size == last.size:
        watch.say(
            "warning", place, "axis",
            f"{title(call)} takes the last axis of {info.shape} for features. Axis 1, as long as the last one, has the "
            f"channels, by {channels.by}: move it to the end, or flatten the map with x.flatten(1).",
        )  # fmt: skip


def _alone(watch: Watch, call: Call, place: str) -> None:
    """Channels of a sample without a batch axis that are taken for samples."""
    info = call.inputs[0]
    channels: Part | None = alone(watch.axes(info)[0])
    entry = watch.alone.get(channels) if channels else None
    if channels is None or entry is None or (kind_of(call) == "interpolate" and len(info.shape) > 3):
        return
    entry.level = "warning"
    does = {"interpolate": "resizes the last axis alone", "linear": "works on each channel by itself"}
    watch.say(
        "warning", place, "alone",
        f"{title(call)} takes axis 0 of {info.shape} for the batch and "
        f"{does.get(kind_of(call), 'normalises along the wrong axes')}, but that axis has the {channels.size} channels "
        f"of {entry.layer}, which took its input for one sample. Give the model a batch axis: x.unsqueeze(0).",
    )  # fmt: skip
