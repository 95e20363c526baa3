"""Accounts and their subscription keys."""

import hashlib
import re
import secrets
from dataclasses import dataclass

from efface.domain.errors import AccountNotFoundError, RequestError
from efface.domain.service import Account
from efface.ports import Accounts, Clock
from efface.usecases.services import Services, new_guid

DEFAULT_LOCATION = "local"
_LOCATION = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,79}")


@dataclass(frozen=True, slots=True)
class Usage:
    """What an account has taken in, as far as it is still there."""

    num_today: int
    """Videos since midnight UTC."""
    seconds_today: float
    """Their length."""
    seconds_ever: float


def account_usage(services: Services, account_id: str) -> Usage:
    """How much an account has taken in."""
    midnight = services.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    num_today, seconds_today = services.catalogue.uploads_since(account_id, midnight)
    return Usage(num_today, seconds_today, services.catalogue.uploads_since(account_id, None)[1])


def hash_key(subscription_key: str) -> str:
    """What is kept of a key. A plain hash will do, because keys are random and long."""
    return hashlib.sha256(subscription_key.encode()).hexdigest()


def create_account(
    accounts: Accounts, clock: Clock, name: str, *, location: str = DEFAULT_LOCATION
) -> tuple[Account, str]:
    """Make an account.

    Args:
        accounts: where.
        clock: when.
        name: unique, for people and for the paths of Azure's resource manager.
        location: what clients put into paths where Azure has its region.

    Returns:
        The account and its subscription key, which is kept nowhere else.

    Raises:
        RequestError: the name or location is no usable one, or the name is taken.
    """
    if not _NAME.fullmatch(name):
        raise RequestError(
            f"account name {name!r} cannot be used: give 1 to 80 letters, digits, spaces, dots, dashes or underscores"
        )
    location = location.lower()
    if not _LOCATION.fullmatch(location):
        raise RequestError(f"location {location!r} cannot be used: give 1 to 40 letters, digits and dashes")
    account = Account(new_guid(), name, location, clock.now())
    key = _new_key()
    accounts.add_account(account, hash_key(key))
    return account, key


def rotate_key(accounts: Accounts, account_id: str) -> str:
    """Give an account a new subscription key; the old one opens nothing from now on.

    Raises:
        AccountNotFoundError: no such account.
    """
    key = _new_key()
    accounts.set_key(account_id, hash_key(key))
    return key


def find_account(accounts: Accounts, name_or_id: str) -> Account:
    """The account of this name or id, in any case.

    Raises:
        AccountNotFoundError: none.
    """
    wanted = name_or_id.lower()
    for account in accounts.list_accounts():
        if wanted in {account.account_id, account.name.lower()}:
            return account
    raise AccountNotFoundError(f"there is no account {name_or_id!r}: `efface account list` shows them all")


def first_account(accounts: Accounts) -> Account:
    """The oldest account.

    Raises:
        AccountNotFoundError: there is none.
    """
    found = accounts.list_accounts()
    if not found:
        raise AccountNotFoundError(
            "there is no account yet: `efface serve` or `efface account create` makes one"
        )
    return found[0]


def _new_key() -> str:
    return secrets.token_hex(32)
