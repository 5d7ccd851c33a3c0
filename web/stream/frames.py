"""Text frames of a WebSocket, and a bounded place for those that came in.

Source: RFC 6455, section 5.2.
"""

import struct
from typing import Any

# A client that sends faster than it is answered is cut off here.
_MOST_UNREAD = 1000


def text_frame(payload: bytes) -> bytes:
    """Build an unmasked text frame."""
    size = len(payload)
    if size < 126:
        return b"\x81" + bytes((size,)) + payload
    if size < 65_536:
        return b"\x81\x7e" + struct.pack(">H", size) + payload
    return b"\x81\x7f" + struct.pack(">Q", size) + payload


class Inbox(list[Any]):
    """What has come in and waits to be read, in place of simple-websocket's unbounded list."""

    def append(self, message: Any) -> None:
        """Keep a message.

        Raises:
            ConnectionAbortedError: Too many wait; it ends the connection.
        """
        if len(self) >= _MOST_UNREAD:
            raise ConnectionAbortedError("the client sends faster than it is answered")
        super().append(message)
