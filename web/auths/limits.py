"""How often somebody may try to sign in."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager

from flask import request

from shared.cache import get_cache
from shared.config.settings import get_settings
from shared.errors import Busy

# A guess that is under way for longer was its process's last.
_LONGEST_GUESS_S = 60.0
_PATIENCE_S = 15.0
_PAUSE_S = 0.05


def _name(email: str) -> str:
    # Hashed: whatever is sent as an address must not make a long name in the cache.
    address = hashlib.sha256(email.strip().lower().encode()).hexdigest()
    return f"signin:{address}:{request.remote_addr or ''}"


def check(email: str) -> None:
    """Let pass who has not failed too often of late.

    Raises:
        Busy: Too many failures for this address from this place.
    """
    failures = get_cache().get(_name(email))
    if failures is not None and int(failures) >= get_settings().signin_max_failures:
        raise Busy(
            "Too many failed sign-ins. Please wait a while before you try again.",
            max(get_cache().ttl_s(_name(email)), 1.0),
        )


def note_failure(email: str) -> None:
    """Count a failed sign-in."""
    get_cache().increment(_name(email), get_settings().signin_window_s)


def forget_failures(email: str) -> None:
    """Start counting anew after a good sign-in."""
    get_cache().delete(_name(email))


@contextmanager
def guess(email: str) -> Iterator[None]:
    """Let a block compare a secret; whoever tries many at once has no more guesses than one after
    the other. What is under way counts as failed until it is known: beyond the limit it is waited
    for, since a crowd with the right password has not failed.

    Raises:
        Busy: Too many failures for this address from this place.
    """
    name = f"{_name(email)}:open"
    _take_place(email, name)
    try:
        yield
    finally:
        get_cache().adjust(name, -1, _LONGEST_GUESS_S)


def _take_place(email: str, name: str) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        # In this order: one that fails meanwhile is counted twice for a moment, and never not.
        under_way = get_cache().adjust(name, 1, _LONGEST_GUESS_S)
        try:
            check(email)
            failures = int(get_cache().get(_name(email)) or 0)
        except BaseException:
            get_cache().adjust(name, -1, _LONGEST_GUESS_S)
            raise
        if failures + under_way <= get_settings().signin_max_failures:
            return
        get_cache().adjust(name, -1, _LONGEST_GUESS_S)
        if time.monotonic() > deadline:
            raise Busy("Too many sign-ins at once. Please try again.")
        time.sleep(_PAUSE_S)
