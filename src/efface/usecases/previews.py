"""Looking before anything is rendered: a frame as it will be, and where a drawn region leads."""

from dataclasses import dataclass, replace

import numpy as np

from efface.domain.edits import DrawnRegion, Edits, FollowedRegion
from efface.domain.errors import RequestError, VideoNotFoundError
from efface.domain.redaction import RedactionRequest
from efface.domain.service import Video
from efface.edit import check_edits
from efface.ports import FollowOrder, Progress, StillOrder, StudioVideo
from efface.usecases.corrections import detected_index, keep_path, known_path, path_key
from efface.usecases.object_keys import index_key
from efface.usecases.ordered_edits import WantedEdits, order_edits, refuse_nothing
from efface.usecases.reading import INDEX_FILE, source_file
from efface.usecases.redactions import refuse_unknown_faces
from efface.usecases.services import Services


@dataclass(frozen=True, slots=True)
class Preview:
    """A frame as a redaction will render it."""

    jpeg: bytes
    waiting: tuple[int, ...]
    """Numbers of the regions that were not followed yet: they show in their key frames only."""


def preview(
    services: Services,
    video: Video,
    frame_index: int,
    request: RedactionRequest,
    wanted: WantedEdits,
    max_side: int,
    progress: Progress,
) -> Preview:
    """Make a still of a frame as it will be rendered.

    Args:
        services: the ports.
        video: that is looked at.
        frame_index: which frame.
        request: who is to be hidden, and how.
        wanted: corrections that are to be applied.
        max_side: greatest width and height in pixels.
        progress: hears while others are served first, and may cancel until then.

    Raises:
        ArtifactNotFoundError: the video has no index or no file, or there is no such revision of the corrections.
        SourceDeletedError: its file was deleted.
        RequestError: there is no such frame, or the request cannot be used.
        InputError: the file cannot be read.
        QueueFullError, ServiceUnavailableError, Cancelled: see ``ports.Studio``.
    """
    place = _studio_video(services, video)
    num_frames = detected_index(services, video).timeline.num_frames
    if frame_index >= num_frames:
        raise RequestError(f"'frame' is {frame_index}: the video has the frames 0 to {num_frames - 1}")
    ordered = order_edits(services, video, wanted, request)
    if ordered is None:
        refuse_nothing(request, None)
        refuse_unknown_faces(services, video, request)
        return Preview(services.studio.still(StillOrder(place, frame_index, max_side, request), progress), ())
    waiting = tuple(region.region_id for region in ordered.edits.regions if _waits(region))
    edits = replace(ordered.edits, regions=tuple(map(_with_a_path, ordered.edits.regions)))
    still = services.studio.still(StillOrder(place, frame_index, max_side, request, edits), progress)
    return Preview(still, waiting)


def check_region(services: Services, video: Video, region: DrawnRegion) -> None:
    """Refuse a region that cannot be followed in this video.

    Raises:
        ArtifactNotFoundError: the video has no index or no file.
        SourceDeletedError: its file was deleted.
        RequestError: the region is fixed, or does not fit the video.
    """
    _studio_video(services, video)
    if not region.is_followed:
        raise RequestError("'region' is a fixed one, which is not followed: set is_followed to true")
    index = detected_index(services, video)
    check_edits(index, Edits(index.source.sha256, regions=(region,)))


def follow(
    services: Services, video: Video, region: DrawnRegion, progress: Progress
) -> tuple[FollowedRegion, ...]:
    """Follow a drawn region through its shots, or tell where it led when it was followed before.

    What is found is kept with the video, so that tracks, previews and redactions know it.

    Args:
        services: the ports.
        video: that it was drawn on.
        region: as ``check_region`` has found it good.
        progress: hears ``"follow"``, and may cancel.

    Raises:
        ArtifactNotFoundError, SourceDeletedError, RequestError: as ``check_region``.
        InputError: the file cannot be read.
        QueueFullError, ServiceUnavailableError, Cancelled: see ``ports.Studio``.
    """
    sha256 = detected_index(services, video).source.sha256
    known = known_path(services, video, region, sha256)
    if known is not None:
        return known
    place = _studio_video(services, video)
    path = services.studio.follow(FollowOrder(place, replace(region, path=None)), progress)
    keep_path(services, video, region, path, sha256)
    try:
        services.catalogue.video(video.account_id, video.video_id)
    except VideoNotFoundError:
        # Deleted meanwhile: nothing of it may stay.
        services.objects.delete(path_key(video, region, sha256))
        raise
    return path


def _studio_video(services: Services, video: Video) -> StudioVideo:
    source = source_file(video)
    name = video.details.file_name or video.details.name
    return StudioVideo(source.key, index_key(video, video.index_version, INDEX_FILE), name)


def _waits(region: DrawnRegion) -> bool:
    return region.is_followed and region.path is None


def _with_a_path(region: DrawnRegion) -> DrawnRegion:
    """The region itself, or one that is where it was drawn, as long as nobody knows where else it is."""
    if not _waits(region):
        return region
    boxes = ((drawn.frame_index, np.array([drawn.box], np.float32)) for drawn in region.keyframes)
    return replace(region, path=tuple(FollowedRegion(frame, box) for frame, box in boxes))
