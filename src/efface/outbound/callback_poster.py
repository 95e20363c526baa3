"""Calling back."""

import httpx

from efface.domain.errors import RequestError, ServiceUnavailableError
from efface.outbound.address_rules import AddressRules
from efface.outbound.guarded_transport import GuardedTransport, shown, time_limit

_LIMIT_S = 10.0
_MAX_REDIRECTS = 3
_SAME_CALL = frozenset({301, 302, 307, 308})


class CallbackPoster:
    """``ports.CallbackSender`` over HTTP; safe for several threads.

    Args:
        rules: which addresses may be called.
        limit_s: seconds that one call may take in all, look-up of the name excepted.
    """

    def __init__(self, rules: AddressRules, *, limit_s: float = _LIMIT_S) -> None:
        self._rules = rules
        self._limit_s = limit_s

    def post(self, url: str) -> bool:
        """See ``ports.CallbackSender``. A redirect is followed on the same host only, as the same empty POST."""
        client = httpx.Client(
            transport=GuardedTransport(self._rules),
            timeout=self._limit_s,
            trust_env=False,
            follow_redirects=False,
        )
        try:
            with client, time_limit(self._limit_s) as trace:
                return self._call(client, httpx.URL(url), trace)
        except httpx.InvalidURL as error:
            raise RequestError(
                f"a callback URL cannot be used: {error}; give http:// or https:// with a host"
            ) from error
        except (httpx.TransportError, ServiceUnavailableError):
            return False

    def _call(self, client: httpx.Client, url: httpx.URL, trace: object) -> bool:
        headers = {"User-Agent": "efface", "Content-Length": "0"}
        host = url.host
        for _ in range(_MAX_REDIRECTS + 1):
            if url.host != host:
                raise RequestError(
                    f"{shown(url)} is where {host} sends a call back on to: give that URL itself"
                )
            # Headers only: what the body says is of no use, and may be endless.
            with client.stream("POST", url, headers=headers, extensions={"trace": trace}) as answer:
                if answer.status_code not in _SAME_CALL or "location" not in answer.headers:
                    return answer.is_success
                url = url.join(answer.headers["location"])
        return False
