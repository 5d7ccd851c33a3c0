"""One row of the old database; its values are checked as they are asked for."""

import json
import math
import time
from datetime import datetime
from typing import Any

from shared.ids import now_s

_LONGEST_ID = 64
# Larger times are no seconds but thousandths of them, or less: the year 5138.
_NO_SECONDS = 10**11
_NS_PER_S = 10**9


class Broken(Exception):
    """A row cannot be brought; the message says why."""


class Row:
    """Values by column. A column that the version does not have is like one without a value."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values

    def get(self, name: str, default: Any = None) -> Any:
        """Give a value as the database has it."""
        value = self._values.get(name)
        return default if value is None else value

    def key(self, name: str = "id", longest: int = _LONGEST_ID) -> str:
        """Give an id.

        Raises:
            Broken: It has none, or one that cannot be kept.
        """
        value = self.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= longest or "\x00" in value:
            raise Broken(f"`{name}` is no id that can be kept")
        return value

    def text(self, name: str, default: str = "") -> str:
        """Give a text."""
        value = self.get(name, default)
        return value if isinstance(value, str) else str(value)

    def word(self, name: str) -> str | None:
        """Give a text that may be missing; an empty one counts as missing."""
        return self.text(name) or None

    def json(self, name: str) -> Any:
        """Give what a column of JSON holds, whether the database reads it itself or not.

        Raises:
            Broken: It is no JSON.
        """
        value = self.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value.strip() else None
        except ValueError:
            raise Broken(f"`{name}` is no JSON") from None

    def object(self, name: str) -> dict[str, Any] | None:
        """Give an object of a column of JSON; None when it has none.

        Raises:
            Broken: It is no JSON, or no object.
        """
        value = self.json(name)
        if isinstance(value, str):  # written twice by some versions
            value = Row({name: value}).json(name)
        if value is not None and not isinstance(value, dict):
            raise Broken(f"`{name}` is no object")
        return value

    def flag(self, name: str) -> bool:
        """Give a truth value."""
        return bool(self.get(name, False))

    def seconds(self, name: str) -> int:
        """Give a time in seconds since the epoch; now, when there is none."""
        return _seconds(self.get(name)) or now_s()

    def nanoseconds(self, name: str) -> int:
        """Give a time in nanoseconds since the epoch; now, when there is none."""
        value = self.get(name)
        if isinstance(value, int) and value >= _NO_SECONDS * 10**6:
            return value
        return (_seconds(value) or int(time.time())) * _NS_PER_S


def _seconds(value: Any) -> int:
    if isinstance(value, datetime):
        return int(value.timestamp())
    try:
        number = float(value or 0)
    except (TypeError, ValueError):
        return 0
    if not math.isfinite(number) or number < 0:
        return 0
    while number >= _NO_SECONDS:
        number /= 1000
    return int(number)
