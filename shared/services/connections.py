"""Connections: the model servers that an admin has set up."""

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from shared.config.options import OPTIONS, Options, get_options, option
from shared.config.secrets import is_mask, mask
from shared.config.settings import get_settings
from shared.errors import NotFound

OPENAI, OLLAMA = "openai", "ollama"


@dataclass(frozen=True)
class Connection:
    """One model server.

    Attributes:
        kind: OPENAI or OLLAMA: the protocol it speaks.
        index: Its place in the admin's list of that kind; -1 for the local models.
        url: Base address without a trailing slash.
        key: Bearer key, empty for none. Never shown, never logged.
        config: `{enable, prefix_id, model_ids, tags, …}` as the admin saved it.
    """

    kind: str
    index: int
    url: str
    key: str = field(repr=False, default="")
    config: dict[str, Any] = field(default_factory=dict, hash=False, compare=True)

    @property
    def is_enabled(self) -> bool:
        """Whether it is asked at all. OpenAI itself, the default, tells nobody anything without a
        key.
        """
        if not self.url or self.config.get("enable", True) is False:
            return False
        return bool(self.key) or urlsplit(self.url).hostname != "api.openai.com"

    @property
    def mark(self) -> str:
        """What it is known by when its place in the list has changed."""
        return _mark(self.kind, self.url)

    @property
    def prefix(self) -> str:
        """What stands before the ids of its models, dot included."""
        prefix = self.config.get("prefix_id") or ""
        return f"{prefix}." if prefix else ""

    @property
    def is_local(self) -> bool:
        """Whether it is the local model server that `make run` starts."""
        return self.index < 0

    def upstream_id(self, model_id: str) -> str:
        """Give the id under which the server itself knows a model."""
        return model_id.removeprefix(self.prefix)


@lru_cache(maxsize=256)
def _mark(kind: str, url: str) -> str:
    return hashlib.sha256(f"{kind} {url}".encode()).hexdigest()[:16]


def of_kind(kind: str) -> list[Connection]:
    """List the connections of one kind in the admin's order, disabled ones included."""
    if kind == OLLAMA:
        urls, configs = option("OLLAMA_BASE_URLS"), option("OLLAMA_API_CONFIGS")
        keys = [str((_config(configs, i, url)).get("key") or "") for i, url in enumerate(urls)]
    else:
        urls, configs = option("OPENAI_API_BASE_URLS"), option("OPENAI_API_CONFIGS")
        keys = padded(option("OPENAI_API_KEYS"), len(urls))
    return [
        Connection(kind, i, url.rstrip("/"), keys[i], _config(configs, i, url))
        for i, url in enumerate(urls)
    ]


def padded(keys: list[str], count: int) -> list[str]:
    """Cut or fill a list of keys to the number of addresses."""
    return [*keys, *[""] * count][:count]


def is_place(place: str, urls: list[str]) -> bool:
    """Whether a key of the configs names the place of one of these addresses."""
    return place.isdecimal() and int(place) < len(urls)


def key_of_form(kind: str, url: str, sent: str, place: int = 0) -> str:
    """Take a key from a form. A mask stands for the key that this address has, wherever it stands
    in the list; so no key goes to another address than the one it was given for.

    Args:
        place: Where in the form it stands, for an address that is there more than once.
    """
    if not is_mask(sent):
        return sent
    saved = [c for c in of_kind(kind) if c.url == url and c.key and mask(c.key) == sent]
    saved.sort(key=lambda c: c.index != place)
    return saved[0].key if saved else ""


def _config(configs: dict[str, Any], index: int, url: str) -> dict[str, Any]:
    # The base address as key is an older form that saved configurations still have.
    found = configs.get(str(index), configs.get(url, {}))
    return found if isinstance(found, dict) else {}


def local() -> list[Connection]:
    """Give the connection to the local model server, if there is one."""
    settings = get_settings()
    if not settings.local_models or not settings.local_models_url:
        return []
    return [
        Connection(OPENAI, -1, settings.local_models_url.rstrip("/"), settings.local_models_key)
    ]


def enabled() -> list[Connection]:
    """List all connections that may be asked now, the local models last."""
    options = get_options()
    return [*_enabled_remote(options, options.edition()), *local()]


@lru_cache(maxsize=1)
def _enabled_remote(_options: Options, _edition: int) -> list[Connection]:
    """Make the list anew when options have changed; it is asked for by every answer."""
    remote: list[Connection] = []
    if option("ENABLE_OPENAI_API"):
        remote += of_kind(OPENAI)
    if option("ENABLE_OLLAMA_API"):
        remote += of_kind(OLLAMA)
    return [c for c in remote if c.is_enabled]


def find_enabled(kind: str, index: int, mark: str) -> Connection | None:
    """Give the connection that once stood at a place and may be asked now, wherever it stands.

    Args:
        mark: By which it is known; so that nobody's words go to another server that has taken its
            place.
    """
    found = [c for c in enabled() if c.kind == kind and c.mark == mark]
    return min(found, key=lambda c: c.index != index, default=None)


def is_unasked_for(connection: Connection) -> bool:
    """Whether nobody has set up this connection: it is tried because somebody may be there."""
    name = "OLLAMA_BASE_URLS" if connection.kind == OLLAMA else "OPENAI_API_BASE_URLS"
    return not connection.is_local and option(name) == OPTIONS[name].default


def find(kind: str, index: int) -> Connection:
    """Give one connection.

    Raises:
        NotFound: There is none of that kind at that place.
    """
    candidates = local() if index < 0 and kind == OPENAI else of_kind(kind)
    for connection in candidates:
        if connection.index == index:
            return connection
    raise NotFound
