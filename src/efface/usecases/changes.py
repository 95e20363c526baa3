"""Changing what is there: index anew, name faces, delete."""

from efface.domain.errors import (
    ArtifactNotFoundError,
    RequestError,
    ServiceUnavailableError,
    SourceDeletedError,
    UnknownFaceError,
    VideoBusyError,
)
from efface.domain.service import (
    FaceEdit,
    Failure,
    IndexOptions,
    Job,
    JobKind,
    JobState,
    Priority,
    Video,
    VideoState,
)
from efface.domain.text import is_printable
from efface.usecases.corrections import corrected_index
from efface.usecases.object_keys import video_prefix
from efface.usecases.reading import read_insights
from efface.usecases.redactions import hand_in, refuse_overload
from efface.usecases.services import Services, new_guid

MAX_FACE_NAME = 200


def index_again(
    services: Services,
    video: Video,
    options: IndexOptions,
    *,
    priority: Priority = Priority.NORMAL,
    callback_url: str | None = None,
) -> Job:
    """Have a video analysed anew; until that is done, readers see the old index.

    Raises:
        RequestError: it cannot be, and why.
        VideoBusyError: it is being worked on.
        QueueFullError: too much work is pending.
    """
    name = f"video '{video.video_id}'"
    if video.state in {VideoState.UPLOADED, VideoState.PROCESSING}:
        raise VideoBusyError(f"{name} is already being indexed: wait until its state is Processed")
    if video.is_source_deleted:
        raise RequestError(
            f"{name} cannot be indexed, since its source file was deleted: upload the video again"
        )
    if video.source is None:
        raise RequestError(
            f"{name} cannot be indexed, since its original upload failed: upload the video again"
        )
    refuse_overload(services, video.account_id)
    now = services.clock.now()
    job = Job(
        job_id=new_guid(),
        account_id=video.account_id,
        kind=JobKind.INDEX,
        video_id=video.video_id,
        priority=priority,
        state=JobState.QUEUED,
        created=now,
        updated=now,
        callback_url=callback_url,
    )
    services.catalogue.add_index_job(job, options)
    hand_in(services, job)
    return job


def name_face(services: Services, video: Video, face_id: int, name: str) -> None:
    """Give a face a name, which the index and the search show from now on.

    Raises:
        ArtifactNotFoundError: the video has no such face.
        RequestError: the name is empty or too long.
    """
    clean = " ".join(name.split())
    if not clean or len(clean) > MAX_FACE_NAME or not is_printable(clean):
        raise RequestError(f"newName must hold 1 to {MAX_FACE_NAME} printable characters")
    _edit(services, video, FaceEdit(face_id, name=clean))


def delete_face(services: Services, video: Video, face_id: int) -> None:
    """Take a face out of what readers see.

    A redaction of all faces still hides it: whoever deletes a face from a list has not said that it may be shown.

    Raises:
        ArtifactNotFoundError: the video has no such face.
    """
    _edit(services, video, FaceEdit(face_id, is_deleted=True))


def delete_source(services: Services, video: Video) -> None:
    """Delete a video's own file; the insights stay.

    Raises:
        VideoBusyError: a job needs the file.
        SourceDeletedError: it was deleted before.
    """
    if video.is_source_deleted:
        raise SourceDeletedError(f"the source file of video '{video.video_id}' was deleted before")
    jobs = services.catalogue.jobs_of_video(video.account_id, video.video_id)
    if any(not job.state.is_final for job in jobs):
        raise VideoBusyError(f"a job needs the file of video '{video.video_id}': wait for it, or cancel it")
    services.catalogue.forget_source(video.account_id, video.video_id)
    if video.source is not None:
        services.objects.delete(video.source.key)


def delete_video(services: Services, video: Video) -> None:
    """Delete a video with everything that was made of it but its redactions, which are videos of their own.

    Jobs that read or make it are cancelled.
    """
    jobs = services.catalogue.jobs_of_video(video.account_id, video.video_id)
    services.catalogue.remove_video(video.account_id, video.video_id)
    for job in jobs:
        if not job.state.is_final:
            _stop(services, job)
    services.objects.delete(video_prefix(video))


def cancel_job(services: Services, account_id: str, job_id: str) -> Job:
    """Stop a job; a video that it was making becomes failed. One that has ended stays as it is.

    Raises:
        JobNotFoundError: no such job in the account.
    """
    job = services.catalogue.job(account_id, job_id)
    if not job.state.is_final:
        services.catalogue.end_job(job.job_id, JobState.CANCELLED, Failure("Cancelled", "stopped on request"))
        _stop(services, job)
    return services.catalogue.job(account_id, job_id)


def _stop(services: Services, job: Job) -> None:
    """Tell the workers; those that do not hear it see that the job is no longer wanted."""
    try:
        services.queue.cancel(job.job_id)
    except ServiceUnavailableError:
        return


def _edit(services: Services, video: Video, edit: FaceEdit) -> None:
    insights = read_insights(services, video)
    known = {face.face_id for face in insights.faces} if insights else set()
    if edit.face_id not in known:
        known |= _faces_of_splits(services, video)
    if edit.face_id not in known:
        reason = UnknownFaceError([edit.face_id], known)
        raise ArtifactNotFoundError(f"video '{video.video_id}': {reason}")
    services.catalogue.edit_face(video.account_id, video.video_id, edit)


def _faces_of_splits(services: Services, video: Video) -> set[int]:
    """People whom corrections have made, without those that users have deleted."""
    if services.catalogue.edits_revision(video.account_id, video.video_id) is None:
        return set()
    changes = services.catalogue.face_edits(video.account_id, video.video_id)
    corrected = corrected_index(services, video)
    made = set(corrected.index.face_ids) - set(corrected.detected.face_ids)
    return {face_id for face_id in made if face_id not in changes or not changes[face_id].is_deleted}
