"""The output size to play with: the formula with its numbers, and the windows on one axis."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from convlab import scenes
from convlab.arithmetic.spec import ConvSpec
from convlab.explorers.base import Explorer, Shown, choice, whole, yes_no
from convlab.explorers.words import sizes_in_words
from convlab.scenes import Grid, Mark, Scene, Step

GENERAL = {
    False: "L_out = floor((L_in + 2*padding - dilation*(kernel_size-1) - 1) / stride) + 1",
    True: "L_out = (L_in-1)*stride - 2*padding + dilation*(kernel_size-1) + output_padding + 1",
}
"""torch's formula, by whether the convolution is transposed."""

MOST_INPUT = 64
MOST_PADDING = 6


def output_shape(
    *,
    input_size: int = 10,
    kernel_size: int = 3,
    stride: int = 2,
    padding: int | str = 0,
    dilation: int = 1,
    transposed: bool = False,
    output_padding: int = 0,
) -> Explorer:
    """The output size of a convolution along one axis: torch's formula with its numbers, and the windows it counts.

    The reader changes the hyperparameters, steps from window to window, and sees which elements no window reads: why
    several input sizes give one output size. A transposed convolution shows which outputs each input element reaches.

    Args:
        input_size: Elements of the input, at first.
        kernel_size: Taps, at first.
        stride: At first.
        padding: An int, "same" or "valid", at first.
        dilation: At first.
        transposed: Whether the convolution is a transposed one, at first.
        output_padding: At first.

    Raises:
        ValueError: If a control does not take a value.

    Source:
        https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv1d.html and ConvTranspose1d.html

    Example:
        >>> explorer = output_shape(input_size=10, kernel_size=3, stride=2)
        >>> print(explorer.text)
        L_out = floor((L_in + 2*padding - dilation*(kernel_size-1) - 1) / stride) + 1
        L_out = floor((10 + 2*0 - 1*(3-1) - 1) / 2) + 1 = 4
        1 of the 10 elements of the padded input is read by no window.
        >>> explorer.set(output_padding=1)
        >>> explorer.message
        'output_padding needs a transposed convolution, but output_padding=(1,)'
    """
    controls = {
        "input_size": whole("input_size", input_size, 1, MOST_INPUT, tip="elements of the input, L_in"),
        "kernel_size": whole("kernel_size", kernel_size, 1, 11, tip="taps of the kernel"),
        "stride": whole("stride", stride, 1, 8, tip="elements from one window to the next"),
        "padding": choice(
            "padding", padding, (*range(MOST_PADDING + 1), "same", "valid"), tip="elements added on both sides"
        ),
        "dilation": whole("dilation", dilation, 1, 6, tip="elements from one tap to the next"),
        "transposed": yes_no("transposed", transposed, tip="a transposed convolution"),
        "output_padding": whole("output_padding", output_padding, 0, 7, tip="elements added at the end of the output"),
    }

    def show(input_size: int, kernel_size: int, **settings: Any) -> Shown:
        spec = ConvSpec(1, 1, (kernel_size,), bias=False, **settings)
        whole_story = scenes.scatter if spec.transposed else scenes.sliding_window
        scene = positions(whole_story(spec, input_size), transposed=spec.transposed)
        return Shown(
            scene,
            "\n".join(
                [
                    GENERAL[spec.transposed],
                    sizes_in_words(spec, (input_size,)),
                    _untouched(scene, transposed=spec.transposed),
                ]
            ),
        )

    return Explorer("output_shape", controls, show)


def positions(scene: Scene, *, transposed: bool) -> Scene:
    """The same story along one axis with positions in place of numbers; the kernel is left out.

    What no window reads, or what no input element reaches, is lit as "muted" in every step.

    Args:
        scene: A story of `scenes.sliding_window`, or of `scenes.scatter`, with one axis and one channel.
        transposed: Whether it is one of `scenes.scatter`.

    Example:
        >>> story = positions(scenes.sliding_window(ConvSpec(1, 1, (2,), stride=3), 6), transposed=False)
        >>> [step.text for step in story.steps], story.steps[0].marks[-1]
        (['reads positions 0, 1', 'reads positions 3, 4'], Mark(grid='input', role='muted', cells=((0, 2), ...))
    """
    above, under = _numbered(scene.grid("input")), _numbered(scene.grid("output"))
    under = replace(under, top=above.top + above.height + 2)
    many = under if transposed else above  # a step lights one cell of the other grid, and several of this one
    lit = [[mark for mark in step.marks if mark.grid in ("input", "output")] for step in scene.steps]
    touched = {cell for marks in lit for mark in marks if mark.grid == many.name for cell in mark.cells}
    cells = [(0, column) for column in range(many.shape[1]) if many.kind(0, column) != "c"]
    rest = tuple(cell for cell in cells if cell not in touched)
    muted = (Mark(many.name, "muted", rest),) if rest else ()
    steps = []
    for step, marks in zip(scene.steps, lit, strict=True):
        columns = [column for mark in marks if mark.grid == many.name for _, column in mark.cells]
        verb = "reaches" if transposed else "reads"
        text = f"{verb} positions {', '.join(str(many.values[0][column]) for column in columns)}"
        plain = tuple(mark._replace(notes=()) for mark in marks)
        steps.append(Step(step.title, text, (*plain, *muted), at=step.at))
    return Scene(scene.title, scene.alt, (above, under), tuple(steps))


def _numbered(grid: Grid) -> Grid:
    """The grid with the position of each cell as its number."""
    first = grid.first[1]
    return replace(grid, values=(tuple(range(first, first + grid.shape[1])),), scale="plain", decimals=0)


def _untouched(scene: Scene, *, transposed: bool) -> str:
    """How many elements no step touches."""
    name = "output" if transposed else "input"
    grid = scene.grid(name)
    total = sum(grid.kind(0, column) != "c" for column in range(grid.shape[1]))
    rest = sum(len(mark.cells) for mark in scene.steps[0].marks if mark.role == "muted")
    what = "output elements" if transposed else "elements of the padded input"
    done = "reached by no input element" if transposed else "read by no window"
    return f"{rest} of the {total} {what} {'is' if rest == 1 else 'are'} {done}."
