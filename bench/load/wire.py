"""Just enough HTTP/1.1, WebSocket and server-sent events to be a client that costs nothing.

Source: RFC 9112 (chunks), RFC 6455, section 5.2 (frames).
"""

import json
import os
import struct
from collections.abc import Iterator
from typing import Any


def post(host: str, path: str, body: Any, token: str = "") -> bytes:
    """Write a request with a JSON body."""
    data = json.dumps(body).encode()
    more = b"Content-Type: application/json\r\nContent-Length: %d\r\n" % len(data)
    return _head("POST", host, path, token, more) + data


def get(host: str, path: str, token: str = "") -> bytes:
    """Write a request without a body."""
    return _head("GET", host, path, token, b"")


def upgrade(host: str, path: str) -> bytes:
    """Write the request that opens a WebSocket; the answer's key is not checked."""
    more = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    more += b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    return _head("GET", host, path, "", more)


def _head(method: str, host: str, path: str, token: str, more: bytes) -> bytes:
    rights = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{rights}".encode() + more + b"\r\n"


def parse_head(data: bytes) -> tuple[int, dict[str, str], bytes] | None:
    """Take an answer apart: status, headers in lower case, what follows; None while incomplete."""
    head, mark, rest = data.partition(b"\r\n\r\n")
    if not mark:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
    return int(first.split()[1]), headers, rest


def body_of(data: bytes) -> tuple[int, bytes] | None:
    """Give status and body of a whole answer; None while it is incomplete."""
    parsed = parse_head(data)
    if parsed is None:
        return None
    status, headers, rest = parsed
    if headers.get("transfer-encoding") == "chunked":
        return (status, b"".join(chunks(rest))) if rest.endswith(b"0\r\n\r\n") else None
    return (status, rest) if len(rest) >= int(headers.get("content-length") or 0) else None


def chunks(data: bytes) -> Iterator[bytes]:
    """Take a chunked body apart.

    Raises:
        ValueError: It is not whole.
    """
    at = 0
    while True:
        line = data.index(b"\r\n", at)
        size = int(data[at:line].split(b";")[0], 16)
        if size == 0:
            return
        start, at = line + 2, line + 2 + size + 2
        if data[at - 2 : at] != b"\r\n":
            raise ValueError("a chunk does not end where it says")
        yield data[start : at - 2]


def sse_data(body: bytes) -> Iterator[bytes]:
    """Give the data of server-sent events; one line each."""
    for line in body.split(b"\n"):
        if line.startswith(b"data: "):
            yield line[6:]


def text_frame(payload: bytes) -> bytes:
    """Write a masked text frame, as clients must."""
    size, mask = len(payload), os.urandom(4)
    head = bytes((129, 128 | size)) if size < 126 else b"\x81\xfe" + struct.pack(">H", size)
    masked = bytes(byte ^ mask[n % 4] for n, byte in enumerate(payload))
    return head + mask + masked


def frames(data: bytes) -> Iterator[bytes]:
    """Give the payloads of whole, unmasked frames; what is incomplete at the end is left out."""
    at, end = 0, len(data)
    while at + 2 <= end:
        size, start = data[at + 1] & 0x7F, at + 2
        if size == 126:
            size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
        elif size == 127:
            size, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
        if start + size > end:
            return
        yield data[start : start + size]
        at = start + size
