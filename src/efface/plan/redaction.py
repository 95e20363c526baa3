"""From an index, a request and corrections by hand to a plan."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from efface.domain.edits import Edits
from efface.domain.errors import RequestError, UnknownFaceError
from efface.domain.geometry import Boxes
from efface.domain.redaction import BlurringKind, RedactionRequest
from efface.domain.track import FaceTrack, Shot
from efface.edit.apply import apply_edits
from efface.index.model import FaceIndex
from efface.plan.drawn import join_mutes, plan_drawn, reach_all_sound
from efface.plan.margin import DEFAULT_MARGIN, MaskMargin, longer_sides, pad_boxes, steady_tiny
from efface.plan.regions import RedactionPlan, RegionTrack

_STEADY_S = 0.5
"""How far in time a tiny face makes its neighbours count as tiny."""
_SPEED_ROWS = 3
"""Frames at the end of a track over which its speed is measured."""
_MAX_SHIFT = 0.5
"""Largest move of a face beyond the end of its track that is covered, as a share of its longer side."""


_PAINTED_LAST = {BlurringKind.BLACK: 1, BlurringKind.BOUNDING_BOX: 2}
"""Where regions overlap, black stays black, and no blur makes a drawn box unreadable."""


def plan_redaction(
    index: FaceIndex,
    request: RedactionRequest,
    margin: MaskMargin = DEFAULT_MARGIN,
    edits: Edits | None = None,
) -> RedactionPlan:
    """Decide what is treated, where and when.

    The kind that draws boxes gets the bare face boxes, without padding.

    Args:
        index: as it was detected; the corrections are laid over it here, so that none can be forgotten.
        request: who is hidden, and how; its face ids are those of the corrected index.
        margin: how much is added around faces and their tracks.
        edits: corrections by hand, every region that is to be followed with its path.

    Raises:
        UnknownFaceError: the request names a face that the corrected index does not hold.
        IndexMismatchError: the edits are of another video.
        RequestError: the edits name what the index does not hold, a region was not followed yet, or nothing at all
            is asked for.
    """
    if edits is not None:
        index = apply_edits(index, edits)
    if not request.covers_faces and not (edits and (edits.regions or edits.mutes)):
        raise RequestError(
            "neither faces nor regions nor spans of sound are to be treated: ask for one of them at least"
        )
    if unknown := request.face_ids.difference(index.face_ids):
        raise UnknownFaceError(unknown, index.face_ids)
    regions = []
    for track in index.tracks:
        face_id = index.face_of(track.track_id).face_id
        if request.covers(face_id):
            mask = _mask_of(track, index, margin) if request.kind.hides else _bare_box_of(track)
            regions.append(replace(mask, label=str(face_id)))
    notices: list[str] = []
    if edits is not None:
        drawn, notices = plan_drawn(edits.regions, request.kind, index.timeline)
        regions += drawn
    regions.sort(key=lambda region: _PAINTED_LAST.get(region.kind or request.kind, 0))
    return RedactionPlan(
        request.kind,
        index.size,
        index.timeline.num_frames,
        tuple(regions),
        join_mutes(reach_all_sound(edits.mutes if edits else (), index.timeline)),
        tuple(notices),
    )


def _bare_box_of(track: FaceTrack) -> RegionTrack:
    is_box = np.ones(track.num_frames, bool)
    return RegionTrack(track.first_frame, track.boxes, longer_sides(track.boxes), is_box)


def _mask_of(track: FaceTrack, index: FaceIndex, margin: MaskMargin) -> RegionTrack:
    lead, hold = _padding_in_time(track, index, margin)
    faces = _lengthened(track.boxes, lead, hold)
    face_px = longer_sides(faces)
    is_tiny = steady_tiny(face_px, margin.tiny_px, index.timeline.frames_within(_STEADY_S))
    boxes = pad_boxes(faces, is_tiny, index.size, margin)
    return RegionTrack(track.first_frame - lead, boxes, face_px, is_tiny)


def _padding_in_time(track: FaceTrack, index: FaceIndex, margin: MaskMargin) -> tuple[int, int]:
    """Frames that a mask is drawn before and after its track: all that are on screen within the margin."""
    timeline = index.timeline
    shown = np.append(timeline.pts, timeline.end_pts)
    first_limit, end_limit = _shot_limits(track, index.shots, timeline.num_frames)
    lead_ticks = margin.lead_in_s / float(timeline.time_base)
    hold_ticks = margin.hold_s / float(timeline.time_base)
    # Frame i is on screen from shown[i] until shown[i + 1].
    first = int(np.searchsorted(shown, shown[track.first_frame] - lead_ticks, side="right")) - 1
    end = int(np.searchsorted(shown, shown[track.end_frame] + hold_ticks, side="left"))
    return track.first_frame - max(first, first_limit), min(end, end_limit) - track.end_frame


def _shot_limits(track: FaceTrack, shots: Sequence[Shot], num_frames: int) -> tuple[int, int]:
    if not shots:
        return 0, num_frames
    shot = shots[max(0, bisect_right(shots, track.first_frame, key=lambda shot: shot.first_frame) - 1)]
    # A track that does not fit its shot is left as long as it is rather than led across a cut.
    return min(shot.first_frame, track.first_frame), max(shot.end_frame, track.end_frame)


def _lengthened(boxes: Boxes, lead: int, hold: int) -> Boxes:
    """Face boxes (n, 4) with ``lead`` rows put before and ``hold`` rows after them."""
    before = _carried_on(boxes[::-1], lead)[::-1]
    return np.concatenate([before, boxes, _carried_on(boxes, hold)])


def _carried_on(boxes: Boxes, rows: int) -> Boxes:
    """(rows, 4) boxes after the last one: each holds the last box where it was and where it was heading."""
    last = boxes[-1]
    earlier = boxes[-min(_SPEED_ROWS + 1, len(boxes))]
    steps = max(1, min(_SPEED_ROWS, len(boxes) - 1))
    speed = ((last[:2] + last[2:]) - (earlier[:2] + earlier[2:])) / 2 / steps
    reach = _MAX_SHIFT * float(np.max(last[2:] - last[:2]))
    shift = np.clip(speed[None, :] * np.arange(1, rows + 1)[:, None], -reach, reach)
    top_left = last[None, :2] + np.minimum(shift, 0)
    bottom_right = last[None, 2:] + np.maximum(shift, 0)
    return np.concatenate([top_left, bottom_right], axis=1).astype(np.float32)
