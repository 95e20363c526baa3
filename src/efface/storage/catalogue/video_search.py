"""Which videos a filter means, and pages of them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, func, or_, select

from efface.domain.service import Video
from efface.ports.catalogue import VideoFilter, VideoOrder, VideoPage
from efface.storage.catalogue.rows import to_video
from efface.storage.catalogue.tables import accounts, face_edits, fold, videos


@dataclass(frozen=True, slots=True)
class PageWanted:
    """Which part of all that a filter means."""

    skip: int
    limit: int
    order: VideoOrder


_ORDERS: dict[VideoOrder, tuple[ColumnElement[Any], bool]] = {
    VideoOrder.NEWEST: (videos.c.created, True),
    VideoOrder.OLDEST: (videos.c.created, False),
    # Begins with the name.
    VideoOrder.NAME: (videos.c.words_folded, False),
    VideoOrder.LONGEST: (func.coalesce(videos.c.duration_s, -1.0), True),
}
"""What each order goes by, and whether the largest comes first."""


def find_page(connection: Connection, account_id: str, wanted: VideoFilter, page: PageWanted) -> VideoPage:
    """Some videos of an account, and how many there are."""
    total = count_videos(connection, account_id, wanted)
    limit = min(page.limit, total - page.skip)
    if limit <= 0:
        return VideoPage((), total)
    column, is_descending = _ORDERS[page.order]
    # From the nearer end: what is skipped costs time, if little.
    is_from_end = page.skip > total // 2
    ids = (
        select(videos.c.video_id)
        .where(*_conditions(account_id, wanted))
        .order_by(*_sorted_by(column, is_descending is not is_from_end))
        .offset(total - page.skip - limit if is_from_end else page.skip)
        .limit(limit)
        .subquery()
    )
    # Ids first: they come out of an index, so that no row is read only to be skipped.
    rows = (
        select(videos)
        .join(ids, videos.c.video_id == ids.c.video_id)
        .where(videos.c.account_id == account_id)
        .order_by(*_sorted_by(column, is_descending))
    )
    return VideoPage(tuple(map(to_video, connection.execute(rows))), total)


def find_redactions(
    connection: Connection, account_id: str, video_ids: Collection[str], limit: int
) -> dict[str, tuple[Video, ...]]:
    """The newest redactions of each of some videos, by the id of the original."""
    columns = videos.c
    newest_first = (columns.created.desc(), columns.video_id.desc())
    place = func.row_number().over(partition_by=columns.original_id, order_by=newest_first)
    # Ids first, as in a page: all this lies in the index.
    ids = (
        select(columns.video_id, place.label("place"))
        .where(columns.account_id == account_id, columns.original_id.in_(tuple(video_ids)))
        .subquery()
    )
    rows = (
        select(videos)
        .join(ids, columns.video_id == ids.c.video_id)
        .where(columns.account_id == account_id, ids.c.place <= limit)
        .order_by(*newest_first)
    )
    found: dict[str, list[Video]] = {}
    for row in connection.execute(rows):
        found.setdefault(row.original_id, []).append(to_video(row))
    return {original_id: tuple(made) for original_id, made in found.items()}


def _sorted_by(column: ColumnElement[Any], is_descending: bool) -> tuple[ColumnElement[Any], ...]:
    columns = (column, videos.c.video_id)
    return tuple(each.desc() for each in columns) if is_descending else columns


def count_videos(connection: Connection, account_id: str, wanted: VideoFilter) -> int:
    """How many videos a filter means."""
    if wanted == VideoFilter():
        kept = select(accounts.c.num_videos).where(accounts.c.account_id == account_id)
        return connection.execute(kept).scalar() or 0
    count = select(func.count()).select_from(videos).where(*_conditions(account_id, wanted))
    return int(connection.execute(count).scalar_one())


def _conditions(account_id: str, wanted: VideoFilter) -> list[ColumnElement[bool]]:
    columns = videos.c
    found: list[ColumnElement[bool]] = [columns.account_id == account_id]
    if wanted.created_after is not None:
        found.append(columns.created >= wanted.created_after)
    if wanted.created_before is not None:
        found.append(columns.created <= wanted.created_before)
    choices: list[tuple[Any, Any]] = [
        (columns.partition, wanted.partitions),
        (columns.state, wanted.states),
        (columns.privacy, wanted.privacies),
        (columns.video_id, wanted.video_ids),
        (columns.external_id, wanted.external_ids),
    ]
    found += [column.in_(tuple(values)) for column, values in choices if values]
    if wanted.original_id is not None:
        found.append(columns.original_id == wanted.original_id)
    if wanted.is_redaction is not None:
        found.append(
            columns.original_id.is_not(None) if wanted.is_redaction else columns.original_id.is_(None)
        )
    if wanted.has_source is not None:
        found.append(columns.source_key.is_not(None) if wanted.has_source else columns.source_key.is_(None))
    for word in wanted.words:
        found.append(or_(_contains(columns.words_folded, word), _has_face_named([word])))
    if wanted.face_names:
        found.append(_has_face_named(list(wanted.face_names)))
    return found


def _has_face_named(names: list[str]) -> ColumnElement[bool]:
    return exists().where(
        face_edits.c.account_id == videos.c.account_id,
        face_edits.c.video_id == videos.c.video_id,
        face_edits.c.is_deleted.is_(False),
        or_(*[_contains(face_edits.c.name_folded, name) for name in names]),
    )


def _contains(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    return column.contains(fold(text), autoescape=True)
