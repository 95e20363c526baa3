"""Videos and jobs as events of a stream (``text/event-stream``)."""

from efface.api.wire.failure import failure_message
from efface.api.wire.job import job_status
from efface.api.wire.shape import WireShape
from efface.api.wire.video_item import progress_text
from efface.domain.service import Job, Video


class VideoEvent(WireShape):
    """How far a video is."""

    id: str
    state: str
    """As in a list of videos."""
    processing_progress: str
    """``20%``."""
    failure_message: str | None = None
    """Left out where it did not fail."""


class JobEvent(WireShape):
    """How far a job is."""

    id: str
    job_type: str
    """``Redaction`` or ``Indexing``."""
    state: str
    """``Processing``, ``Processed`` or ``Failed``."""
    progress: int
    """0 to 100."""
    video_id: str
    """The video that is analysed or redacted."""
    output_id: str | None = None
    """The video that a redaction makes; left out for an analysis."""
    error: str | None = None
    """Why it failed; left out where it did not."""


def event_text(changed: Video | Job) -> str:
    """The event that tells how far a video or a job is."""
    if isinstance(changed, Video):
        return _event(
            "video",
            VideoEvent(
                id=changed.video_id,
                state=changed.state.value,
                processing_progress=progress_text(changed),
                failure_message=failure_message(changed.failure) or None,
            ),
        )
    status = job_status(changed)
    return _event(
        "job",
        JobEvent(
            id=changed.job_id,
            job_type=status.job_type,
            state=status.state,
            progress=status.progress,
            video_id=changed.video_id,
            output_id=changed.output_id,
            error=failure_message(changed.failure) or None,
        ),
    )


def _event(name: str, shape: WireShape) -> str:
    # JSON has no line breaks of its own, which would end the event.
    return f"event: {name}\ndata: {shape.model_dump_json(by_alias=True, exclude_none=True)}\n\n"
