"""Doing one order: what a child process runs."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from efface.domain.errors import DiskFullError
from efface.domain.service import JobKind, StoredSource
from efface.ports import DiskRoom, Progress
from efface.ports.disk_room import disk_filled_up
from efface.usecases import work_index, work_redaction
from efface.usecases.completion import source_document
from efface.usecases.object_keys import source_key
from efface.usecases.services import new_video_id
from efface.usecases.work import Stage, WorkOrder, WorkTools

_Work = Callable[[WorkOrder, WorkTools, Path, Progress], dict[str, Any]]

_STAGES: dict[tuple[JobKind, Stage], _Work] = {
    (JobKind.INDEX, Stage.PLAN): work_index.plan,
    (JobKind.INDEX, Stage.SEGMENT): work_index.analyse,
    (JobKind.INDEX, Stage.JOIN): work_index.join,
    (JobKind.REDACTION, Stage.PLAN): work_redaction.plan,
    (JobKind.REDACTION, Stage.SEGMENT): work_redaction.render,
    (JobKind.REDACTION, Stage.JOIN): work_redaction.join,
}

_MADE = "what is made of the video"


def perform(order: WorkOrder, tools: WorkTools, progress: Progress) -> dict[str, Any]:
    """Do one stage of a job.

    Args:
        order: which.
        tools: what it needs.
        progress: hears how far it is, and may stop it.

    Returns:
        Ready for JSON. ``FETCH``: ``source``; ``PLAN``: ``num_frames`` of each segment; ``SEGMENT``: ``num_frames`` and
        ``is_exact``, false where the video must be taken as one segment; ``JOIN``: ``outcome``.

    Raises:
        InputError: the video or the request cannot be used.
        ArtifactNotFoundError: what an earlier stage has made is gone, as the job is.
        ServiceUnavailableError: a store or a web server does not answer; trying again may help.
        DiskFullError: there is no room for it.
        OutputError, WeightsError: this machine cannot do it.
        Cancelled: stopped on request.
    """
    try:
        _require_room(order, tools.room)
        return _perform(order, tools, progress)
    except DiskFullError as error:
        if str(tools.scratch) not in str(error):
            raise
        raise disk_filled_up(_MADE) from error


def _require_room(order: WorkOrder, room: DiskRoom) -> None:
    """A finished video is about as large as its source; what else is made nobody knows before, but it is less."""
    source = order.video.source
    if order.stage is Stage.JOIN and order.job.kind is JobKind.REDACTION and source is not None:
        room.require(source.size_bytes, "the redacted video")
    else:
        room.go_on(1, _MADE)


def _perform(order: WorkOrder, tools: WorkTools, progress: Progress) -> dict[str, Any]:
    with TemporaryDirectory(dir=tools.scratch, prefix=f"{order.stage.value}-") as folder:
        if order.stage is Stage.FETCH:
            return _fetch(order, tools, Path(folder), progress)
        return _STAGES[order.job.kind, order.stage](order, tools, Path(folder), progress)


def _fetch(order: WorkOrder, tools: WorkTools, folder: Path, progress: Progress) -> dict[str, Any]:
    video = order.video
    assert video.source_url is not None, "only videos from a URL are fetched"
    target = folder / "fetched"
    fetched = tools.downloader.fetch(
        video.source_url, target, max_bytes=tools.settings.max_fetch_bytes, progress=progress
    )
    key = source_key(video, new_video_id(), video.details.file_name or fetched.file_name)
    tools.objects.put_file(key, target)
    return source_document(StoredSource(key, fetched.size_bytes, fetched.sha256, fetched.md5))
