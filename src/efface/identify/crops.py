"""The few best views of each track, gathered while the video is decoded."""

from collections.abc import Callable, Hashable, Iterable, Set
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from efface.domain.geometry import Size
from efface.identify.quality import sharpness_of, view_quality

Window = tuple[int, int, int, int]
"""x1, y1, x2, y2 in whole pixels of the upright frame, half-open."""

CROP_PADDING = 0.4
"""Margin around the box on each side, in longer sides of the box: hair and chin, for thumbnails."""
MAX_CROP_SIDE = 224
"""Longer side of a kept crop. The face then spans about 125 px, as many as the network's input holds."""
_MIN_GAIN = 1.15
"""A new view must be this much better than one it replaces: a steady face is cut out but a few times."""
_JPEG_QUALITY = 95


class FaceCrop:
    """One view of a face, cut out of its frame. Immutable.

    The pixels are held as given, or compressed: the views of an hour's tracks would take a gigabyte
    otherwise.
    """

    __slots__ = ("_picture", "box", "frame_index", "landmarks", "origin", "quality", "scale", "score")

    def __init__(  # noqa: PLR0913 — a record; all are given by keyword
        self,
        *,
        frame_index: int,
        box: NDArray[np.float32],
        score: float,
        landmarks: NDArray[np.float32],
        rgb: NDArray[np.uint8] | bytes,
        origin: tuple[float, float],
        scale: float,
        quality: float,
        compress: bool = False,
    ) -> None:
        """``rgb`` may be given as a JPEG of it."""
        self.frame_index = frame_index
        """Index of the frame that the view was cut from."""
        self.box = box
        """(4,) xyxy of the face in pixels of the upright frame."""
        self.score = score
        """Detector confidence in [0, 1]."""
        self.landmarks = landmarks
        """(5, 2) left eye, right eye, nose, mouth corners in pixels of the upright frame, or NaN."""
        self.origin = origin
        """x, y of the crop's top-left corner in the upright frame."""
        self.scale = scale
        """Pixels of the crop per pixel of the frame, at most 1."""
        self.quality = quality
        """How well the view shows the face, in [0, 1]; for choosing between views."""
        self._picture = _compressed(rgb) if compress and not isinstance(rgb, bytes) else rgb

    @property
    def rgb(self) -> NDArray[np.uint8]:
        """(h, w, 3) uint8 RGB: the box with ``CROP_PADDING`` around it, as far as the frame reaches."""
        if isinstance(self._picture, bytes):
            bgr = cv2.imdecode(np.frombuffer(self._picture, np.uint8), cv2.IMREAD_COLOR)
            assert bgr is not None
            return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
        return self._picture

    @property
    def jpeg(self) -> bytes:
        """``rgb`` as a JPEG; the very bytes that are held, where it is held compressed."""
        return self._picture if isinstance(self._picture, bytes) else _compressed(self._picture)

    @property
    def side_px(self) -> float:
        """Longer side of the face in pixels of the frame."""
        return float(max(self.box[2] - self.box[0], self.box[3] - self.box[1]))

    def points_in_crop(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map (n, 2) points of the upright frame to pixels of ``rgb``."""
        return np.asarray((points - np.asarray(self.origin, np.float32)) * self.scale, np.float32)


PER_TRACK = 4
"""Views kept of a track."""
MIN_GAP_S = 0.4
"""Least time between two of them, because neighbouring frames show the same."""


@dataclass(frozen=True, slots=True)
class _View:
    seconds: float
    crop: FaceCrop


def best_views(crops: Iterable[FaceCrop], frame_s: float) -> tuple[FaceCrop, ...]:
    """What ``BestCrops`` would have kept of these views of one track, best first.

    Args:
        crops: views that were kept of the track's parts.
        frame_s: seconds that a frame lasts.
    """
    views = (_View(crop.frame_index * frame_s, crop) for crop in crops)
    return tuple(view.crop for view in _best(views, PER_TRACK, MIN_GAP_S))


def _best(views: Iterable[_View], per_track: int, min_gap_s: float) -> list[_View]:
    kept: list[_View] = []
    for view in sorted(views, key=lambda v: (-v.crop.quality, v.crop.frame_index)):
        is_apart = all(abs(view.seconds - other.seconds) >= min_gap_s for other in kept)
        if is_apart and len(kept) < per_track:
            kept.append(view)
    return kept


class BestCrops:
    """Keeps the best few views of each track, spread over time, in bounded memory.

    Args:
        per_track: views kept of a track.
        min_gap_s: least time between two of them.
    """

    def __init__(self, *, per_track: int = PER_TRACK, min_gap_s: float = MIN_GAP_S) -> None:
        self._per_track = per_track
        self._min_gap_s = min_gap_s
        self._views: dict[Hashable, list[_View]] = {}

    def offer(  # noqa: PLR0913 — one detection, field by field
        self,
        key: Hashable,
        *,
        frame_index: int,
        seconds: float,
        box: NDArray[np.float32],
        score: float,
        landmarks: NDArray[np.float32],
        frame_size: Size,
        cut: Callable[[Window], NDArray[np.uint8]],
    ) -> bool:
        """Consider one detection of a track; its pixels are asked for only when it may be kept.

        Args:
            key: the track, by any name that stays the same until ``take``.
            frame_index: index of the frame.
            seconds: time of the frame; only differences count.
            box: (4,) xyxy in pixels of the upright frame.
            score: detector confidence in [0, 1].
            landmarks: (5, 2) in the same pixels, or NaN.
            frame_size: size of the upright frame.
            cut: gives the RGB pixels (h, w, 3) of a window that lies inside the frame.

        Returns:
            True when the view was kept.
        """
        window = _window(box, frame_size)
        promise = view_quality(box, score, landmarks, frame_size)
        views = self._views.get(key, [])
        if window is None or promise <= 0 or not self._is_wanted(views, seconds, promise):
            return False
        rgb = cut(window)
        quality = promise * sharpness_of(_inner(rgb, window, box))
        if not self._is_wanted(views, seconds, quality):
            return False
        rgb, scale = _shrunk(rgb)
        crop = FaceCrop(
            frame_index=frame_index,
            box=np.array(box, np.float32),
            score=float(score),
            landmarks=np.array(landmarks, np.float32),
            rgb=rgb,
            origin=(float(window[0]), float(window[1])),
            scale=scale,
            quality=quality,
            compress=True,
        )
        self._views[key] = self._best([*self._far_from(views, seconds), _View(seconds, crop)])
        return True

    def rename(self, old: Hashable, new: Hashable) -> None:
        """Give the views of one track to another, which may have some already; the best of both are kept."""
        moved = self._views.pop(old, [])
        if moved:
            self._views[new] = self._best([*self._views.get(new, []), *moved])

    def keep_only(self, keys: Set[Hashable]) -> None:
        """Forget all tracks but these."""
        self._views = {key: views for key, views in self._views.items() if key in keys}

    def take(self, key: Hashable) -> tuple[FaceCrop, ...]:
        """Hand out the views of a track, best first, and forget them; empty for an unknown track."""
        return tuple(view.crop for view in self._views.pop(key, []))

    def _is_wanted(self, views: list[_View], seconds: float, quality: float) -> bool:
        """True when a view of this quality would improve the selection by enough to be worth its pixels."""
        near = [view for view in views if abs(view.seconds - seconds) < self._min_gap_s]
        if near:
            return quality > _MIN_GAIN * max(view.crop.quality for view in near)
        if len(views) < self._per_track:
            return True
        return quality > _MIN_GAIN * min(view.crop.quality for view in views)

    def _far_from(self, views: list[_View], seconds: float) -> list[_View]:
        return [view for view in views if abs(view.seconds - seconds) >= self._min_gap_s]

    def _best(self, views: Iterable[_View]) -> list[_View]:
        return _best(views, self._per_track, self._min_gap_s)


def _window(box: NDArray[np.float32], frame: Size) -> Window | None:
    """The padded box in whole pixels inside the frame, None when the face lies outside."""
    x1, y1, x2, y2 = (float(value) for value in box)
    pad = CROP_PADDING * max(x2 - x1, y2 - y1)
    left, top = max(0, int(np.floor(x1 - pad))), max(0, int(np.floor(y1 - pad)))
    right, bottom = min(frame.width, int(np.ceil(x2 + pad))), min(frame.height, int(np.ceil(y2 + pad)))
    return (left, top, right, bottom) if right - left >= 2 and bottom - top >= 2 else None


def _inner(rgb: NDArray[np.uint8], window: Window, box: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The box alone, out of its padded crop."""
    left, top = max(0, int(box[0]) - window[0]), max(0, int(box[1]) - window[1])
    face = rgb[top : int(np.ceil(box[3])) - window[1], left : int(np.ceil(box[2])) - window[0]]
    return face if face.size else rgb


def _shrunk(rgb: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float]:
    """The crop at ``MAX_CROP_SIDE`` or less, and the scale it was shrunk by."""
    height, width = rgb.shape[:2]
    scale = min(1.0, MAX_CROP_SIDE / max(height, width))
    if scale == 1.0:
        return rgb, scale
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8), scale


def _compressed(rgb: NDArray[np.uint8]) -> bytes:
    settings = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY]
    is_done, data = cv2.imencode(".jpg", cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2BGR), settings)
    assert is_done
    return data.tobytes()
