"""Animated PNG files: frames with one shared palette, in which a frame holds only what changed since the one before."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np

UNCHANGED = 0
"""The entry of the palette that lets the frame before show through."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_STRATEGIES = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FILTERED)
_KEEP, _OVER = 0, 1  # what fcTL calls dispose_op NONE and blend_op OVER


def encode(
    frames: Sequence[np.ndarray],
    palette: Sequence[tuple[int, int, int]],
    *,
    milliseconds: Sequence[int],
    loop: bool = True,
    description: str = "",
) -> bytes:
    """The bytes of an animated PNG.

    Args:
        frames: Entries of the palette, one for each pixel; from the second frame on, `UNCHANGED` where the pixel stays
            as it was.
        palette: Red, green and blue from 0 to 255 of each entry; the entry `UNCHANGED` is never seen.
        milliseconds: How long each frame is shown.
        loop: Whether it begins again at the end.
        description: What the file says about itself, as its "Description".

    Shape:
        - frames: (H, W) of uint8, all of one shape

    Raises:
        ValueError: If there are no frames, or not as many times as frames, or a time is too long, or an entry is not in
            the palette, or a frame has another shape, or the first one holds `UNCHANGED`.

    Source:
        Portable Network Graphics (PNG) Specification, Third Edition, sections 11.2, 11.3.3.2 and 11.3.6.

    Example:
        >>> one = np.array([[1, 2]], dtype=np.uint8)
        >>> other = np.array([[0, 1]], dtype=np.uint8)
        >>> black_and_white = [(0, 0, 0), (0, 0, 0), (255, 255, 255)]
        >>> encode([one, other], black_and_white, milliseconds=[500, 500]).count(b"fcTL")
        2
    """
    _check(frames, palette, milliseconds)
    height, width = frames[0].shape
    file = [_SIGNATURE, _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0))]
    if description:
        file.append(_chunk(b"iTXt", b"Description\0\0\0\0\0" + description.encode()))
    file.append(_chunk(b"acTL", struct.pack(">II", len(frames), 0 if loop else 1)))
    file.append(_chunk(b"PLTE", bytes(part for colour in palette for part in colour)))
    file.append(_chunk(b"tRNS", b"\0"))  # the first entry is transparent, all others are not
    number = 0
    for frame, time in zip(frames, milliseconds, strict=True):
        top, left, part = (0, 0, frame) if not number else _changed_part(frame)
        place = struct.pack(">IIII", part.shape[1], part.shape[0], left, top)
        file.append(_chunk(b"fcTL", struct.pack(">I", number) + place + struct.pack(">HHBB", time, 1000, _KEEP, _OVER)))
        pixels = _packed(part)
        file.append(_chunk(b"fdAT", struct.pack(">I", number + 1) + pixels) if number else _chunk(b"IDAT", pixels))
        number += 2 if number else 1
    file.append(_chunk(b"IEND", b""))
    return b"".join(file)


def _check(frames: Sequence[np.ndarray], palette: Sequence[tuple[int, int, int]], milliseconds: Sequence[int]) -> None:
    if not frames:
        raise ValueError("frames must hold at least one frame, but there is none")
    if len(milliseconds) != len(frames):
        raise ValueError(
            f"milliseconds must be as many as frames, but there are {len(frames)} frames and {len(milliseconds)} times"
        )
    if not all(0 < time < 2**16 for time in milliseconds):
        raise ValueError(f"milliseconds must be from 1 to 65535, but milliseconds={list(milliseconds)}")
    for number, frame in enumerate(frames):
        if frame.ndim != 2 or not frame.size or frame.shape != frames[0].shape or frame.dtype != np.uint8:
            raise ValueError(
                f"frames must be of one shape (H, W), nowhere 0, and of uint8, but frame {number} is of "
                f"{frame.shape} and {frame.dtype}, and frame 0 is of {frames[0].shape}"
            )
        if int(frame.max()) >= len(palette):
            raise ValueError(
                f"frames must hold entries of the palette, but frame {number} holds {frame.max()} of {len(palette)}"
            )
    if (frames[0] == UNCHANGED).any():
        raise ValueError("the first frame must be whole, but some of its pixels are unchanged")


def _changed_part(frame: np.ndarray) -> tuple[int, int, np.ndarray]:
    """The smallest rectangle with all that changed: its top, its left, its pixels; one pixel where nothing did."""
    rows, columns = np.flatnonzero(frame.any(1)), np.flatnonzero(frame.any(0))
    if not len(rows):
        return 0, 0, frame[:1, :1]
    return int(rows[0]), int(columns[0]), frame[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _packed(part: np.ndarray) -> bytes:
    """The pixels, each row after the byte that says that it is not filtered, compressed as well as zlib can."""
    unfiltered = np.zeros((part.shape[0], 1), dtype=np.uint8)
    plain = np.hstack([unfiltered, part]).tobytes()
    tries = (zlib.compressobj(9, memLevel=memory, strategy=how) for memory in (8, 9) for how in _STRATEGIES)
    return min((one.compress(plain) + one.flush() for one in tries), key=len)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
