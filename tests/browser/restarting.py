"""A server that ends and is started again under an open page."""

import time
from collections.abc import Callable
from urllib.parse import urlsplit

from tests import live_service
from tests.live_service import LiveService

RESTART_NOISE = (
    "ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "ERR_EMPTY_RESPONSE", "504",
    "ERR_INCOMPLETE_CHUNKED_ENCODING", "ERR_SOCKET_NOT_CONNECTED",
)  # fmt: skip
"""What a page meets while nobody answers."""


def restart(lives: list[LiveService], while_away: Callable[[], object] = lambda: None) -> None:
    """End the last service of a list and start it again at the same address; the list gets the new one.

    Args:
        lives: the service, as often as it was started.
        while_away: looks at what pages tell while nobody answers.
    """
    before, began_s = lives[-1], time.monotonic()
    assert live_service.stop(before) == 0
    # An open page listens to events and may be sending: the server's end waits for neither.
    assert time.monotonic() - began_s < 9
    while_away()
    port = urlsplit(before.url).port
    assert port
    lives.append(live_service.start(before.data, key=before.key, port=port))
