"""Passwords: hashed with Argon2id. Hashing takes tens of milliseconds; callers keep it off their
event loop.
"""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shared.errors import Invalid

# The second of the two parameter sets that OWASP and RFC 9106 recommend for servers, 46 MiB.
_hasher = PasswordHasher(time_cost=1, memory_cost=47_104, parallelism=1)
_MAX_LENGTH = 1024
# Verified when an account does not exist, so that the time taken does not tell.
_DUMMY = _hasher.hash("nobody has this password")


def hash_password(clear: str) -> str:
    """Hash a new password.

    Raises:
        Invalid: It is empty or longer than 1,024 characters.

    Source: RFC 9106; OWASP Password Storage Cheat Sheet.
    """
    if not clear:
        raise Invalid("The password must not be empty.")
    if len(clear) > _MAX_LENGTH:
        raise Invalid("The password is longer than 1,024 characters.")
    return _hasher.hash(clear)


def is_password(stored: str | None, clear: str) -> bool:
    """Whether a password fits a stored hash; takes the same time when there is no hash."""
    try:
        fits = _hasher.verify(stored or _DUMMY, clear)
    except (VerificationError, InvalidHashError):
        return False
    return fits and bool(stored)
