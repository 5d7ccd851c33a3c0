"""Writing WebSocket frames: whole, in order, and not for ever.

simple-websocket hands a frame to one `send` and may cut it under gevent, and its protocol object is
not made for several writers. So all that we send goes through here.

Source: RFC 6455, section 5.2.
"""

import struct
import threading
from typing import Any

from gevent import Timeout

# A client that takes nothing for so long is given up.
_PATIENCE_S = 20.0


class ClientTooSlow(OSError):
    """The client does not read."""


def frame(payload: bytes) -> bytes:
    """Build an unmasked text frame."""
    size = len(payload)
    if size < 126:
        return b"\x81" + bytes((size,)) + payload
    if size < 65_536:
        return b"\x81\x7e" + struct.pack(">H", size) + payload
    return b"\x81\x7f" + struct.pack(">Q", size) + payload


class FrameWriter:
    """The one writer of a socket.

    Args:
        sock: The connection, as the WSGI server made it.
    """

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._lock = threading.Lock()

    def send(self, messages: list[bytes]) -> None:
        """Send texts, each in a frame of its own, all at once.

        Raises:
            ClientTooSlow: The client does not read; the connection is closed.
            OSError: It is closed already.
        """
        data = b"".join([frame(m) for m in messages])
        with self._lock:
            timeout = Timeout.start_new(_PATIENCE_S)
            try:
                self._sock.sendall(data)
            except Timeout as expired:
                if expired is not timeout:
                    raise
                self._sock.close()
                raise ClientTooSlow("the client does not read") from None
            finally:
                timeout.close()
