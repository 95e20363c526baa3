"""Corrections by hand: kept revision after revision, laid over the index for those who read it."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from efface.domain.edits import DrawnRegion, Edits, FollowedRegion
from efface.domain.errors import ArtifactNotFoundError, IndexMismatchError, RequestError
from efface.domain.service import EditsRevision, Video
from efface.edit import apply_edits, bind_edits, check_edits, decode_edits, encode_edits
from efface.index.codec import decode_index
from efface.index.model import FaceIndex
from efface.usecases.object_keys import edits_key, follow_key, index_key
from efface.usecases.reading import INDEX_FILE
from efface.usecases.services import Services, new_video_id

KEPT_REVISIONS = 200
"""Newest revisions that can still be read."""
_RECORD_BYTES = 2000
"""Memory of a track, a region or a person beside its arrays, generously."""


@dataclass(frozen=True, slots=True)
class SavedEdits:
    """One revision of the corrections of a video."""

    revision: int
    """0 where nothing was ever corrected."""
    index_version: int
    """Of the index that they were made for."""
    edits: Edits
    key: str
    """Of the document in the object store; empty for revision 0."""
    is_stale: bool
    """True where they name faces or tracks of an index that is not the current one."""
    applied: Edits
    """What of them holds for the current index: tracks, and what was reviewed, are of the one they were made for."""


@dataclass(frozen=True, slots=True)
class CorrectedIndex:
    """An index as a person has corrected it."""

    detected: FaceIndex
    index: FaceIndex
    """The same with the corrections."""
    saved: SavedEdits
    edits: Edits
    """Those that are applied; regions that were followed have their paths."""


def read_edits(services: Services, video: Video, revision: int | None = None) -> SavedEdits:
    """A revision of the corrections, the newest unless told otherwise; 0 is before the first.

    Raises:
        ArtifactNotFoundError: there is no such revision (any more), or the video has no index to correct.
    """
    _require_index(video)
    found = None
    if revision != 0:
        found = services.catalogue.edits_revision(video.account_id, video.video_id, revision)
    if found is None and revision:
        raise ArtifactNotFoundError(
            f"video '{video.video_id}' has no corrections of revision {revision}: the newest {KEPT_REVISIONS} are kept"
        )
    if found is None:
        empty = Edits(detected_index(services, video).source.sha256)
        return SavedEdits(0, video.index_version, empty, "", False, empty)
    return _saved(services, video, found)


def save_edits(services: Services, video: Video, edits: Edits, expected: int) -> SavedEdits:
    """Save corrections as the revision that follows ``expected``; those before stay readable for a while.

    Raises:
        ArtifactNotFoundError: the video has no index to correct.
        RequestError: they do not fit the index, and why.
        EditsChangedError: another revision was saved meanwhile.
        VideoNotFoundError: the video was deleted meanwhile.
    """
    detected = detected_index(services, video)
    correct(detected, edits)
    edits = bind_edits(edits, detected)
    key = edits_key(video, new_video_id())
    services.objects.put_bytes(key, "".join(encode_edits(edits)).encode())
    try:
        made = services.catalogue.add_edits(
            video.account_id, video.video_id, expected=expected, index_version=video.index_version, key=key
        )
    except BaseException:
        services.objects.delete(key)
        raise
    old = made.revision - KEPT_REVISIONS + 1
    for forgotten in services.catalogue.forget_edits(video.account_id, video.video_id, old):
        services.objects.delete(forgotten)
    return _saved(services, video, made)


def corrected_index(services: Services, video: Video, revision: int | None = None) -> CorrectedIndex:
    """The index of a video with a revision of the corrections.

    Raises:
        ArtifactNotFoundError: no such revision, or the video has no index.
    """
    detected = detected_index(services, video)
    saved = read_edits(services, video, revision)
    applied = saved.applied
    index = detected
    if applied.names_tracks:
        index = services.indexes.get(
            f"{_index_file(video)} {saved.key}", lambda: correct(detected, applied), size_of_index
        )
    return CorrectedIndex(detected, index, saved, with_known_paths(services, video, applied))


def detected_index(services: Services, video: Video) -> FaceIndex:
    """The index of a video as it was detected.

    Raises:
        ArtifactNotFoundError: it has none.
    """
    _require_index(video)
    key = _index_file(video)

    def read() -> FaceIndex:
        with services.objects.local_file(key) as path:
            return decode_index(path)

    return services.indexes.get(key, read, size_of_index)


def correct(index: FaceIndex, edits: Edits) -> FaceIndex:
    """The index with corrections that a user has sent.

    Raises:
        RequestError: they do not fit it.
    """
    try:
        check_edits(index, edits)
        return apply_edits(index, edits)
    except IndexMismatchError as error:
        raise RequestError(
            f"edits: source_sha256 is not that of this video, which is {index.source.sha256}"
        ) from error


def without_tracks(edits: Edits) -> Edits:
    """What of the corrections holds for any index of the same video: regions and mutes."""
    return replace(
        edits, merges=(), splits=(), removed_tracks=(), moved_boxes=(), reviewed=(), index_digest=None
    )


def with_known_paths(services: Services, video: Video, edits: Edits) -> Edits:
    """The corrections with the paths of the regions that were followed before."""
    if all(region.path is not None or not region.is_followed for region in edits.regions):
        return edits
    return replace(
        edits, regions=tuple(_with_known_path(services, video, region, edits) for region in edits.regions)
    )


def _with_known_path(services: Services, video: Video, region: DrawnRegion, edits: Edits) -> DrawnRegion:
    if region.path is not None or not region.is_followed:
        return region
    path = known_path(services, video, region, edits.source_sha256)
    return region if path is None else replace(region, path=path)


def known_path(
    services: Services, video: Video, region: DrawnRegion, source_sha256: str
) -> tuple[FollowedRegion, ...] | None:
    """Where a region was followed to before; None if it never was, with these key frames and over this index."""
    key = path_key(video, region, source_sha256)

    def read() -> Edits:
        return decode_edits(services.objects.get_bytes(key), "followed region")

    try:
        return services.edits.get(key, read, _size_of_edits).regions[0].path
    except ArtifactNotFoundError:
        return None


def keep_path(
    services: Services,
    video: Video,
    region: DrawnRegion,
    path: tuple[FollowedRegion, ...],
    source_sha256: str,
) -> None:
    """Keep where a region was followed to, for as long as the video is there."""
    key = path_key(video, region, source_sha256)
    followed = Edits(source_sha256, regions=(replace(region, path=path),))
    services.objects.put_bytes(key, "".join(encode_edits(followed)).encode())


def path_key(video: Video, region: DrawnRegion, source_sha256: str) -> str:
    """Where the path of a region lies: it depends on the video, its shots, and where the region was drawn."""
    drawn = [[each.frame_index, *each.box] for each in region.keyframes]
    what = [source_sha256, video.index_version, region.first_frame, region.end_frame, drawn]
    return follow_key(video, hashlib.sha256(json.dumps(what).encode()).hexdigest())


def _saved(services: Services, video: Video, found: EditsRevision) -> SavedEdits:
    def read() -> Edits:
        return decode_edits(services.objects.get_bytes(found.key), "saved corrections")

    edits = services.edits.get(found.key, read, _size_of_edits)
    is_current = found.index_version == video.index_version
    is_stale = edits.names_tracks and not is_current
    applied = edits if is_current else without_tracks(edits)
    return SavedEdits(found.revision, found.index_version, edits, found.key, is_stale, applied)


def _require_index(video: Video) -> None:
    if video.index_version == 0 or not video.has_faces_index:
        raise ArtifactNotFoundError(
            f"video '{video.video_id}' has no index of faces: index it with a preset for video, and wait until it is "
            "Processed"
        )


def _index_file(video: Video) -> str:
    return index_key(video, video.index_version, INDEX_FILE)


def size_of_index(index: FaceIndex) -> int:
    """Bytes of memory that an index takes, roughly."""
    arrays = sum(track.boxes.nbytes + track.scores.nbytes for track in index.tracks)
    return arrays + index.timeline.pts.nbytes + _RECORD_BYTES * (1 + len(index.tracks) + len(index.faces))


def _size_of_edits(edits: Edits) -> int:
    return _paths_bytes(edits.regions) + _RECORD_BYTES * (
        1
        + len(edits.regions)
        + len(edits.moved_boxes)
        + len(edits.splits)
        + len(edits.merges)
        + sum(len(region.keyframes) for region in edits.regions)
    )


def _paths_bytes(regions: Iterable[DrawnRegion]) -> int:
    return sum(int(np.asarray(part.boxes).nbytes) for region in regions for part in region.path or ())
