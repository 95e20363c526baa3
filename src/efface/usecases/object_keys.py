"""Where each object of a video lies in the store. Everything of a video is below ``video_prefix``."""

import re

from efface.domain.service import Video

_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")


def account_prefix(account_id: str) -> str:
    """Everything of one account."""
    return f"accounts/{account_id}"


def video_prefix(video: Video) -> str:
    """Everything of one video."""
    return video_prefix_of(video.account_id, video.video_id)


def video_prefix_of(account_id: str, video_id: str) -> str:
    """Everything of the video with this id, which may be gone from the catalogue."""
    return f"{account_prefix(account_id)}/videos/{video_id}"


def source_key(video: Video, attempt: str, file_name: str | None) -> str:
    """The video's own file.

    Args:
        video: whose.
        attempt: a token of the attempt that writes it, so that two never replace each other's file.
        file_name: as a user named it; only a plain suffix is taken over.
    """
    suffix = "." + (file_name or "").rpartition(".")[2]
    return f"{video_prefix(video)}/source/{attempt}{suffix.lower() if _SUFFIX.fullmatch(suffix) else ''}"


def index_key(video: Video, version: int, file_name: str) -> str:
    """A file of one version of a video's index."""
    return f"{video_prefix(video)}/index/{version}/{file_name}"


def poster_key(video: Video, thumbnail_id: str) -> str:
    """The picture that stands for the video."""
    return f"{video_prefix(video)}/poster/{thumbnail_id}.jpg"


def stream_key(video: Video, file_name: str) -> str:
    """A file of the copy for streaming."""
    return f"{video_prefix(video)}/stream/{file_name}"


def edits_key(video: Video, token: str) -> str:
    """A saved state of the corrections of a video.

    Args:
        video: that is corrected.
        token: of whoever saves it, so that two who save at once never replace each other's document.
    """
    return f"{video_prefix(video)}/edits/{token}.json"


def follow_key(video: Video, digest: str) -> str:
    """Where a drawn region was followed to."""
    return f"{video_prefix(video)}/follow/{digest}.json"


def order_key(video: Video) -> str:
    """The corrections that a redaction was ordered with, below the video that it makes."""
    return f"{video_prefix(video)}/order/edits.json"


def job_prefix(job_id: str) -> str:
    """What passes between the segments of one job; gone when it ends."""
    return f"jobs/{job_id}"


def plan_key(job_id: str) -> str:
    """How the job is cut into segments."""
    return f"{job_prefix(job_id)}/plan.json"


def resolved_edits_key(job_id: str) -> str:
    """The corrections that a job applies, each region with its path."""
    return f"{job_prefix(job_id)}/edits.json"


def part_key(job_id: str, segment: int, is_whole: bool) -> str:
    """What one segment has yielded."""
    return f"{job_prefix(job_id)}/{'whole' if is_whole else 'part'}-{segment:05d}"
