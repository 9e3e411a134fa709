"""What the placement drill asks: two questions on each notebook, and the section in which the answer stands."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from convlab.practice.drill.question import Question
from convlab.practice.drill.topics import ask
from convlab.practice.placement import shapes, values

Asker = Callable[[random.Random], Question]


@dataclass(frozen=True)
class Topic:
    """A question by lot, and where its answer stands.

    Attributes:
        section: The heading of the section.
        ask: Draws the question.

    Example:
        >>> TOPICS["11"][0].ask(random.Random(1)).answer
        (74,)
    """

    section: str
    ask: Asker


def from_drill(topic: str, difficulty: int, *, having: str = "", lacking: str = "\0") -> Asker:
    """Questions of a drill that torch does not refuse.

    Args:
        topic: The drill.
        difficulty: 1 to 5.
        having: What the code of the question holds.
        lacking: What it does not hold.

    Example:
        >>> from_drill("parameters", 4, having="groups=")(random.Random(1)).form.words
        ('error',)
    """

    def drawn(rng: random.Random) -> Question:
        while True:
            question = ask(topic, difficulty, rng)
            if having in question.code and lacking not in question.code and not isinstance(question.answer, str):
                return question

    return drawn


TOPICS: Mapping[str, tuple[Topic, Topic]] = {
    "01": (
        Topic("Torch does not flip the kernel", values.window_value),
        Topic("The window slides: one answer for each place", from_drill("output_shape", 1)),
    ),
    "02": (
        Topic("`in_channels` counts the electrodes, not the time steps", shapes.electrodes),
        Topic("A causal convolution pads on the left only", shapes.causal_padding),
    ),
    "03": (
        Topic("Stride s keeps every s-th answer, starting with the first", from_drill("output_shape", 3)),
        Topic("The weight is (C_out, C_in, kH, kW), and the bias is (C_out,)", shapes.weight_shape),
    ),
    "04": (
        Topic("A tensor with four axes is taken for one volume, whatever you meant", shapes.unbatched),
        Topic("Bring the axes into order by permute, never by reshape", shapes.clip_layout),
    ),
    "05": (
        Topic("LeNet runs at 32 x 32 and stops at 64 x 64, and no convolution is at fault", shapes.flattened),
        Topic("Six steps lead from an error to its cause", from_drill("error_layer", 2)),
    ),
    "06": (
        Topic("`groups=4` is four convolutions side by side", from_drill("parameters", 4, having="groups=")),
        Topic("Depthwise means one group for each channel, and K outputs in a row", shapes.depthwise_weight_shape),
    ),
    "07": (
        Topic(
            "With equal layers the field grows linearly, with doubled dilations exponentially",
            from_drill("receptive_field", 4, having="dilation=", lacking="MaxPool"),
        ),
        Topic("Padding of d(k - 1)/2 keeps the size, and the span must fit", shapes.kept_size),
    ),
    "08": (
        Topic("The output size is where the last stamp ends, less the crop", from_drill("transposed_output_shape", 2)),
        Topic("The weight is (C_in, C_out / groups, kH, kW): input channels first", shapes.transposed_weight_shape),
    ),
    "09": (
        Topic("Every tap reads at its lattice place plus its own offset", values.offset_channels),
        Topic("Between two elements stands a weighted mean of them", values.between_elements),
    ),
    "10": (
        Topic("What an input feeds, it hears from: its gradient is a transposed convolution", values.input_gradient),
        Topic("What the forward pass keeps apart, the weight sums over", values.bias_gradient),
    ),
    "11": (
        Topic("The FFT turns sliding into one product for each frequency", values.transform_length),
        Topic("im2col: every window becomes a column, the rest is one matrix product", values.columns),
    ),
}
"""By the number of the notebook: the question, and the one that is asked after a wrong answer."""
