"""Which addresses of the network users may send our workers to."""

import ipaddress
import socket
from contextlib import suppress
from functools import lru_cache
from urllib.parse import urlsplit

from shared.config.settings import get_settings
from shared.errors import Invalid

IP = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# IPv4 addresses in the clothes of IPv6 that a gateway takes off again. Source: RFC 6052.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Where clouds hand credentials to whoever asks, outside of the link-local range.
_METADATA = frozenset({"100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254"})


class AddressRefused(Invalid):
    """This address may not be opened from here."""


def require_web_address(url: str) -> str:
    """Check the form of an address that a user gives; where it leads is checked when it is opened.

    Returns:
        The address without blanks around it.

    Raises:
        Invalid: It is no http or https address.
    """
    url = url.strip()
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise Invalid("This is not an address.") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Invalid("An address has to begin with http:// or https://.")
    return url


def require_outside(url: str) -> str:
    """Check the form of an address, and refuse at once what is seen to lead inside without asking
    anybody: numbers, and this machine's own name. Others are looked at when they are opened.

    Returns:
        The address without blanks around it.

    Raises:
        Invalid: It is no http or https address.
        AddressRefused: It leads inside.
    """
    url = require_web_address(url)
    number = _number_in((urlsplit(url).hostname or "").rstrip("."))
    if number is not None and not is_allowed(number):
        raise AddressRefused
    return url


def _number_in(host: str) -> str | None:
    if host == "localhost" or host.endswith(".localhost"):
        return "127.0.0.1"
    with suppress(ValueError):
        return str(ipaddress.ip_address(host.partition("%")[0]))
    with suppress(OSError, UnicodeError):  # 2130706433, 0x7f.1 and the like
        return socket.inet_ntoa(socket.inet_aton(host))
    return None


def resolve(
    host: str, port: int, allows_private: bool = False, is_trusted: bool = False
) -> list[str]:
    """Find the numbers of a host, all of them fit to be opened.

    Args:
        host: Name or number.
        allows_private: Whether the networks of a house are fit too.
        is_trusted: Whether an admin has named this host and port: then all its numbers are fit.

    Returns:
        At least one address; connect to these and do not ask the name server again: it might answer
        otherwise.

    Raises:
        AddressRefused: At least one of them may not be opened.
        OSError: There is no such host.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError("no such host") from error
    numbers = list(dict.fromkeys(str(address[0]) for *_, address in found))
    if not is_trusted and not all(is_allowed(number, allows_private) for number in numbers):
        raise AddressRefused
    return numbers


def is_allowed(number: str, allows_private: bool = False) -> bool:
    """Decide whether an address may be opened for a user.

    Args:
        number: IPv4 or IPv6, as `getaddrinfo` writes it.
        allows_private: Whether the networks of a house are fit too; this machine itself, link-local
            and metadata addresses never are.
    """
    address = _plain(ipaddress.ip_address(number.partition("%")[0]))
    if any(address in network for network in _allowed_networks()):
        return True
    if str(address) in _METADATA or address.is_multicast:
        return False
    return address.is_global or (allows_private and _is_of_a_house(address))


def _is_of_a_house(address: IP) -> bool:
    is_special = (
        address.is_loopback
        or address.is_link_local
        or address.is_unspecified
        or address.is_reserved
    )
    return address.is_private and not is_special


def _plain(address: IP) -> IP:
    """Take an IPv4 address out of the IPv6 address that carries it."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address in _NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return inner or address


@lru_cache(maxsize=8)
def _read_networks(text: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


def _allowed_networks() -> tuple[Network, ...]:
    return _read_networks(get_settings().outbound_allowed_networks)
