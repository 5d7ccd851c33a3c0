"""Identifiers: UUIDv7 for rows that are read in the order in which they were made."""

import secrets
import time


def new_id() -> str:
    """Make a UUIDv7: sorts by time, to a quarter of a microsecond; unique across machines.

    Returns:
        36 characters, lower case.

    Source: RFC 9562, section 5.7, and 6.2, method 3 (the first 12 random bits tell the time more
    exactly), so that ids of one process sort in the order in which they were made.
    """
    millis, nanos = divmod(time.time_ns(), 1_000_000)
    fraction = nanos * 4096 // 1_000_000
    value = (
        (millis & (2**48 - 1)) << 80
        | 0x7 << 76
        | fraction << 64
        | 0b10 << 62
        | secrets.randbits(62)
    )
    digits = f"{value:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def first_id_at(seconds: int) -> str:
    """Give what sorts before every id that was made at a moment or later, and behind all others.

    Args:
        seconds: Since the epoch.
    """
    digits = f"{max(seconds, 0) * 1000:012x}"
    return f"{digits[:8]}-{digits[8:]}"


def made_at(an_id: str) -> float | None:
    """Read when an id was made, in seconds since the epoch; None for one that is not ours."""
    try:
        return int(an_id[:8] + an_id[9:13], 16) / 1000
    except ValueError:
        return None


def now_s() -> int:
    """Give the current time in whole seconds since the epoch, the unit of all tables."""
    return int(time.time())
