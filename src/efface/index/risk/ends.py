"""Signs of risk where tracks end and start: where has the face gone, where did it come from?"""

import numpy as np
from numpy.typing import NDArray

from efface.domain.geometry import Boxes
from efface.index.risk.links import MAX_GAP_S, find_absences, find_gaps
from efface.index.risk.model import RiskReason
from efface.index.risk.moments import Moments, as_matrix, concatenate, ramp
from efface.index.risk.nearby import find_nearby
from efface.index.risk.rows import Floats, Ints, TrackRows, centres, longer_sides

_MASK_S = 0.1
"""Seconds that `plan.margin` draws a mask before and after its track: what lies beyond is bare."""
_LOOK_S = 0.5
"""How long to look for a face behind the end of its track."""
_INSIDE = (0.0, 0.5)
"""Distance from the border of the picture, in sides of the box, at which an end is no longer a walk out of view."""
_AHEAD_S = 0.2
"""How far a face is carried on by its own speed before that distance is measured."""
_CUT_S = (1.0, 0.15)
"""Seconds between a cut and a start or end. A face that is found late in its shot was mostly there from the cut on."""
_BESIDE = (2.2, 1.1)
"""Distance of another face in mean sides; at the second the boxes all but touch."""
_COVERED = (0.9, 0.3)
"""Share of a box that lies under the mask of another face: what is covered is not bare, whoever it is."""
_GAP_BARE_S = (0.1, 0.4)
"""Seconds between two tracks, of which their masks cover up to 0.2 s."""
_GAP_AT_BORDER = 0.3
"""Strength of a gap at the border of the picture: most people who go out there are out of view meanwhile."""
_ABSENCE_S = (30.0, MAX_GAP_S)
"""Who is away for longer has more likely left and come back."""


def moments_of_ends(rows: TrackRows) -> Moments:
    """Where faces end or start in view, and what lies between two tracks of one."""
    gaps, absences = find_gaps(rows), find_absences(rows)
    tracks = np.arange(len(rows.track_ids))
    # An end with a start that goes on from it is one moment, not three.
    return concatenate(
        [
            _gap_moments(rows, gaps.early, gaps.late),
            _absence_moments(rows, absences.early, absences.late),
            _end_moments(rows).select(~np.isin(tracks, gaps.early)),
            _start_moments(rows).select(~np.isin(tracks, gaps.late)),
        ]
    )


def _end_moments(rows: TrackRows) -> Moments:
    """Behind the end of each track, where its mask is drawn no more."""
    boxes, ended_s = rows.boxes[rows.ends - 1], rows.seconds[rows.end_frame]
    frame = np.clip(rows.frame_at(ended_s + _MASK_S), rows.end_frame - 1, rows.shot_end - 1)
    end = np.maximum(frame, np.minimum(rows.frame_at(ended_s + _LOOK_S), rows.shot_end - 1)) + 1
    nearby = find_nearby(rows, frame, boxes, np.arange(len(frame)))
    left_s = rows.seconds[rows.shot_end] - ended_s
    strength = _inside_at_end(rows) * _outlasts_mask(left_s) * ramp(nearby.covered, *_COVERED)
    has_cut = rows.shot_end < rows.num_frames
    signs = {
        RiskReason.ENDS_IN_VIEW: strength,
        RiskReason.CUT: strength * ramp(left_s, *_CUT_S) * has_cut.astype(np.float32),
        RiskReason.OCCLUSION: strength * ramp(nearby.distance, *_BESIDE),
    }
    return _of_each_track(rows, frame, (rows.end_frame - 1, end), boxes, signs)


def _start_moments(rows: TrackRows) -> Moments:
    """Before the start of each track, where its mask is not yet drawn."""
    boxes, started_s = rows.boxes[rows.starts], rows.seconds[rows.first_frame]
    frame = np.clip(rows.frame_at(started_s - _MASK_S) - 1, rows.shot_first, rows.first_frame)
    first = np.minimum(frame, np.maximum(rows.frame_at(started_s - _LOOK_S), rows.shot_first))
    nearby = find_nearby(rows, frame, boxes, np.arange(len(frame)))
    left_s = started_s - rows.seconds[rows.shot_first]
    strength = _inside_at_start(rows) * _outlasts_mask(left_s) * ramp(nearby.covered, *_COVERED)
    has_cut = rows.shot_first > 0
    signs = {
        RiskReason.STARTS_IN_VIEW: strength,
        RiskReason.CUT: strength * ramp(left_s, *_CUT_S) * has_cut.astype(np.float32),
    }
    return _of_each_track(rows, frame, (first, rows.first_frame + 1), boxes, signs)


def _of_each_track(
    rows: TrackRows, frame: Ints, span: tuple[Ints, Ints], boxes: Boxes, signs: dict[RiskReason, Floats]
) -> Moments:
    tracks = np.arange(len(rows.track_ids))
    return Moments(frame, span[0], span[1], tracks, boxes, as_matrix(signs, len(tracks)))


def _gap_moments(rows: TrackRows, early: Ints, late: Ints) -> Moments:
    first, end, boxes, apart_s = _between(rows, early, late)
    frame = _middle(rows, first, end)
    nearby = find_nearby(rows, frame, boxes, early)
    inside = np.maximum(_inside_at_end(rows)[early], _inside_at_start(rows)[late])
    strength = ramp(apart_s, *_GAP_BARE_S) * ramp(nearby.covered, *_COVERED)
    strength = strength * (_GAP_AT_BORDER + (1 - _GAP_AT_BORDER) * inside)
    signs = as_matrix({RiskReason.GAP: np.asarray(strength, np.float32)}, len(frame))
    return Moments(frame, np.minimum(first, frame), np.maximum(end, frame + 1), early, boxes, signs)


def _absence_moments(rows: TrackRows, early: Ints, late: Ints) -> Moments:
    first, end, boxes, apart_s = _between(rows, early, late)
    signs = as_matrix({RiskReason.ABSENCE: ramp(apart_s, *_ABSENCE_S)}, len(first))
    return Moments(_middle(rows, first, end), first, end, early, boxes, signs)


def _between(rows: TrackRows, early: Ints, late: Ints) -> tuple[Ints, Ints, Boxes, Floats]:
    """First and end frame between two tracks, the box midway, and the seconds."""
    first, end = rows.end_frame[early], rows.first_frame[late]
    boxes = (rows.boxes[rows.ends[early] - 1] + rows.boxes[rows.starts[late]]) / 2
    apart_s = rows.seconds[end] - rows.seconds[first]
    return first, end, np.asarray(boxes, np.float32), np.asarray(apart_s, np.float32)


def _middle(rows: TrackRows, first: Ints, end: Ints) -> Ints:
    """The frame midway; the last one of the video where nothing lies between at its end."""
    return np.asarray(np.minimum((first + end) // 2, rows.num_frames - 1), np.int64)


def _outlasts_mask(left_s: NDArray[np.float64]) -> Floats:
    """Nothing is bare where the mask reaches the cut."""
    return ramp(left_s, 0.5 * _MASK_S, 1.5 * _MASK_S)


def _inside_at_end(rows: TrackRows) -> Floats:
    return _inside(rows, rows.ends - 1, np.maximum(rows.ends - 1 - _frames_ahead(rows), rows.starts))


def _inside_at_start(rows: TrackRows) -> Floats:
    return _inside(rows, rows.starts, np.minimum(rows.starts + _frames_ahead(rows), rows.ends - 1))


def _frames_ahead(rows: TrackRows) -> int:
    return rows.frames_within(_AHEAD_S)


def _inside(rows: TrackRows, edge: Ints, inner: Ints) -> Floats:
    """(T,) 0 where the face at row ``edge`` is on its way over the border, coming from ``inner``, 1 well inside."""
    boxes = rows.boxes[edge]
    steps = np.maximum(1, np.abs(edge - inner))[:, None]
    shift = (centres(boxes) - centres(rows.boxes[inner])) / steps * _frames_ahead(rows)
    ahead = boxes + np.tile(shift, 2)
    border = np.array([rows.size.width, rows.size.height], np.float32)
    space = np.concatenate([ahead[:, :2], border - ahead[:, 2:]], axis=1).min(axis=1)
    return ramp(space / np.maximum(longer_sides(boxes), 1e-3), *_INSIDE)
