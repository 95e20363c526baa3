"""A video in a list, and as the answer to an upload."""

from collections.abc import Sequence
from typing import Any

from efface.api.wire.shape import NO_GUID, WireShape
from efface.api.wire.times import date_time
from efface.domain.service import Account, Job, Video


class SearchMatch(WireShape):
    """Where a video holds what was searched for."""

    start_time: str
    """In the video, ``0:00:12.34``."""
    type: str
    """``Title``, ``Description`` or ``Face``."""
    text: str
    """The whole text that holds it."""
    exact_text: str
    """What was found in it."""


class VideoItem(WireShape):
    """What a list tells of a video."""

    account_id: str
    id: str
    partition: str | None
    external_id: str | None
    metadata: str | None
    name: str
    description: str | None
    created: str
    last_modified: str
    last_indexed: str
    """When it was last analysed or rendered; when it was taken in, before that."""
    privacy_mode: str
    user_name: str
    """Name of the account, which is all that is known of its users."""
    is_owned: bool
    is_base: bool
    has_source_video_file: bool
    state: str
    moderation_state: str
    review_state: str
    processing_progress: str
    """``20%``."""
    duration_in_seconds: int
    thumbnail_video_id: str
    thumbnail_id: str
    search_matches: tuple[SearchMatch, ...]
    indexing_preset: str
    streaming_preset: str
    source_language: str
    source_languages: tuple[str, ...]
    person_model_id: str


class StartedRedaction(WireShape):
    """The redaction that follows an upload by itself."""

    job_id: str
    video_id: str
    """Of the video that it makes."""
    location: str
    """Where the job is asked about."""


class UploadedVideo(VideoItem):
    """The answer to an upload that is to be redacted as soon as it is indexed."""

    redaction: StartedRedaction


def video_item(account: Account, video: Video, matches: Sequence[SearchMatch] = ()) -> VideoItem:
    """What a list tells of a video."""
    return VideoItem(**_fields(account, video), search_matches=tuple(matches))


def uploaded_video(account: Account, video: Video, job: Job, redacted: Video, location: str) -> UploadedVideo:
    """The answer to an upload with a redaction.

    Args:
        account: whose.
        video: that was taken in.
        job: of the redaction.
        redacted: the video that it makes.
        location: where the job is asked about.
    """
    started = StartedRedaction(job_id=job.job_id, video_id=redacted.video_id, location=location)
    return UploadedVideo(**_fields(account, video), search_matches=(), redaction=started)


def progress_text(video: Video) -> str:
    """``20%``."""
    return f"{video.progress}%"


def _fields(account: Account, video: Video) -> dict[str, Any]:
    details, language = video.details, video.details.language
    return {
        "account_id": account.account_id,
        "id": video.video_id,
        "partition": details.partition,
        "external_id": details.external_id,
        "metadata": details.metadata,
        "name": details.name,
        "description": details.description,
        "created": date_time(video.created),
        "last_modified": date_time(video.modified),
        "last_indexed": date_time(video.indexed or video.created),
        "privacy_mode": details.privacy.value,
        "user_name": account.name,
        "is_owned": True,
        "is_base": True,
        "has_source_video_file": video.source is not None,
        "state": video.state.value,
        "moderation_state": "OK",
        "review_state": "None",
        "processing_progress": progress_text(video),
        "duration_in_seconds": int(video.media.duration_s) if video.media else 0,
        "thumbnail_video_id": video.video_id,
        "thumbnail_id": video.thumbnail_id or NO_GUID,
        "indexing_preset": video.options.preset,
        "streaming_preset": video.options.streaming_preset,
        "source_language": language,
        "source_languages": (language,),
        "person_model_id": NO_GUID,
    }
