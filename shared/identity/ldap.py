"""A directory: looks a person up, and signs in as what it found to check the password."""

import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from shared.config.options import option
from shared.identity.errors import Refused, Unreachable
from shared.offload import deadline

log = logging.getLogger(__name__)

_CONNECT_S, _ANSWER_S, _ALL_S = 5, 5, 15
# On this port connections begin in clear and are encrypted by StartTLS.
_CLEAR_PORT = 389
_LONGEST = 256


@dataclass(frozen=True)
class Person:
    """Somebody whom the directory knows."""

    dn: str
    email: str
    name: str


def verify(username: str, password: str) -> Person:
    """Check a password by the directory.

    Raises:
        Refused: Nobody fits, or more than one does, or the password is wrong.
        Unreachable: The directory cannot be asked, or refuses this server.
    """
    # An empty password makes a bind "unauthenticated": it succeeds for every name.
    # Source: RFC 4513, 5.1.2.
    if not username or not password or max(len(username), len(password)) > _LONGEST:
        raise Refused
    with _as_ours(), deadline(_ALL_S, Unreachable()):
        person = _find(username)
        _check(person, password)
    return person


@contextmanager
def _as_ours() -> Iterator[None]:
    from ldap3.core.exceptions import LDAPException  # noqa: PLC0415 -- most servers have no directory

    try:
        yield
    except (LDAPException, OSError, ssl.SSLError) as error:
        log.warning("the directory cannot be asked: %s: %s", type(error).__name__, error)
        raise Unreachable from error


def _find(username: str) -> Person:
    mail, uid = option("LDAP_ATTRIBUTE_FOR_MAIL"), option("LDAP_ATTRIBUTE_FOR_USERNAME")
    with _connected(option("LDAP_APP_DN"), option("LDAP_APP_PASSWORD")) as directory:
        if directory is None:
            log.warning("the directory refuses LDAP_APP_DN or its password")
            raise Unreachable
        directory.search(
            search_base=option("LDAP_SEARCH_BASE"),
            search_filter=_filter(uid, username),
            attributes=[uid, mail, "cn"],
            size_limit=2,
        )
        found = [entry for entry in directory.response if entry["type"] == "searchResEntry"]
    if len(found) != 1:
        raise Refused
    return _person(found[0], mail)


def _filter(attribute: str, username: str) -> str:
    from ldap3.utils.conv import escape_filter_chars  # noqa: PLC0415 -- see _as_ours

    extra = option("LDAP_SEARCH_FILTERS").strip()
    if extra and not extra.startswith("("):
        extra = f"({extra})"
    return f"(&({attribute}={escape_filter_chars(username)}){extra})"


def _person(entry: dict[str, Any], mail: str) -> Person:
    email = _first(entry["attributes"].get(mail))
    if not email:
        log.warning("an entry of the directory has no %s", mail)
        raise Refused
    return Person(entry["dn"], email, _first(entry["attributes"].get("cn")) or email)


def _first(values: Any) -> str:
    value = values[0] if isinstance(values, list) and values else values
    return str(value).strip() if value else ""


def _check(person: Person, password: str) -> None:
    with _connected(person.dn, password) as directory:
        if directory is None:
            raise Refused


@contextmanager
def _connected(dn: str, password: str) -> Iterator[Any]:
    """Connect, and sign in; None when the directory refuses that. Without a DN nobody signs in."""
    from ldap3 import ANONYMOUS, NONE, SIMPLE, Connection, Server  # noqa: PLC0415 -- see _as_ours

    port = int(option("LDAP_SERVER_PORT") or _CLEAR_PORT)
    is_encrypted = option("LDAP_USE_TLS")
    server = Server(
        option("LDAP_SERVER_HOST"),
        port=port,
        use_ssl=is_encrypted and port != _CLEAR_PORT,
        tls=_tls() if is_encrypted else None,
        get_info=NONE,
        connect_timeout=_CONNECT_S,
    )
    connection = Connection(
        server,
        user=dn or None,
        password=password or None,
        authentication=SIMPLE if dn else ANONYMOUS,
        # Referrals would take the password to servers that nobody has chosen.
        auto_referrals=False,
        receive_timeout=_ANSWER_S,
    )
    try:
        connection.open()
        if is_encrypted and port == _CLEAR_PORT and not connection.start_tls():
            raise Unreachable
        yield connection if connection.bind() else None
    finally:
        connection.unbind()


def _tls() -> Any:
    from ldap3 import Tls  # noqa: PLC0415 -- see _as_ours

    ciphers = option("LDAP_CIPHERS")
    return Tls(
        validate=ssl.CERT_REQUIRED,
        ca_certs_file=option("LDAP_CA_CERT_FILE") or None,
        ciphers=None if ciphers == "ALL" else ciphers,
    )
