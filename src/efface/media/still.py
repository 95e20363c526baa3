"""A still picture of any moment of a video."""

from collections.abc import Iterator
from fractions import Fraction
from math import floor, isfinite
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.domain.errors import RequestError
from efface.domain.geometry import Size
from efface.domain.media import VideoInfo
from efface.domain.time import PtsSpan
from efface.media.frame import VideoFrame
from efface.media.reader import open_video

_LOOK_BACK_S = (2, 60)
"""How much before the moment wanted frames are looked for, before the file is read from its beginning: a frame is
shown until the next one, however long that is."""
_FALLBACK_RATE = Fraction(25)


def still_jpeg(path: Path, seconds: Fraction | float, *, max_side: int = 640, quality: int = 85) -> bytes:
    """The frame that is shown at a moment, upright, with square pixels, as a JPEG.

    Args:
        path: a local video.
        seconds: on the clock of the file, as ``Timeline.start_of`` tells it; before the first frame, that one is
            taken, and behind the last, the last.
        max_side: greatest width and height in pixels; the picture is never enlarged.
        quality: of the JPEG, 1 to 100.

    Raises:
        RequestError: a value is out of range.
        MediaNotFoundError, UnsupportedMediaError, NoVideoError, DamagedMediaError, MediaTooLargeError: as
            ``probe_video``.
    """
    if not isfinite(seconds):
        raise RequestError(f"seconds must be a number, not {seconds}")
    _check_sizes(max_side, quality)
    shown, info = _frame_at(path, Fraction(seconds))
    return frame_jpeg(shown, info, max_side=max_side, quality=quality)


def frame_jpeg(frame: VideoFrame, info: VideoInfo, *, max_side: int = 640, quality: int = 85) -> bytes:
    """A decoded frame, upright, with square pixels, as a JPEG.

    Args:
        frame: a frame of the video.
        info: of the video.
        max_side: greatest width and height in pixels; the picture is never enlarged.
        quality: of the JPEG, 1 to 100.

    Raises:
        RequestError: a value is out of range.
    """
    _check_sizes(max_side, quality)
    return _encode(frame.rgb(_shown_size(frame, info, max_side)), quality)


def shrunk_jpeg(jpeg: bytes, max_side: int, *, quality: int = 68) -> bytes:
    """A JPEG made smaller; one that fits already, or that is none, is given back as it is.

    Args:
        jpeg: a picture of our own.
        max_side: greatest width and height in pixels.
        quality: of the JPEG, 1 to 100.

    Raises:
        RequestError: a value is out of range.
    """
    _check_sizes(max_side, quality)
    bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if bgr is None or max(bgr.shape[:2]) <= max_side:
        return jpeg
    scale = max_side / max(bgr.shape[:2])
    size = (max(1, round(bgr.shape[1] * scale)), max(1, round(bgr.shape[0] * scale)))
    small = cv2.resize(bgr, size, interpolation=cv2.INTER_AREA)
    return _encode(cv2.cvtColor(small, cv2.COLOR_BGR2RGB).astype(np.uint8), quality, is_small=True)


def _check_sizes(max_side: int, quality: int) -> None:
    if max_side < 1:
        raise RequestError(f"max_side {max_side} is too small: use at least 1 pixel")
    if not 1 <= quality <= 100:
        raise RequestError(f"quality {quality} is out of range: use 1 to 100")


def _frame_at(path: Path, seconds: Fraction) -> tuple[VideoFrame, VideoInfo]:
    for look_back_s in _LOOK_BACK_S:
        with open_video(path) as video:
            target = floor(seconds / video.info.time_base)
            start = target - floor(look_back_s / video.info.time_base)
            found = _last_until(target, video.frames(span=PtsSpan(start)), video.info)
            if found is not None and found[0] <= target:
                return found[1], video.info
    with open_video(path) as video:
        found = _last_until(floor(seconds / video.info.time_base), video.frames(), video.info)
        # A reader without a single frame raises.
        assert found is not None
        return found[1], video.info


def _last_until(target: int, frames: Iterator[VideoFrame], info: VideoInfo) -> tuple[int, VideoFrame] | None:
    """The last frame at or before a time, else the first frame, and its time in ticks; None of no frames."""
    found: tuple[int, VideoFrame] | None = None
    step = max(1, round(1 / ((info.frame_rate or _FALLBACK_RATE) * info.time_base)))
    for frame in frames:
        pts = frame.pts
        if pts is None:
            pts = 0 if found is None else found[0] + step
        if found is not None and pts > target:
            return found
        found = (pts, frame)
    return found


def _shown_size(frame: VideoFrame, info: VideoInfo, max_side: int) -> Size:
    """Upright size with square pixels, at most so large."""
    ratio = info.sample_aspect_ratio
    shape = 1 / ratio if info.orientation.swaps_axes else ratio
    # The side that is coded too long shrinks, so that no pixel is made up.
    width = frame.size.width * min(shape, Fraction(1))
    height = frame.size.height / max(shape, Fraction(1))
    scale = min(Fraction(1), max_side / max(width, height))
    return Size(max(1, round(width * scale)), max(1, round(height * scale)))


_SMALL = (
    *(cv2.IMWRITE_JPEG_OPTIMIZE, 1),
    *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420),
)
"""Huffman tables of the picture's own: a twentieth less, for time that only a small picture is worth. Progressive ones
would be larger at the sizes of thumbnails."""


def _encode(rgb: NDArray[np.uint8], quality: int, *, is_small: bool = False) -> bytes:
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality, *(_SMALL if is_small else ())]
    is_done, data = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), settings)
    if not is_done:
        raise RuntimeError(f"OpenCV did not encode a picture of {rgb.shape[1]}x{rgb.shape[0]} pixels")
    return bytes(data)
