"""Which addresses may be called: users give URLs, and theirs must not reach what only this machine's network may."""

import ipaddress
import socket
from collections.abc import Callable, Iterable, Sequence

from efface.domain.errors import ConfigurationError, RequestError, ServiceUnavailableError

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Sequence[str]]
"""Gives the IP addresses of a host, raising ``OSError`` where there are none."""

SETTING = "EFFACE_OUTBOUND_ALLOW"
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All that is given out to the public; older Pythons take addresses outside it for global."""
_INNER: tuple[IpNetwork, ...] = (
    ipaddress.IPv4Network("192.0.0.0/24"),  # of protocols; 192.0.0.192 gives a cloud machine's secrets
    ipaddress.IPv4Network("168.63.129.16/32"),  # Azure's own, from inside its machines only
)
_MAX_ADDRESSES = 4


def system_resolver(host: str, port: int) -> Sequence[str]:
    """The addresses that the machine's own resolver gives, in its order.

    Raises:
        OSError: the name is not known, or no name server answers.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class AddressRules:
    """Public addresses may be called, others only where the operator says so.

    Args:
        allowed: networks (``10.1.0.0/16``), addresses or host names that may be called although they are not public;
            ``any`` lifts the check.
        resolver: looks names up.

    Raises:
        ConfigurationError: an entry of ``allowed`` is none of these.
    """

    def __init__(self, allowed: Iterable[str] = (), *, resolver: Resolver = system_resolver) -> None:
        self._resolver = resolver
        self._is_open = False
        self._networks: list[IpNetwork] = []
        self._hosts: set[str] = set()
        for entry in allowed:
            self._allow(entry.strip())

    def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host that may be called; connect to one of these, and look the name up no more.

        Args:
            host: in ASCII, an IPv6 address without brackets.
            port: TCP port.

        Raises:
            RequestError: there is no such host, or none of its addresses may be called.
            ServiceUnavailableError: no name server answers.
        """
        try:
            found = self._resolver(host, port)
        except (OSError, UnicodeError) as error:
            if isinstance(error, socket.gaierror) and error.errno in {socket.EAI_AGAIN, socket.EAI_FAIL}:
                raise ServiceUnavailableError(
                    f"no name server answers for host {host!r}; try again"
                ) from error
            raise RequestError(f"host {host!r} is not known: check the spelling of the URL") from error
        is_named = self._is_open or _plain(host) in self._hosts
        good = [address for address in found if is_named or self._may_call(address)]
        if not good:
            raise RequestError(
                f"host {host!r} has no public address, and the service may call no other: let the operator add it to "
                f"{SETTING}, or give a URL of a public server"
            )
        return good[:_MAX_ADDRESSES]

    def _allow(self, entry: str) -> None:
        if entry.lower() == "any":
            self._is_open = True
            return
        try:
            self._networks.append(ipaddress.ip_network(entry, strict=False))
        except ValueError as error:
            if not entry or not set(entry.lower()) <= set("abcdefghijklmnopqrstuvwxyz0123456789-._"):
                raise ConfigurationError(
                    f"{SETTING} holds {entry!r}: give networks such as 10.1.0.0/16, addresses, host names, or any"
                ) from error
            self._hosts.add(_plain(entry))

    def _may_call(self, text: str) -> bool:
        try:
            address = _innermost(ipaddress.ip_address(text))
        except ValueError:
            return False
        if any(address.version == network.version and address in network for network in self._networks):
            return True
        if address.version == 6 and address not in _GLOBAL_UNICAST:
            return False
        is_inner = any(address.version == network.version and address in network for network in _INNER)
        return address.is_global and not address.is_multicast and not is_inner


def _innermost(address: IpAddress) -> IpAddress:
    """The IPv4 address that an IPv6 address stands for, where it does: the packets end up there."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _plain(host: str) -> str:
    return host.lower().rstrip(".")
