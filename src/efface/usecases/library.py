"""The library: videos as a person looks at them, with what belongs to each."""

from collections.abc import Mapping
from dataclasses import dataclass

from efface.domain.errors import ArtifactNotFoundError
from efface.domain.service import FaceEdit, Job, Video
from efface.ports.catalogue import VideoFilter, VideoOrder
from efface.usecases.reading import read_insights
from efface.usecases.services import Services


@dataclass(frozen=True, slots=True)
class LibraryEntry:
    """A video and what belongs to it."""

    video: Video
    num_faces: int | None
    """People that were found; None where nobody has looked."""
    redactions: tuple[Video, ...]
    """Made of it, newest first; some at most."""
    open_job: Job | None
    """What is being done to it, or to make it."""


@dataclass(frozen=True, slots=True)
class LibraryPage:
    """Some of the videos."""

    entries: tuple[LibraryEntry, ...]
    total: int


MAX_REDACTIONS = 20
"""Most redactions that are told of one video."""


def list_library(
    services: Services,
    account_id: str,
    wanted: VideoFilter,
    *,
    skip: int,
    limit: int,
    order: VideoOrder = VideoOrder.NEWEST,
) -> LibraryPage:
    """Videos of an account that a filter means, with what belongs to each.

    Raises:
        ServiceUnavailableError: database or store do not answer.
    """
    page = services.catalogue.find_videos(account_id, wanted, skip=skip, limit=limit, order=order)
    return LibraryPage(_entries(services, account_id, page.videos), page.total)


def library_entry(services: Services, video: Video) -> LibraryEntry:
    """One video and what belongs to it.

    Raises:
        ServiceUnavailableError: database or store do not answer.
    """
    (entry,) = _entries(services, video.account_id, (video,))
    return entry


def _entries(services: Services, account_id: str, videos: tuple[Video, ...]) -> tuple[LibraryEntry, ...]:
    """What belongs to some videos: as many questions to the catalogue, however many they are."""
    jobs = _open_jobs(services, account_id)
    originals = [video.video_id for video in videos if not video.is_redaction]
    redactions = services.catalogue.redactions_of(account_id, originals, MAX_REDACTIONS)
    with_faces = [video.video_id for video in videos if video.has_faces_index]
    changes = services.catalogue.face_edits_of(account_id, with_faces)
    return tuple(
        LibraryEntry(
            video,
            _num_faces(services, video, changes.get(video.video_id, {})),
            redactions.get(video.video_id, ()),
            jobs.get(video.video_id),
        )
        for video in videos
    )


def _open_jobs(services: Services, account_id: str) -> Mapping[str, Job]:
    """The jobs of an account that have not ended, by the video that shows them."""
    jobs = services.catalogue.active_jobs(account_id, services.clock.now())
    return {job.shown_video_id: job for job in jobs if not job.state.is_final}


def _num_faces(services: Services, video: Video, changes: Mapping[int, FaceEdit]) -> int | None:
    if not video.has_faces_index:
        return None
    try:
        insights = read_insights(services, video, changes)
    except ArtifactNotFoundError:
        # Deleted since the page was read.
        return None
    return len(insights.faces) if insights else None
