"""Boxes of a track put right in some frames, blended into the frames around."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from efface.domain.edits import MovedBox
from efface.domain.time import Timeline
from efface.domain.track import FaceTrack

FADE_S = 0.5
"""Seconds within which a correction fades out before the first and after the last corrected frame of a track."""


def move_boxes(track: FaceTrack, moves: Sequence[MovedBox], timeline: Timeline) -> FaceTrack:
    """A track with corrected boxes.

    In a corrected frame the box is the corrected one. Between two of them the correction goes evenly from the one to
    the other, and before the first and after the last it fades out. As far as that reaches, no box is narrower or
    lower than the corrected ones: whoever enlarged a box did not mean to have the frames beside it barer.

    Args:
        track: as detected.
        moves: its corrections, in any order, one for a frame.
        timeline: when each frame is shown.
    """
    if not moves:
        return track
    ordered = sorted(moves, key=lambda moved: moved.frame_index)
    rows = np.array([moved.frame_index - track.first_frame for moved in ordered])
    wanted = np.array([moved.box for moved in ordered], np.float64)
    detected = track.boxes.astype(np.float64)
    shown_s = timeline.pts[track.first_frame : track.end_frame].astype(np.float64) * float(timeline.time_base)
    at_s = shown_s[rows]
    weight = _weight(shown_s, at_s)
    offsets = _between(shown_s, at_s, wanted - detected[rows])
    blended = detected + weight[:, None] * offsets
    sides = _between(shown_s, at_s, wanted[:, 2:] - wanted[:, :2])
    boxes = np.where(weight[:, None] > 0, _at_least(blended, sides), detected)
    # To the last bit, whatever the sums above have rounded.
    boxes[rows] = wanted
    return replace(track, boxes=boxes.astype(np.float32))


def _weight(shown_s: NDArray[np.float64], at_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) how much of the correction counts in each frame: 1 between corrected frames, 0 far from them."""
    beyond_s = np.maximum(at_s[0] - shown_s, shown_s - at_s[-1])
    return np.asarray(np.clip(1 - beyond_s / FADE_S, 0, 1), np.float64)


def _between(
    shown_s: NDArray[np.float64], at_s: NDArray[np.float64], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(n, k) values (m, k) of the corrected frames, interpolated in time, and held before and after."""
    return np.stack([np.interp(shown_s, at_s, column) for column in values.T], axis=1)


def _at_least(boxes: NDArray[np.float64], sides: NDArray[np.float64]) -> NDArray[np.float64]:
    """Boxes (n, 4) grown around their centres to sides (n, 2) where they are smaller."""
    missing = np.maximum(sides - (boxes[:, 2:] - boxes[:, :2]), 0) / 2
    return np.concatenate([boxes[:, :2] - missing, boxes[:, 2:] + missing], axis=1)
