"""Lines of a stream that a page passes on: it cuts what it reads at line ends, but also wherever a
piece from the network happens to end.
"""

import orjson

_FIELDS = ("data:", "event:", "id:", "retry:", ":")


class Lines:
    """Puts lines together again."""

    def __init__(self) -> None:
        self._held = ""

    def next(self, piece: str) -> bytes:
        """Take a piece; give the line that is known to be whole by it, or nothing."""
        if _is_whole(self._held):
            line, self._held = self._held, piece.strip("\r\n")
            return _ended(line)
        self._held += piece.strip("\r\n")
        return b""

    def rest(self) -> bytes:
        """Give the last line."""
        line, self._held = self._held, ""
        return _ended(line)


def _ended(line: str) -> bytes:
    # An empty line would be the end of an item to who reads on; every line is one here.
    return f"{line}\n\n".encode() if line else b""


def _is_whole(line: str) -> bool:
    if not line:
        return True
    if not line.startswith("data:"):
        return line.startswith(_FIELDS)
    text = line.removeprefix("data:").strip()
    if text == "[DONE]":
        return True
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True
