"""The library on the wire: an extension of efface, for pages that people look at."""

from typing import Annotated

from pydantic import BeforeValidator, WithJsonSchema

from efface.api.wire.failure import failure_message
from efface.api.wire.paging import NextPage
from efface.api.wire.parameters import PageSize, QueryShape, Repeated, Skip, StateWords, one_of, or_default
from efface.api.wire.search import words_of
from efface.api.wire.shape import WireShape
from efface.api.wire.times import date_time
from efface.domain.service import RedactionFacts, Video
from efface.ports.catalogue import VideoFilter, VideoOrder
from efface.usecases.library import LibraryEntry

_ORDERS = {order.value: order for order in VideoOrder}
_KINDS = {"all": None, "original": False, "redaction": True}
LibraryOrder = Annotated[
    VideoOrder,
    BeforeValidator(or_default(one_of(_ORDERS), VideoOrder.NEWEST)),
    WithJsonSchema({"type": "string", "enum": list(_ORDERS), "default": "newest"}),
]
LibraryKind = Annotated[
    str,
    BeforeValidator(or_default(one_of({word: word for word in _KINDS}), "all")),
    WithJsonSchema({"type": "string", "enum": list(_KINDS), "default": "all"}),
]


class LibraryQuery(QueryShape):
    """Which videos are wanted, and in which order."""

    query: Repeated = ()
    """Words that the name, the description or a named face must all hold; quotes keep words together."""
    kind: LibraryKind = "all"
    """``original`` for videos that were taken in, ``redaction`` for those that were made."""
    state: StateWords = ()
    sort: LibraryOrder = VideoOrder.NEWEST
    page_size: PageSize = 25
    skip: Skip = 0

    def to_filter(self) -> VideoFilter:
        """The same in the words of the catalogue."""
        return VideoFilter(
            words=tuple(words_of(self.query)), states=self.state, is_redaction=_KINDS[self.kind]
        )


class KeptPerson(WireShape):
    """Somebody whom a redaction has left visible."""

    id: int
    name: str | None
    """As a user had named the person then."""


class RedactionSummary(WireShape):
    """How a video was redacted, and what was left open."""

    blurring_kind: str
    covers_faces: bool
    """False where only what was drawn and muted by hand was treated."""
    hidden_count: int
    """People who were treated."""
    kept: tuple[KeptPerson, ...]
    regions_count: int
    mutes_count: int
    removed_tracks_count: int
    """Taken for no face by hand, and so left visible."""
    open_risks_count: int
    """Moments where a treated face may be bare, and that nobody had found fine."""


class RelatedVideo(WireShape):
    """A redaction of a video."""

    id: str
    name: str
    state: str
    created: str
    redaction: RedactionSummary | None
    """None before it is finished."""


class LibraryItem(WireShape):
    """A video as a person looks at it."""

    id: str
    name: str
    created: str
    state: str
    progress: int
    """0 to 100."""
    failure_message: str
    """One sentence for people, empty where nothing has failed."""
    duration_in_seconds: float | None
    """None before the video was looked at."""
    width: int | None
    height: int | None
    size_in_bytes: int | None
    """None where there is no file."""
    thumbnail_id: str | None
    faces_count: int | None
    """People that were found; None where nobody has looked."""
    can_be_redacted: bool
    has_source_video_file: bool
    index_version: int
    """Number of its index, which counts with each analysis; 0 where there is none."""
    original_video_id: str | None
    """The video that this one is a redaction of."""
    redactions: tuple[RelatedVideo, ...]
    redaction: RedactionSummary | None
    """How it was redacted; None for what was taken in, and before it is finished."""
    notices: tuple[str, ...]
    """What a person should know of how it was analysed or rendered, such as sound that could not be muted."""
    job_id: str | None
    """What is being done to it, or to make it."""


class LibraryList(WireShape):
    """Some videos."""

    results: tuple[LibraryItem, ...]
    total: int
    next_page: NextPage


def library_item(entry: LibraryEntry) -> LibraryItem:
    """A video as a person looks at it."""
    video, media = entry.video, entry.video.media
    return LibraryItem(
        id=video.video_id,
        name=video.details.name,
        created=date_time(video.created),
        state=video.state.value,
        progress=video.progress,
        failure_message=failure_message(video.failure),
        duration_in_seconds=media.duration_s if media else None,
        width=media.width if media else None,
        height=media.height if media else None,
        size_in_bytes=video.source.size_bytes if video.source else None,
        thumbnail_id=video.thumbnail_id,
        faces_count=entry.num_faces,
        can_be_redacted=video.has_faces_index and video.source is not None,
        has_source_video_file=video.source is not None,
        index_version=video.index_version,
        original_video_id=video.original_id,
        redactions=tuple(map(_related, entry.redactions)),
        redaction=_summary(video.redaction),
        notices=video.notices,
        job_id=entry.open_job.job_id if entry.open_job else None,
    )


def _related(video: Video) -> RelatedVideo:
    return RelatedVideo(
        id=video.video_id,
        name=video.details.name,
        state=video.state.value,
        created=date_time(video.created),
        redaction=_summary(video.redaction),
    )


def _summary(facts: RedactionFacts | None) -> RedactionSummary | None:
    if facts is None:
        return None
    return RedactionSummary(
        blurring_kind=facts.kind.wire_name,
        covers_faces=facts.covers_faces,
        hidden_count=facts.num_hidden,
        kept=tuple(KeptPerson(id=each.face_id, name=each.name) for each in facts.kept),
        regions_count=facts.num_regions,
        mutes_count=facts.num_mutes,
        removed_tracks_count=facts.num_removed_tracks,
        open_risks_count=facts.num_open_risks,
    )
