"""What the parts of the catalogue have in common."""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from efface.domain.errors import VideoNotFoundError
from efface.ports import Clock
from efface.storage.catalogue.engine import Database
from efface.storage.catalogue.tables import videos


class CataloguePart:
    """One part of the catalogue, over the same database and clock as the others."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def _lock_videos(self, connection: Connection, account_id: str, video_ids: Iterable[str]) -> None:
        """Keep other transactions from these videos until this one ends."""
        if self._database.is_sqlite:
            return  # the whole database is ours already
        connection.execute(
            select(videos.c.video_id)
            .where(videos.c.account_id == account_id, videos.c.video_id.in_(sorted(set(video_ids))))
            .order_by(videos.c.video_id)
            .with_for_update()
        )


def no_video(video_id: str) -> VideoNotFoundError:
    """The error for a video that is not there, or not in this account."""
    return VideoNotFoundError(f"the account holds no video {video_id!r}: list its videos to see their ids")
