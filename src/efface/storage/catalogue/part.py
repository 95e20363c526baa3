"""What the parts of the catalogue have in common."""

from collections.abc import Iterable

from sqlalchemy import Connection, select, update

from efface.domain.errors import AccountNotFoundError, VideoNotFoundError
from efface.ports import Clock
from efface.storage.catalogue.engine import Database
from efface.storage.catalogue.tables import accounts, videos


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

    def _count_videos(self, connection: Connection, account_id: str, more: int) -> None:
        """Note that an account has gained or lost videos; it locks the account, so it comes before all other locks.

        Raises:
            AccountNotFoundError: no such account.
        """
        change = update(accounts).where(accounts.c.account_id == account_id)
        if connection.execute(change.values(num_videos=accounts.c.num_videos + more)).rowcount == 0:
            raise no_account(account_id)


def no_account(account_id: str) -> AccountNotFoundError:
    """The error for an account that is not there."""
    return AccountNotFoundError(f"there is no account {account_id!r}: `efface account list` shows them all")


def no_video(video_id: str) -> VideoNotFoundError:
    """The error for a video that is not there, or not in this account."""
    return VideoNotFoundError(f"the account holds no video {video_id!r}: list its videos to see their ids")
