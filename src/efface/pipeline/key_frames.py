"""One picture or a few that stand for each shot, chosen while the video is analysed."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.domain.geometry import Size
from efface.media.frame import VideoFrame

WINDOW_S = 10.0
"""A shot gets one key frame for each stretch of this length."""
_CANDIDATE_EVERY_S = 0.4
_DENSE = 4
"""So many times as many candidates in the beginning: a short shot needs another one than its first frame."""
_LEAST_STRETCH = 0.5
"""Share of a stretch that the last one of a shot must reach to get a key frame of its own."""
_STILL = 4.0
"""Mean change from the frame before, in gray levels, that halves the worth of a picture."""
_UNKNOWN_CHANGE = 4.0
"""Taken for the first frame of a shot: it is often a mixture with the shot before it."""
_LOOKED_AT_PX = 240
"""Longer side of the picture that sharpness is measured in: what a thumbnail can show, and no grain."""
MAX_SIDE_PX = 640
_JPEG_QUALITY = 85


@dataclass(frozen=True, slots=True)
class KeyFrame:
    """A picture that stands for its shot, upright, not redacted."""

    frame_index: int
    """Index of the frame in the video."""
    shot_index: int
    """Position of its shot among all shots of the video."""
    jpeg: bytes
    """At most 640 pixels a side."""


@dataclass(slots=True)
class _Candidate:
    frame: VideoFrame
    frame_index: int
    worth: float


class KeyFramePicker:
    """Takes the frames of one shot after another and keeps the best picture of each stretch of ``WINDOW_S``.

    A frame is held as decoded and compressed only when its stretch is over, so that little is done in vain.
    """

    def __init__(self, frame_s: float) -> None:
        self._stretch = max(1, round(WINDOW_S / frame_s))
        self._every = max(1, round(_CANDIDATE_EVERY_S / frame_s))
        self._position = 0
        self._before: NDArray[np.uint8] | None = None
        self._best: _Candidate | None = None
        self._picked: list[tuple[int, bytes]] = []

    def offer(self, frame_index: int, frame: VideoFrame, gray: NDArray[np.uint8]) -> None:
        """Take the next frame of the shot.

        Args:
            frame_index: index of the frame in the video.
            frame: the frame; no other thread may convert it at the same time.
            gray: (h, w) uint8 upright picture of it, of any size.
        """
        if self._position and self._position % self._stretch == 0:
            self._keep_best()
        if self._is_candidate(self._position):
            worth = _worth(_small(gray), self._before)
            if self._best is None or worth > self._best.worth:
                self._best = _Candidate(frame, frame_index, worth)
        self._before = _small(gray) if self._is_candidate(self._position + 1) else None
        self._position += 1

    def end_shot(self) -> tuple[tuple[int, bytes], ...]:
        """Frame index and JPEG of each key frame of the shot that has ended, in order of time."""
        length = (self._position - 1) % self._stretch + 1
        if not self._picked or length >= _LEAST_STRETCH * self._stretch:
            self._keep_best()
        picked = tuple(self._picked)
        self._picked, self._best, self._before, self._position = [], None, None, 0
        return picked

    def _is_candidate(self, position: int) -> bool:
        return position % (max(1, self._every // _DENSE) if position < self._every else self._every) == 0

    def _keep_best(self) -> None:
        if self._best is not None:
            self._picked.append((self._best.frame_index, _compressed(self._best.frame)))
        self._best = None


def _small(gray: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Every n-th pixel would do for change, but makes sharpness of grain."""
    scale = min(1.0, _LOOKED_AT_PX / max(gray.shape))
    size = (max(1, round(gray.shape[1] * scale)), max(1, round(gray.shape[0] * scale)))
    return np.asarray(cv2.resize(gray, size, interpolation=cv2.INTER_AREA), np.uint8)


def _worth(small: NDArray[np.uint8], before: NDArray[np.uint8] | None) -> float:
    """High for a picture full of crisp edges that hardly differs from the one before it; near 0 for a faded one."""
    edges = float(np.abs(cv2.Laplacian(small, cv2.CV_32F)).mean())
    change = _UNKNOWN_CHANGE if before is None else float(cv2.absdiff(small, before).mean())
    return edges / (1 + change / _STILL)


def _compressed(frame: VideoFrame) -> bytes:
    size = frame.size
    scale = min(1.0, MAX_SIDE_PX / max(size.width, size.height))
    rgb = frame.rgb(Size(max(1, round(size.width * scale)), max(1, round(size.height * scale))))
    settings = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    is_done, data = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), settings)
    assert is_done
    return data.tobytes()


def thin_out(picked: list[tuple[int, bytes]], frame_s: float) -> list[tuple[int, bytes]]:
    """Key frames of the joined parts of one shot without those that follow another too closely.

    Args:
        picked: frame index and JPEG, in any order.
        frame_s: seconds that a frame lasts.
    """
    kept: list[tuple[int, bytes]] = []
    for frame_index, jpeg in sorted(picked):
        if not kept or (frame_index - kept[-1][0]) * frame_s >= _LEAST_STRETCH * WINDOW_S:
            kept.append((frame_index, jpeg))
    return kept
