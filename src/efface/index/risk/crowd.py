"""Signs of risk in the number of faces that are in view at once."""

import numpy as np

from efface.index.risk.model import RiskReason
from efface.index.risk.moments import NO_TRACK, Moments, as_matrix, first_of_largest, ramp
from efface.index.risk.rows import TrackRows

_FACES = (4.0, 12.0)
"""Faces at once: where many are found some more are hidden, turned away or too small."""
_EVERY_S = 5.0
"""Seconds for which a crowd is shown once: it does not change much faster."""
_SPAN_S = 0.5


def moments_of_crowds(rows: TrackRows) -> Moments:
    """The fullest frame of every few seconds; its box is around all of its faces."""
    steps = np.zeros(rows.num_frames + 1, np.int64)
    np.add.at(steps, rows.first_frame, 1)
    np.add.at(steps, rows.end_frame, -1)
    counts = np.cumsum(steps)[:-1]
    window = np.floor(rows.seconds[:-1] / _EVERY_S).astype(np.int64)
    heads = np.flatnonzero(np.diff(window, prepend=-1))
    most = np.maximum.reduceat(counts, heads)
    frame = first_of_largest(counts, heads)[most > _FACES[0]]
    boxes = np.array([_hull(rows, index) for index in frame.tolist()], np.float32).reshape(-1, 4)
    signs = as_matrix({RiskReason.CROWD: ramp(counts[frame], *_FACES)}, len(frame))
    end = np.maximum(rows.frame_at(rows.seconds[frame] + _SPAN_S), frame + 1)
    return Moments(frame, frame, end, np.full(len(frame), NO_TRACK), boxes, signs)


def _hull(rows: TrackRows, frame: int) -> tuple[float, float, float, float]:
    """The box around all faces of a frame."""
    there = np.flatnonzero((rows.first_frame <= frame) & (frame < rows.end_frame))
    boxes = rows.boxes[rows.starts[there] + frame - rows.first_frame[there]]
    x1, y1 = boxes[:, :2].min(axis=0).tolist()
    x2, y2 = boxes[:, 2:].max(axis=0).tolist()
    return x1, y1, x2, y2
