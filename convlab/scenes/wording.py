"""What a convolution, its numbers and its picture are called, in words that scenes share."""

from __future__ import annotations

from collections.abc import Sequence

from convlab.arithmetic.sizes import padding_amounts
from convlab.arithmetic.spec import ConvSpec


def position(index: Sequence[int]) -> str:
    """An index as the reader sees it.

    Example:
        >>> position((2,)), position((1, 2))
        ('2', '(1, 2)')
    """
    return str(index[0]) if len(index) == 1 else f"({', '.join(map(str, index))})"


def element(tensor: str, channels: int, channel: int, index: Sequence[int]) -> str:
    """Which element of a tensor, in words; the channel only where there are several.

    Args:
        tensor: What it is called.
        channels: How many channels it has.
        channel: The element's channel.
        index: Its index on each spatial axis.

    Example:
        >>> element("output", 1, 0, (1, 2)), element("output", 2, 1, (3,))
        ('output (1, 2)', 'output channel 1, position 3')
    """
    if channels == 1:
        return f"{tensor} {position(index)}"
    return f"{tensor} channel {channel}, {'position ' if len(index) == 1 else ''}{position(index)}"


def named(spec: ConvSpec) -> str:
    """The convolution in a few words: what is not the default is named.

    Example:
        >>> named(ConvSpec(1, 1, (3, 3), stride=2, padding=1)), named(ConvSpec(4, 4, (3,), padding="same", groups=4))
        ('3 x 3 kernel, stride 2, padding 1', 'kernel of 3, stride 1, padding same, C_in = 4, C_out = 4, groups 4')
    """
    words = [f"{times(spec.kernel_size)} kernel" if spec.ndim > 1 else f"kernel of {spec.kernel_size[0]}"]
    words.append(f"stride {one_or_all(spec.stride)}")
    if any(map(any, padding_amounts(spec))):
        mode = "" if spec.padding_mode == "zeros" else f" ({spec.padding_mode})"
        words.append(f"padding {spec.padding if isinstance(spec.padding, str) else one_or_all(spec.padding)}{mode}")
    words += [f"dilation {one_or_all(spec.dilation)}"] if set(spec.dilation) != {1} else []
    if (spec.in_channels, spec.out_channels) != (1, 1):
        words.append(f"C_in = {spec.in_channels}, C_out = {spec.out_channels}")
    words += [f"groups {spec.groups}"] if spec.groups > 1 else []
    return ", ".join(words)


def alt_text(spec: ConvSpec, size: Sequence[int], output: Sequence[int]) -> str:
    """The sliding window in a sentence, for a reader who cannot see it.

    Args:
        spec: The convolution.
        size: Elements of the input on each spatial axis.
        output: Elements of the output on each spatial axis.

    Example:
        >>> alt_text(ConvSpec(1, 1, (3, 3), padding=1), (5, 5), (5, 5))
        'A 3 x 3 kernel slides with stride 1 over a 5 x 5 input with padding 1 (zeros); the output has 5 x 5 numbers.'
    """
    what = f"A {times(spec.kernel_size)} kernel" if spec.ndim > 1 else f"A kernel of {spec.kernel_size[0]}"
    if set(spec.dilation) != {1}:
        what += f" with dilation {one_or_all(spec.dilation)}"
    over = f"a {times(size)} input" if spec.ndim > 1 and spec.in_channels == 1 else _each(spec.in_channels, size)
    over += f" in {spec.groups} groups" if spec.groups > 1 else ""
    amounts = padding_amounts(spec)
    if any(map(any, amounts)):
        even = all(before == after for before, after in amounts)
        before = one_or_all([before for before, _ in amounts])
        after = "" if even else f" before and {one_or_all([after for _, after in amounts])} after"
        over += f" with padding {before}{after} ({spec.padding_mode})"
    made = _each(spec.out_channels, output)
    return f"{what} slides with stride {one_or_all(spec.stride)} over {over}; the output has {made}."


def _each(channels: int, sizes: Sequence[int]) -> str:
    """How many numbers, and in how many channels."""
    return (f"{channels} channels of " if channels > 1 else "") + f"{times(sizes)} numbers"


def times(sizes: Sequence[int]) -> str:
    """Sizes as the reader sees them.

    Example:
        >>> times((3, 5))
        '3 x 5'
    """
    return " x ".join(map(str, sizes))


def one_or_all(values: Sequence[int]) -> str:
    """One number where all axes have the same, otherwise all.

    Example:
        >>> one_or_all((2, 2)), one_or_all((2, 1))
        ('2', '(2, 1)')
    """
    return str(values[0]) if len(set(values)) == 1 else str(tuple(values))
