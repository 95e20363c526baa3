"""Accounts that were looked up lately, so that a client who asks about a job again and again costs one look-up each."""

import threading
from collections import OrderedDict
from collections.abc import Callable

from efface.domain.service import Account
from efface.ports import Accounts

_KEPT_S = 5.0
_CAPACITY = 1000


class KnownAccounts:
    """Keeps accounts for five seconds; safe for several threads. Nobody is let in by it: tokens are read each time."""

    def __init__(self, accounts: Accounts, monotonic: Callable[[], float]) -> None:
        self._accounts = accounts
        self._monotonic = monotonic
        self._kept: OrderedDict[str, tuple[float, Account]] = OrderedDict()
        self._lock = threading.Lock()

    def at_hand(self, account_id: str) -> Account | None:
        """The account, if it was looked up lately; reaches no database."""
        with self._lock:
            ends, account = self._kept.get(account_id, (0.0, None))
            return account if self._monotonic() < ends else None

    def account(self, account_id: str) -> Account:
        """The account.

        Raises:
            AccountNotFoundError: no such account.
            ServiceUnavailableError: the database does not answer.
        """
        known = self.at_hand(account_id)
        if known is not None:
            return known
        account = self._accounts.account(account_id)
        with self._lock:
            self._kept[account_id] = (self._monotonic() + _KEPT_S, account)
            self._kept.move_to_end(account_id)
            while len(self._kept) > _CAPACITY:
                self._kept.popitem(last=False)
        return account
