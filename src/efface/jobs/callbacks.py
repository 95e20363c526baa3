"""Makes the calls that are owed to clients' web servers, again and again until they are answered."""

import logging
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from efface.domain.errors import RequestError
from efface.domain.service import Callback
from efface.ports import Callbacks, CallbackSender, Clock

PAUSES_S = (1.0, 5.0, 30.0, 120.0, 600.0, *(3600.0,) * 23)
"""Before the second attempt, the third, and so on: a day in all, after which nobody waits for the call any more."""
AT_ONCE = 8
LEASE_S = 60.0
"""Longer than any call: an attempt whose worker died is made again by another one after that."""

_logger = logging.getLogger(__name__)


def next_attempt(callback: Callback, now: datetime, draw: Callable[[], float]) -> datetime | None:
    """When a call is to be tried again that has just failed; None when it is given up.

    Args:
        callback: as it was before this attempt.
        now: when the attempt ended.
        draw: a random number in 0..1; spreads the attempts, so that a server that comes back is not met by all at once.
    """
    if callback.attempts >= len(PAUSES_S):
        return None
    return now + timedelta(seconds=PAUSES_S[callback.attempts] * (0.8 + 0.4 * draw()))


class CallbackCourier:
    """Makes the calls that are due.

    Args:
        callbacks: the calls that are owed.
        sender: makes one.
        clock: tells when they are due.
    """

    def __init__(self, callbacks: Callbacks, sender: CallbackSender, clock: Clock) -> None:
        self._callbacks, self._sender, self._clock = callbacks, sender, clock
        # A server that lets every call wait must not hold up those to others.
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="callback")

    def deliver(self) -> int:
        """Make the calls that are due now, a few at once; gives how many were tried.

        Raises:
            ServiceUnavailableError: the catalogue does not answer; the calls are made later, perhaps twice.
        """
        due = self._callbacks.claim_callbacks(self._clock.now(), LEASE_S, AT_ONCE)
        list(self._threads.map(self._attempt, due))
        return len(due)

    def close(self) -> None:
        """Begin no other call."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _attempt(self, callback: Callback) -> None:
        later: datetime | None = None
        try:
            if not self._sender.post(callback.url):
                later = next_attempt(callback, self._clock.now(), random.random)
                if later is None:
                    _logger.warning("call back of job %s is given up: nobody answers", callback.job_id)
        except RequestError as error:
            # An address that must not be called will be no better tomorrow.
            _logger.warning("call back of job %s is given up: %s", callback.job_id, error)
        self._callbacks.settle_callback(callback.callback_id, later)
