"""Passwords: hashed with Argon2id. Hashing takes tens of milliseconds; callers keep it off their
event loop.

Accounts that were moved in from Open WebUI have hashes of bcrypt until their first sign-in.
"""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from shared.errors import Invalid

# The second of the two parameter sets that OWASP and RFC 9106 recommend for servers, 46 MiB.
_hasher = PasswordHasher(time_cost=1, memory_cost=47_104, parallelism=1)
_MAX_LENGTH = 1024
# Verified when an account does not exist, so that the time taken does not tell.
_DUMMY = _hasher.hash("nobody has this password")
_BCRYPT = ("$2a$", "$2b$", "$2y$")
# bcrypt looks at no more; what came behind was cut off where these hashes were made.
_BCRYPT_BYTES = 72


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
    if stored and stored.startswith(_BCRYPT):
        return _is_bcrypt_of(stored, clear)
    try:
        fits = _hasher.verify(stored or _DUMMY, clear)
    except (VerificationError, InvalidHashError):
        return False
    return fits and bool(stored)


def is_outdated(stored: str) -> bool:
    """Whether a hash was made otherwise than `hash_password` makes them now."""
    return stored.startswith(_BCRYPT) or _hasher.check_needs_rehash(stored)


def is_hash(stored: str) -> bool:
    """Whether `is_password` can compare something with what is stored."""
    return stored.startswith((*_BCRYPT, "$argon2id$"))


def _is_bcrypt_of(stored: str, clear: str) -> bool:
    import bcrypt  # noqa: PLC0415 -- only where accounts were moved in

    try:
        return bcrypt.checkpw(clear.encode()[:_BCRYPT_BYTES], stored.encode())
    except ValueError:  # a hash that is none
        return False
