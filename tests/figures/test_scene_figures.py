"""Pictures of scenes are checked by reading the axes back."""

import dataclasses
import io
import itertools
import re
from collections.abc import Callable

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex

from convlab import figures, scenes
from convlab.arithmetic.spec import ConvSpec
from convlab.figures import style
from convlab.figures.palette import Theme
from convlab.figures.scenes import alt_text, fitted, spread
from convlab.figures.sheet import Sheet, sheet
from convlab.scenes import Change, Grid, Label, Link, Mark, Place, Scene, Step

INPUT = Grid("input", ((0, 0, 0, 0), (0, 1, -2, 0)), ("pppp", "p..p"), "input", "W = 2", "H = 1", limit=2)
OUTPUT = Grid("output", ((None, None),), title="output", left=6, top=0.5, limit=4, across="W_out = 2")
FIRST = Step(
    "output 0",
    "1*3 = 3",
    (Mark("input", "read", ((1, 1), (1, 2)), ("3", "0")), Mark("output", "written", ((0, 0),))),
    (0,),
    (Change("output", 0, 0, 3),),
    (Place("output", 0, 0),),
)
LAST = Step("output 1", "(-2)*2 = -4", (Mark("output", "written", ((0, 1),)),), (), (Change("output", 0, 1, -4),))
SCENE = Scene(
    "two numbers", "A small scene.", (INPUT, OUTPUT), (FIRST, LAST),
    (Link(Place("input", 1, 1), Place("output", 0, 0)),), (Label("=", 5, 1),),
)  # fmt: skip


def words(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts if text.get_text()]


def numbers(ax: Axes, grid: Grid) -> list[list[str]]:
    """The words in the middle of each cell."""
    found = {text.get_position(): text.get_text() for text in ax.texts if text.get_zorder() == 4}
    rows, columns = grid.shape
    half = grid.side / 2
    return [
        [found[grid.left + c * grid.side + half, grid.top + r * grid.side + half] for c in range(columns)]
        for r in range(rows)
    ]


def colours(ax: Axes, name: str) -> list[list[str]]:
    (image,) = (image for image in ax.images if image.get_gid() == name)
    return [[to_hex(colour, keep_alpha=False) for colour in row] for row in np.asarray(image.get_array())]


def segments(ax: Axes, colour: str) -> int:
    """How many lines have this colour."""
    count = 0
    for lines in ax.collections:
        assert isinstance(lines, LineCollection)
        shades = [to_hex(tuple(shade)) for shade in np.asarray(lines.get_color())] or [""]
        count += sum(shade == colour for shade, _ in zip(itertools.cycle(shades), lines.get_segments(), strict=False))
    return count


@pytest.mark.parametrize(
    ("step", "expected", "said"),
    [
        pytest.param(0, [["3", ""]], ["output 0", "1*3 = 3"], id="the first step: one number so far"),
        pytest.param(1, [["3", "-4"]], ["output 1", "(-2)*2 = -4"], id="the second: both"),
        pytest.param(-1, [["3", "-4"]], ["output 1", "(-2)*2 = -4"], id="counted from the end"),
        pytest.param(None, [["3", "-4"]], [], id="finished: all numbers, no words"),
    ],
)
def test_a_step_has_its_numbers_and_words(step: int | None, expected: list[list[str]], said: list[str]) -> None:
    ax = figures.scene(SCENE, step=step)
    assert numbers(ax, OUTPUT) == expected
    assert numbers(ax, INPUT) == [["0", "0", "0", "0"], ["0", "1", "-2", "0"]]
    assert [text for text in words(ax) if text in ("output 0", "output 1", FIRST.text, LAST.text)] == said
    assert {"input", "output", "W = 2", "H = 1", "W_out = 2", "="} <= set(words(ax))
    assert ax.get_title(loc="left") == "two numbers"


@pytest.mark.parametrize("theme", [pytest.param(style.LIGHT, id="light"), pytest.param(style.DARK, id="dark")])
def test_cells_have_the_colours_of_what_they_are_and_do(theme: Theme) -> None:
    ax = figures.scene(SCENE, step=0, theme=theme)
    read, written, padding = theme.roles["read"].fill, theme.roles["written"].fill, theme.padding
    assert colours(ax, "input") == [[padding] * 4, [padding, read, read, padding]]
    assert colours(ax, "output") == [[written, theme.page]]
    assert to_hex(ax.figure.get_facecolor()) == theme.page
    finished = colours(figures.scene(SCENE, theme=theme), "output")
    assert finished[0][1] == theme.ramps["signed"][0]  # -4 of at most 4
    assert finished[0][0] not in (theme.ramps["signed"][-1], theme.page)  # 3 of 4


def test_kinds_have_their_tints_and_nothing_is_transparent() -> None:
    grid = Grid("a", ((0, 5, 0, 7, 1),), ("ppzc ",), limit=9, scale="plain")
    ax = figures.scene(Scene("", "", (grid,), (Step(""),)))
    tints = colours(ax, "a")[0]
    assert tints[0] == style.LIGHT.padding
    assert tints[1] not in (style.LIGHT.padding, style.LIGHT.page)  # reflected: half of it is the number's colour
    assert tints[2] == style.LIGHT.inserted
    assert np.asarray(ax.images[0].get_array())[0, :, 3].tolist() == [1, 1, 1, 1, 0]
    assert segments(ax, style.LIGHT.cropped) == 1


def test_a_lit_window_has_one_outline_and_lit_links_are_strong() -> None:
    ax = figures.scene(SCENE, step=0)
    assert segments(ax, style.LIGHT.roles["read"].outline) == 6 + 1  # around two cells, and the lit link
    assert segments(ax, style.LIGHT.roles["written"].outline) == 4
    finished = figures.scene(SCENE)
    assert segments(finished, style.LIGHT.roles["read"].outline) == 0
    assert segments(finished, style.LIGHT.link) > 0


def test_notes_stand_in_the_corner_of_their_cells() -> None:
    ax = figures.scene(SCENE, step=0)
    notes = {text.get_text(): text.get_position() for text in ax.texts if text.get_zorder() == 4.1}
    assert set(notes) == {"3", "0"}
    assert 1.5 < notes["3"][0] < 2
    assert 1.5 < notes["3"][1] < 2


def test_a_cell_that_shows_its_number_by_colour_alone_keeps_it() -> None:
    grid = dataclasses.replace(INPUT, decimals=None)
    ax = figures.scene(dataclasses.replace(SCENE, grids=(grid, OUTPUT)), step=0)
    plain = figures.scene(dataclasses.replace(SCENE, grids=(grid, OUTPUT)))
    assert colours(ax, "input") == colours(plain, "input")
    assert not [text for text in ax.texts if text.get_zorder() == 4 and text.get_position()[0] < 4]


def test_rows_go_downwards_and_cells_are_square() -> None:
    ax = figures.scene(SCENE)
    assert ax.yaxis_inverted()
    assert ax.get_aspect() == 1
    (image,) = (image for image in ax.images if image.get_gid() == "output")
    assert tuple(image.get_extent()) == (6, 8, 1.5, 0.5)


STORIES = [
    pytest.param(lambda: scenes.sliding_window(ConvSpec(1, 1, (3, 3), padding=1), 5), id="a window, 2D"),
    pytest.param(lambda: scenes.sliding_window(ConvSpec(4, 4, (3,), groups=2), 7), id="groups, 1D"),
    pytest.param(lambda: scenes.sliding_window(ConvSpec(1, 1, (2, 2, 2)), (3, 4, 4)), id="a window, 3D"),
    pytest.param(lambda: scenes.sliding_window(ConvSpec(3, 2, (3, 3), padding=1), 5), id="channels, 2D"),
    pytest.param(lambda: scenes.scatter(ConvSpec(1, 1, (3, 3), stride=2, padding=1, transposed=True), 3), id="scatter"),
    pytest.param(lambda: scenes.gather(ConvSpec(1, 1, (3, 3), stride=2, padding=1, transposed=True), 3), id="gather"),
    pytest.param(
        lambda: scenes.gather(ConvSpec(1, 1, (3, 3), stride=2, padding=1, output_padding=1, transposed=True), 3),
        id="gather, long words beside the grid",
    ),
    pytest.param(lambda: scenes.unfold(ConvSpec(2, 2, (2, 2)), 3), id="unfold"),
    pytest.param(lambda: scenes.padding_modes(torch.arange(1.0, 6).reshape(1, 5), 3), id="padding modes"),
    pytest.param(lambda: scenes.matrix_and_transpose(ConvSpec(1, 1, (2, 2)), 3), id="matrices"),
    pytest.param(lambda: scenes.receptive_field([ConvSpec(1, 1, (3,), dilation=d) for d in (1, 2, 4)], 17), id="field"),
    pytest.param(
        lambda: scenes.deform(
            ConvSpec(1, 1, (3, 3), padding=1), 5, bias=torch.tensor([-2.5]), mask=torch.full((9, 5, 5), 0.25)
        ),
        id="deformable, 2D",
    ),
    pytest.param(
        lambda: scenes.growing_offsets(ConvSpec(1, 1, (3,)), 7, torch.full((3, 5), 9.0), bias=torch.tensor([123.25])),
        id="growing offsets, 1D, far outside",
    ),
]


@pytest.mark.parametrize("story", STORIES)
def test_words_lie_inside_the_picture_and_over_no_cell_of_another_grid(story: Callable[[], Scene]) -> None:
    made = story()
    ax = figures.scene(made, step=len(made.steps) // 2)
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    whole = figure.bbox
    assert whole.width <= 11.01 * figure.dpi
    cells = [image.get_window_extent() for image in ax.images]
    boxes = []
    for text in [*ax.texts, ax._left_title]:  # type: ignore[attr-defined]
        if text.get_text():
            box = text.get_window_extent()
            assert whole.x0 <= box.x0, text
            assert box.x1 <= whole.x1, text
            assert whole.y0 <= box.y0, text
            assert box.y1 <= whole.y1, text
            if text.get_zorder() not in (4, 4.1):
                boxes.append(box)
                assert not any(overlap(box, grid) for grid in cells), text
    assert not any(overlap(one, other) for one, other in itertools.combinations(boxes, 2))


def overlap(one: object, other: object) -> bool:
    a, b = np.array([one.extents, other.extents])  # type: ignore[attr-defined]
    return bool(min(a[2], b[2]) - max(a[0], b[0]) > 1 and min(a[3], b[3]) - max(a[1], b[1]) > 1)


def test_the_measure_of_overlap_refuses_words_over_cells() -> None:
    covered = dataclasses.replace(SCENE, labels=(Label("a long label", 2, 1),))
    with pytest.raises(AssertionError):
        test_words_lie_inside_the_picture_and_over_no_cell_of_another_grid(lambda: covered)


def test_draws_on_the_given_axes_at_the_size_that_fits() -> None:
    ax = figures.panels(1, 2, width=6, height=2)[1]
    before = plt.get_fignums()
    assert figures.scene(SCENE, step=1, ax=ax, title="mine") is ax
    assert ax.get_title(loc="left") == "mine"
    assert plt.get_fignums() == before
    small = fitted(SCENE, 100, 80, foot=True)
    assert small.size[0] * 72 <= 101
    assert small.size[1] * 72 <= 81


def test_steps_are_small_multiples() -> None:
    story = scenes.sliding_window(ConvSpec(1, 1, (3, 3), padding=1), 5)
    axes = figures.steps(story)
    assert axes.shape == (6,)
    shown = [next(text for text in words(ax) if text.startswith("output (")) for ax in axes]
    assert shown == [story.steps[number].title for number in spread(25, 6)]
    assert axes[0].figure.get_figwidth() <= 11.01
    assert [ax.figure for ax in axes] == [axes[0].figure] * 6
    assert len(figures.steps(story, steps=[3, -1], columns=1)) == 2
    tops = {round(ax.get_position().y1, 3) for ax in figures.steps(SCENE, columns=2)}
    assert len(tops) == 1


def test_spread_takes_both_ends_and_each_step_once() -> None:
    for count, most in itertools.product(range(1, 40), range(2, 9)):
        numbers = spread(count, most)
        assert numbers == sorted(set(numbers))
        assert (numbers[0], numbers[-1], len(numbers)) == (0, count - 1, min(count, most))


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        pytest.param(
            lambda: figures.scene(SCENE, step=2), ValueError,
            "step must be less than the number of steps, but step=2 of 2 steps", id="a step behind the end",
        ),
        pytest.param(
            lambda: figures.scene(SCENE, step=-3), ValueError, "step must be at least -2, but step=-3",
            id="a step before the beginning",
        ),
        pytest.param(
            lambda: figures.scene(SCENE, step=0.5), TypeError, "step must be an int, but step=0.5 is a float",  # type: ignore[arg-type]
            id="half a step",
        ),
        pytest.param(
            lambda: figures.steps(SCENE, steps=[]), ValueError,
            "steps must name at least one of the scene's 2 steps, but steps=[]", id="no steps",
        ),
        pytest.param(
            lambda: figures.steps(SCENE, columns=0), ValueError, "columns must be at least 1, but columns=0",
            id="no columns",
        ),
    ],
)  # fmt: skip
def test_refused_before_a_figure_is_made(draw: Callable[[], object], error: type[Exception], message: str) -> None:
    before = plt.get_fignums()
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        draw()
    assert plt.get_fignums() == before


def test_a_figure_carries_its_words() -> None:
    ax = figures.scene(SCENE, step=0)
    words = "A small scene. output 0. 1*3 = 3."
    assert ax.figure.get_label() == words
    assert ax.figure._repr_mimebundle_() == ({"text/plain": words}, {"image/png": {"alt": words}})  # type: ignore[union-attr]
    assert "Shown after the steps output 0; output 1." in str(figures.steps(SCENE)[0].figure.get_label())


def test_a_notebook_stores_the_words_beside_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)  # IPython warns of another one that is active where tests run
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.core.pylabtools import select_figure_formats

    shell = InteractiveShell()  # type: ignore[no-untyped-call]
    select_figure_formats(shell, {"png"})  # type: ignore[no-untyped-call]
    assert shell.display_formatter is not None
    figure = figures.scene(SCENE).figure
    data, metadata = shell.display_formatter.format(figure)  # type: ignore[no-untyped-call]
    assert data["text/plain"] == "A small scene."
    assert metadata["image/png"]["alt"] == "A small scene."
    assert data["image/png"]


def test_the_same_scene_gives_the_same_picture() -> None:
    def drawn() -> bytes:
        file = io.BytesIO()
        figure = figures.scene(SCENE, step=0).get_figure(root=True)
        assert figure is not None
        figure.savefig(file)
        return file.getvalue()

    assert drawn() == drawn()


def test_a_unit_is_a_whole_number_of_dots() -> None:
    for dpi in (60, 72, 80, 100):
        paper = sheet(SCENE, dpi=dpi)
        dots = paper.unit * dpi / 72
        assert dots == pytest.approx(round(dots))
        for edge in (paper.left, paper.top, paper.right, paper.bottom):
            assert edge * dots == pytest.approx(round(edge * dots), abs=1e-6)


@pytest.mark.parametrize(
    "title",
    [
        pytest.param("two numbers", id="short"),
        pytest.param("a title with more words than there is room for above it", id="long: in smaller letters"),
    ],
)
def test_the_title_is_not_cut_off(title: str) -> None:
    ax = figures.scene(SCENE, title=title)
    written = next(text for text in ax.get_children() if getattr(text, "get_text", str)() == title)
    assert written.get_window_extent().x1 <= ax.figure.bbox.x1


def test_given_axes_get_the_words_for_readers_who_cannot_see() -> None:
    axes = figures.panels(1, 2, width=8, height=3)
    for ax, number in zip(axes, (0, 1), strict=True):
        figures.scene(SCENE, ax=ax, step=number)
    words = axes[0].figure.get_label()
    assert [words.count(alt_text(SCENE, number)) for number in (0, 1)] == [1, 1]


def test_a_place_is_not_broken_over_two_lines() -> None:
    paper = Sheet(0, 0, 6, 5, 4, 30)
    for length in range(20):
        text = f"{'a ' * length}(10, 20)"
        assert "(10, 20)" in paper.wrapped(text)
        assert paper.wrapped(text).replace("\n", " ") == text


def test_numbers_that_nobody_could_read_are_left_out() -> None:
    grid = Grid("a", ((1,),), side=1)
    sizes = [Sheet(0, 0, 6, 5, 4, unit).number_size(grid, [1234567]) for unit in (4, 8, 30, 60)]
    assert sizes[:2] == [0, 0]
    assert 3.5 <= sizes[2] < sizes[3]


def test_zeros_of_padding_step_back_unless_they_are_lit() -> None:
    grid = Grid("a", ((0, 0, 5, 0),), ("pz.p",), limit=5)
    steps = (Step("none"), Step("first", marks=(Mark("a", "read", ((0, 0),)),)))
    scene = Scene("", "", (grid,), steps)

    def faint(step: int) -> list[bool]:
        cells = [text for text in figures.scene(scene, step=step).texts if text.get_zorder() == 4]
        return [text.get_color() == style.LIGHT.faint for text in cells]

    assert faint(0) == [True, True, False, True]
    assert faint(1) == [False, True, False, True]


def test_a_long_text_stays_on_the_paper() -> None:
    text = " + ".join(["12*(-3)"] * 30)
    ax = figures.scene(Scene("", "", (INPUT,), (Step("sum", text),)), step=0)
    (written,) = (found for found in ax.texts if found.get_text().startswith("12*"))
    assert written.get_text().replace("\n", " ") == text
    box, page = written.get_window_extent(), ax.figure.bbox
    assert page.x0 <= box.x0 < box.x1 <= page.x1
    assert page.y0 <= box.y0
