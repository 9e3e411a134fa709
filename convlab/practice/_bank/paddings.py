"""The exercises on amounts of padding: 'same' and causal."""

from convlab import arithmetic
from convlab.practice._bank._making import known, row, table
from convlab.practice.exercise import Exercise


def same_padding(kernel_size, dilation=1):
    total = dilation * (kernel_size - 1)
    left = total // 2
    return left, total - left


def same_padding_one_by_one(kernel_size, dilation=1):
    sides = [0, 0]
    for i in range(dilation * (kernel_size - 1)):
        sides[1 - i % 2] += 1  # the first to the right, the next to the left
    return tuple(sides)


def _faulty_padding(causal):
    def faulty(faults):
        def padding(kernel_size, dilation=1):
            taps = kernel_size if "kernel_size gaps between the taps" in faults else kernel_size - 1
            dilation = dilation + 1 if "the dilation is read as the number of holes" in faults else dilation
            dilation = 1 if "the dilation is left out" in faults else dilation
            total = dilation * taps
            total = total + 1 if "what the kernel spans" in faults else total
            total = taps + dilation - 1 if "the dilation is added" in faults else total
            total = dilation * kernel_size - 1 if "dilation * kernel_size - 1" in faults else total
            if "the sum of both sides" in faults:
                return total
            if "halved before the dilation" in faults:
                return dilation * (taps // 2), dilation * (taps - taps // 2)
            if "half the kernel, times the dilation" in faults:
                return dilation * (kernel_size // 2), dilation * (kernel_size // 2)
            small, large = total // 2, total - total // 2
            pair = (total, 0) if causal else (small, large)
            for name, wrong in {
                "everything on the left": (total, 0),
                "everything on the right": (0, total),
                "the whole amount on both sides": (total, total),
                "both sides rounded down": (small, small),
                "both sides rounded up": (large, large),
                "half on each side": (small, large),
                "round() on the left": (round(total / 2), total - round(total / 2)),
                "round() on both sides": (round(total / 2), round(total / 2)),
                "not rounded": (total / 2, total / 2),
            }.items():
                pair = wrong if name in faults else pair
            if "the larger part on the left" in faults or "the sides are swapped" in faults:
                return pair[1], pair[0]
            return pair

        padding.__name__ = "causal_padding" if causal else "same_padding"
        return padding

    return faulty


_SPANS = {
    "the dilation is left out": "The output shrinks by dilation * (kernel_size - 1): a dilated kernel is wider.",
    "kernel_size gaps between the taps": "Between kernel_size taps there are kernel_size - 1 gaps: the amount is "
    "dilation * (kernel_size - 1).",
    "what the kernel spans": "One element of what the kernel spans is the window's own place: the amount is "
    "dilation * (kernel_size - 1), without + 1.",
    "the dilation is added": "Each of the kernel_size - 1 gaps is dilation wide: multiply.",
    "the dilation is read as the number of holes": "dilation is the distance from one tap to the next: dilation=1 is "
    "no hole.",
    "dilation * kernel_size - 1": "The kernel spans dilation * (kernel_size - 1) + 1 elements, since the last tap has "
    "no gap after it.",
    "the sum of both sides": "Return a pair (left, right): how much goes before and how much after.",
    "the whole amount on both sides": "dilation * (kernel_size - 1) is the amount of both sides together.",
}
SAME_PADDING = {
    "the larger part on the left": "Where the amount is odd, torch puts the extra element on the right.",
    "both sides rounded down": "Where the amount is odd, one side gets one more: the two must sum to it.",
    "both sides rounded up": "Where the amount is odd, only the right side is rounded up: the two must sum to it.",
    "round() on the left": "round() takes the even neighbour of a half: round(1.5) is 2, round(2.5) is 2. Use // 2, "
    "and give the rest to the right.",
    "round() on both sides": "round() takes the even neighbour of a half: round(0.5) is 0, round(1.5) is 2. Use // 2 "
    "on the left, and give the rest to the right.",
    "half the kernel, times the dilation": "kernel_size // 2 on both sides is right for odd kernels only.",
    "halved before the dilation": "Halve dilation * (kernel_size - 1) as a whole: halves that differ by 1 before the "
    "multiplication differ by dilation after it.",
    "everything on the left": "That is causal padding; 'same' shares the amount between both sides.",
    "everything on the right": "'same' shares the amount between both sides.",
    "not rounded": "An amount is a whole number of elements: halve with //, and the rest goes to the right.",
    **_SPANS,
}


def causal_padding(kernel_size, dilation=1):
    return dilation * (kernel_size - 1), 0


def causal_padding_by_taps(kernel_size, dilation=1):
    taps = [-dilation * i for i in range(kernel_size)]  # seen from output 0; the last tap sees input 0
    return -min(taps), max(taps)


CAUSAL_PADDING = {
    "the sides are swapped": "An output may see the past only: the padding stands before the input, on the left.",
    "half on each side": "That is 'same' padding, and half of each window lies in the future. Put all on the left.",
    **_SPANS,
}

_KERNEL = {
    "the kernel has one element": lambda kernel_size, **_: kernel_size == 1,
    "the kernel has an even size": lambda kernel_size, **_: kernel_size % 2 == 0,
    "the dilation is not 1": lambda dilation=1, **_: dilation != 1,
}
_PADDED = (
    row("a kernel of 1", 1),
    row("a kernel of 3", 3),
    row("a kernel of 2", 2),
    row("a kernel of 4", 4),
    row("a kernel of 5", 5, 1),
    row("a kernel of 3, dilation 2", 3, dilation=2),
    row("a kernel of 2, dilation 3", 2, 3),
    row("a kernel of 4, dilation 2", 4, 2),
    row("a kernel of 4, dilation 3", 4, dilation=3),
    row("a kernel of 7, dilation 4", kernel_size=7, dilation=4),
    row("a kernel of 1, dilation 5", 1, 5),
)

EXERCISES = (
    Exercise(
        name="same_padding",
        notebook="02_conv1d",
        idea="padding that keeps the size",
        question="""How much padding keeps the size?

Write `same_padding(kernel_size, dilation=1)`: the amounts `(left, right)` with which a convolution of stride 1 has
as many outputs as inputs. Return a tuple of two ints. Where the two cannot be equal, the right one is larger by 1,
as in torch (`padding="same"`). It may not call convlab's function of that name.""",
        difficulty=1,
        importance=3,
        minutes=5,
        hints=(
            "Without padding, how many elements does the output lose?",
            "It loses dilation * (kernel_size - 1): that is the sum of both sides. Share it.",
            "`left = total // 2`, and the right side gets what is left of `total`",
        ),
        solution=same_padding,
        alternative=same_padding_one_by_one,
        cases=table(same_padding, _KERNEL, *_PADDED),
        mistakes=known(_faulty_padding(causal=False), SAME_PADDING),
        combined=_faulty_padding(causal=False),
        replaces=(arithmetic.same_padding, arithmetic.padding_amounts),
    ),
    Exercise(
        name="causal_padding",
        notebook="02_conv1d",
        idea="an output sees the past only",
        question="""How much padding makes a convolution causal?

Write `causal_padding(kernel_size, dilation=1)`: the amounts `(left, right)` with which a convolution of stride 1
has as many outputs as inputs, and output `i` sees no input later than input `i`. Return a tuple of two ints.""",
        difficulty=1,
        importance=2,
        minutes=5,
        hints=(
            "Which input must the last tap of output 0 see?",
            "The last tap of output 0 sees input 0, so all other taps lie in the padding, on the left.",
            "`(dilation * ..., 0)`: from the first tap to the last there are `kernel_size - 1` gaps, each `dilation` "
            "wide",
        ),
        solution=causal_padding,
        alternative=causal_padding_by_taps,
        cases=table(causal_padding, _KERNEL, *_PADDED),
        mistakes=known(_faulty_padding(causal=True), CAUSAL_PADDING),
        combined=_faulty_padding(causal=True),
    ),
)
