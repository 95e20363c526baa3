"""Changing and deleting what is there."""

from dataclasses import replace
from datetime import timedelta

import pytest

from efface.domain.errors import (
    ArtifactNotFoundError,
    JobNotFoundError,
    RequestError,
    SourceDeletedError,
    VideoBusyError,
    VideoNotFoundError,
)
from efface.domain.redaction import RedactionRequest
from efface.domain.service import JobState, VideoDetails, VideoState
from efface.usecases import changes
from efface.usecases.housekeeping import sweep_retention
from efface.usecases.object_keys import video_prefix
from efface.usecases.reading import read_insights, read_picture, source_file
from efface.usecases.redactions import RedactionOrder, start_redaction
from tests.unit.usecases.conftest import FACES, Stage

EVERYBODY = RedactionOrder(RedactionRequest(), VideoDetails("safe"), "Default", makes_stream=False)


def test_name_of_a_face_shows_and_stays(stage: Stage) -> None:
    video = stage.indexed()
    changes.name_face(stage.services, video, 1002, "  Ada   Lovelace ")
    insights = read_insights(stage.services, video)
    assert insights
    assert [face.name for face in insights.faces] == ["Unknown #1", "Ada Lovelace"]
    assert [face.is_named for face in insights.faces] == [False, True]


def test_deleted_face_is_not_shown(stage: Stage) -> None:
    video = stage.indexed()
    changes.delete_face(stage.services, video, 1001)
    insights = read_insights(stage.services, video)
    assert insights
    assert [face.face_id for face in insights.faces] == [1002]
    with pytest.raises(ArtifactNotFoundError, match="1001"):
        changes.name_face(stage.services, video, 1001, "Ada")


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\x00b"])
def test_face_name_that_cannot_be_shown_is_refused(stage: Stage, name: str) -> None:
    with pytest.raises(RequestError, match="newName"):
        changes.name_face(stage.services, stage.indexed(), 1001, name)


def test_picture_is_a_range_of_its_archive(stage: Stage) -> None:
    video = stage.indexed()
    stage.objects.put_bytes(f"{video_prefix(video)}/index/1/faces-thumbnails.zip", b"AAAABBBB")
    assert read_picture(stage.services, video, "GUID-1002") == b"BBBB"
    with pytest.raises(ArtifactNotFoundError, match="Thumbnail 'nothing' was not found"):
        read_picture(stage.services, video, "nothing")


def test_index_again_keeps_the_old_index_until_the_new_one_is_there(stage: Stage) -> None:
    video = stage.indexed()
    changes.index_again(stage.services, video, FACES)
    during = stage.video(video.video_id)
    assert (during.state, during.index_version) == (VideoState.PROCESSING, 1)
    assert read_insights(stage.services, during)
    with pytest.raises(VideoBusyError, match="already being indexed"):
        changes.index_again(stage.services, during, FACES)


def test_deleted_source_is_gone_and_told_so(stage: Stage) -> None:
    video = stage.indexed()
    assert video.source
    changes.delete_source(stage.services, video)
    after = stage.video(video.video_id)
    assert not stage.objects.has(video.source.key)
    with pytest.raises(SourceDeletedError):
        source_file(after)
    with pytest.raises(SourceDeletedError):
        changes.delete_source(stage.services, after)
    with pytest.raises(RequestError, match="source file was deleted"):
        changes.index_again(stage.services, after, FACES)


def test_source_that_a_job_needs_is_not_deleted(stage: Stage) -> None:
    video = stage.indexed()
    start_redaction(stage.services, video, EVERYBODY)
    with pytest.raises(VideoBusyError, match="a job needs the file"):
        changes.delete_source(stage.services, video)


def test_deleted_video_leaves_no_object_and_stops_its_jobs(stage: Stage) -> None:
    video = stage.indexed()
    redacted, job = start_redaction(stage.services, video, EVERYBODY)
    changes.delete_video(stage.services, video)
    with pytest.raises(VideoNotFoundError):
        stage.video(video.video_id)
    assert stage.objects.content == {}
    assert stage.queue.cancelled == [job.job_id]
    assert stage.services.catalogue.job_by_id(job.job_id).state is JobState.CANCELLED
    assert stage.video(redacted.video_id).state is VideoState.FAILED


def test_cancelled_job_ends_and_cannot_end_twice(stage: Stage) -> None:
    redacted, job = start_redaction(stage.services, stage.indexed(), EVERYBODY)
    ended = changes.cancel_job(stage.services, stage.account.account_id, job.job_id)
    assert (ended.state, ended.failure and ended.failure.code) == (JobState.CANCELLED, "Cancelled")
    assert changes.cancel_job(stage.services, stage.account.account_id, job.job_id) == ended
    assert stage.queue.cancelled == [job.job_id]
    assert stage.video(redacted.video_id).state is VideoState.FAILED


def test_job_of_another_account_cannot_be_cancelled(stage: Stage) -> None:
    _, job = start_redaction(stage.services, stage.indexed(), EVERYBODY)
    with pytest.raises(JobNotFoundError):
        changes.cancel_job(stage.services, "00000000-0000-0000-0000-000000000000", job.job_id)
    assert stage.queue.cancelled == []


def test_retention_removes_what_is_over_and_nothing_else(stage: Stage) -> None:
    passing = stage.upload(b"1", retention_days=1).video
    lasting = stage.upload(b"2").video
    stage.clock.time += timedelta(days=1, seconds=1)
    assert sweep_retention(stage.services) == 1
    assert sweep_retention(stage.services) == 0
    with pytest.raises(VideoNotFoundError):
        stage.video(passing.video_id)
    assert stage.video(lasting.video_id) == replace(lasting)
