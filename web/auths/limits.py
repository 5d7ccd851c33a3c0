"""How often somebody may try to sign in."""

from flask import request

from shared.config.settings import get_settings
from shared.errors import Busy
from shared.redis import get_redis, key


def _key(email: str) -> str:
    return key("signin", email.strip().lower(), request.remote_addr or "")


def check(email: str) -> None:
    """Let pass who has not failed too often of late.

    Raises:
        Busy: Too many failures for this address from this place.
    """
    failures = get_redis().get(_key(email))
    if failures is not None and int(failures) >= get_settings().signin_max_failures:
        wait_s = get_redis().ttl(_key(email))
        raise Busy(
            "Too many failed sign-ins. Please wait a while before you try again.",
            float(max(wait_s, 1)),
        )


def note_failure(email: str) -> None:
    """Count a failed sign-in."""
    pipe = get_redis().pipeline()
    pipe.incr(_key(email))
    pipe.expire(_key(email), get_settings().signin_window_s, nx=True)
    pipe.execute()


def forget_failures(email: str) -> None:
    """Start counting anew after a good sign-in."""
    get_redis().delete(_key(email))
