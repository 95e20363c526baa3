"""Searching one frame: at a chosen scale, in tiles where it is huge, and turned where people lie on their side."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from efface.detect.detector import Detector
from efface.domain.detection import Detections
from efface.domain.geometry import Orientation, Size, nms

TURNS = (Orientation.TURNED_90, Orientation.TURNED_270, Orientation.TURNED_180)
"""The turns that are tried where no face stands upright; lying on a side is likelier than upside down."""
MIN_TURNED_SCORE = 0.6
"""Confidence that a face in a turned picture needs: one yields more false hits than an upright one."""

_TILE = Size(1920, 1088)
"""Largest picture given to the network at once; its inner tensors take 0.5 GB at this size."""
_TILE_OVERLAP = 96
"""Pixels that neighbouring tiles share, so that a face on the seam is whole in one of them."""
_MAX_IOU = 0.4


class Picture(Protocol):
    """A frame that can be read as upright RGB at any size."""

    def rgb(self, size: Size | None = None) -> NDArray[np.uint8]:
        """(h, w, 3) uint8 upright RGB, resized to ``size``, None for native."""
        ...


def scaled_size(frame: Size, long_side: int) -> Size:
    """The frame's size scaled to a long side of about ``long_side``; sides divide by 32 where that bends little.

    A network wants multiples of 32. Stretching by under 4 % is free; otherwise the picture is padded instead.
    """
    scale = long_side / max(frame.width, frame.height)
    return Size(_snapped(frame.width * scale), _snapped(frame.height * scale))


def _snapped(side: float) -> int:
    multiple = max(32, round(side / 32) * 32)
    return multiple if abs(multiple - side) <= 0.04 * side else max(8, round(side))


def find_faces(
    detector: Detector,
    picture: Picture,
    frame: Size,
    *,
    long_side: int,
    min_score: float,
    turn: Orientation = Orientation.UPRIGHT,
) -> Detections:
    """Search one frame.

    Args:
        detector: who searches.
        picture: the frame.
        frame: its upright size; the detections are in its pixels.
        long_side: length in pixels to which the longer side is scaled before the search.
        min_score: least confidence to report.
        turn: how the picture is turned before the search; the detections are turned back.
    """
    native = long_side == max(frame.width, frame.height)
    rgb = picture.rgb(None if native else scaled_size(frame, long_side))
    found = _search_turned(detector, rgb, min_score, turn)
    scale = np.array([frame.width / rgb.shape[1], frame.height / rgb.shape[0]], np.float32)
    return Detections(found.boxes * np.tile(scale, 2), found.scores, found.landmarks * scale)


def _search_turned(
    detector: Detector, rgb: NDArray[np.uint8], min_score: float, turn: Orientation
) -> Detections:
    if turn is Orientation.UPRIGHT:
        return _search_tiles(detector, rgb, min_score)
    found = _search_tiles(detector, np.ascontiguousarray(turn.to_upright(rgb)), min_score)
    size = Size(rgb.shape[1], rgb.shape[0])
    points = np.tile(found.landmarks.reshape(-1, 2), 2)
    landmarks = turn.boxes_to_coded(points, size)[:, :2].reshape(-1, 5, 2)
    return Detections(turn.boxes_to_coded(found.boxes, size), found.scores, landmarks)


def _search_tiles(detector: Detector, rgb: NDArray[np.uint8], min_score: float) -> Detections:
    height, width = rgb.shape[:2]
    limit = _TILE if width >= height else Size(_TILE.height, _TILE.width)
    lefts, tops = _tile_starts(width, limit.width), _tile_starts(height, limit.height)
    if len(lefts) == len(tops) == 1:
        return detector.detect(rgb, min_score)
    parts = []
    for top in tops:
        for left in lefts:
            tile = np.ascontiguousarray(rgb[top : top + limit.height, left : left + limit.width])
            found = detector.detect(tile, min_score)
            shift = np.array([left, top], np.float32)
            parts.append(Detections(found.boxes + np.tile(shift, 2), found.scores, found.landmarks + shift))
    # A face larger than the overlap is cut by every tile: one look at the whole picture, shrunk, finds those.
    parts.append(_search_shrunk(detector, rgb, limit, min_score))
    found = Detections.concatenate(parts)
    return found.select(nms(found.boxes, found.scores, _MAX_IOU))


def _search_shrunk(detector: Detector, rgb: NDArray[np.uint8], limit: Size, min_score: float) -> Detections:
    step = max(-(-rgb.shape[0] // limit.height), -(-rgb.shape[1] // limit.width))
    found = detector.detect(np.ascontiguousarray(rgb[::step, ::step]), min_score)
    large = (found.boxes[:, 2:] - found.boxes[:, :2]).max(axis=1, initial=0) * step > _TILE_OVERLAP / 2
    return Detections(found.boxes * step, found.scores, found.landmarks * step).select(large)


def _tile_starts(length: int, tile: int) -> list[int]:
    """Where tiles of ``tile`` pixels start so that they cover ``length`` and overlap."""
    if length <= tile:
        return [0]
    count = -(-(length - _TILE_OVERLAP) // (tile - _TILE_OVERLAP))
    return [round(i * (length - tile) / (count - 1)) for i in range(count)]
