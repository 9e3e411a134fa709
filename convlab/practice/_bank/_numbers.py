"""The numbers in the cases: small whole numbers, the same in every run, and what is special about a case in words."""

import torch


def numbers(*shape, seed=0, dtype=torch.float32):
    """Whole numbers from -3 to 6 without 0, so that every element counts; in float64 thirds, which float32 rounds."""
    generator = torch.Generator(device="cpu").manual_seed(1000 + seed)
    drawn = torch.randint(-3, 6, shape, generator=generator, device="cpu")
    whole = torch.where(drawn >= 0, drawn + 1, drawn).to(dtype)
    return whole / 3 if dtype == torch.float64 else whole


def picture_traits(input, weight=None, bias=None, **options):
    """What is special about a batch of pictures, its kernel and the arguments that are not at their defaults."""
    found = {
        "the input is not square": input.shape[-1] != input.shape[-2],
        "the batch has more than one sample": input.ndim == 4 and input.shape[0] > 1,
        "the input is not contiguous": not input.is_contiguous(),
        "the dtype is float64": input.dtype == torch.float64,
        "there is a bias": bias is not None,
        "the stride is not 1": options.get("stride", 1) not in (1, (1, 1)),
        "there is padding": options.get("padding", 0) not in (0, (0, 0)),
        "there is output_padding": options.get("output_padding", 0) not in (0, (0, 0)),
        "an argument is a tuple": any(isinstance(option, tuple) for option in options.values()),
    }
    if weight is not None:
        found |= {
            "the kernel is not square": weight.shape[-1] != weight.shape[-2],
            "the kernel has an even size": any(size % 2 == 0 for size in weight.shape[2:]),
        }
    return frozenset(trait for trait, holds in found.items() if holds)


def channel_traits(in_channels, out_channels):
    """Whether there are several channels."""
    found = {"there are several input channels": in_channels > 1, "there are several output channels": out_channels > 1}
    return frozenset(trait for trait, holds in found.items() if holds)
