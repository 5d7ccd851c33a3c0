"""How often somebody may try to sign in."""

import hashlib

from flask import request

from shared.cache import get_cache
from shared.config.settings import get_settings
from shared.errors import Busy


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
