"""Animations are read back with PIL, which we did not write, and with a reader of chunks."""

import base64
import dataclasses
import io
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from PIL import Image

from convlab import animation, scenes
from convlab.arithmetic.sizes import output_size
from convlab.arithmetic.spec import ConvSpec
from convlab.figures import apng, style
from convlab.scenes import Grid, Mark, Scene, Step

THREE = Scene(
    "three numbers", "One, two, three.", (Grid("input", ((1, 2, 3),)),),
    tuple(Step(f"number {n}", marks=(Mark("input", "read", ((0, n),)),)) for n in range(3)),
)  # fmt: skip


def chunks(data: bytes) -> Iterator[tuple[str, bytes]]:
    """The chunks of a PNG file, their checksums held against zlib's."""
    place = 8
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        kind, content = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        assert struct.unpack_from(">I", data, place + 8 + length) == (zlib.crc32(kind + content),)
        yield kind.decode(), content
        place += 12 + length


def pictures(data: bytes) -> list[np.ndarray]:
    """The frames as PIL shows them."""
    image = Image.open(io.BytesIO(data))
    found = []
    for number in range(image.n_frames):  # type: ignore[attr-defined]
        image.seek(number)
        found.append(np.asarray(image.convert("RGB")))
    return found


@pytest.fixture(scope="module")
def promised() -> animation.Animation:
    """The animation of which the size is promised."""
    return animation.animate(scenes.sliding_window(ConvSpec(1, 1, (3, 3), padding=1), 5))


def test_the_promised_animation_is_small_even_as_a_notebook_stores_it(promised: animation.Animation) -> None:
    data, metadata = promised._repr_mimebundle_()
    assert promised.num_frames == 25
    assert len(data["image/png"]) <= 40_000
    assert base64.b64decode(data["image/png"]) == promised.data
    assert data["text/plain"] == metadata["image/png"]["alt"] == promised.alt
    assert promised.alt.endswith("the output has 5 x 5 numbers. An animation of 25 steps.")
    picture = Image.open(io.BytesIO(promised.data))
    assert picture.size == promised.size
    assert max(promised.size) <= 11 * 72
    assert picture.info["Description"] == promised.alt


def test_all_frames_share_one_palette_and_a_frame_holds_what_changed(promised: animation.Animation) -> None:
    kinds = [kind for kind, _ in chunks(promised.data)]
    assert kinds[:5] == ["IHDR", "iTXt", "acTL", "PLTE", "tRNS"]
    assert (kinds.count("PLTE"), kinds.count("fcTL"), kinds.count("IDAT"), kinds.count("fdAT")) == (1, 25, 1, 24)
    assert kinds[-1] == "IEND"
    palette = dict(chunks(promised.data))["PLTE"]
    assert len(palette) <= 3 * animation.MANY_COLOURS
    shown = pictures(promised.data)
    assert len(shown) == 25
    assert all((one != other).any() for one, other in pairwise(shown))
    colours = {tuple(palette[i : i + 3]) for i in range(0, len(palette), 3)}
    assert {tuple(pixel) for pixel in np.unique(shown[-1].reshape(-1, 3), axis=0).tolist()} <= colours


def test_the_roles_keep_their_colours_and_the_ink_stays_dark(promised: animation.Animation) -> None:
    for shown in (pictures(promised.data)[0], pictures(promised.data)[13]):
        colours = {"#{:02x}{:02x}{:02x}".format(*pixel) for pixel in np.unique(shown.reshape(-1, 3), axis=0).tolist()}
        for role in ("read", "weight", "written"):
            assert style.LIGHT.roles[role].fill in colours, role
        assert {style.LIGHT.page, style.LIGHT.ink, style.LIGHT.padding} <= colours


def test_each_frame_is_what_would_be_drawn_anew() -> None:
    scene = scenes.sliding_window(ConvSpec(1, 1, (2, 2)), 3)
    together = [*animation._changes(scene, range(4), style.LIGHT, 72, None)]
    shown = np.zeros(together[0][0].shape, dtype=np.uint32)
    for number, (changed, colours) in enumerate(together):
        shown[changed] = colours
        ((_, alone),) = animation._changes(scene, [number], style.LIGHT, 72, None)
        assert np.array_equal(shown.ravel(), alone), number


def test_times_and_loop() -> None:
    info = Image.open(io.BytesIO(animation.animate(THREE, seconds_per_step=0.25).data))
    assert info.info["loop"] == 0
    times = []
    for number in range(3):
        info.seek(number)
        times.append(info.info["duration"])
    assert times == [250, 250, 750]
    once = dict(chunks(animation.animate(THREE, loop=False).data))["acTL"]
    assert struct.unpack(">II", once) == (3, 1)


def test_a_long_story_is_shown_at_equal_distances() -> None:
    long = dataclasses.replace(THREE, steps=THREE.steps * 30)
    made = animation.animate(long, most_frames=4)
    assert made.num_frames == 4
    assert made.alt == "One, two, three. An animation of 4 of 90 steps."
    assert len(pictures(animation.animate(dataclasses.replace(THREE, steps=THREE.steps[:1])).data)) == 1


def test_saved_and_shown_is_the_same(tmp_path: Path) -> None:
    made = animation.animate(THREE, theme=style.DARK)
    assert made.save(tmp_path / "three.png").read_bytes() == made.data
    corner = "#" + "".join(f"{part:02x}" for part in pictures(made.data)[0][0, 0])
    assert corner == style.DARK.page
    assert repr(made) == f"Animation(alt='{made.alt}', num_frames=3, size={made.size})"
    assert plt.get_fignums() == []


def test_the_same_scene_gives_the_same_bytes() -> None:
    assert animation.animate(THREE).data == animation.animate(THREE).data


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        pytest.param(
            {"seconds_per_step": 0}, ValueError, "seconds_per_step must be from 0.01 to 20, but seconds_per_step=0",
            id="no time",
        ),
        pytest.param(
            {"seconds_per_step": "1"}, TypeError, "seconds_per_step must be a number, but seconds_per_step='1'",
            id="time as a word",
        ),
        pytest.param({"most_frames": 1}, ValueError, "most_frames must be at least 2, but most_frames=1", id="one"),
        pytest.param({"dpi": 5}, ValueError, "dpi must be at least 20, but dpi=5", id="too coarse"),
    ],
)  # fmt: skip
def test_refused(options: dict[str, object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        animation.animate(THREE, **options)  # type: ignore[arg-type]


# The fifteen animations of Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016), each by
# one call: seven convolutions, the transposed of each, and a dilated one; and what their collection lacks. With each,
# the size of its output.
def window(size: int, kernel_size: int, **options: int) -> Callable[[], Scene]:
    return lambda: scenes.sliding_window(ConvSpec(1, 1, (kernel_size,) * 2, **options), size)  # type: ignore[arg-type]


def gather(size: int, kernel_size: int, **options: int) -> Callable[[], Scene]:
    spec = ConvSpec(1, 1, (kernel_size,) * 2, transposed=True, **options)  # type: ignore[arg-type]
    return lambda: scenes.gather(spec, size)


ANIMATIONS = [
    pytest.param(window(4, 3), (2, 2), id="no padding, no strides"),
    pytest.param(window(5, 4, padding=2), (6, 6), id="arbitrary padding, no strides"),
    pytest.param(window(5, 3, padding=1), (5, 5), id="same padding, no strides"),
    pytest.param(window(5, 3, padding=2), (7, 7), id="full padding, no strides"),
    pytest.param(window(5, 3, stride=2), (2, 2), id="no padding, strides"),
    pytest.param(window(5, 3, padding=1, stride=2), (3, 3), id="padding, strides"),
    pytest.param(window(6, 3, padding=1, stride=2), (3, 3), id="padding, strides, odd"),
    pytest.param(gather(2, 3), (4, 4), id="no padding, no strides, transposed"),
    pytest.param(gather(6, 4, padding=2), (5, 5), id="arbitrary padding, no strides, transposed"),
    pytest.param(gather(5, 3, padding=1), (5, 5), id="same padding, no strides, transposed"),
    pytest.param(gather(7, 3, padding=2), (5, 5), id="full padding, no strides, transposed"),
    pytest.param(gather(2, 3, stride=2), (5, 5), id="no padding, strides, transposed"),
    pytest.param(gather(3, 3, padding=1, stride=2), (5, 5), id="padding, strides, transposed"),
    pytest.param(
        gather(3, 3, padding=1, stride=2, output_padding=1), (6, 6), id="padding, strides, odd, transposed"
    ),
    pytest.param(window(7, 3, dilation=2), (3, 3), id="dilation"),
    pytest.param(
        lambda: scenes.sliding_window(ConvSpec(1, 1, (2, 2, 2)), (3, 4, 4)), (2, 3, 3), id="3D, which nobody has"
    ),
    pytest.param(
        lambda: scenes.sliding_window(ConvSpec(4, 4, (3,), groups=2), 6), (4, 4), id="groups, which nobody has"
    ),
]  # fmt: skip


@pytest.mark.parametrize(("story", "size"), ANIMATIONS)
def test_the_well_known_animations_and_two_more(story: Callable[[], Scene], size: tuple[int, ...]) -> None:
    scene = story()
    assert len(scene.steps) == torch.Size(size).numel()
    made = animation.animate(scene, most_frames=2)
    shown = pictures(made.data)
    assert len(shown) == made.num_frames == 2
    assert shown[0].shape[:2] == made.size[::-1]
    assert made.size[0] <= 11 * 72


def test_the_table_has_the_sizes_of_the_transposed_convolutions_that_undo_the_shapes() -> None:
    for size, options in ((4, {}), (5, {"stride": 2}), (5, {"padding": 1, "stride": 2}), (5, {"padding": 2})):
        (small, _) = output_size(ConvSpec(1, 1, (3, 3), **options), size)  # type: ignore[arg-type]
        assert output_size(ConvSpec(1, 1, (3, 3), transposed=True, **options), small) == (size, size)  # type: ignore[arg-type]


BLACK_WHITE = [(9, 9, 9), (0, 0, 0), (255, 255, 255)]


def frame(*rows: list[int]) -> np.ndarray:
    return np.array(rows, dtype=np.uint8)


def test_a_reader_that_we_did_not_write_sees_the_frames() -> None:
    frames = [
        frame([1, 1, 2], [2, 2, 2]),
        frame([0, 0, 0], [0, 1, 0]),
        frame([0, 0, 0], [0, 0, 0]),
        frame([2, 0, 0], [0, 0, 1]),
    ]
    data = apng.encode(frames, BLACK_WHITE, milliseconds=[10, 20, 30, 40], description="Black and white \u2013 done.")
    assert [shown[..., 0].tolist() for shown in pictures(data)] == [
        [[0, 0, 255], [255, 255, 255]],
        [[0, 0, 255], [255, 0, 255]],
        [[0, 0, 255], [255, 0, 255]],
        [[255, 0, 255], [255, 0, 0]],
    ]
    assert Image.open(io.BytesIO(data)).info["Description"] == "Black and white \u2013 done."
    sizes = [struct.unpack_from(">IIII", content, 4) for kind, content in chunks(data) if kind == "fcTL"]
    assert sizes == [(3, 2, 0, 0), (1, 1, 1, 1), (1, 1, 0, 0), (3, 2, 0, 0)]


def test_the_reader_of_chunks_refuses_a_wrong_checksum() -> None:
    data = apng.encode([frame([1])], BLACK_WHITE, milliseconds=[10])
    with pytest.raises(AssertionError):
        list(chunks(data[:20] + b"\x07" + data[21:]))


@pytest.mark.parametrize(
    ("frames", "milliseconds", "message"),
    [
        pytest.param([], [], "frames must hold at least one frame, but there is none", id="no frames"),
        pytest.param(
            [frame([1])], [10, 10], "milliseconds must be as many as frames, but there are 1 frames and 2 times",
            id="too many times",
        ),
        pytest.param(
            [frame([1])], [70_000], "milliseconds must be from 1 to 65535, but milliseconds=[70000]", id="too long",
        ),
        pytest.param(
            [frame([1]), frame([1, 1])], [10, 10],
            "frames must be of one shape (H, W), nowhere 0, and of uint8, but frame 1 is of (1, 2) and uint8, and "
            "frame 0 is of (1, 1)", id="another shape",
        ),
        pytest.param(
            [frame([3])], [10], "frames must hold entries of the palette, but frame 0 holds 3 of 3",
            id="not in the palette",
        ),
        pytest.param(
            [frame([1, 0])], [10], "the first frame must be whole, but some of its pixels are unchanged",
            id="a hole in the first frame",
        ),
    ],
)  # fmt: skip
def test_encode_refuses(frames: list[np.ndarray], milliseconds: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        apng.encode(frames, BLACK_WHITE, milliseconds=milliseconds)
