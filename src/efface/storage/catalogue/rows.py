"""Records to columns and back."""

import hashlib
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Row

from efface.domain.service import (
    Account,
    Failure,
    IndexOptions,
    Job,
    MediaFacts,
    Priority,
    RedactionFacts,
    StoredSource,
    Video,
    VideoDetails,
)
from efface.storage.catalogue.tables import fold

_REDACTION = TypeAdapter(RedactionFacts)


def to_account(row: Row[Any]) -> Account:
    """A row of ``accounts``."""
    return Account(row.account_id, row.name, row.location, row.created)


def to_video(row: Row[Any]) -> Video:
    """A row of ``videos``."""
    return Video(
        video_id=row.video_id,
        account_id=row.account_id,
        details=VideoDetails(
            name=row.name,
            description=row.description,
            external_id=row.external_id,
            external_url=row.external_url,
            metadata=row.metadata,
            partition=row.partition,
            file_name=row.file_name,
            privacy=row.privacy,
            language=row.language,
        ),
        options=IndexOptions(row.preset, row.finds_faces, row.streaming_preset, row.makes_stream),
        created=row.created,
        modified=row.modified,
        state=row.state,
        progress=row.progress,
        indexed=row.indexed,
        source=_source(row),
        source_url=row.source_url,
        is_source_deleted=row.is_source_deleted,
        media=None
        if row.width is None
        else MediaFacts(row.duration_s, row.width, row.height, row.num_frames),
        failure=_failure(row),
        index_version=row.index_version,
        has_faces_index=row.has_faces_index,
        has_stream=row.has_stream,
        thumbnail_id=row.thumbnail_id,
        original_id=row.original_id,
        expires=row.expires,
        notices=tuple(row.notices or ()),
        redaction=None if row.redaction is None else _REDACTION.validate_python(row.redaction),
    )


def to_job(row: Row[Any]) -> Job:
    """A row of ``jobs``."""
    return Job(
        job_id=row.job_id,
        account_id=row.account_id,
        kind=row.kind,
        video_id=row.video_id,
        priority=Priority(row.priority),
        state=row.state,
        created=row.created,
        updated=row.updated,
        output_id=row.output_id,
        progress=row.progress,
        request=row.request,
        callback_url=row.callback_url,
        waits_for=row.waits_for,
        failure=_failure(row),
        num_frames=row.num_frames,
        work_s=row.work_s,
    )


def video_columns(video: Video) -> dict[str, Any]:
    """A whole row of ``videos``."""
    return {
        "video_id": video.video_id,
        "account_id": video.account_id,
        **details_columns(video.details),
        **options_columns(video.options),
        "created": video.created,
        "modified": video.modified,
        "state": video.state,
        "progress": video.progress,
        "indexed": video.indexed,
        **source_columns(video.source),
        "source_url": video.source_url,
        "source_url_hash": None if video.source_url is None else url_hash(video.source_url),
        "is_source_deleted": video.is_source_deleted,
        **media_columns(video.media),
        **failure_columns(video.failure),
        "index_version": video.index_version,
        "has_faces_index": video.has_faces_index,
        "has_stream": video.has_stream,
        "thumbnail_id": video.thumbnail_id,
        "original_id": video.original_id,
        "expires": video.expires,
        "notices": list(video.notices),
        "redaction": redaction_document(video.redaction),
    }


def redaction_document(facts: RedactionFacts | None) -> dict[str, Any] | None:
    """How a video was redacted, ready for JSON."""
    return None if facts is None else _REDACTION.dump_python(facts, mode="json")


def details_columns(details: VideoDetails) -> dict[str, Any]:
    """What a user says, with the words that searches look at."""
    return {
        "name": details.name,
        "description": details.description,
        "external_id": details.external_id,
        "external_url": details.external_url,
        "metadata": details.metadata,
        "partition": details.partition,
        "file_name": details.file_name,
        "privacy": details.privacy,
        "language": details.language,
        # A line break, so that no word is found across the two.
        "words_folded": fold(f"{details.name}\n{details.description or ''}"),
    }


def options_columns(options: IndexOptions) -> dict[str, Any]:
    """How a video is analysed."""
    return {
        "preset": options.preset,
        "finds_faces": options.finds_faces,
        "streaming_preset": options.streaming_preset,
        "makes_stream": options.makes_stream,
    }


def source_columns(source: StoredSource | None) -> dict[str, Any]:
    """Where the file of a video lies."""
    return {
        "source_key": source and source.key,
        "source_size_bytes": source and source.size_bytes,
        "source_sha256": source and source.sha256,
        "source_md5": source and source.md5,
    }


def media_columns(media: MediaFacts | None) -> dict[str, Any]:
    """What was measured."""
    return {
        "duration_s": media and media.duration_s,
        "width": media and media.width,
        "height": media and media.height,
        "num_frames": media and media.num_frames,
    }


def failure_columns(failure: Failure | None) -> dict[str, Any]:
    """Why something failed; None clears it."""
    return {"failure_code": failure and failure.code, "failure_message": failure and failure.message}


def job_columns(job: Job) -> dict[str, Any]:
    """A whole row of ``jobs``."""
    return {
        "job_id": job.job_id,
        "account_id": job.account_id,
        "kind": job.kind,
        "video_id": job.video_id,
        "output_id": job.output_id,
        "priority": int(job.priority),
        "state": job.state,
        "created": job.created,
        "updated": job.updated,
        "progress": job.progress,
        "request": dict(job.request),
        "callback_url": job.callback_url,
        "waits_for": job.waits_for,
        **failure_columns(job.failure),
        "num_frames": job.num_frames,
        "work_s": job.work_s,
    }


def url_hash(url: str) -> str:
    """What an address is looked up by."""
    return hashlib.sha256(url.encode()).hexdigest()


def _source(row: Row[Any]) -> StoredSource | None:
    if row.source_key is None:
        return None
    return StoredSource(row.source_key, row.source_size_bytes, row.source_sha256, row.source_md5)


def _failure(row: Row[Any]) -> Failure | None:
    return None if row.failure_code is None else Failure(row.failure_code, row.failure_message)
