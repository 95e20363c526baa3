"""The index of a video, the same shape in every state."""

from collections.abc import Collection
from typing import Any

from efface.api.wire.failure import failure_code, failure_message
from efface.api.wire.insights import LISTS, InsightsShape, insights_shape
from efface.api.wire.parameters import CommaList, QueryShape, Switch
from efface.api.wire.shape import NO_GUID, WireShape
from efface.api.wire.summary import Summary, summary
from efface.api.wire.times import date_time, in_video
from efface.api.wire.video_item import progress_text
from efface.domain.service import Account, Video
from efface.usecases.insights import VideoInsights


class IndexQuery(QueryShape):
    """What of an index is wanted."""

    included_insights: CommaList = ()
    """Only these of ``insights``."""
    excluded_insights: CommaList = ()
    """All of ``insights`` but these."""
    include_summarized_insights: Switch = True
    """False leaves ``summarizedInsights`` null."""


class VideoIndex(WireShape):
    """A video in its index."""

    account_id: str
    id: str
    state: str
    moderation_state: str = "OK"
    review_state: str = "None"
    privacy_mode: str
    processing_progress: str
    failure_code: str
    failure_message: str
    external_id: str | None
    external_url: str | None
    metadata: str | None
    insights: InsightsShape
    thumbnail_id: str
    width: int
    height: int
    detect_source_language: bool = False
    language_auto_detect_mode: str = "None"
    source_language: str
    source_languages: tuple[str, ...]
    language: str
    languages: tuple[str, ...]
    indexing_preset: str
    streaming_preset: str
    linguistic_model_id: str = NO_GUID
    person_model_id: str = NO_GUID
    is_adult: bool = False
    published_url: str | None = None
    """Null as in Azure since 2024: streaming-url gives one."""
    published_proxy_url: str | None = None
    view_token: str | None = None


class Span(WireShape):
    """From when to when."""

    start: str
    end: str


class VideoRange(WireShape):
    """What of a video is in the index: all of it."""

    video_id: str
    range: Span


class IndexShape(WireShape):
    """The index of a video."""

    partition: str | None
    description: str | None
    privacy_mode: str
    state: str
    account_id: str
    id: str
    name: str
    user_name: str
    created: str
    is_owned: bool = True
    is_editable: bool = True
    is_base: bool = True
    duration_in_seconds: int
    duration: str
    summarized_insights: Summary | None
    videos: tuple[VideoIndex, ...]
    videos_ranges: tuple[VideoRange, ...]


def index_shape(
    account: Account, video: Video, insights: VideoInsights | None, *, has_summary: bool = True
) -> IndexShape:
    """The index of a video.

    Args:
        account: whose.
        video: which.
        insights: None where it has no index.
        has_summary: whether the summary is wanted.
    """
    details = video.details
    duration_s = video.media.duration_s if video.media else 0.0
    return IndexShape(
        partition=details.partition,
        description=details.description,
        privacy_mode=details.privacy.value,
        state=video.state.value,
        account_id=account.account_id,
        id=video.video_id,
        name=details.name,
        user_name=account.name,
        created=date_time(video.created),
        duration_in_seconds=int(duration_s),
        duration=in_video(duration_s),
        summarized_insights=summary(video, duration_s, insights) if has_summary else None,
        videos=(_video(video, duration_s, insights),),
        videos_ranges=(
            VideoRange(video_id=video.video_id, range=Span(start="0:00:00", end=in_video(duration_s))),
        ),
    )


def left_out(query: IndexQuery) -> dict[str, Any] | None:
    """The lists of insights that a client does not want, in Pydantic's form for ``exclude``."""
    included, excluded = _lower(query.included_insights), _lower(query.excluded_insights)
    unwanted = {name for name in LISTS if name in excluded or (included and name not in included)}
    return {"videos": {0: {"insights": unwanted}}} if unwanted else None


def _lower(words: Collection[str]) -> set[str]:
    return {word.lower() for word in words}


def _video(video: Video, duration_s: float, insights: VideoInsights | None) -> VideoIndex:
    details, language = video.details, video.details.language
    return VideoIndex(
        account_id=video.account_id,
        id=video.video_id,
        state=video.state.value,
        privacy_mode=details.privacy.value,
        processing_progress=progress_text(video),
        failure_code=failure_code(video.failure),
        failure_message=failure_message(video.failure),
        external_id=details.external_id,
        external_url=details.external_url,
        metadata=details.metadata,
        insights=insights_shape(duration_s, language, insights),
        thumbnail_id=video.thumbnail_id or NO_GUID,
        width=video.media.width if video.media else 0,
        height=video.media.height if video.media else 0,
        source_language=language,
        source_languages=(language,),
        language=language,
        languages=(language,),
        indexing_preset=video.options.preset,
        streaming_preset=video.options.streaming_preset,
    )
