"""What the exercises of 01_sliding_window share: answers and cases for one image and one kernel, without channels."""

import torch

from convlab.practice._bank._switches import faulty_conv
from convlab.practice.exercise import Case


def on_image(change_kernel=lambda kernel: kernel, padding=lambda kH, kW: (0, 0, 0, 0), turn=lambda result: result):
    """Makes answers from faults: a correlation of an image and a kernel, both without channels."""

    def make(faults=frozenset()):
        def answer(image, kernel):
            kernel = change_kernel(kernel)
            padded = torch.nn.functional.pad(image, padding(*kernel.shape))
            return turn(faulty_conv(2, faults)(padded[None, None], kernel[None, None])[0, 0])

        return answer

    return make


def flip(kernel):
    return kernel.flip(0, 1)


def full_padding(kH, kW):
    return (kW - 1, kW - 1, kH - 1, kH - 1)


def same_padding(kH, kW):
    return ((kW - 1) // 2, kW // 2, (kH - 1) // 2, kH // 2)


def _traits(image, height, width):
    found = {
        "the sides of the image differ": image.shape[0] != image.shape[1],
        "the sides of the kernel differ": height != width,
        "the kernel has an even size": height % 2 == 0 or width % 2 == 0,
        "the kernel has one element": height == width == 1,
        "the kernel is as large as the image": (height, width) == tuple(image.shape),
        "the image is not contiguous": not image.is_contiguous(),
        "the dtype is float64": image.dtype == torch.float64,
    }
    return frozenset(trait for trait, is_so in found.items() if is_so)


def image_case(id, image, kernel):
    size = (kernel, kernel) if isinstance(kernel, int) else tuple(kernel.shape)
    return Case(id, (image, kernel), traits=_traits(image, *size))
