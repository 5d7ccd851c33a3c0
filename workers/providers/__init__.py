"""Model servers: one adapter per kind, one object per connection of a process."""

import os
import threading
from importlib import import_module

from shared.config.settings import get_settings
from shared.errors import Reason
from workers.providers.base import Provider, Timeouts
from workers.providers.errors import Refused
from workers.providers.upstream import Connection

KINDS = {
    "openai": "workers.providers.openai.OpenAIProvider",
    "ollama": "workers.providers.ollama.OllamaProvider",
    "pipe": "workers.pipes.provider.PipeProvider",
}
_MAX_KEPT = 64
_kept: dict[tuple[str, str, str], Provider] = {}
_lock = threading.Lock()
os.register_at_fork(after_in_child=_kept.clear)  # two processes cannot share connections


def provider_for(connection: Connection) -> Provider:
    """Give the provider of a connection: always the same object for the same address and key.

    Args:
        connection: Its kind, url and key count.

    Raises:
        Refused: The kind is unknown, or address or key cannot be used.
    """
    name = (connection.kind, connection.url, connection.key)
    with _lock:
        provider = _kept.pop(name, None) or _make(connection)
        _kept[name] = provider  # as the newest
        if len(_kept) > _MAX_KEPT:
            _kept.pop(next(iter(_kept))).close()
    return provider


def _make(connection: Connection) -> Provider:
    path = KINDS.get(connection.kind)
    if path is None:
        words = f"There is no provider of kind {connection.kind!r}."
        raise Refused(words, reason=Reason.MISCONFIGURED)
    module, _, name = path.rpartition(".")
    adapter = getattr(import_module(module), name)
    provider: Provider = adapter(connection, timeouts())
    return provider


def timeouts() -> Timeouts:
    """Give the deadlines that the settings name."""
    settings = get_settings()
    return Timeouts(
        connect_s=settings.upstream_connect_timeout_s,
        first_byte_s=settings.upstream_first_byte_timeout_s,
        idle_s=settings.upstream_idle_timeout_s,
        total_s=settings.upstream_total_timeout_s,
    )
