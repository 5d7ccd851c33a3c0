"""What OpenID Connect providers tell about themselves: their addresses and their keys."""

import threading
import time
from typing import Any

import httpx

from shared.identity.errors import Unreachable

_FRESH_S = 3600.0
_TIMEOUT = httpx.Timeout(10.0, connect=5.0)


class _Known:
    """Documents of providers as they were a while ago, by address."""

    def __init__(self) -> None:
        self._documents: dict[str, tuple[float, dict[str, Any]]] = {}
        self._lock = threading.Lock()

    def get(self, url: str, is_new: bool = False) -> dict[str, Any]:
        """Give a document; asks for it when it is old, or when `is_new` wants it.

        Raises:
            Unreachable: It cannot be had.
        """
        found = self._documents.get(url)
        if found is not None and not is_new and time.monotonic() - found[0] < _FRESH_S:
            return found[1]
        document = _fetched(url)
        with self._lock:
            self._documents[url] = (time.monotonic(), document)
        return document


_known = _Known()


def configuration(discovery: str) -> dict[str, Any]:
    """Give a provider's configuration.

    Raises:
        Unreachable: It cannot be had.

    Source: OpenID Connect Discovery 1.0.
    """
    return _known.get(discovery)


def keys(url: str, is_new: bool = False) -> dict[str, Any]:
    """Give the keys with which a provider signs.

    Args:
        is_new: Ask again: there may be one that we have not seen.

    Raises:
        Unreachable: They cannot be had.
    """
    return _known.get(url, is_new)


def _fetched(url: str) -> dict[str, Any]:
    try:
        answer = httpx.get(url, timeout=_TIMEOUT, headers={"accept": "application/json"})
        answer.raise_for_status()
        document = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise Unreachable from error
    if not isinstance(document, dict):
        raise Unreachable
    return document
