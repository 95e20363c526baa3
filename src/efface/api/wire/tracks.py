"""Tracks on the wire: a summary of the corrected index, and boxes in chunks of differences."""

from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, WithJsonSchema

from efface.api.wire.parameters import QueryShape, or_default, whole_number
from efface.api.wire.shape import WireShape
from efface.domain.edits import LostRegion
from efface.domain.geometry import Boxes
from efface.usecases.tracks import (
    CHUNK_FRAMES,
    BoxRun,
    ReviewedFace,
    ReviewedRegion,
    TrackChunk,
    VideoTracks,
    chunk_frames,
)

_UNITS_PER_PX = 8

Revision = Annotated[
    int | None,
    BeforeValidator(or_default(whole_number(0), None)),
    WithJsonSchema({"type": "integer", "minimum": 0}),
]


class TracksQuery(QueryShape):
    """With which corrections an index is read."""

    edits: Revision = None
    """Revision of the corrections: the newest by default, 0 for the index as detected."""


class Ratio(WireShape):
    """A fraction."""

    numerator: int
    denominator: int


class ChunkShape(WireShape):
    """Which frames a chunk of boxes holds."""

    first_frame: int
    end_frame: int
    first_pts: int


class TrackShape(WireShape):
    """One track of a person, without its boxes."""

    id: int
    first_frame: int
    end_frame: int
    score: float
    """Mean of the detector's scores, 0 to 1."""


class FaceShape(WireShape):
    """One person."""

    id: int
    name: str
    is_named: bool
    thumbnail_id: str | None
    seen_seconds: float
    tracks: tuple[TrackShape, ...]


class LostShape(WireShape):
    """Where a region was lost."""

    frame: int
    reason: str
    """``cut`` or ``sight``."""


class KeyframeShape(WireShape):
    """A box that a person drew."""

    frame: int
    box: tuple[float, float, float, float]


class RegionShape(WireShape):
    """One drawn region."""

    id: int
    label: str
    kind: str | None
    first_frame: int
    end_frame: int
    is_followed: bool
    state: str
    """``fixed``, ``followed``, or ``waiting`` for being followed."""
    parts: tuple[tuple[int, int], ...]
    lost: tuple[LostShape, ...]
    keyframes: tuple[KeyframeShape, ...]


class MuteShape(WireShape):
    """A span without sound, in seconds from the first frame."""

    start: float
    end: float


class TracksShape(WireShape):
    """The corrected index of a video, without its boxes."""

    index_version: int
    edits_revision: int
    is_stale: bool
    """True where the corrections name tracks of an older index: those are not applied."""
    source_sha256: str
    width: int
    height: int
    num_frames: int
    time_base: Ratio
    start_pts: int
    end_pts: int
    frame_rate: float | None
    chunk_frames: int
    chunks: tuple[ChunkShape, ...]
    shots: tuple[tuple[int, int], ...]
    faces: tuple[FaceShape, ...]
    regions: tuple[RegionShape, ...]
    mutes: tuple[MuteShape, ...]


class RunShape(WireShape):
    """Boxes of consecutive frames: x1, y1, x2, y2 in eighths of a pixel, then differences to the frame before."""

    id: int
    first_frame: int
    boxes: list[int]


class ChunkOfBoxes(WireShape):
    """All boxes of some consecutive frames."""

    first_frame: int
    end_frame: int
    pts: list[int]
    tracks: tuple[RunShape, ...]
    regions: tuple[RunShape, ...]


def tracks_shape(found: VideoTracks) -> TracksShape:
    """A summary on the wire."""
    corrected = found.corrected
    index = corrected.index
    timeline, pts = index.timeline, index.timeline.pts
    return TracksShape(
        index_version=found.index_version,
        edits_revision=corrected.saved.revision,
        is_stale=corrected.saved.is_stale,
        source_sha256=index.source.sha256,
        width=index.size.width,
        height=index.size.height,
        num_frames=timeline.num_frames,
        time_base=Ratio(numerator=timeline.time_base.numerator, denominator=timeline.time_base.denominator),
        start_pts=int(pts[0]),
        end_pts=timeline.end_pts,
        frame_rate=float(index.frame_rate) if index.frame_rate else None,
        chunk_frames=CHUNK_FRAMES,
        chunks=tuple(
            ChunkShape(first_frame=frames.start, end_frame=frames.stop, first_pts=int(pts[frames.start]))
            for frames in chunk_frames(timeline.num_frames)
        ),
        shots=tuple((shot.first_frame, shot.end_frame) for shot in index.shots),
        faces=tuple(map(_face_shape, found.faces)),
        regions=tuple(map(_region_shape, found.regions)),
        mutes=tuple(MuteShape(start=float(span.start), end=float(span.end)) for span in found.mutes),
    )


def lost_shape(lost: LostRegion) -> LostShape:
    """Where a region was lost, on the wire."""
    return LostShape(frame=lost.frame_index, reason=lost.reason.value)


def chunk_shape(chunk: TrackChunk) -> ChunkOfBoxes:
    """A chunk on the wire. Its numbers are many and ours, so nothing is checked."""
    return ChunkOfBoxes.model_construct(
        first_frame=chunk.frames.start,
        end_frame=chunk.frames.stop,
        pts=chunk.pts.tolist(),
        tracks=tuple(map(_run_shape, chunk.tracks)),
        regions=tuple(map(_run_shape, chunk.regions)),
    )


def _run_shape(run: BoxRun) -> RunShape:
    return RunShape.model_construct(id=run.run_id, first_frame=run.first_frame, boxes=_differences(run.boxes))


def _differences(boxes: Boxes) -> list[int]:
    scaled = boxes.astype(np.float64) * _UNITS_PER_PX
    edges = np.concatenate([np.floor(scaled[:, :2]), np.ceil(scaled[:, 2:])], axis=1).astype(np.int64)
    found: list[int] = np.diff(edges, axis=0, prepend=0).ravel().tolist()
    return found


def _face_shape(face: ReviewedFace) -> FaceShape:
    return FaceShape(
        id=face.face_id,
        name=face.name,
        is_named=face.is_named,
        thumbnail_id=face.thumbnail_id,
        seen_seconds=round(face.seen_s, 4),
        tracks=tuple(
            TrackShape(
                id=track.track_id,
                first_frame=track.first_frame,
                end_frame=track.end_frame,
                score=round(float(track.scores.mean()), 4),
            )
            for track in face.tracks
        ),
    )


def _region_shape(reviewed: ReviewedRegion) -> RegionShape:
    region = reviewed.region
    values: dict[str, Any] = {
        "id": region.region_id,
        "label": region.label,
        "kind": None if region.kind is None else region.kind.wire_name,
        "first_frame": region.first_frame,
        "end_frame": region.end_frame,
        "is_followed": region.is_followed,
    }
    return RegionShape(
        **values,
        state=reviewed.state.value,
        parts=reviewed.parts,
        lost=tuple(map(lost_shape, reviewed.lost)),
        keyframes=tuple(KeyframeShape(frame=drawn.frame_index, box=drawn.box) for drawn in region.keyframes),
    )
