"""Asking for redactions."""

import pytest

from efface.domain.errors import RequestError, UnknownFaceError, VideoBusyError
from efface.domain.redaction import BlurringKind, FilterScope, RedactionRequest
from efface.domain.service import (
    Failure,
    IndexOptions,
    IndexOutcome,
    JobKind,
    JobState,
    MediaFacts,
    Priority,
    VideoDetails,
    VideoState,
)
from efface.usecases.changes import delete_face, delete_source
from efface.usecases.redactions import (
    RedactionOrder,
    request_document,
    request_from_document,
    start_redaction,
)
from tests.unit.usecases.conftest import Stage


def order(*face_ids: int, scope: FilterScope = FilterScope.EXCLUDE) -> RedactionOrder:
    request = RedactionRequest(BlurringKind.HIGH_BLUR, scope, frozenset(face_ids))
    return RedactionOrder(request, VideoDetails("safe"), "Default", makes_stream=True, priority=Priority.LOW)


def test_redaction_makes_a_new_video_that_is_seen_at_once(stage: Stage) -> None:
    original = stage.indexed()
    video, job = start_redaction(stage.services, original, order(1001))
    listed = stage.video(video.video_id)
    assert (listed.state, listed.details.name, listed.original_id) == (
        VideoState.PROCESSING,
        "safe",
        original.video_id,
    )
    assert stage.video(original.video_id) == original
    assert stage.queue.submitted[-1] == (job.job_id, JobKind.REDACTION, Priority.LOW)
    assert request_from_document(job.request) == RedactionRequest(
        BlurringKind.HIGH_BLUR, face_ids=frozenset({1001})
    )


def test_faces_that_the_index_does_not_hold_are_named(stage: Stage) -> None:
    original = stage.indexed()
    with pytest.raises(UnknownFaceError, match=r"face id 7, 1009 .* it holds 1001, 1002"):
        start_redaction(stage.services, original, order(1001, 1009, 7))
    with pytest.raises(UnknownFaceError):
        start_redaction(stage.services, original, order(1009, scope=FilterScope.INCLUDE))


def test_deleted_face_cannot_be_named_any_more(stage: Stage) -> None:
    original = stage.indexed()
    delete_face(stage.services, original, 1002)
    with pytest.raises(UnknownFaceError, match="1002"):
        start_redaction(stage.services, original, order(1002))


def test_video_that_is_being_indexed_is_busy(stage: Stage) -> None:
    taken = stage.upload()
    with pytest.raises(VideoBusyError, match="being indexed"):
        start_redaction(stage.services, taken.video, order())


def test_video_whose_upload_failed_cannot_be_redacted(stage: Stage) -> None:
    taken = stage.upload()
    stage.services.catalogue.end_job(taken.job.job_id, JobState.FAILED, Failure("NoVideoError", "no picture"))
    with pytest.raises(RequestError, match="original upload failed"):
        start_redaction(stage.services, stage.video(taken.video.video_id), order())


def test_video_without_video_insights_cannot_be_redacted(stage: Stage) -> None:
    taken = stage.upload(options=IndexOptions("AudioOnly", False, "Default", False))
    assert taken.video.source
    stage.services.catalogue.begin_job(taken.job.job_id)
    outcome = IndexOutcome(1, taken.video.source, MediaFacts(1, 2, 2, 25), False, False, None)
    stage.services.catalogue.finish_index(taken.job.job_id, outcome)
    with pytest.raises(RequestError, match="never indexed with video insights"):
        start_redaction(stage.services, stage.video(taken.video.video_id), order())


def test_redaction_cannot_be_redacted_again(stage: Stage) -> None:
    video, _ = start_redaction(stage.services, stage.indexed(), order())
    with pytest.raises(VideoBusyError):
        start_redaction(stage.services, video, order())


def test_video_without_its_source_cannot_be_redacted(stage: Stage) -> None:
    original = stage.indexed()
    delete_source(stage.services, original)
    with pytest.raises(RequestError, match="source file was deleted"):
        start_redaction(stage.services, stage.video(original.video_id), order())


@pytest.mark.parametrize("kind", list(BlurringKind))
def test_request_survives_json(kind: BlurringKind) -> None:
    request = RedactionRequest(kind, FilterScope.INCLUDE, frozenset({1003, 1001}))
    assert request_from_document(request_document(request)) == request


def test_request_for_no_face_survives_json() -> None:
    request = RedactionRequest(BlurringKind.BLACK, covers_faces=False)
    assert request_from_document(request_document(request)) == request


def test_request_stored_by_an_earlier_efface_is_for_faces() -> None:
    document = request_document(RedactionRequest())
    del document["covers_faces"]
    assert request_from_document(document) == RedactionRequest()
