"""Which videos a filter means, and pages of them."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, func, or_, select

from efface.ports.catalogue import VideoFilter, VideoPage
from efface.storage.catalogue.rows import to_video
from efface.storage.catalogue.tables import accounts, face_edits, fold, videos


def find_page(
    connection: Connection, account_id: str, wanted: VideoFilter, skip: int, limit: int
) -> VideoPage:
    """Some videos of an account, newest first, and how many there are."""
    total = count_videos(connection, account_id, wanted)
    limit = min(limit, total - skip)
    if limit <= 0:
        return VideoPage((), total)
    # From the nearer end: what is skipped costs time, if little.
    is_from_oldest = skip > total // 2
    order = (videos.c.created, videos.c.video_id)
    ids = (
        select(videos.c.video_id)
        .where(*_conditions(account_id, wanted))
        .order_by(*(order if is_from_oldest else [column.desc() for column in order]))
        .offset(total - skip - limit if is_from_oldest else skip)
        .limit(limit)
        .subquery()
    )
    # Ids first: they come out of an index, so that no row is read only to be skipped.
    page = (
        select(videos)
        .join(ids, videos.c.video_id == ids.c.video_id)
        .where(videos.c.account_id == account_id)
        .order_by(*[column.desc() for column in order])
    )
    return VideoPage(tuple(map(to_video, connection.execute(page))), total)


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
