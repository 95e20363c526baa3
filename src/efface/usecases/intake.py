"""Taking a video in: it is stored, catalogued and handed to the workers before the client hears of it."""

from dataclasses import dataclass, replace
from pathlib import Path

from efface.domain.errors import DuplicateVideoError, RequestError
from efface.domain.redaction import FilterScope
from efface.domain.service import (
    IndexOptions,
    Job,
    JobKind,
    JobState,
    Priority,
    StoredSource,
    Video,
    VideoDetails,
    VideoState,
)
from efface.usecases.object_keys import source_key
from efface.usecases.redactions import RedactionOrder, expiry, hand_in, new_redaction, refuse_overload
from efface.usecases.services import Services, new_guid, new_video_id


@dataclass(frozen=True, slots=True)
class IncomingFile:
    """A file that was received whole."""

    path: Path
    """Moved away when it is taken in."""
    size_bytes: int
    sha256: str
    md5: str
    file_name: str | None


@dataclass(frozen=True, slots=True)
class IntakeOrder:
    """What a user asks for with an upload."""

    details: VideoDetails
    options: IndexOptions
    priority: Priority = Priority.NORMAL
    callback_url: str | None = None
    retention_days: int | None = None
    refuses_duplicates: bool = False
    source_md5: str | None = None
    """Content-MD5 that the server of a URL gives, to compare before anything is fetched."""
    redaction: RedactionOrder | None = None
    """To be made as soon as the index is there."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What was taken in."""

    video: Video
    job: Job
    redacted: Video | None = None
    redaction_job: Job | None = None


def take_in(services: Services, account_id: str, order: IntakeOrder, source: IncomingFile | str) -> Intake:
    """Take a video in and have it indexed.

    Args:
        services: the ports.
        account_id: whose it is.
        order: how.
        source: a received file, or the URL from which a worker is to fetch it.

    Raises:
        DuplicateVideoError: the account holds it already, and duplicates were to be refused.
        RequestError: a redaction was asked for that no index can serve.
        QueueFullError: too much work is pending.
    """
    refuse_overload(services, account_id, 2 if order.redaction else 1)
    refuse_unfit_redaction(order)
    if order.refuses_duplicates:
        _refuse_duplicate(services, account_id, order, source)
    video = _new_video(services, account_id, order)
    if isinstance(source, str):
        video = replace(video, source_url=source)
    else:
        key = source_key(video, new_video_id(), source.file_name)
        services.objects.put_file(key, source.path)
        video = replace(video, source=StoredSource(key, source.size_bytes, source.sha256, source.md5))
    try:
        return _catalogued(services, video, order)
    except BaseException:
        if video.source:
            services.objects.delete(video.source.key)
        raise


def _catalogued(services: Services, video: Video, order: IntakeOrder) -> Intake:
    job = Job(
        job_id=new_guid(),
        account_id=video.account_id,
        kind=JobKind.INDEX,
        video_id=video.video_id,
        priority=order.priority,
        state=JobState.QUEUED,
        created=video.created,
        updated=video.created,
        callback_url=order.callback_url,
    )
    follower = None
    if order.redaction:
        follower = new_redaction(services, video, order.redaction, waits_for=job)
    services.catalogue.add_video(video, job, followed_by=follower)
    hand_in(services, job)
    redacted, redaction_job = follower or (None, None)
    return Intake(video, job, redacted, redaction_job)


def _new_video(services: Services, account_id: str, order: IntakeOrder) -> Video:
    now = services.clock.now()
    return Video(
        video_id=new_video_id(),
        account_id=account_id,
        details=order.details,
        options=order.options,
        created=now,
        modified=now,
        state=VideoState.UPLOADED,
        expires=expiry(services, order.retention_days),
    )


def refuse_unfit_redaction(order: IntakeOrder) -> None:
    """Refuse an order that no file could make possible, before anybody sends one.

    Raises:
        RequestError: a redaction is asked for that no index can serve.
    """
    if order.redaction is None:
        return
    if not order.options.finds_faces:
        raise RequestError("a redaction needs video insights: choose an indexing preset for video")
    if order.redaction.edits.are_saved_or_given:
        raise RequestError(
            "'edits' cannot be given with an upload, since they correct what an index has found: "
            "give 'regions' and 'audio', or redact the video when it is indexed"
        )
    if order.redaction.request.scope is FilterScope.INCLUDE or order.redaction.request.face_ids:
        raise RequestError(
            "face ids are known only after indexing: leave the filter out to redact every face, "
            "or redact in a second call"
        )


def _refuse_duplicate(
    services: Services, account_id: str, order: IntakeOrder, source: IncomingFile | str
) -> None:
    catalogue = services.catalogue
    if isinstance(source, str):
        known = catalogue.video_with_content(account_id, url=source)
        if known is None and order.source_md5:
            known = catalogue.video_with_content(account_id, md5=order.source_md5)
    else:
        known = catalogue.video_with_content(account_id, sha256=source.sha256)
    if known is not None:
        raise DuplicateVideoError(known.video_id)
