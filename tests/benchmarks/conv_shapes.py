"""The convolutions on which `conv_auto.py` measures: layers of published networks and filters, and random ones.

Each has the size that it has in its network. Where that would take torch more than half a second on one core, the
input is smaller: torch is slow with one channel. Layers have no bias, unless it is said.
"""

from __future__ import annotations

import math
import random
from contextlib import suppress
from typing import Any, NamedTuple

import torch

from convlab.arithmetic import ConvSpec, num_macs, output_size
from convlab.ops.speeds import Call, torch_time

HALF, BRAIN, DOUBLE = torch.float16, torch.bfloat16, torch.float64
NARROW = (HALF, BRAIN)


class Shape(NamedTuple):
    """A convolution and its input: what it stands for, its hyperparameters, and what the tensors are."""

    family: str
    layer: str
    spec: ConvSpec
    sizes: tuple[int, ...]
    batch: int
    dtype: torch.dtype

    def __str__(self) -> str:
        """Shapes of input and weight, and what differs from the defaults."""
        spec = self.spec
        sides = (self.batch, spec.in_channels, *self.sizes), spec.weight_shape
        text = " * ".join("x".join(map(str, side)) for side in sides)
        for name, values, usual in (("s", spec.stride, 1), ("p", spec.padding, 0), ("d", spec.dilation, 1)):
            if set(values) != {usual}:
                text += f" {name}{values[0] if len(set(values)) == 1 else ','.join(map(str, values))}"
        return text + (f" g{spec.groups}" if spec.groups > 1 else "") + (" bias" if spec.bias else "")


def shape(
    family: str,
    layer: str,
    channels: tuple[int, int],
    kernel: tuple[int, ...],
    sizes: tuple[int, ...],
    *,
    batch: int = 1,
    dtype: torch.dtype = torch.float32,
    bias: bool = False,
    **options: Any,
) -> Shape:
    """A shape that exists: channels in and out, taps and input elements along each axis, and options as of ConvSpec.

    Raises:
        TypeError: If an option is unknown or has the wrong type.
        ValueError: If hyperparameters do not fit, the input is too small, `batch` is not positive, or `dtype` no float.
    """
    spec = ConvSpec(*channels, kernel, bias=bias, **options)
    if len(sizes) != spec.ndim:
        raise ValueError(f"sizes must have one int per spatial axis, but sizes={sizes} and kernel={kernel}")
    output_size(spec, sizes)
    if batch < 1 or not dtype.is_floating_point:
        raise ValueError(f"batch must be positive and dtype a float, but batch={batch} and dtype={dtype}")
    return Shape(family, layer, spec, sizes, batch, dtype)


def depthwise(
    family: str, layer: str, channels: int, kernel: tuple[int, ...], sizes: tuple[int, ...], **options: Any
) -> Shape:
    """A shape with one kernel for each channel, padded by half the kernel unless `padding` says another."""
    options = {"padding": tuple(taps // 2 for taps in kernel), **options}
    return shape(family, layer, (channels, channels), kernel, sizes, groups=channels, **options)


SHAPES: tuple[Shape, ...] = (
    shape("LeNet", "LeNet-5 C1", (1, 6), (5, 5), (32, 32), batch=32, bias=True),
    shape("LeNet", "LeNet-5 C3", (6, 16), (5, 5), (14, 14), bias=True),
    shape("LeNet", "LeNet-5 C5", (16, 120), (5, 5), (5, 5), batch=32, bias=True),
    shape("AlexNet", "AlexNet conv1", (3, 96), (11, 11), (227, 227), stride=4, bias=True),
    shape("AlexNet", "AlexNet conv1", (3, 96), (11, 11), (227, 227), stride=4, bias=True, dtype=DOUBLE),
    shape("AlexNet", "AlexNet conv2", (96, 256), (5, 5), (27, 27), padding=2, groups=2, bias=True),
    shape("VGG", "VGG-16 conv1_1", (3, 64), (3, 3), (224, 224), padding=1, bias=True),
    shape("VGG", "VGG-16 conv3_1", (128, 256), (3, 3), (56, 56), padding=1, bias=True),
    shape("VGG", "VGG-16 conv5_3", (512, 512), (3, 3), (14, 14), padding=1, bias=True),
    shape("ResNet", "ResNet-50 conv1", (3, 64), (7, 7), (224, 224), stride=2, padding=3),
    shape("ResNet", "ResNet-50 layer1 3x3", (64, 64), (3, 3), (56, 56), padding=1),
    shape("ResNet", "ResNet-50 layer2 3x3 s2", (128, 128), (3, 3), (56, 56), stride=2, padding=1, dtype=DOUBLE),
    shape("ResNet", "ResNet-50 layer3 1x1", (1024, 256), (1, 1), (14, 14)),
    shape("ResNet", "ResNet-50 layer4 3x3", (512, 512), (3, 3), (7, 7), padding=1, batch=8),
    shape("ResNet", "ResNet-20 on CIFAR, stage 1", (16, 16), (3, 3), (32, 32), padding=1, batch=8, dtype=HALF),
    shape("ResNet", "ResNet-20 on CIFAR, stage 3", (64, 64), (3, 3), (8, 8), padding=1, batch=32, dtype=BRAIN),
    depthwise("MobileNet", "MobileNet v1 dw2", 32, (3, 3), (112, 112)),
    depthwise("MobileNet", "MobileNet v1 dw3", 64, (3, 3), (112, 112), stride=2),
    depthwise("MobileNet", "MobileNet v1 dw8", 512, (3, 3), (14, 14), batch=8),
    depthwise("MobileNet", "MobileNet v1 dw14", 1024, (3, 3), (7, 7), dtype=DOUBLE),
    depthwise("MobileNet", "MobileNet v1 dw8", 512, (3, 3), (14, 14), dtype=BRAIN),
    shape("MobileNet", "MobileNet v1 pw8", (512, 512), (1, 1), (14, 14), batch=8),
    depthwise("EfficientNet", "EfficientNet-B0 stage 4", 144, (5, 5), (56, 56), stride=2),
    depthwise("EfficientNet", "EfficientNet-B0 stage 6", 672, (5, 5), (14, 14)),
    depthwise("EfficientNet", "EfficientNet-B0 stage 7", 1152, (5, 5), (7, 7), batch=8),
    shape("ConvNeXt", "ConvNeXt-T stem", (3, 96), (4, 4), (224, 224), stride=4, bias=True),
    depthwise("ConvNeXt", "ConvNeXt-T stage 1", 96, (7, 7), (56, 56), bias=True),
    depthwise("ConvNeXt", "ConvNeXt-T stage 3", 384, (7, 7), (14, 14), batch=8, bias=True),
    depthwise("ConvNeXt", "ConvNeXt-T stage 4", 768, (7, 7), (7, 7), dtype=HALF, bias=True),
    depthwise("RepLKNet", "RepLKNet-31B stage 1", 128, (31, 31), (56, 56)),
    depthwise("RepLKNet", "RepLKNet-31B stage 3", 512, (27, 27), (14, 14)),
    depthwise("RepLKNet", "RepLKNet-31B stage 4", 1024, (13, 13), (7, 7), batch=8),
    depthwise("RepLKNet", "RepLKNet-13 stage 1", 128, (13, 13), (56, 56)),
    depthwise("RepLKNet", "VAN, 21x21 in one, stage 1", 64, (21, 21), (56, 56), dtype=DOUBLE),
    depthwise("RepLKNet", "SLaK-T 51x5 stage 1", 124, (51, 5), (56, 56)),
    shape("Inception", "Inception v3 6b 1x7", (128, 128), (1, 7), (17, 17), padding=(0, 3)),
    shape("Inception", "Inception v3 6e 7x1", (192, 192), (7, 1), (17, 17), padding=(3, 0), batch=8),
    shape("WaveNet", "WaveNet causal, d1", (64, 128), (2,), (16001,), bias=True),
    shape("WaveNet", "WaveNet causal, d512", (64, 128), (2,), (16512,), dilation=512, bias=True),
    shape("WaveNet", "WaveNet causal, d64", (32, 64), (2,), (4064,), dilation=64, batch=8, dtype=DOUBLE),
    shape("TCN", "TCN sequential MNIST, level 8", (25, 25), (7,), (784,), padding=768, dilation=128, batch=32),
    shape("TCN", "TCN word level, level 4", (600, 600), (3,), (80,), padding=16, dilation=8, batch=8),
    shape("TCN", "TCN adding problem, level 1", (2, 30), (8,), (600,), padding=7, batch=32, bias=True),
    shape("FIR", "64 taps on 10 s at 16 kHz", (1, 1), (64,), (160_000,), padding=32),
    shape("FIR", "256 taps on 3 s", (1, 1), (256,), (48_000,), padding=128),
    shape("FIR", "512 taps on 1 s", (1, 1), (512,), (16_000,), padding=256, dtype=DOUBLE),
    shape("FIR", "1024 taps on 1 s", (1, 1), (1024,), (16_000,), padding=512),
    shape("FIR", "room of 4096 taps on 0.5 s, valid", (1, 1), (4096,), (8000,)),
    shape("FIR", "128 taps on 0.25 s, batch", (1, 1), (128,), (4000,), padding=64, batch=32),
    depthwise("FIR", "stereo reverb, 2048 taps on 0.25 s", 2, (2048,), (4000,), padding=2047),
    shape("FIR", "gammatone bank of 40, 1024 taps on 1 s", (1, 40), (1024,), (16_000,), padding=512),
    depthwise("FIR", "long convolution of a sequence layer", 64, (1024,), (1024,), padding=1023),
    shape("EEG and ECG", "EEGNet-8,2 temporal", (1, 8), (1, 64), (64, 128), padding=(0, 32), batch=8),
    shape("EEG and ECG", "EEGNet-8,2 depthwise", (8, 16), (64, 1), (64, 128), groups=8, batch=32),
    depthwise("EEG and ECG", "EEGNet-8,2 separable", 16, (1, 16), (1, 32), batch=32),
    depthwise("EEG and ECG", "band-pass of 64 EEG channels", 64, (129,), (2500,)),
    depthwise("EEG and ECG", "band-pass of 12 ECG leads", 12, (201,), (5000,), dtype=DOUBLE),
    shape("EEG and ECG", "ECG ResNet of Ribeiro et al., first", (12, 64), (17,), (4096,), padding=8, batch=8),
    shape("speech", "STFT by kernels, 25 ms every 10 ms", (1, 402), (400,), (160_000,), stride=160),
    shape("speech", "STFT by kernels, 25 ms every 10 ms", (1, 402), (400,), (32_000,), stride=160, dtype=DOUBLE),
    shape("speech", "wav2vec 2.0 first", (1, 512), (10,), (16_000,), stride=5),
    shape("speech", "wav2vec 2.0 position", (768, 768), (128,), (99,), padding=64, groups=16, bias=True),
    shape("speech", "SincNet first", (1, 80), (251,), (3200,), batch=8),
    shape("speech", "Whisper tiny conv2", (384, 384), (3,), (3000,), stride=2, padding=1, bias=True),
    depthwise("speech", "Conformer depthwise", 256, (31,), (250,), batch=8),
    shape("C3D", "C3D conv1a", (3, 64), (3, 3, 3), (8, 112, 112), padding=1, bias=True),
    shape("C3D", "C3D conv4a", (256, 512), (3, 3, 3), (4, 14, 14), padding=1, bias=True),
    shape("C3D", "C3D conv5b", (512, 512), (3, 3, 3), (2, 7, 7), padding=1, bias=True, batch=8),
    shape("R(2+1)D", "R(2+1)D-18 space", (64, 144), (1, 3, 3), (8, 56, 56), padding=(0, 1, 1)),
    shape("R(2+1)D", "R(2+1)D-18 time", (144, 64), (3, 1, 1), (8, 56, 56), padding=(1, 0, 0)),
    shape("MRI", "gradient filter, volume of 96", (1, 1), (3, 3, 3), (96, 96, 96), padding=1),
    shape("MRI", "Gaussian of 5, volume of 48", (1, 1), (5, 5, 5), (48, 48, 48), padding=2, dtype=DOUBLE),
    shape("MRI", "Gaussian of 7, volume of 64", (1, 1), (7, 7, 7), (64, 64, 64), padding=3),
    shape("MRI", "Gaussian of 9, volume of 48", (1, 1), (9, 9, 9), (48, 48, 48), padding=4),
    shape("MRI", "V-Net first", (1, 16), (5, 5, 5), (48, 48, 48), padding=2, bias=True),
    depthwise("MRI", "3D UX-Net stage 2", 96, (7, 7, 7), (12, 12, 12)),
    shape("dilated", "DeepLab v3 on MobileNet v2, d6", (320, 256), (3, 3), (33, 33), padding=6, dilation=6),
    shape("dilated", "DeepLab v3 on MobileNet v2, d12", (320, 256), (3, 3), (33, 33), padding=12, dilation=12),
    shape("dilated", "DeepLab v3 on MobileNet v2, d18", (320, 256), (3, 3), (33, 33), padding=18, dilation=18),
    shape("dilated", "context module, d16", (21, 21), (3, 3), (64, 64), padding=16, dilation=16, dtype=DOUBLE),
    depthwise("dilated", "VAN 7x7 d3, stage 1", 64, (7, 7), (56, 56), padding=9, dilation=3),
    shape("ResNeXt", "ResNeXt-50 32x4d layer1", (128, 128), (3, 3), (56, 56), padding=1, groups=32),
    shape("ResNeXt", "ResNeXt-50 32x4d layer3", (512, 512), (3, 3), (14, 14), padding=1, groups=32, batch=8),
    shape("ResNeXt", "ResNeXt-50 32x4d layer2", (256, 256), (3, 3), (28, 28), padding=1, groups=32, dtype=DOUBLE),
    shape("ResNeXt", "ResNeXt-50 32x4d layer4", (1024, 1024), (3, 3), (7, 7), padding=1, groups=32, dtype=HALF),
    shape("ResNeXt", "ShuffleNet g3 1x1", (240, 60), (1, 1), (28, 28), groups=3, batch=8),
    shape("blur", "Gaussian of 9 on 512x512", (1, 1), (9, 9), (512, 512), padding=4),
    shape("blur", "Gaussian of 15 on 256x256, batch", (1, 1), (15, 15), (256, 256), padding=7, batch=8),
    shape("blur", "Gaussian of 31 on 512x512", (1, 1), (31, 31), (512, 512), padding=15),
    shape("blur", "Gaussian of 31 on 128x128", (1, 1), (31, 31), (128, 128), padding=15, dtype=DOUBLE),
    shape("blur", "Gaussian of 63 on 96x96", (1, 1), (63, 63), (96, 96), padding=31),
    shape("blur", "rows of a Gaussian of 63 on 256x256", (1, 1), (1, 63), (256, 256), padding=(0, 31)),
    depthwise("blur", "Gaussian of 21 on colours", 3, (21, 21), (224, 224)),
    depthwise("blur", "Gaussian of 9 on colours", 3, (9, 9), (224, 224), dtype=HALF),
    shape("Gabor", "bank of 8, 21x21", (1, 8), (21, 21), (256, 256), padding=10),
    shape("Gabor", "bank of 40, 31x31", (1, 40), (31, 31), (128, 128), padding=15),
    shape("Gabor", "VOneNet, half of the bank", (3, 256), (25, 25), (224, 224), stride=4, padding=12),
    shape("depth multiplier", "two kernels a channel, 3x3", (32, 64), (3, 3), (112, 112), padding=1, groups=32),
    shape("depth multiplier", "four kernels a channel, 1D", (16, 64), (65,), (4000,), padding=32, groups=16),
    shape("depth multiplier", "two kernels a channel, 11x11", (16, 32), (11, 11), (56, 56), padding=5, groups=16),
)
FAMILIES = tuple(dict.fromkeys(each.family for each in SHAPES))

LONGEST = 20e6
"""Nanoseconds that a random convolution may take torch at its highest speed, with AVX2 and on one thread."""

MOST = {1: (1024, 160_000), 2: (31, 512), 3: (7, 96)}
"""The most taps and input elements along an axis of a random convolution, by spatial axes."""


def drawn(seed: int, count: int) -> list[Shape]:
    """So many random shapes that are not in the list, always the same for a seed.

    Two of five are 1D, two 2D, one 3D; dense, depthwise, grouped or with several kernels a channel, one as often as the
    other. Channels (1 to 512), taps and sizes (up to `MOST`) are drawn evenly by their logarithm, in 2D and 3D half of
    the kernels and inputs with an own number for each axis. Three of four have stride 1, the others 2 to 4; seven of
    ten dilation 1, the others 2 to 16. Padding is none, half the span, or all of it but one. Six of ten are float32,
    two float64, one float16, one bfloat16. What would be empty, or take torch longer than `LONGEST`, is drawn again.
    """
    if count < 1:
        raise ValueError(f"count must be at least 1, but count={count}")
    numbers, found = random.Random(seed), list[Shape]()
    known = {each[2:] for each in SHAPES}
    while len(found) < count:
        with suppress(ValueError):  # the kernel does not fit into the input
            made = _random(numbers)
            if _time(made) < LONGEST and made[2:] not in known:
                known.add(made[2:])
                found.append(made)
    return found


def _random(numbers: random.Random) -> Shape:
    def log_uniform(least: int, most: int) -> int:
        return math.floor(math.exp(numbers.uniform(math.log(least), math.log(most + 1))))

    ndim = numbers.choice((1, 1, 2, 2, 3))
    even = numbers.random() < 0.5
    limits = zip((1, 4), MOST[ndim], strict=True)
    taps, size = ([log_uniform(*ends) for _ in range(ndim)] for ends in limits)
    if even:
        taps, size = taps[:1] * ndim, size[:1] * ndim
    kind = numbers.choice(("dense", "depthwise", "grouped", "depth multiplier"))
    ins, outs, groups = log_uniform(1, 512), log_uniform(1, 512), 1
    if kind == "grouped":
        groups = numbers.choice((2, 4, 8, 16, 32))
        ins, outs = (groups * max(1, channels // groups) for channels in (ins, outs))
    elif kind != "dense":
        groups, outs = ins, ins * (1 if kind == "depthwise" else numbers.choice((2, 3, 4)))
    stride = 1 if numbers.random() < 0.75 else numbers.randint(2, 4)
    dilation = 1 if numbers.random() < 0.7 else numbers.randint(2, 16)
    part = numbers.choice((0, 0.5, 1))
    padding = tuple(math.floor(part * dilation * (number - 1)) for number in taps)
    options: dict[str, Any] = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    options["dtype"] = numbers.choice([torch.float32] * 6 + [DOUBLE] * 2 + [HALF, BRAIN])
    options |= {"batch": numbers.choice((1, 1, 2, 8, 32)), "bias": numbers.random() < 0.5}
    return shape(f"random {ndim}D", kind, (ins, outs), tuple(taps), tuple(size), **options)


def _time(made: Shape) -> float:
    """Nanoseconds of torch, at its highest speed; infinite for more than 2^25 elements."""
    out = output_size(made.spec, made.sizes)
    elements = made.spec.in_channels * math.prod(made.sizes) + made.spec.out_channels * math.prod(out)
    if made.batch * elements > 2**25:
        return math.inf
    if made.dtype in NARROW:
        return num_macs(made.spec, made.sizes, batch_size=made.batch)
    return torch_time(Call(made.spec, made.sizes, made.batch, made.dtype, False, 1, "AVX2"))
