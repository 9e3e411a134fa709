"""What is in print about well-known networks: parameters, multiply-accumulates, receptive fields.

`CLASSIFIERS` have their parameters and MACs in print. `FIELDS` are the twelve rows of the table in Araujo, Norris and
Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019, doi 10.23915/distill.00021: the
networks of TF-Slim, up to the last feature map before the global pooling. The authors' repository has a longer table,
from which come `end_points`, `tf_flops` and `ODD_FIELDS`.

TensorFlow's "SAME" padding depends on the size of the input. At stride 2 it pads an odd size evenly on both sides, as
torch does, but an even size by one more at the end than at the start. So the size of a receptive field and its jump
are the same for every input, and its start is not. The table has the start for inputs of 224 x 224, where every size on
the way is even; `FIELDS` are built for them, with `ZeroPad2d` before a strided convolution and with `ceil_mode` in a
strided pool. For inputs of 321 x 321, where every size is odd, symmetric padding is right, and no layer has to pad:
`ODD_FIELDS` has one of each family whose fields start elsewhere then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import published_networks as networks
from torch import nn


@dataclass(frozen=True, eq=False)
class Published:
    """A network, and what is in print about it.

    Attributes:
        name: What it is called here.
        make: Builds it. Those of `FIELDS` take `width`, a factor on all numbers of channels. It leaves the receptive
            field as it is, and 1/64 makes the network small enough for measuring that.
        input_shape: The input that the numbers are for.
        output_shape: The output for it.
        num_params: Weights and biases, and scales and shifts of batch norms; exact.
        num_macs: Multiply-accumulates of convolutions and matrix products; exact.
        source: Where the numbers are printed.
        printed_macs: `num_macs` as printed, such as "4.089 G"; empty where nobody did.
        receptive_field: Its size, the same along height and width, as all that follow.
        jump: Its step from one output element to the next; the authors' effective stride.
        padding: How far before the input it starts for the first output element; the authors' effective padding.
        end_points: Size, jump and padding after those children of the network that the authors list.
        tf_flops: The FLOPs by TensorFlow's profiler, as printed; see `tf_flops` in the tests for what it counts.
    """

    name: str
    make: Callable[..., nn.Module]
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    num_params: int
    num_macs: int
    source: str
    printed_macs: str = ""
    receptive_field: int | None = None
    jump: int | None = None
    padding: int | None = None
    end_points: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    tf_flops: str = ""

    def __str__(self) -> str:
        return self.name


TORCHVISION = "torchvision {}: num_params and _ops of the weights, in the documentation to two decimals"
MOBILENETS = (
    "Howard and others, MobileNets, arXiv 1704.04861, table 6; exact parameters: tables of osmr/imgclsmob, GitHub"
)
DISTILL = "Araujo, Norris and Sim, Distill 2019, the table under 'Discussion: receptive fields of modern networks'"
REPOSITORY = "google-research/receptive_field on GitHub, RECEPTIVE_FIELD_TABLE.md, at resolution 321"


def _torchvision(
    name: str,
    make: Callable[..., nn.Module],
    num_params: int,
    num_macs: int,
    printed_macs: str,
    input_shape: tuple[int, ...] = (1, 3, 224, 224),
    classes: int = 1000,
) -> Published:
    source = TORCHVISION.format(name)
    return Published(name, make, input_shape, (1, classes), num_params, num_macs, source, printed_macs)


CLASSIFIERS = (
    Published(
        "lenet",
        networks.LeNet,
        (1, 1, 32, 32),
        (1, 10),
        num_params=156 + 2_416 + 48_120 + 10_164 + 850,
        num_macs=117_600 + 240_000 + 48_000 + 10_080 + 840,
        source="by hand, layer by layer",
        printed_macs="416520",
    ),
    _torchvision("alexnet", networks.alexnet, 61_100_840, 714_188_480, "0.714 G"),
    _torchvision("vgg16", networks.vgg16, 138_357_544, 15_470_264_320, "15.47 G"),
    _torchvision(
        "resnet18",
        partial(networks.resnet, (2, 2, 2, 2), bottleneck=False),
        11_689_512,
        1_814_073_344,
        "1.814 G",
    ),
    _torchvision("resnet50", partial(networks.resnet, (3, 4, 6, 3)), 25_557_032, 4_089_184_256, "4.089 G"),
    _torchvision("resnet152", partial(networks.resnet, (3, 8, 36, 3)), 60_192_808, 11_513_626_624, "11.514 G"),
    _torchvision(
        "resnext50_32x4d",
        partial(networks.resnet, (3, 4, 6, 3), group_width=4, groups=32),
        25_028_904,
        4_230_479_872,
        "4.23 G",
    ),
    _torchvision("r3d_18", networks.r3d_18, 33_371_472, 40_696_553_472, "40.697 G", (1, 3, 16, 112, 112), 400),
    _torchvision(
        "inception_v3_classifier",
        networks.InceptionV3Classifier,
        27_161_264,
        5_713_216_096,
        "5.713 G",
        (1, 3, 299, 299),
    ),
    Published(
        "mobilenet",
        networks.mobilenet,
        (1, 3, 224, 224),
        (1, 1000),
        4_231_976,
        568_740_352,
        MOBILENETS,
        "569 M",
    ),
    Published(
        "mobilenet_075",
        partial(networks.mobilenet, width=0.75),
        (1, 3, 224, 224),
        (1, 1000),
        2_585_560,
        325_400_448,
        MOBILENETS,
        "325 M",
    ),
)


def _end_points(text: str) -> dict[str, tuple[int, int, int]]:
    """From "name size jump padding, name size jump padding"."""
    rows = (row.split() for row in text.split(","))
    return {name: (int(size), int(jump), int(padding)) for name, size, jump, padding in rows}


MOBILENET_V1 = _end_points(
    "Conv2d_0 3 2 0, Conv2d_1_pointwise 7 2 2, Conv2d_2_pointwise 11 4 2, Conv2d_3_pointwise 19 4 6,"
    "Conv2d_4_pointwise 27 8 6, Conv2d_5_pointwise 43 8 14, Conv2d_6_pointwise 59 16 14, Conv2d_7_pointwise 91 16 30,"
    "Conv2d_8_pointwise 123 16 46, Conv2d_9_pointwise 155 16 62, Conv2d_10_pointwise 187 16 78,"
    "Conv2d_11_pointwise 219 16 94, Conv2d_12_pointwise 251 32 94, Conv2d_13_pointwise 315 32 126"
)
LONG_STEM = (
    "Conv2d_1a_3x3 3 2 0, Conv2d_2a_3x3 7 2 0, Conv2d_2b_3x3 11 2 2, MaxPool_3a_3x3 15 4 2, Conv2d_3b_1x1 15 4 2,"
    "Conv2d_4a_3x3 23 4 2, MaxPool_5a_3x3 31 8 2, Mixed_5b 63 8 18,"
)
END_POINTS = {
    "alexnet_v2": _end_points(
        "conv1 11 4 0, pool1 19 8 0, conv2 51 8 16, conv3 99 16 32, conv4 131 16 48, conv5 163 16 64, pool5 195 32 64"
    ),
    "vgg_16": _end_points(
        "conv1_1 3 1 1, pool1 6 2 2, conv2_1 10 2 4, pool2 16 4 6, conv3_1 24 4 10, conv3_2 32 4 14, pool3 44 8 18,"
        "conv4_1 60 8 26, conv4_2 76 8 34, pool4 100 16 42, conv5_1 132 16 58, conv5_2 164 16 74, pool5 212 32 90"
    ),
    "mobilenet_v1": MOBILENET_V1,
    "mobilenet_v1_075": MOBILENET_V1,
    "resnet_v1_50": _end_points("block1 35 8 15, block2 99 16 47, block3 291 32 143, block4 483 32 239"),
    "resnet_v1_101": _end_points("block1 35 8 15, block2 99 16 47, block3 835 32 415, block4 1027 32 511"),
    "resnet_v1_152": _end_points("block1 35 8 15, block2 163 16 79, block3 1315 32 655, block4 1507 32 751"),
    "resnet_v1_200": _end_points("block1 35 8 15, block2 419 16 207, block3 1571 32 783, block4 1763 32 879"),
    "inception_v2": _end_points(
        "Conv2d_1a_7x7 7 2 2, MaxPool_2a_3x3 11 4 2, Conv2d_2b_1x1 11 4 2, Conv2d_2c_3x3 19 4 6,"
        "MaxPool_3a_3x3 27 8 6, Mixed_3b 59 8 22, Mixed_3c 91 8 38, Mixed_4a 123 16 46, Mixed_4b 187 16 78,"
        "Mixed_4c 251 16 110, Mixed_4d 315 16 142, Mixed_4e 379 16 174, Mixed_5a 443 32 190, Mixed_5b 571 32 254,"
        "Mixed_5c 699 32 318"
    ),
    "inception_v3": _end_points(
        LONG_STEM + "Mixed_5c 95 8 34, Mixed_5d 127 8 50, Mixed_6a 159 16 58, Mixed_6b 351 16 154,"
        "Mixed_6c 543 16 250, Mixed_6d 735 16 346, Mixed_6e 927 16 442, Mixed_7a 1055 32 490, Mixed_7b 1183 32 554,"
        "Mixed_7c 1311 32 618"
    ),
    "inception_v4": _end_points(
        "Conv2d_1a_3x3 3 2 0, Conv2d_2a_3x3 7 2 0, Conv2d_2b_3x3 11 2 2, Mixed_3a 15 4 2, Mixed_4a 47 4 14,"
        "Mixed_5a 55 8 14, Mixed_5b 87 8 30, Mixed_5c 119 8 46, Mixed_5d 151 8 62, Mixed_5e 183 8 78,"
        "Mixed_6a 215 16 86, Mixed_6b 407 16 182, Mixed_6c 599 16 278, Mixed_6d 791 16 374, Mixed_6e 983 16 470,"
        "Mixed_6f 1175 16 566, Mixed_6g 1367 16 662, Mixed_6h 1559 16 758, Mixed_7a 1687 32 806, Mixed_7b 1815 32 870,"
        "Mixed_7c 1943 32 934, Mixed_7d 2071 32 998"
    ),
    "inception_resnet_v2": _end_points(
        LONG_STEM + "Mixed_6a 415 16 186, PreAuxLogits 2335 16 1146, Mixed_7a 2399 32 1162, Conv2d_7b_1x1 3039 32 1482"
    ),
}


def _row(
    name: str,
    make: Callable[..., nn.Module],
    field: tuple[int, int, int],
    output_shape: tuple[int, ...],
    num_params: int,
    num_macs: int,
    tf_flops: str,
) -> Published:
    """A row of the table, with size, jump and padding of the receptive field."""
    row = Published(name, make, (1, 3, 224, 224), (1, *output_shape), num_params, num_macs, DISTILL)
    receptive_field, jump, padding = field
    return replace(
        row,
        receptive_field=receptive_field,
        jump=jump,
        padding=padding,
        end_points=END_POINTS[name],
        tf_flops=tf_flops,
    )


def _odd(name: str, padding: int, output_size: int, num_macs: int, tf_flops: str) -> Published:
    """The row of this name for an input of 321 x 321."""
    row = next(row for row in FIELDS if row.name == name)
    return replace(
        row,
        name=f"{name}_at_321",
        make=partial(row.make, even=False),
        input_shape=(1, 3, 321, 321),
        output_shape=(*row.output_shape[:2], output_size, output_size),
        num_macs=num_macs,
        source=REPOSITORY,
        padding=padding,
        end_points={},
        tf_flops=tf_flops,
    )


def _resnet(*depths: int) -> Callable[..., nn.Module]:
    return partial(networks.resnet_v1, depths, even=True)


mobilenet_v1 = partial(networks.mobilenet_v1, even=True)
inception_v2 = partial(networks.inception_v2, even=True)

FIELDS = (
    _row("alexnet_v2", networks.alexnet_v2, (195, 32, 64), (256, 5, 5), 3_207_104, 689_468_160, "1.380"),
    _row("vgg_16", networks.vgg_16, (212, 32, 90), (512, 7, 7), 14_714_688, 15_346_630_656, "30.713"),
    _row("mobilenet_v1", mobilenet_v1, (315, 32, 126), (1024, 7, 7), 3_206_976, 567_716_352, "1.140"),
    _row(
        "mobilenet_v1_075",
        partial(mobilenet_v1, width=0.75),
        (315, 32, 126),
        (768, 7, 7),
        1_816_560,
        324_632_448,
        "0.653",
    ),
    _row("resnet_v1_50", _resnet(3, 4, 6, 3), (483, 32, 239), (2048, 7, 7), 23_508_032, 3_480_207_360, "6.963"),
    _row("inception_v2", inception_v2, (699, 32, 318), (1024, 7, 7), 10_163_224, 1_933_833_216, "3.883"),
    _row("resnet_v1_101", _resnet(3, 4, 23, 3), (1027, 32, 511), (2048, 7, 7), 42_500_160, 7_192_428_544, "14.387"),
    _row("inception_v3", networks.inception_v3, (1311, 32, 618), (2048, 5, 5), 21_785_568, 2_835_873_120, "5.689"),
    _row("resnet_v1_152", _resnet(3, 8, 36, 3), (1507, 32, 751), (2048, 7, 7), 58_143_808, 10_904_649_728, "21.811"),
    _row("resnet_v1_200", _resnet(3, 24, 36, 3), (1763, 32, 879), (2048, 7, 7), 62_624_832, 14_398_504_960, "28.799"),
    _row("inception_v4", networks.inception_v4, (2071, 32, 998), (1536, 5, 5), 41_142_816, 6_120_358_752, "12.271"),
    _row(
        "inception_resnet_v2",
        networks.inception_resnet_v2,
        (3039, 32, 1482),
        (1536, 5, 5),
        54_306_464,
        6_467_425_120,
        "12.958",
    ),
)

ODD_FIELDS = (
    _odd("mobilenet_v1", 157, 11, 1_265_582_528, "2.542"),
    _odd("resnet_v1_50", 241, 11, 7_812_142_272, "15.629"),
    _odd("inception_v2", 349, 11, 4_295_427_224, "8.626"),
)
