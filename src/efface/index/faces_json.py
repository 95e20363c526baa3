"""``faces.json``: the index in the layout of Azure's Faces artifact, which Media Services had before.

Time is in ticks, ``timescale`` to the second, counted from the first frame; ``offset`` is the time stamp of
the first frame, which Azure always gave as 0. A fragment has one entry in ``events`` per ``interval``: the
faces of that frame, with coordinates as fractions of the upright frame; they may lie outside 0 .. 1.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from efface.domain.time import Timeline
from efface.index.model import FaceIndex, VisibleFace

FRAGMENT_S = 2.0
"""Longest fragment with faces, in seconds; Azure's own samples have the same."""

Event = dict[str, int | float | bool]
"""One face in one frame, as the file has it."""


@dataclass(frozen=True, slots=True)
class _Span:
    """Frames ``first .. end - 1``, all of the same length, all with or all without faces."""

    first: int
    end: int
    interval: int
    """Ticks of ``timescale``."""
    has_faces: bool


def iter_faces_json(index: FaceIndex) -> Iterator[str]:
    """The text of ``faces.json`` in pieces; an hour of five faces is far too large for one string."""
    yield from iter_fragments(index, faces_event)
    groups = ", ".join(json.dumps([{"id": face_id}]) for face_id in index.face_ids)
    yield f'],\n"groups": [{groups}]\n}}\n'


def faces_event(index: FaceIndex, frame_index: int, face: VisibleFace) -> Event:
    """One event of ``faces.json``. What a box detector does not know is 0, as in Azure's answers."""
    return {
        "index": frame_index,
        "id": face.face_id,
        **relative_box(index, face),
        "isDeputy": False,
        "freq": 1,
        "roll": 0.0,
        "pitch": 0.0,
        "yaw": 0.0,
        "detectionConfidence": round(face.score, 2),
    }


def relative_box(index: FaceIndex, face: VisibleFace) -> dict[str, float]:
    """x, y, width and height as fractions of the upright frame, to five digits as Azure wrote them."""
    x1, y1, x2, y2 = face.box
    width, height = index.size.width, index.size.height
    return {
        "x": round(x1 / width, 5),
        "y": round(y1 / height, 5),
        "width": max(1e-5, round((x2 - x1) / width, 5)),
        "height": max(1e-5, round((y2 - y1) / height, 5)),
    }


def iter_fragments(
    index: FaceIndex,
    event: Callable[[FaceIndex, int, VisibleFace], Event],
    extra: Mapping[str, object] | None = None,
) -> Iterator[str]:
    """Header and fragments, up to but without the bracket that ends the fragments.

    Args:
        index: the faces.
        event: makes the record of one face in one frame.
        extra: further keys for the header.
    """
    timeline = index.timeline
    ticks = timeline.time_base.numerator
    rate = float(index.frame_rate) if index.frame_rate else 1 / timeline.median_frame_s
    first_pts = int(timeline.pts[0])
    header = {
        "version": 1,
        "timescale": timeline.time_base.denominator,
        "offset": first_pts * ticks,
        "framerate": round(rate, 3),
        "width": index.size.width,
        "height": index.size.height,
        "totalDuration": (timeline.end_pts - first_pts) * ticks,
        **(extra or {}),
    }
    yield json.dumps(header)[:-1] + ',\n"fragments": [\n'
    for i, span in enumerate(_iter_spans(index)):
        yield (",\n" if i else "") + _fragment(index, span, event)
    yield "\n"


def _fragment(index: FaceIndex, span: _Span, event: Callable[[FaceIndex, int, VisibleFace], Event]) -> str:
    timeline = index.timeline
    start = (int(timeline.pts[span.first]) - int(timeline.pts[0])) * timeline.time_base.numerator
    end = (_pts(timeline, span.end) - int(timeline.pts[0])) * timeline.time_base.numerator
    events: list[list[Event]] = [[]]
    interval = end - start
    if span.has_faces:
        interval = span.interval
        frames = range(span.first, span.end)
        events = [[event(index, frame, face) for face in index.faces_at(frame)] for frame in frames]
    fragment = {"start": start, "duration": end - start, "interval": interval, "events": events}
    return json.dumps(fragment, separators=(",", ":"))


def _iter_spans(index: FaceIndex) -> Iterator[_Span]:
    """Cut the timeline so that each span has one frame duration, and none with faces passes FRAGMENT_S."""
    timeline = index.timeline
    num_frames = timeline.num_frames
    longest = timeline.frames_within(FRAGMENT_S)
    is_covered = _covered_frames(index)
    first = 0
    while first < num_frames:
        step = _pts(timeline, first + 1) - int(timeline.pts[first])
        has_faces = is_covered[first]
        end = first + 1
        while end < num_frames and is_covered[end] == has_faces:
            same_step = _pts(timeline, end + 1) - int(timeline.pts[end]) == step
            if has_faces and (not same_step or end - first >= longest):
                break
            end += 1
        yield _Span(first, end, step * timeline.time_base.numerator, has_faces)
        first = end


def _covered_frames(index: FaceIndex) -> list[bool]:
    covered = [False] * index.timeline.num_frames
    for track in index.tracks:
        covered[track.first_frame : track.end_frame] = [True] * track.num_frames
    return covered


def _pts(timeline: Timeline, frame_index: int) -> int:
    return timeline.end_pts if frame_index >= timeline.num_frames else int(timeline.pts[frame_index])
