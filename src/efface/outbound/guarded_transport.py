"""Connecting to checked addresses only, and for a limited time."""

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from efface.domain.errors import RequestError
from efface.outbound.address_rules import AddressRules

_PORTS = {"http": 80, "https": 443}


class GuardedTransport(httpx.BaseTransport):
    """Sends each request, redirected ones too, to an address that ``AddressRules`` has passed.

    It connects by that very address, so a name server that answers otherwise the next time (DNS rebinding) changes
    nothing; host header, server name and certificate check stay those of the name.
    """

    def __init__(self, rules: AddressRules) -> None:
        self._rules = rules
        # No connection is kept: the next request to the same address may be for another host.
        self._inner = httpx.HTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """See ``httpx.BaseTransport``.

        Raises:
            RequestError: the URL is not of the web, or leads where efface must not go.
        """
        if request.url.scheme not in _PORTS or not request.url.host:
            raise RequestError(
                f"{shown(request.url)} is no URL of the web: give http:// or https:// with a host"
            )
        host = request.url.raw_host.decode("ascii")
        port = request.url.port or _PORTS[request.url.scheme]
        addresses = self._rules.addresses(host, port)
        for address in addresses[:-1]:
            try:
                return self._inner.handle_request(_by_address(request, host, address))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return self._inner.handle_request(_by_address(request, host, addresses[-1]))

    def close(self) -> None:
        """Close all connections."""
        self._inner.close()


def shown(url: httpx.URL | str) -> str:
    """A URL for messages and logs: without user, password, query and fragment, which may hold secrets."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return "the URL"
    return str(parsed.copy_with(username=None, password=None, query=None, fragment=None))


@contextmanager
def time_limit(seconds: float) -> Iterator[Callable[[str, Mapping[str, Any]], None]]:
    """Break the connection after a time, whatever it still gives: the time-outs of httpx begin anew with each byte.

    Yields:
        What to hand to the request as its extension ``trace``.
    """
    sockets: list[socket.socket] = []
    is_over = threading.Event()

    def note(event: str, info: Mapping[str, Any]) -> None:
        stream = info.get("return_value")
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")) and stream is not None:
            sockets.append(stream.get_extra_info("socket"))
            if is_over.is_set():
                end()

    def end() -> None:
        is_over.set()
        for one in sockets:
            try:
                # Of the plain socket: that of TLS would pull the connection from under the thread that reads.
                socket.socket.shutdown(one, socket.SHUT_RDWR)
            except OSError:
                continue  # closed already, or handed over to TLS

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield note
    finally:
        timer.cancel()


def _by_address(request: httpx.Request, host: str, address: str) -> httpx.Request:
    return httpx.Request(
        request.method,
        request.url.copy_with(host=address),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host},
    )
