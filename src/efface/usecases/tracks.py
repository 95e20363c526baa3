"""Tracks: where each face and each drawn region is, frame by frame, for a page that draws them over the video."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from efface.domain.edits import DrawnRegion, LostRegion
from efface.domain.errors import ArtifactNotFoundError
from efface.domain.geometry import Boxes
from efface.domain.service import Video
from efface.domain.time import TimeRange
from efface.domain.track import FaceTrack
from efface.index.insights import thumbnail_id
from efface.index.model import FaceIndex
from efface.plan.drawn import boxes_between_keyframes
from efface.usecases.corrections import CorrectedIndex, corrected_index
from efface.usecases.reading import read_insights
from efface.usecases.services import Services

CHUNK_FRAMES = 1500
"""Frames of a chunk: a minute of most videos."""


class RegionState(Enum):
    """Whether it is known where a region is."""

    FIXED = "fixed"
    FOLLOWED = "followed"
    WAITING = "waiting"
    """To be followed, and was not yet."""


@dataclass(frozen=True, slots=True)
class ReviewedFace:
    """One person, as users see the person now."""

    face_id: int
    name: str
    is_named: bool
    thumbnail_id: str | None
    """Of a picture of the person; None where there is none."""
    seen_s: float
    tracks: tuple[FaceTrack, ...]
    """In order of time."""


@dataclass(frozen=True, slots=True)
class ReviewedRegion:
    """One drawn region, and where it is."""

    region: DrawnRegion
    state: RegionState
    parts: tuple[tuple[int, int], ...]
    """First frame and end of each stretch that it is in, in order; none while it waits."""
    lost: tuple[LostRegion, ...]


@dataclass(frozen=True, slots=True)
class VideoTracks:
    """What a page needs to know before it draws a box."""

    corrected: CorrectedIndex
    index_version: int
    faces: tuple[ReviewedFace, ...]
    """By face id."""
    regions: tuple[ReviewedRegion, ...]
    mutes: tuple[TimeRange, ...]
    """In seconds from the first frame."""


@dataclass(frozen=True, slots=True, eq=False)
class BoxRun:
    """The boxes of a track or region in consecutive frames of a chunk."""

    run_id: int
    first_frame: int
    boxes: Boxes
    """(n, 4) xyxy in pixels of the upright frame."""


@dataclass(frozen=True, slots=True, eq=False)
class TrackChunk:
    """All boxes of some consecutive frames."""

    frames: range
    pts: NDArray[np.int64]
    """(n,) presentation time stamps."""
    tracks: tuple[BoxRun, ...]
    regions: tuple[BoxRun, ...]
    """A region that was followed through several shots has a run for each."""


def read_tracks(services: Services, video: Video, revision: int | None = None) -> VideoTracks:
    """Who and what is in a video as corrected, without the boxes.

    Args:
        services: the ports.
        video: that is looked at.
        revision: of the corrections; the newest if None, 0 for the index as detected.

    Raises:
        ArtifactNotFoundError: the video has no index, or no such revision.
    """
    corrected = corrected_index(services, video, revision)
    start = corrected.index.timeline.start_of(0)
    return VideoTracks(
        corrected,
        video.index_version,
        tuple(_faces(services, video, corrected)),
        tuple(map(_region, corrected.edits.regions)),
        tuple(TimeRange(span.start - start, span.end - start) for span in corrected.edits.mutes),
    )


def chunk_frames(num_frames: int) -> tuple[range, ...]:
    """The frames of each chunk of a video."""
    starts = range(0, num_frames, CHUNK_FRAMES)
    return tuple(range(start, min(start + CHUNK_FRAMES, num_frames)) for start in starts)


def read_chunk(services: Services, video: Video, chunk: int, revision: int | None = None) -> TrackChunk:
    """The boxes of one chunk.

    Args:
        services: the ports.
        video: that is looked at.
        chunk: number, from 0.
        revision: as for ``read_tracks``.

    Raises:
        ArtifactNotFoundError: as ``read_tracks``, or the video has no such chunk.
    """
    corrected = corrected_index(services, video, revision)
    timeline = corrected.index.timeline
    chunks = chunk_frames(timeline.num_frames)
    if chunk >= len(chunks):
        raise ArtifactNotFoundError(
            f"video '{video.video_id}' has chunks 0 to {len(chunks) - 1}, not {chunk}"
        )
    frames = chunks[chunk]
    hidden = _deleted_faces(services, video)
    index = corrected.index
    tracks = tuple(
        run
        for track in index.tracks
        if index.face_of(track.track_id).face_id not in hidden
        for run in _run(track.track_id, track.first_frame, track.boxes, frames)
    )
    regions = tuple(run for region in corrected.edits.regions for run in _region_runs(region, index, frames))
    return TrackChunk(frames, timeline.pts[frames.start : frames.stop], tracks, regions)


def _faces(services: Services, video: Video, corrected: CorrectedIndex) -> Iterator[ReviewedFace]:
    """People of the corrected index, named as users have named them; those that users deleted are left out."""
    insights = read_insights(services, video)
    assert insights is not None, "a video with an index has insights"
    shown = {face.face_id: face for face in insights.faces}
    pictured = {picture.picture_id for picture in insights.face_pictures}
    changes = services.catalogue.face_edits(video.account_id, video.video_id)
    index = corrected.index
    number = len(corrected.detected.faces)
    for face_id in index.face_ids:
        change = changes.get(face_id)
        if change is not None and change.is_deleted:
            continue
        group, known = index.face(face_id), shown.get(face_id)
        if known is None:
            number += 1
        given = (change.name if change else None) or group.name
        name = given or (known.name if known else f"Unknown #{number}")
        is_named = given is not None or (known is not None and known.is_named)
        tracks = index.tracks_of(face_id)
        picture = _picture(index, group.thumbnail_track, tracks, pictured)
        picture = picture or (known.picture_id if known else None)
        yield ReviewedFace(face_id, name, is_named, picture, float(index.seen_duration(face_id)), tracks)


def _picture(index: FaceIndex, best: int, tracks: tuple[FaceTrack, ...], pictured: set[str]) -> str | None:
    for track_id in (best, *(track.track_id for track in tracks)):
        picture = str(thumbnail_id(index, track_id))
        if picture in pictured:
            return picture
    return None


def _deleted_faces(services: Services, video: Video) -> set[int]:
    changes = services.catalogue.face_edits(video.account_id, video.video_id)
    return {face_id for face_id, change in changes.items() if change.is_deleted}


def _region(region: DrawnRegion) -> ReviewedRegion:
    if not region.is_followed:
        return ReviewedRegion(region, RegionState.FIXED, ((region.first_frame, region.end_frame),), ())
    if region.path is None:
        return ReviewedRegion(region, RegionState.WAITING, (), ())
    parts = tuple((part.first_frame, part.end_frame) for part in region.path)
    lost = tuple(each for part in region.path for each in part.lost)
    return ReviewedRegion(region, RegionState.FOLLOWED, parts, lost)


def _region_runs(region: DrawnRegion, index: FaceIndex, frames: range) -> Iterator[BoxRun]:
    if region.is_followed:
        for part in region.path or ():
            yield from _run(region.region_id, part.first_frame, part.boxes, frames)
        return
    shown = range(max(region.first_frame, frames.start), min(region.end_frame, frames.stop))
    if shown:
        boxes = boxes_between_keyframes(region, index.timeline, shown)
        yield BoxRun(region.region_id, shown.start, boxes)


def _run(run_id: int, first_frame: int, boxes: Boxes, frames: range) -> Iterator[BoxRun]:
    """The part of a run of boxes that lies in some frames, if any does."""
    start, end = max(first_frame, frames.start), min(first_frame + len(boxes), frames.stop)
    if start < end:
        yield BoxRun(run_id, start, boxes[start - first_frame : end - first_frame])
