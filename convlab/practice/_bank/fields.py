"""The exercise on the receptive field of a stack of layers."""

from convlab import arithmetic
from convlab.practice._bank._making import known, row, table
from convlab.practice.exercise import Exercise


def receptive_field(layers):
    field, jump = 1, 1
    for kernel_size, stride, dilation in layers:
        field += dilation * (kernel_size - 1) * jump
        jump *= stride  # input elements between neighbouring outputs of this layer
    return field


def receptive_field_from_the_output(layers):
    first, last = 0, 0
    for kernel_size, stride, dilation in reversed(layers):
        first, last = first * stride, last * stride + dilation * (kernel_size - 1)
    return last - first + 1


def _faulty_field(faults):
    def receptive_field(layers):
        layers = list(layers)
        for name, wrong in {
            "the layers are in reverse order": layers[::-1],
            "the first layer only": layers[:1],
            "the last layer only": layers[-1:],
            "the first layer is left out": layers[1:],
            "the last layer is left out": layers[:-1],
        }.items():
            layers = wrong if name in faults else layers
        if "stride and dilation are swapped" in faults:
            layers = [(kernel_size, dilation, stride) for kernel_size, stride, dilation in layers]
        whole = _whole_field(faults, layers)
        if whole is not None:
            return whole
        field = 0 if "the field starts at 0" in faults else 1
        jump, last_stride = 1, 1
        for kernel_size, stride, dilation in layers:
            taps = kernel_size - 1
            if not taps and "a kernel of 1 is passed over" in faults:
                continue
            way = dilation * taps
            for name, wrong in {
                "the dilation is left out": taps,
                "kernel_size instead of kernel_size - 1": dilation * kernel_size,
                "dilation * kernel_size - 1": dilation * kernel_size - 1,
                "the dilation is read as the number of holes": (dilation + 1) * taps,
                "the dilation is added": taps + dilation - 1,
            }.items():
                way = wrong if name in faults else way
            if "the stride acts one layer early" in faults:
                jump *= stride
            pace = jump
            pace = 1 if "the strides are left out" in faults else pace
            pace = stride if "each layer's own stride only" in faults else pace
            pace = last_stride if "the stride of one layer before only" in faults else pace
            field += way * pace
            if "the strides are added" in faults:
                jump += stride - 1
            elif "the dilations multiply the jump, too" in faults:
                jump *= stride * dilation
            elif "the stride acts one layer early" not in faults:
                jump *= stride
            last_stride = stride
        return jump if "the jump instead of the field" in faults else field

    return receptive_field


def _whole_field(faults, layers):
    """The field by another formula altogether; None without such a fault."""
    spans = [dilation * (kernel_size - 1) + 1 for kernel_size, _, dilation in layers]
    if "the product of the kernels" in faults:
        product = 1
        for span in spans:
            product *= span
        return product
    if "the elements of a square" in faults:
        return receptive_field(layers) ** 2
    if "the sum of the kernels" in faults:
        return sum(spans)
    if "the largest kernel" in faults:
        return max(spans)
    if "the inputs that are reached are counted" in faults:
        reached = {0}
        for kernel_size, stride, dilation in reversed(layers):
            reached = {stride * i + dilation * tap for i in reached for tap in range(kernel_size)}
        return len(reached)
    if "all kernels as the first" in faults:
        kernel_size, _, dilation = layers[0]
        return receptive_field([(kernel_size, stride, dilation) for _, stride, _ in layers])
    if "the windows do not overlap" in faults:  # from the output: n windows of span elements
        field = 1
        for (_, stride, _), span in zip(reversed(layers), reversed(spans), strict=True):
            field = field * stride + span
        return field
    return None


RECEPTIVE_FIELD = {
    "the strides are left out": "One step in a layer's input is as many input elements as all strides before it "
    "multiplied: dilation * (kernel_size - 1) counts that many times.",
    "the stride acts one layer early": "A layer's own stride spreads its outputs, not its taps: it counts from the "
    "next "
    "layer on. Add to the field first, then multiply the jump.",
    "each layer's own stride only": "The taps of a layer are as far apart as the strides of all layers before it say.",
    "the stride of one layer before only": "The strides of all layers before are multiplied, not only the last one's.",
    "the strides are added": "Two strides of 2 make a jump of 4, three make 8: multiply.",
    "the layers are in reverse order": "layers has the input side first: the stride of the first layer spreads all "
    "later ones.",
    "the dilation is left out": "The taps are dilation apart: a layer adds dilation * (kernel_size - 1).",
    "the dilation is read as the number of holes": "dilation is the distance from one tap to the next: dilation=1 is "
    "no hole.",
    "the dilation is added": "Each of the kernel_size - 1 gaps is dilation wide: multiply.",
    "the dilations multiply the jump, too": "A dilation spreads the taps of its own layer only; strides carry on.",
    "stride and dilation are swapped": "A layer is (kernel_size, stride, dilation).",
    "the field starts at 0": "Without any layer, an output is one input element: start at 1.",
    "kernel_size instead of kernel_size - 1": "A kernel of kernel_size taps adds its kernel_size - 1 gaps.",
    "dilation * kernel_size - 1": "A layer adds dilation * (kernel_size - 1): the last tap has no gap after it.",
    "a kernel of 1 is passed over": "A kernel of 1 adds nothing, but its stride counts for the layers behind it.",
    "the product of the kernels": "Kernels of stride 1 add up: two of 3 see 5 elements, not 9.",
    "the sum of the kernels": "Windows overlap: each layer adds dilation * (kernel_size - 1) times the jump, no more.",
    "the elements of a square": "The field is wanted along one axis: do not square it.",
    "the largest kernel": "Each layer widens what the layers before it see.",
    "the inputs that are reached are counted": "The field goes from the first input element that is reached to the "
    "last, holes between them included.",
    "all kernels as the first": "Each layer has its own kernel_size and dilation.",
    "the windows do not overlap": "From the output back: n outputs see (n - 1) * stride + span elements, since "
    "neighbours are stride apart.",
    "the first layer only": "All layers count.",
    "the last layer only": "All layers count.",
    "the first layer is left out": "All layers count, the first one, too.",
    "the last layer is left out": "All layers count, the last one, too.",
    "the jump instead of the field": "The product of the strides says how far apart outputs look, not how much they "
    "see.",
}

EXERCISES = (
    Exercise(
        name="receptive_field",
        notebook="07_dilated",
        idea="the receptive field of a stack",
        question="""How many input elements does one output of a stack of layers see?

Write `receptive_field(layers)`. `layers` is a list of tuples `(kernel_size, stride, dilation)` of ints, one per
layer, the input side first. Return an int: from the first element that the output sees to the last, holes between
them included; what happens at the borders does not matter. It may not call convlab's function of that name.""",
        difficulty=2,
        importance=3,
        minutes=10,
        hints=(
            "Start with one element and ask of each layer: how many input elements does it add?",
            "A layer adds dilation * (kernel_size - 1) steps, and one step is as many input elements as the strides of "
            "the layers before it, multiplied.",
            "`field += dilation * (kernel_size - 1) * jump`, then `jump *= stride`; both start at 1",
        ),
        solution=receptive_field,
        alternative=receptive_field_from_the_output,
        cases=table(
            receptive_field,
            {
                "there are several layers": lambda layers: len(layers) > 1,
                "a layer before the last has a stride": lambda layers: any(stride > 1 for _, stride, _ in layers[:-1]),
                "the last layer has a stride": lambda layers: layers[-1][1] > 1,
                "a layer has a dilation": lambda layers: any(dilation > 1 for *_, dilation in layers),
                "the kernels differ": lambda layers: len({kernel_size for kernel_size, *_ in layers}) > 1,
                "a stride is wider than its kernel": lambda layers: any(stride > size for size, stride, _ in layers),
            },
            row("one layer of one tap", [(1, 1, 1)]),
            row("one layer", [(3, 1, 1)]),
            row("one layer with a stride", [(3, 2, 1)]),
            row("one layer with a dilation", [(3, 1, 2)]),
            row("two layers", [(3, 1, 1), (3, 1, 1)]),
            row("two different kernels", [(2, 1, 1), (5, 1, 1)]),
            row("a stride, then a layer", [(3, 2, 1), (5, 1, 1)]),
            row("a layer, then a stride", [(5, 1, 1), (3, 2, 1)]),
            row("convolution and pooling", [(5, 1, 1), (2, 2, 1), (5, 1, 1), (2, 2, 1)]),
            row("three strides", [(3, 2, 1), (3, 3, 1), (2, 2, 1), (3, 1, 1)]),
            row("growing dilations", [(2, 1, 1), (2, 1, 2), (2, 1, 4), (2, 1, 8)]),
            row("holes that stay", [(3, 1, 2), (3, 1, 4)]),
            row("a stride wider than the kernel", [(2, 3, 1), (3, 1, 1)]),
            row("a stride with a kernel of 1", [(3, 1, 1), (1, 3, 1), (3, 1, 1)]),
            row("strides and dilations", [(4, 2, 3), (3, 1, 2), (3, 2, 1), (2, 1, 3)]),
        ),
        mistakes=known(_faulty_field, RECEPTIVE_FIELD),
        combined=_faulty_field,
        replaces=(arithmetic.receptive_field,),
    ),
)
