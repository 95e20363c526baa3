"""Who is calling, and under which address the service was called: behind proxies or not."""

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Scope

_HOST = re.compile(r"(?:[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")
_MAX_HOPS = 20


@dataclass(frozen=True, slots=True)
class Origin:
    """What the connection tells, after the headers of trusted proxies."""

    address: str
    """Of the client, as text; empty where the server does not know it."""
    base_url: str | None
    """Scheme, host and prefix without a slash at the end; None where the host is missing or malformed."""


class Origins:
    """Tells the origin of requests."""

    def __init__(self, trusted_proxies: Iterable[str]) -> None:
        self._trusted = [ipaddress.ip_network(proxy, strict=False) for proxy in trusted_proxies]

    def of(self, scope: Scope) -> Origin:
        """The origin of a request. Forwarded headers count only from a trusted proxy, and the hop next to the
        trusted ones is taken, so that a client cannot place itself elsewhere."""
        peer = scope["client"][0] if scope.get("client") else ""
        headers = Headers(scope=scope)
        scheme, host, prefix, address = scope.get("scheme", "http"), headers.get("host", ""), "", peer
        if self._is_trusted(peer):
            if "forwarded" in headers:
                hop = self._first_untrusted(_forwarded_hops(headers.getlist("forwarded")))
                address = _bare_address(hop.get("for", "")) or address
                scheme, host = hop.get("proto", scheme), hop.get("host", host)
            else:
                hops = [{"for": name} for name in _listed(headers.getlist("x-forwarded-for"))]
                address = _bare_address(self._first_untrusted(hops).get("for", "")) or address
                scheme = _last(headers, "x-forwarded-proto", scheme)
                host = _last(headers, "x-forwarded-host", host)
            prefix = _last(headers, "x-forwarded-prefix", "").rstrip("/")
        return Origin(address, _base_url(scheme.lower(), host, prefix))

    def _is_trusted(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._trusted)

    def _first_untrusted(self, hops: Sequence[Mapping[str, str]]) -> Mapping[str, str]:
        for hop in reversed(hops[-_MAX_HOPS:]):
            if not self._is_trusted(_bare_address(hop.get("for", ""))):
                return hop
        return hops[0] if hops else {}


def _base_url(scheme: str, host: str, prefix: str) -> str | None:
    if scheme not in {"http", "https"} or not _HOST.fullmatch(host) or not _PREFIX.fullmatch(prefix):
        return None
    return f"{scheme}://{host}{prefix}"


def _listed(values: Iterable[str]) -> list[str]:
    return [part.strip() for value in values for part in value.split(",") if part.strip()]


def _last(headers: Headers, name: str, otherwise: str) -> str:
    listed = _listed(headers.getlist(name))
    return listed[-1] if listed else otherwise


def _forwarded_hops(values: Iterable[str]) -> list[dict[str, str]]:
    """Elements of RFC 7239's header, names in lower case."""
    hops = []
    for element in _listed(values):
        pairs = (pair.partition("=") for pair in element.split(";"))
        hops.append({name.strip().lower(): value.strip().strip('"') for name, _, value in pairs})
    return hops


def _bare_address(text: str) -> str:
    """An address without port and brackets, empty for what is none (``unknown``, ``_hidden``)."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""
