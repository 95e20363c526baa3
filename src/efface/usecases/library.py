"""The library: videos as a person looks at them, with what belongs to each."""

from dataclasses import dataclass

from efface.domain.errors import ArtifactNotFoundError
from efface.domain.service import Job, Video
from efface.ports.catalogue import VideoFilter, VideoOrder
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
    jobs = {job.shown_video_id: job for job in services.catalogue.open_jobs() if job.account_id == account_id}
    entries = tuple(
        LibraryEntry(
            video, _num_faces(services, video), _redactions_of(services, video), jobs.get(video.video_id)
        )
        for video in page.videos
    )
    return LibraryPage(entries, page.total)


def library_entry(services: Services, video: Video) -> LibraryEntry:
    """One video and what belongs to it.

    Raises:
        ServiceUnavailableError: database or store do not answer.
    """
    jobs = (job for job in services.catalogue.open_jobs() if job.account_id == video.account_id)
    job = next((job for job in jobs if job.shown_video_id == video.video_id), None)
    return LibraryEntry(video, _num_faces(services, video), _redactions_of(services, video), job)


def _redactions_of(services: Services, video: Video) -> tuple[Video, ...]:
    if video.is_redaction:
        return ()
    made = VideoFilter(original_id=video.video_id)
    return services.catalogue.find_videos(video.account_id, made, skip=0, limit=MAX_REDACTIONS).videos


def _num_faces(services: Services, video: Video) -> int | None:
    if not video.has_faces_index:
        return None
    try:
        insights = services.shelf.insights(video, services.objects)
    except ArtifactNotFoundError:
        # Deleted since the page was read.
        return None
    deleted = services.catalogue.face_edits(video.account_id, video.video_id)
    return sum(not (face.face_id in deleted and deleted[face.face_id].is_deleted) for face in insights.faces)
