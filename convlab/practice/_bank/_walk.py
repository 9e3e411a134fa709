"""A layer of a network as a tuple, and what learners get wrong where they follow a shape through it."""

FORM = """A layer is a tuple: its kind, then the numbers of torch's module, the kernels square:
`("conv", in_channels, out_channels, kernel_size, stride, padding)`, `("pool", kernel_size, stride)`"""


def window(faults, kind, numbers, shape):
    """The channels that a layer wants and makes, and its kernel, stride and padding, with these faults."""
    if kind == "pool":
        kernel_size, stride = numbers
        stride = 1 if "the stride of pooling is left out" in faults else stride
        stride = kernel_size if "pooling moves by its own size" in faults else stride
        return shape[1], shape[1], kernel_size, stride, 0
    wanted, made, kernel_size, stride, padding = numbers
    made = wanted if "the channels stay those of the input" in faults else made
    stride = 1 if "the stride of a convolution is left out" in faults else stride
    padding = 0 if "the padding is left out" in faults else padding
    return wanted, made, kernel_size, stride, padding


def slid(faults, kind, n, kernel_size, stride, padding):
    if kind == "pool" and "pooling divides by its stride" in faults:
        return n // stride
    way = n + (padding if "the padding counts once" in faults else 2 * padding) - kernel_size
    if "1 is added before the division" in faults:
        return (way + 1) // stride
    steps = -(-way // stride) if "rounded up" in faults else way // stride
    return steps if "1 is not added" in faults else steps + 1
