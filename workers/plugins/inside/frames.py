"""Frames: a length of four bytes, big-endian, then as many bytes of JSON.

Source: docs/plugins.md, "The pipe".
"""

import socket
import struct

_HEAD = struct.Struct(">I")
LONGEST_BYTES = 16 * 1024 * 1024


class Nonsense(Exception):
    """What came over the pipe is no frame."""


class Ended(Exception):
    """Nothing more will come: the other side is gone."""


def pack(body: bytes) -> bytes:
    """Put the length in front of a frame's body."""
    return _HEAD.pack(len(body)) + body


def read(line: socket.socket) -> bytes:
    """Read the body of the next frame; waits for it as long as the socket's timeout says.

    Raises:
        Ended: The other side has closed.
        Nonsense: The length is longer than LONGEST_BYTES.
        TimeoutError: Nothing came in time.
    """
    (length,) = _HEAD.unpack(_exactly(line, _HEAD.size))
    if length > LONGEST_BYTES:
        raise Nonsense(f"a frame of {length} bytes")
    return _exactly(line, length)


def _exactly(line: socket.socket, size: int) -> bytes:
    pieces = bytearray()
    while len(pieces) < size:
        piece = line.recv(min(size - len(pieces), 65536))
        if not piece:
            raise Ended
        pieces += piece
    return bytes(pieces)
