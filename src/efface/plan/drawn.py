"""What a person drew over becomes regions, beside those of the faces."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from efface.domain.edits import DrawnRegion
from efface.domain.errors import RequestError
from efface.domain.geometry import Boxes
from efface.domain.redaction import BlurringKind
from efface.domain.time import Timeline, TimeRange
from efface.plan.margin import longer_sides
from efface.plan.regions import RegionTrack

_MARGIN_SHARE, _MIN_MARGIN_PX = 0.04, 2.0
"""By how much a region is larger than what was drawn, on each side, over its longer side, and at least: a hand and
a follower are some pixels off, and an encoder smears what lies at the edge."""
_BEYOND_S = 1_000_000
"""Further than any sound reaches beyond the picture."""
SAFE_KIND = BlurringKind.HIGH_BLUR
"""How a region without a kind of its own is hidden where the request's kind hides nothing."""


def plan_drawn(
    regions: Sequence[DrawnRegion], kind: BlurringKind, timeline: Timeline
) -> tuple[list[RegionTrack], list[str]]:
    """Regions that are treated where they were drawn or followed to, as whole boxes, and what to tell the user.

    Whoever draws over something wants it gone. So where the request only draws boxes, a region without a kind of its
    own is hidden all the same, and the user is told; a region that names ``BOUNDING_BOX`` itself gets its box. The user
    is told too when a region was lost while it was followed, and is bare from there.

    Args:
        regions: corrections that fit the video.
        kind: the request's, for regions without one of their own.
        timeline: when each frame is shown.

    Raises:
        RequestError: a region is to be followed and was not yet.
    """
    tracks: list[RegionTrack] = []
    hidden_anyway: list[int] = []
    for region in regions:
        own = region.kind
        if own is None and not kind.hides:
            own = SAFE_KIND
            hidden_anyway.append(region.region_id)
        tracks += _tracks_of(region, own, kind if own is None else own, timeline)
    notices = [told for region in regions if (told := _told_bare(region, timeline))]
    if hidden_anyway:
        notices.append(
            f"{_named(hidden_anyway)} hidden by {SAFE_KIND.wire_name}, since {kind.wire_name} hides nothing: "
            f"give a region the kind {kind.wire_name} to see what is in it"
        )
    return tracks, notices


def join_mutes(spans: Iterable[TimeRange]) -> tuple[TimeRange, ...]:
    """Spans in order, those that touch or overlap made one."""
    joined: list[TimeRange] = []
    for span in sorted(spans, key=lambda each: each.start):
        if joined and span.start <= joined[-1].end:
            joined[-1] = TimeRange(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return tuple(joined)


def reach_all_sound(spans: Iterable[TimeRange], timeline: Timeline) -> Iterator[TimeRange]:
    """Spans that reach an end of the picture, made to reach all the sound beyond it.

    Sound may begin before the first frame and go on after the last, where people count no time: who mutes from the
    first frame on means from the beginning on.

    Args:
        spans: in seconds of the source's own clock.
        timeline: of the picture.
    """
    start, end = timeline.start_of(0), timeline.start_of(timeline.num_frames)
    for span in spans:
        yield TimeRange(
            span.start - _BEYOND_S if span.start <= start else span.start,
            span.end + _BEYOND_S if span.end >= end else span.end,
        )


def _tracks_of(
    region: DrawnRegion, own: BlurringKind | None, treated_by: BlurringKind, timeline: Timeline
) -> Iterable[RegionTrack]:
    for first_frame, boxes in _places(region, timeline):
        padded = _padded(boxes) if treated_by.hides else boxes
        is_box = np.ones(len(boxes), bool)
        label = f"region {region.region_id}"
        yield RegionTrack(first_frame, padded, longer_sides(boxes), is_box, label, own)


def _places(region: DrawnRegion, timeline: Timeline) -> Sequence[tuple[int, Boxes]]:
    """First frame and boxes (n, 4) of each stretch of frames that the region is in."""
    if not region.is_followed:
        frames = range(region.first_frame, region.end_frame)
        return [(region.first_frame, boxes_between_keyframes(region, timeline, frames))]
    if region.path is None:
        raise RequestError(
            f"edits: region {region.region_id} was not followed through the video yet, so nobody knows where it is: "
            "follow it first, or make it a fixed region"
        )
    return [(part.first_frame, part.boxes) for part in region.path]


def boxes_between_keyframes(region: DrawnRegion, timeline: Timeline, frames: range) -> Boxes:
    """(n, 4) boxes of a fixed region, moving evenly in time between its key frames and held before and after.

    Args:
        region: its key frames.
        timeline: when each frame is shown.
        frames: those that are wanted, without a gap.
    """
    drawn_at = timeline.pts[[drawn.frame_index for drawn in region.keyframes]]
    edges = np.array([drawn.box for drawn in region.keyframes], np.float64)
    shown_at = timeline.pts[frames.start : frames.stop]
    moved = [np.interp(shown_at, drawn_at, column) for column in edges.T]
    return np.stack(moved, axis=1).astype(np.float32)


def _padded(boxes: Boxes) -> Boxes:
    margin = np.maximum(_MIN_MARGIN_PX, longer_sides(boxes) * _MARGIN_SHARE)[:, None]
    return np.concatenate([boxes[:, :2] - margin, boxes[:, 2:] + margin], axis=1).astype(np.float32)


def _named(region_ids: Sequence[int]) -> str:
    if len(region_ids) == 1:
        return f"region {region_ids[0]} is"
    return f"regions {', '.join(map(str, region_ids))} are"


def _told_bare(region: DrawnRegion, timeline: Timeline) -> str:
    """When a region is not hidden though it was to be; empty where it always is."""
    bare = region.bare_frames(timeline.num_frames)
    if not bare:
        return ""
    name = f"region {region.region_id} ('{region.label}')" if region.label else f"region {region.region_id}"
    spans = ", ".join(
        f"{_clock(frames.start, timeline)} to {_clock(frames.stop, timeline)}" for frames in bare
    )
    return f"{name} is not hidden from {spans}, where it could not be followed: draw it again there, or end it before"


def _clock(frame_index: int, timeline: Timeline) -> str:
    """When a frame is shown, from the first one on: ``2:05.3``."""
    minutes, tenths = divmod(round((timeline.start_of(frame_index) - timeline.start_of(0)) * 10), 600)
    return f"{minutes}:{tenths // 10:02}.{tenths % 10}"
