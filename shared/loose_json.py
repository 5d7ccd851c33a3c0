"""Reading JSON that strict readers refuse but others write (half emoji, NaN), and finding what
nobody could write again.
"""

import json
from typing import Any

import orjson

# Deeper JSON than this is refused: what is stored and sent on must be writable again, as a part of
# something else, and orjson and Pydantic write some 250 levels.
DEEPEST = 100
_DEEPEST_OF_ORJSON = 254


def is_too_deep(value: Any, size_bytes: int) -> bool:
    """Let orjson find out, from so deep inside that it gives up at our limit: it takes a tenth of
    the time of reading.

    Args:
        size_bytes: As it was read: of what is short there is nothing to find out.
    """
    if size_bytes <= 2 * DEEPEST:
        return False
    for _ in range(_DEEPEST_OF_ORJSON - DEEPEST):
        value = [value]
    try:
        orjson.dumps(value)
    except TypeError:
        return True
    return False


def parse(text: bytes) -> Any:
    """Read JSON; what strict readers refuse but others write (NaN, half emoji) is mended.

    Raises:
        ValueError: It is not JSON.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        value = json.loads(text.decode("utf-8", "replace"))
        return orjson.loads(_strict(value))


def _strict(value: Any) -> bytes:
    try:
        return orjson.dumps(value)  # writes null for NaN
    except (TypeError, orjson.JSONEncodeError):
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
