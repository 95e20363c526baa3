"""Accounts and the hashes of their keys."""

from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from efface.domain.errors import RequestError
from efface.domain.service import Account
from efface.storage.catalogue.part import CataloguePart, no_account
from efface.storage.catalogue.rows import to_account
from efface.storage.catalogue.tables import accounts, fold

_BY_ID = select(accounts).where(accounts.c.account_id == bindparam("account_id"))


class SqlAccounts(CataloguePart):
    """``ports.Accounts`` in SQL."""

    def add_account(self, account: Account, key_hash: str) -> None:
        """See ``ports.Accounts``."""
        values: dict[str, Any] = {
            "account_id": account.account_id,
            "name": account.name,
            "name_folded": fold(account.name),
            "location": account.location,
            "created": account.created,
            "key_hash": key_hash,
            "num_videos": 0,
        }
        try:
            with self._database.writing() as connection:
                connection.execute(insert(accounts).values(values))
        except IntegrityError as error:
            raise RequestError(f"account name {account.name!r} is taken: choose another") from error

    def list_accounts(self) -> tuple[Account, ...]:
        """See ``ports.Accounts``."""
        with self._database.reading() as connection:
            rows = connection.execute(select(accounts).order_by(accounts.c.created, accounts.c.account_id))
            return tuple(map(to_account, rows))

    def account(self, account_id: str) -> Account:
        """See ``ports.Accounts``."""
        with self._database.reading() as connection:
            row = connection.execute(_BY_ID, {"account_id": account_id}).first()
        if row is None:
            raise no_account(account_id)
        return to_account(row)

    def accounts_with_key(self, key_hash: str) -> tuple[Account, ...]:
        """See ``ports.Accounts``."""
        wanted = select(accounts).where(accounts.c.key_hash == key_hash).order_by(accounts.c.created)
        with self._database.reading() as connection:
            return tuple(map(to_account, connection.execute(wanted)))

    def key_hash(self, account_id: str) -> str:
        """See ``ports.Accounts``."""
        wanted = select(accounts.c.key_hash).where(accounts.c.account_id == account_id)
        with self._database.reading() as connection:
            found = connection.execute(wanted).scalar_one_or_none()
        if found is None:
            raise no_account(account_id)
        return str(found)

    def set_key(self, account_id: str, key_hash: str) -> None:
        """See ``ports.Accounts``."""
        change = update(accounts).where(accounts.c.account_id == account_id).values(key_hash=key_hash)
        with self._database.writing() as connection:
            if connection.execute(change).rowcount == 0:
                raise no_account(account_id)
