"""Asking for a redaction: a new video in which the chosen faces are hidden."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from efface.domain.edits import Edits
from efface.domain.errors import (
    QueueFullError,
    RequestError,
    ServiceUnavailableError,
    UnknownFaceError,
    VideoBusyError,
    VideoChangedError,
)
from efface.domain.redaction import BlurringKind, FilterScope, RedactionRequest
from efface.domain.service import (
    IndexOptions,
    Job,
    JobKind,
    JobState,
    Priority,
    Video,
    VideoDetails,
    VideoState,
)
from efface.edit import encode_edits
from efface.usecases.object_keys import order_key
from efface.usecases.ordered_edits import WantedEdits, drawn_document, order_edits
from efface.usecases.reading import read_insights
from efface.usecases.redaction_facts import names_given
from efface.usecases.services import Services, new_guid, new_video_id

EDITS_KEY = "edits_key"
"""In a job's request: where the corrections lie that are to be applied."""
DRAWN = "drawn"
"""In a job's request: what was drawn and muted before the video was indexed."""
INDEX_VERSION = "index_version"
"""In a job's request: the index whose people it names."""
NAMES = "names"
"""In a job's request: what the people whom it may keep visible were called then, by face id."""


@dataclass(frozen=True, slots=True)
class SeenState:
    """What of a video somebody had before them when choosing whom to hide."""

    index_version: int
    edits_revision: int
    """The newest there was, 0 for none."""


@dataclass(frozen=True, slots=True)
class RedactionOrder:
    """What a user asks for."""

    request: RedactionRequest
    details: VideoDetails
    """Of the video that is to be made."""
    streaming_preset: str
    """The client's word for it."""
    makes_stream: bool
    edits: WantedEdits = field(default_factory=WantedEdits)
    """Corrections by hand that are to be applied."""
    seen: SeenState | None = None
    """What the choice was made from; None where the client has not told."""
    priority: Priority = Priority.NORMAL
    callback_url: str | None = None
    retention_days: int | None = None


def request_document(request: RedactionRequest) -> dict[str, Any]:
    """A request, ready for JSON."""
    return {
        "kind": request.kind.wire_name,
        "scope": request.scope.value,
        "face_ids": sorted(request.face_ids),
        "covers_faces": request.covers_faces,
    }


def request_from_document(document: Mapping[str, Any]) -> RedactionRequest:
    """What ``request_document`` has given."""
    return RedactionRequest(
        BlurringKind.parse(document["kind"]),
        FilterScope(document["scope"]),
        frozenset(document["face_ids"]),
        # Requests from before it was stored are all for faces.
        document.get("covers_faces", True),
    )


def start_redaction(services: Services, original: Video, order: RedactionOrder) -> tuple[Video, Job]:
    """Have a redaction of an indexed video made.

    Returns:
        The new video, to be seen at once, and its job.

    Raises:
        RequestError: the video cannot be redacted as it is, and why.
        UnknownFaceError: the request names faces that the index, as corrected, does not hold.
        ArtifactNotFoundError: there are no corrections of the revision that is asked for.
        VideoBusyError: the video is being indexed.
        VideoChangedError: it is not as it was when the choice was made.
        QueueFullError: too much work is pending.
    """
    _refuse_unfit(original)
    if order.seen is not None:
        _refuse_unseen(services, original, order.seen)
    ordered = order_edits(services, original, order.edits, order.request)
    if ordered is None:
        refuse_unknown_faces(services, original, order.request)
    refuse_overload(services, original.account_id)
    video, job = new_redaction(services, original, order)
    if ordered is None:
        services.catalogue.add_redaction(video, job)
    else:
        job = _add_with_edits(services, video, job, ordered.edits)
    hand_in(services, job)
    return video, job


def _add_with_edits(services: Services, video: Video, job: Job, edits: Edits) -> Job:
    """Freeze corrections with the job, so that whatever is saved later changes nothing of it."""
    key = order_key(video)
    services.objects.put_bytes(key, "".join(encode_edits(edits)).encode())
    job = replace(job, request={**job.request, EDITS_KEY: key})
    try:
        services.catalogue.add_redaction(video, job)
    except BaseException:
        services.objects.delete(key)
        raise
    return job


def new_redaction(
    services: Services, original: Video, order: RedactionOrder, waits_for: Job | None = None
) -> tuple[Video, Job]:
    """Records of a redaction that is to be made; nothing is stored."""
    now = services.clock.now()
    video = Video(
        video_id=new_video_id(),
        account_id=original.account_id,
        details=order.details,
        options=IndexOptions(
            preset=original.options.preset,
            finds_faces=False,
            streaming_preset=order.streaming_preset,
            makes_stream=order.makes_stream,
        ),
        created=now,
        modified=now,
        state=VideoState.PROCESSING,
        original_id=original.video_id,
        expires=expiry(services, order.retention_days),
    )
    job = Job(
        job_id=new_guid(),
        account_id=original.account_id,
        kind=JobKind.REDACTION,
        video_id=original.video_id,
        priority=order.priority,
        state=JobState.WAITING if waits_for else JobState.QUEUED,
        created=now,
        updated=now,
        output_id=video.video_id,
        request=_request_of(services, original, order, waits_for),
        callback_url=order.callback_url,
        waits_for=waits_for.job_id if waits_for else None,
    )
    return video, job


def _request_of(
    services: Services, original: Video, order: RedactionOrder, waits_for: Job | None
) -> dict[str, Any]:
    request = request_document(order.request)
    if waits_for is None:
        request[INDEX_VERSION] = original.index_version
    if order.request.face_ids:
        request[NAMES] = {str(face_id): name for face_id, name in names_given(services, original).items()}
    if waits_for is not None and not order.edits.is_empty:
        request[DRAWN] = drawn_document(order.edits)
    return request


def refuse_unknown_faces(services: Services, video: Video, request: RedactionRequest) -> None:
    """Refuse a request for faces that the index does not hold or that a user has deleted.

    Raises:
        UnknownFaceError: names them.
    """
    insights = read_insights(services, video)
    known = {face.face_id for face in insights.faces} if insights else set()
    unknown = request.face_ids - known
    if unknown:
        raise UnknownFaceError(unknown, known)


def refuse_overload(services: Services, account_id: str, num_new: int = 1) -> None:
    """Refuse work beyond what may be pending.

    Raises:
        QueueFullError: it is full.
    """
    limits = services.limits
    is_full = services.catalogue.num_open_jobs() + num_new > limits.max_open_jobs
    if is_full or services.catalogue.num_open_jobs(account_id) + num_new > limits.max_open_jobs_per_account:
        raise QueueFullError("so many jobs are pending that no more are taken: try again in a minute")


def hand_in(services: Services, job: Job) -> None:
    """Tell the workers of a job that stands in the catalogue.

    A queue that does not answer is no error here: workers look for jobs that were never handed in.
    """
    try:
        services.queue.submit(job.job_id, job.kind, job.priority)
    except ServiceUnavailableError as error:
        structlog.get_logger(__name__).warning("job was not handed in yet", job=job.job_id, reason=str(error))


def expiry(services: Services, retention_days: int | None) -> datetime | None:
    """When a video with this retention is removed, None for never."""
    return None if retention_days is None else services.clock.now() + timedelta(days=retention_days)


def _refuse_unseen(services: Services, original: Video, seen: SeenState) -> None:
    """Whoever is 1001 in another index may be somebody else, and what was drawn since would stay bare."""
    name = f"video '{original.video_id}'"
    if seen.index_version != original.index_version:
        raise VideoChangedError(
            f"{name} was analysed anew since whom to hide was chosen: look at its people again, then ask again"
        )
    newest = services.catalogue.edits_revision(original.account_id, original.video_id, None)
    if (newest.revision if newest else 0) != seen.edits_revision:
        raise VideoChangedError(
            f"{name} was corrected by somebody else since it was looked at: look at it again, then ask again"
        )


def _refuse_unfit(original: Video) -> None:
    name = f"video '{original.video_id}'"
    if original.state in {VideoState.UPLOADED, VideoState.PROCESSING}:
        raise VideoBusyError(f"{name} is being indexed: redact it when its state is Processed")
    if original.state is VideoState.FAILED:
        raise RequestError(
            f"{name} cannot be redacted, since its original upload failed: upload the video again"
        )
    if not original.has_faces_index:
        raise RequestError(
            f"{name} was never indexed with video insights, without which nobody knows where faces are: "
            "index it again with a preset for video"
        )
    if original.source is None:
        raise RequestError(
            f"{name} cannot be redacted, since its source file was deleted: upload the video again"
        )
