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


def is_too_deep(value: Any, text: bytes | None) -> bool:
    """Let orjson find out, from so deep inside that it gives up at our limit: it takes a tenth of
    the time of reading.

    Args:
        text: As it was read, if somebody has it: with few brackets there is nothing to find out.
    """
    if text is not None and text.count(b"{") + text.count(b"[") <= DEEPEST:
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
        ValueError: It is not JSON, or too deep for any reader.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            value = json.loads(text.decode("utf-8", "replace"))
            return orjson.loads(_strict(value))
        except RecursionError:
            raise ValueError("it is too deep") from None


def _strict(value: Any) -> bytes:
    try:
        return orjson.dumps(value)  # writes null for NaN
    except (TypeError, orjson.JSONEncodeError):
        return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
