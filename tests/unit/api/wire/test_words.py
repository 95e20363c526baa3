"""Times, names, presets and parameters in Azure's spelling."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from efface.api.errors import ApiError
from efface.api.wire.names import file_name_of, name_in_url, redacted_name, video_name
from efface.api.wire.presets import index_options
from efface.api.wire.search import ListQuery, SearchQuery
from efface.api.wire.times import date_time, in_video, job_time, parse_date_time
from efface.api.wire.upload import UploadQuery
from efface.domain.service import Priority, Privacy, VideoState

MOMENT = datetime(2026, 1, 5, 10, 0, 0, 123456, UTC)


def test_moments_have_seven_decimals() -> None:
    assert date_time(MOMENT) == "2026-01-05T10:00:00.1234560+00:00"
    assert job_time(MOMENT) == "2026-01-05T10:00:00.1234560Z"
    elsewhere = MOMENT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert (date_time(elsewhere), job_time(elsewhere)) == (date_time(MOMENT), job_time(MOMENT))
    assert job_time(MOMENT.replace(microsecond=0)) == "2026-01-05T10:00:00.0000000Z"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00:00"),
        (1.4333333, "0:00:01.4333333"),
        (12.04, "0:00:12.04"),
        (59.99999999, "0:01:00"),
        (3599.5, "0:59:59.5"),
        (36000.25, "10:00:00.25"),
        (0.2, "0:00:00.2"),
        (-0.001, "0:00:00"),
        (600, "0:10:00"),
    ],
)
def test_time_in_a_video_has_no_zeros_too_many(seconds: float, text: str) -> None:
    assert in_video(seconds) == text


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-05T10:00:00.123456Z",
        "2026-01-05T10:00:00.1234567+00:00",
        "2026-01-05T10:00:00.123456 00:00",
        "2026-01-05T11:00:00.123456+01:00",
        "2026-01-05T10:00:00.123456",
        " 2026-01-05 10:00:00.123456Z ",
    ],
)
def test_moment_is_read_in_every_spelling(text: str) -> None:
    assert parse_date_time(text) == MOMENT


@pytest.mark.parametrize(
    ("given", "fallback", "name"),
    [
        (" clip ", "file.mp4", "clip"),
        (None, "file.mp4", "file.mp4"),
        ("", "file.mp4", "file.mp4"),
        ("None", "file.mp4", "file.mp4"),
        ("none", "file.mp4", "none"),
        (None, None, "video"),
        (None, "x" * 100, "x" * 80),
        ("a\nb\x00c", None, "a b c"),
        ("Grüße 🎬", None, "Grüße 🎬"),
    ],
)
def test_video_has_a_name(given: str | None, fallback: str | None, name: str) -> None:
    assert video_name(given, 80, fallback=fallback) == name


def test_name_that_is_too_long_is_refused() -> None:
    assert video_name("x" * 80, 80, fallback=None) == "x" * 80
    with pytest.raises(ApiError, match="81 characters: use at most 80") as refusal:
        video_name("x" * 81, 80, fallback=None)
    assert refusal.value.error_type == "VIDEO_NAME_TOO_LONG"


def test_redacted_video_is_called_after_its_original() -> None:
    assert redacted_name(None, "clip", 80) == "clip-redacted"
    assert redacted_name("None", "clip", 80) == "clip-redacted"
    assert redacted_name("mine", "clip", 80) == "mine"
    assert redacted_name(None, "x" * 80, 80) == "x" * 71 + "-redacted"
    assert len(redacted_name(None, "clip", 4)) == 4


def test_file_names_lose_their_folders() -> None:
    assert file_name_of("C:\\films\\a.mp4") == file_name_of("/films/a.mp4") == "a.mp4"
    assert file_name_of("films/") is file_name_of(None) is file_name_of("") is None
    assert name_in_url("https://h.test/films/a%20b.mp4?sig=1") == "a b.mp4"
    assert name_in_url("https://h.test/..%2F..%2Fa.mp4") == "a.mp4"
    assert name_in_url("https://h.test") is None


@pytest.mark.parametrize(
    "word", ["Default", "VideoOnly", "Basic", "BasicVideo", "Standard", "Advanced", "AdvancedVideo"]
)
def test_presets_for_video_find_faces_unless_these_are_excluded(word: str) -> None:
    query = UploadQuery.model_validate({"indexingPreset": f" {word.upper()} "})
    assert (query.options().preset, query.options().finds_faces) == (word, True)
    for excluded in (["faces"], ["Labels", "Faces"], ["Labels, FACES"], "Emotions,Faces"):
        query = UploadQuery.model_validate({"indexingPreset": word, "excludedAI": excluded})
        assert not query.options().finds_faces
    assert index_options(word, "Default", ["ObservedPeople", "Labels"]).finds_faces


@pytest.mark.parametrize("word", ["AudioOnly", "BasicAudio", "AdvancedAudio"])
def test_presets_for_audio_find_no_faces(word: str) -> None:
    assert not UploadQuery.model_validate({"indexingPreset": word.lower()}).options().finds_faces


@pytest.mark.parametrize(
    ("word", "is_made"), [("default", True), ("SINGLEBITRATE", True), (" noStreaming", False)]
)
def test_streaming_preset_says_whether_a_copy_is_made(word: str, is_made: bool) -> None:
    assert UploadQuery.model_validate({"streamingPreset": word}).options().makes_stream is is_made


@pytest.mark.parametrize(
    ("parameter", "value", "told"),
    [
        ("indexingPreset", "Turbo", "VideoOnly"),
        ("streamingPreset", "AdaptiveBitrate", "SingleBitrate"),
        ("streamingPreset", "DoubleBitrate", "SingleBitrate"),
        ("priority", "Urgent", "Low, Normal, High"),
        ("privacy", "Secret", "Private, Public"),
        ("retentionPeriod", "0", "1 to 7"),
        ("retentionPeriod", "8", "1 to 7"),
        ("retentionPeriod", "1.5", "1 to 7"),
        ("preventDuplicates", "perhaps", "boolean"),
    ],
)
def test_wrong_value_is_refused_with_the_right_ones(parameter: str, value: str, told: str) -> None:
    with pytest.raises(ValidationError, match=told) as refusal:
        UploadQuery.model_validate({parameter: value})
    assert refusal.value.errors()[0]["loc"] == (parameter,)


def test_empty_parameters_count_as_not_given() -> None:
    names = [field.alias for field in UploadQuery.model_fields.values() if field.alias]
    assert UploadQuery.model_validate(dict.fromkeys(names, " ")) == UploadQuery()
    plain = UploadQuery()
    assert (plain.priority, plain.privacy, plain.retention_period) == (Priority.NORMAL, Privacy.PRIVATE, None)


def test_lists_are_narrowed_by_what_clients_send() -> None:
    given: dict[str, Any] = {"createdAfter": "2026-01-05T10:00:00.123456 00:00", "partitions": ["a", "b,c"]}
    query = ListQuery.model_validate(given)
    assert query.to_filter().created_after == MOMENT
    assert query.to_filter().partitions == ("a", "b,c")
    assert (query.page_size, query.skip) == (25, 0)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("pageSize", "0"),
        ("pageSize", "1001"),
        ("skip", "-1"),
        ("skip", "2147483648"),
        ("pageSize", "٣"),
        ("skip", "1e3"),
        ("createdAfter", "yesterday"),
        ("createdBefore", "9999-12-31T23:59:59-14:00"),
    ],
)
def test_list_that_cannot_be_is_refused(parameter: str, value: str) -> None:
    with pytest.raises(ValidationError):
        ListQuery.model_validate({parameter: value})


def test_search_keeps_quoted_words_together() -> None:
    query = SearchQuery.model_validate({"query": ['red "big car"', "dog"], "face": ["Ann, Lee"]})
    assert query.to_filter().words == ("red", "big car", "dog")
    assert query.to_filter().face_names == ("Ann, Lee",)
    assert query.to_filter().states == (VideoState.PROCESSED,)
    narrowed = SearchQuery.model_validate(
        {"state": "failed, Uploaded", "privacy": ["PUBLIC"], "id": ["AB12"]}
    )
    assert narrowed.to_filter().states == (VideoState.FAILED, VideoState.UPLOADED)
    assert (narrowed.to_filter().privacies, narrowed.to_filter().video_ids) == ((Privacy.PUBLIC,), ("ab12",))
