import socket
from collections.abc import Sequence

import pytest

from efface.domain.errors import ConfigurationError, RequestError, ServiceUnavailableError
from efface.outbound import AddressRules
from efface.outbound.address_rules import Resolver


def resolving(*addresses: str) -> Resolver:
    def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    return resolve


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822"]
)
def test_public_address_may_be_called(address: str) -> None:
    assert AddressRules(resolver=resolving(address)).addresses("example.org", 443) == [address]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.9.10",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.0.0.192",
        "168.63.129.16",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:10.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:0:53aa:64c:0:0:80ff:fffe",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "not an address",
    ],
)
def test_other_address_is_refused_with_the_name_of_the_setting(address: str) -> None:
    with pytest.raises(RequestError, match="EFFACE_OUTBOUND_ALLOW"):
        AddressRules(resolver=resolving(address)).addresses("example.org", 80)


def test_only_the_public_ones_of_several_addresses_are_given() -> None:
    rules = AddressRules(resolver=resolving("10.0.0.1", "93.184.216.34", "::1"))
    assert rules.addresses("example.org", 80) == ["93.184.216.34"]


@pytest.mark.parametrize(
    ("allowed", "host", "address"),
    [
        ("10.0.0.0/8", "files", "10.1.2.3"),
        ("10.0.0.0/8", "files", "::ffff:10.1.2.3"),
        ("127.0.0.1", "localhost", "127.0.0.1"),
        ("fd00::/8", "files", "fd00::1"),
        ("files.local", "FILES.local.", "192.168.1.5"),
        ("any", "files", "169.254.169.254"),
        ("ANY", "files", "::1"),
    ],
)
def test_what_the_operator_allows_may_be_called(allowed: str, host: str, address: str) -> None:
    assert AddressRules([allowed], resolver=resolving(address)).addresses(host, 80) == [address]


@pytest.mark.parametrize(
    ("allowed", "host", "address"),
    [
        ("10.0.0.0/16", "files", "10.1.0.1"),
        ("files.local", "files.local.evil.org", "10.0.0.1"),
        ("files.local", "10.0.0.1", "10.0.0.1"),
        ("::/0", "files", "10.0.0.1"),
    ],
)
def test_what_the_operator_allows_opens_nothing_else(allowed: str, host: str, address: str) -> None:
    rules = AddressRules([allowed], resolver=resolving(address))
    with pytest.raises(RequestError):
        rules.addresses(host, 80)


@pytest.mark.parametrize("entry", ["", "10.0.0.0/33", "http://files", "a b", "files:80"])
def test_entry_that_cannot_be_read_is_refused(entry: str) -> None:
    with pytest.raises(ConfigurationError, match="EFFACE_OUTBOUND_ALLOW"):
        AddressRules([entry])


@pytest.mark.parametrize("literal", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "0"])
def test_odd_spellings_of_loopback_are_refused_by_the_real_resolver(literal: str) -> None:
    with pytest.raises(RequestError):
        AddressRules().addresses(literal, 80)


def test_unknown_host_and_silent_name_server_are_told_apart() -> None:
    def unknown(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    def silent(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    with pytest.raises(RequestError, match=r"nowhere\.example"):
        AddressRules(resolver=unknown).addresses("nowhere.example", 80)
    with pytest.raises(ServiceUnavailableError, match="name server"):
        AddressRules(resolver=silent).addresses("nowhere.example", 80)
