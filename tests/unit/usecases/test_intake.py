"""Taking videos in."""

import pytest

from efface.domain.errors import DuplicateVideoError, QueueFullError, RequestError
from efface.domain.redaction import BlurringKind, FilterScope, RedactionRequest
from efface.domain.service import IndexOptions, JobKind, JobState, Priority, VideoDetails, VideoState
from efface.usecases.intake import IntakeOrder, take_in
from efface.usecases.redactions import RedactionOrder
from tests.unit.usecases.conftest import FACES, Stage


def order(request: RedactionRequest | None = None) -> RedactionOrder:
    return RedactionOrder(request or RedactionRequest(), VideoDetails("safe"), "Default", makes_stream=True)


def test_upload_is_stored_catalogued_and_handed_in(stage: Stage) -> None:
    taken = stage.upload(b"bytes of a video", priority=Priority.HIGH)
    video = stage.video(taken.video.video_id)
    assert video.source
    assert stage.objects.get_bytes(video.source.key) == b"bytes of a video"
    assert video.source.key.endswith(".mp4")
    assert (video.state, video.source.size_bytes) == (VideoState.UPLOADED, 16)
    assert stage.queue.submitted == [(taken.job.job_id, JobKind.INDEX, Priority.HIGH)]


def test_upload_succeeds_while_the_queue_is_away(stage: Stage) -> None:
    stage.queue.is_away = True
    taken = stage.upload()
    assert [job.job_id for job in stage.services.catalogue.open_jobs()] == [taken.job.job_id]


def test_url_is_kept_for_a_worker_to_fetch(stage: Stage) -> None:
    wanted = IntakeOrder(VideoDetails("clip"), FACES)
    taken = take_in(stage.services, stage.account.account_id, wanted, "https://example.org/clip.mp4")
    video = stage.video(taken.video.video_id)
    assert (video.source_url, video.source) == ("https://example.org/clip.mp4", None)


def test_duplicate_is_refused_by_content_only_when_asked(stage: Stage) -> None:
    first = stage.upload(b"same")
    stage.upload(b"same")
    with pytest.raises(DuplicateVideoError, match="video id: '") as refused:
        stage.upload(b"same", refuses_duplicates=True)
    assert refused.value.video_id != ""
    assert len(first.video.video_id) == len(refused.value.video_id) == 10
    stage.upload(b"other", refuses_duplicates=True)


def test_work_beyond_the_limit_is_refused_and_leaves_nothing(stage: Stage) -> None:
    for _ in range(4):
        stage.upload()
    held = set(stage.objects.content)
    with pytest.raises(QueueFullError):
        stage.upload()
    assert set(stage.objects.content) == held


def test_redaction_in_the_same_call_waits_for_the_index(stage: Stage) -> None:
    taken = stage.upload(redaction=order(RedactionRequest(BlurringKind.BLACK)))
    assert taken.redacted
    assert taken.redaction_job
    job = stage.services.catalogue.job_by_id(taken.redaction_job.job_id)
    assert (job.state, job.waits_for) == (JobState.WAITING, taken.job.job_id)
    assert stage.video(taken.redacted.video_id).original_id == taken.video.video_id
    assert [submitted[0] for submitted in stage.queue.submitted] == [taken.job.job_id]


def test_redaction_in_the_same_call_cannot_name_faces(stage: Stage) -> None:
    for scope in FilterScope:
        with pytest.raises(RequestError, match="face ids are known only after indexing"):
            stage.upload(redaction=order(RedactionRequest(scope=scope, face_ids=frozenset({1001}))))


def test_redaction_in_the_same_call_needs_video_insights(stage: Stage) -> None:
    sound_only = IndexOptions("AudioOnly", False, "Default", True)
    with pytest.raises(RequestError, match="preset for video"):
        stage.upload(options=sound_only, redaction=order())
    assert stage.objects.content == {}


def test_retention_sets_the_day_on_which_a_video_goes(stage: Stage) -> None:
    taken = stage.upload(retention_days=3)
    assert taken.video.expires
    assert (taken.video.expires - stage.clock.now()).days == 3
