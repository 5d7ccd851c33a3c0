"""A REDIS_URL that names Sentinels: they say which server is the primary now."""

from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit

SCHEME, TLS_SCHEME = "sentinel://", "sentinels://"
SCHEMES = (SCHEME, TLS_SCHEME)
_PORT, _SERVICE = 26379, "mymaster"
_OPTIONS = {"service", "sentinel_username", "sentinel_password"}
_TLS_OPTIONS = {"ssl_ca_certs", "ssl_certfile", "ssl_keyfile"}
_FORM = (
    "it has to be sentinel://:password@host:port,host:port/number?service=name,"
    " or sentinels:// with TLS"
)


@dataclass(frozen=True)
class Sentinels:
    """Who is asked for the primary, and how one enters there and here.

    Attributes:
        addresses: Host and port of each Sentinel.
        service: What they call the primary.
        credentials: User and password of the primary; empty where there is none.
        own_credentials: Those of the Sentinels themselves.
        database: Number of the database at the primary.
        tls: None for connections in clear; else redis-py's options for TLS, to the Sentinels and to
            the servers: whose certificates count, and one's own.
    """

    addresses: tuple[tuple[str, int], ...]
    service: str
    credentials: tuple[str, str]
    own_credentials: tuple[str, str]
    database: int
    tls: dict[str, str] | None = None

    @property
    def broker_url(self) -> str:
        """The same in the form that Celery knows."""
        user, password = (quote(part, safe="") for part in self.credentials)
        entry = f"{user}:{password}@" if password else ""
        hosts = (f"[{host}]" if ":" in host else host for host, _ in self.addresses)
        ports = (port for _, port in self.addresses)
        pairs = zip(hosts, ports, strict=True)
        return ";".join(f"{SCHEME}{entry}{host}:{port}/{self.database}" for host, port in pairs)


def parse(url: str) -> Sentinels | None:
    """Read a REDIS_URL; None when it names a server itself.

    Raises:
        ValueError: It names Sentinels in a form that cannot be read; the words repeat nothing of
            it, there may be a password in it.
    """
    if not url.startswith(SCHEMES):
        return None
    try:
        return _read(urlsplit(url))
    except ValueError:
        # Python's own words would show a part of the address.
        raise ValueError(_FORM) from None


def _read(parts: SplitResult) -> Sentinels:
    entry, _, hosts = parts.netloc.rpartition("@")
    user, _, password = entry.partition(":")
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    is_encrypted = parts.scheme == "sentinels"
    if unknown := set(options) - _OPTIONS - (_TLS_OPTIONS if is_encrypted else set()):
        raise ValueError(f"nothing is known of {unknown}")
    return Sentinels(
        tuple(_address(host) for host in hosts.split(",")),
        options.get("service", _SERVICE),
        (unquote(user), unquote(password)),
        (options.get("sentinel_username", ""), options.get("sentinel_password", "")),
        int(parts.path.strip("/") or 0),
        {name: options[name] for name in _TLS_OPTIONS & set(options)} if is_encrypted else None,
    )


def _address(text: str) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    if not parts.hostname:
        raise ValueError("a host is missing")
    return parts.hostname, parts.port or _PORT
