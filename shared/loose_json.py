"""Reading JSON that strict readers refuse but others write: half emoji, NaN."""

import json
from typing import Any

import orjson


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
