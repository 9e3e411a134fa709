"""The exercises on dilated kernels: what one spans, and which inputs a stack of them leaves out."""

from convlab import arithmetic
from convlab.practice._bank._making import known, row, table
from convlab.practice.exercise import Exercise


def effective_kernel_size(kernel_size, dilation):
    return dilation * (kernel_size - 1) + 1


def effective_kernel_size_by_taps(kernel_size, dilation):
    taps = range(0, dilation * kernel_size, dilation)
    return taps[-1] - taps[0] + 1


def _faulty_span(faults):
    def effective_kernel_size(kernel_size, dilation):
        gap = dilation + 1 if "the dilation is read as the number of holes" in faults else dilation
        span = gap * (kernel_size - 1) + 1
        for name, wrong in {
            "dilation * kernel_size": gap * kernel_size,
            "the dilation is left out": kernel_size,
            "the last tap is left out": span - 1,
            "the dilation is added once": kernel_size + gap - 1,
            "dilation * kernel_size + 1": gap * kernel_size + 1,
            "dilation * kernel_size - 1": gap * kernel_size - 1,
            "kernel and dilation are swapped": kernel_size * (gap - 1) + 1,
        }.items():
            span = wrong if name in faults else span
        return span

    return effective_kernel_size


EFFECTIVE = {
    "dilation * kernel_size": "After the last tap there is no gap: kernel_size taps have kernel_size - 1 gaps.",
    "the dilation is left out": "The taps are dilation apart, so the kernel spans more than kernel_size elements.",
    "the last tap is left out": "dilation * (kernel_size - 1) is the way from the first tap to the last; add the last.",
    "the dilation is read as the number of holes": "dilation is the distance from one tap to the next: dilation=1 is "
    "no hole, dilation=2 is one.",
    "the dilation is added once": "Each of the kernel_size - 1 gaps is dilation wide, not one of them.",
    "dilation * kernel_size + 1": "kernel_size taps have kernel_size - 1 gaps.",
    "dilation * kernel_size - 1": "The last tap has no gap after it; a gap is dilation - 1 holes, not 1.",
    "kernel and dilation are swapped": "The taps have kernel_size - 1 gaps, each dilation wide.",
}


def reached(kernel_size, dilations):
    offsets = {0}
    for dilation in dilations:
        offsets = {offset + tap * dilation for offset in offsets for tap in range(kernel_size)}
    return tuple(sorted(offsets))


def reached_by_paths(kernel_size, dilations):
    import itertools

    found = set()
    for taps in itertools.product(range(kernel_size), repeat=len(dilations)):  # one tap of each layer
        found.add(sum(tap * dilation for tap, dilation in zip(taps, dilations, strict=True)))
    return tuple(sorted(found))


def _faulty_reached(faults):
    def reached(kernel_size, dilations):
        dilations = tuple(dilations)
        for name, wrong in {
            "the last layer only": dilations[-1:],
            "the first layer only": dilations[:1],
            "the dilations are left out": (1,) * len(dilations),
            "the dilations are read as numbers of holes": tuple(d + 1 for d in dilations),
        }.items():
            dilations = wrong if name in faults else dilations
        taps = range(kernel_size)
        taps = range(kernel_size + 1) if "one tap too many" in faults else taps
        taps = [i - (kernel_size - 1) // 2 for i in taps] if "counted from the middle" in faults else taps
        if "all layers use the same tap" in faults:
            return tuple(sorted({tap * sum(dilations) for tap in taps}))
        if "each layer by itself" in faults:
            return tuple(sorted({tap * dilation for dilation in dilations for tap in taps}))
        offsets = [0]
        for dilation in dilations:
            offsets = [offset + tap * dilation for offset in offsets for tap in taps]
        if "an input counts once for each path" in faults:
            return tuple(sorted(offsets))
        if "the holes are filled" in faults:
            return tuple(range(min(offsets), max(offsets) + 1))
        if "in the order of a set" in faults:
            return tuple(set(offsets))
        found = sorted(set(offsets), reverse="from the last to the first" in faults)
        return len(found) if "the number of inputs" in faults else tuple(found)

    return reached


REACHED = {
    "the holes are filled": "Not every input between the first and the last is reached: that is gridding.",
    "each layer by itself": "A path takes one tap of each layer, so its distances add up.",
    "all layers use the same tap": "A path takes any tap of each layer, not the same one in all.",
    "the last layer only": "Each layer spreads what the layer before it has seen.",
    "the first layer only": "Each layer spreads what the layer before it has seen.",
    "the dilations are left out": "The taps of a layer are dilation apart.",
    "the dilations are read as numbers of holes": "dilation is the distance from one tap to the next: dilation=1 is "
    "no hole.",
    "one tap too many": "A kernel of kernel_size taps has the taps 0 to kernel_size - 1.",
    "counted from the middle": "Without padding, output 0 sees input 0 with its first taps: nothing is negative.",
    "an input counts once for each path": "Several paths lead to one input; name it once.",
    "from the last to the first": "The indices are wanted in rising order.",
    "in the order of a set": "A set has no order that you can rely on: sort it.",
    "the number of inputs": "Return the indices themselves, as a tuple.",
}

EXERCISES = (
    Exercise(
        name="effective_kernel_size",
        notebook="07_dilated",
        idea="what a dilated kernel spans",
        question="""Write `effective_kernel_size(kernel_size, dilation)`: how many input elements lie from the first
tap of a dilated kernel to its last, holes and both taps included. Return an int. It may not call
convlab's function of that name.""",
        difficulty=1,
        importance=2,
        minutes=3,
        hints=(
            "Draw three taps that are 2 apart, and count.",
            "kernel_size taps have kernel_size - 1 gaps between them, each dilation wide.",
            "`dilation * (kernel_size - 1)`, and 1 for the last tap",
        ),
        solution=effective_kernel_size,
        alternative=effective_kernel_size_by_taps,
        cases=table(
            effective_kernel_size,
            {
                "the dilation is not 1": lambda dilation, **_: dilation != 1,
                "the kernel has an even size": lambda kernel_size, **_: kernel_size % 2 == 0,
                "the kernel has one element": lambda kernel_size, **_: kernel_size == 1,
            },
            row("one tap", 1, 1),
            row("no holes", 3, 1),
            row("one hole", 2, 2),
            row("a kernel of 3, dilation 2", 3, 2),
            row("one tap, dilation 4", 1, 4),
            row("a kernel of 4, dilation 3", 4, 3),
            row("a kernel of 2, dilation 6", 2, 6),
            row("by name", kernel_size=5, dilation=8),
        ),
        mistakes=known(_faulty_span, EFFECTIVE),
        combined=_faulty_span,
        replaces=(arithmetic.effective_kernel_size,),
    ),
    Exercise(
        name="reached",
        notebook="07_dilated",
        idea="gridding",
        question="""Which inputs does an output of a dilated stack really see?

Write `reached(kernel_size, dilations)`: all layers have one axis, `kernel_size` taps, stride 1 and no padding;
`dilations` has one int per layer, the input side first. Return the indices of the inputs that output 0 sees, as a
tuple of ints in rising order.""",
        difficulty=2,
        importance=2,
        minutes=10,
        hints=(
            "One layer with 3 taps and dilation 2 sees the inputs 0, 2 and 4. What does a second one add to each of "
            "them?",
            "Keep a set of indices. Each layer replaces it: every index so far, plus every tap times the dilation.",
            "`{offset + tap * dilation for offset in offsets for tap in range(kernel_size)}`, sorted at the end",
        ),
        solution=reached,
        alternative=reached_by_paths,
        cases=table(
            reached,
            {
                "there are several layers": lambda dilations, **_: len(dilations) > 1,
                "an input is skipped": lambda kernel_size, dilations: (
                    len(reached(kernel_size, dilations)) <= sum(dilations) * (kernel_size - 1)
                ),
                "several paths lead to one input": lambda kernel_size, dilations: (
                    len(reached(kernel_size, dilations)) < kernel_size ** len(dilations)
                ),
                "the kernel has an even size": lambda kernel_size, **_: kernel_size % 2 == 0,
            },
            row("one layer", 3, (1,)),
            row("one layer with holes", 3, (2,)),
            row("two layers", 2, (1, 2)),
            row("a dilation twice", 3, (2, 2)),
            row("dilations of 1, 2 and 4", 2, (1, 2, 4)),
            row("an even kernel", 4, (2, 3)),
            row("growing too fast", 2, (1, 4)),
            row("three layers of dilation 2", 3, (2, 2, 2)),
            row("a cure: 1, 2 and 5", 3, (1, 2, 5)),
            row("a large dilation", 3, (7,)),
            row("two large dilations", 2, (4, 8)),
        ),
        mistakes=known(_faulty_reached, REACHED),
        combined=_faulty_reached,
    ),
)
