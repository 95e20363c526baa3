"""Whether corrections fit the index that they are to be laid over."""

from collections.abc import Iterator, Sequence

from efface.domain.edits import Box, DrawnRegion, Edits
from efface.domain.errors import IndexMismatchError, RequestError
from efface.domain.geometry import Size
from efface.domain.time import Timeline, TimeRange
from efface.edit.bind import digest_index
from efface.index.model import FaceIndex


def check_edits(index: FaceIndex, edits: Edits) -> None:
    """Refuse corrections that name what the index does not hold: what a person wanted hidden must not be passed over.

    Raises:
        IndexMismatchError: they are of another video.
        RequestError: they name faces and tracks of another index, or a face, a track or a frame that is not in this
            one, or a box lies outside of the picture or a mute outside of the video.
    """
    if edits.source_sha256 != index.source.sha256:
        raise IndexMismatchError(
            f"the edits were made for another video than {index.source.name}, which the index is of: "
            "give the edits of this one"
        )
    problem = next(_problems(index, edits), None)
    if problem is not None:
        raise RequestError(f"edits: {problem}")


def _problems(index: FaceIndex, edits: Edits) -> Iterator[str]:
    # In another index of the same video, track 3 may be another face, which would be left bare in place of this one.
    if edits.names_tracks and edits.index_digest not in {None, digest_index(index)}:
        yield (
            "their faces and tracks are those of another index of this video: give that index, or take out what "
            "names faces and tracks, and index_digest"
        )
    tracks = {track.track_id: track for track in index.tracks}
    num_frames = index.timeline.num_frames
    named = [
        *((f"splits[{i}]", split.track_id) for i, split in enumerate(edits.splits)),
        *((f"removed_tracks[{i}]", track_id) for i, track_id in enumerate(edits.removed_tracks)),
        *((f"moved_boxes[{i}]", moved.track_id) for i, moved in enumerate(edits.moved_boxes)),
    ]
    for place, track_id in named:
        if track_id not in tracks:
            yield f"{place} names track {track_id}, which the index does not hold: take it out"
    for i, split in enumerate(edits.splits):
        if split.face_id in index.face_ids:
            yield f"splits[{i}] names face {split.face_id}, which is there already: choose an id that is free"
    for i, moved in enumerate(edits.moved_boxes):
        if tracks[moved.track_id].box_at(moved.frame_index) is None:
            track = tracks[moved.track_id]
            yield (
                f"moved_boxes[{i}] is at frame {moved.frame_index}, but track {moved.track_id} has the frames "
                f"{track.first_frame} to {track.end_frame - 1}: draw a region elsewhere"
            )
        if _is_outside(moved.box, index.size):
            yield f"moved_boxes[{i}] lies outside of the picture of {index.size}: move it into view"
    for region in edits.regions:
        yield from _region_problems(region, index.size, num_frames)
    yield from _mute_problems(edits.mutes, index.timeline)


def _mute_problems(mutes: Sequence[TimeRange], timeline: Timeline) -> Iterator[str]:
    """A name that was to be silenced is heard when somebody has slipped by a minute."""
    start, end = timeline.start_of(0), timeline.start_of(timeline.num_frames)
    for i, span in enumerate(mutes):
        if span.start >= end:
            yield (
                f"mutes[{i}] begins {float(span.start - start):g} s after the first frame, but the video ends after "
                f"{float(end - start):g} s: begin before its end"
            )


def _region_problems(region: DrawnRegion, size: Size, num_frames: int) -> Iterator[str]:
    if region.end_frame > num_frames:
        yield (
            f"region {region.region_id} ends at frame {region.end_frame}, but the video has {num_frames}: "
            "end it there"
        )
    for drawn in region.keyframes:
        if _is_outside(drawn.box, size):
            yield (
                f"region {region.region_id} lies outside of the picture of {size} "
                f"at frame {drawn.frame_index}: draw it into view"
            )


def _is_outside(box: Box, size: Size) -> bool:
    return box[0] >= size.width or box[1] >= size.height or box[2] <= 0 or box[3] <= 0
