"""Identifiers: UUIDv7 for rows that are read in the order in which they were made."""

import secrets
import time
import uuid


def new_id() -> str:
    """Make a UUIDv7: sorts by time, unique across machines.

    Returns:
        36 characters, lower case.

    Source: RFC 9562, section 5.7.
    """
    millis = time.time_ns() // 1_000_000
    rand = secrets.randbits(74)
    value = (
        (millis & (2**48 - 1)) << 80
        | 0x7 << 76
        | (rand >> 62) << 64
        | 0b10 << 62
        | rand & (2**62 - 1)
    )
    return str(uuid.UUID(int=value))


def now_s() -> int:
    """Give the current time in whole seconds since the epoch, the unit of all tables."""
    return int(time.time())
