"""HTTP/1.1 answers, taken apart without any input or output of its own.

Source: RFC 9112 (message framing), sections 4 to 7.
"""

import re
from typing import NamedTuple, Protocol

MAX_HEAD_BYTES = 64 * 1024
MAX_HEADERS = 200
_MAX_SIZE_LINE_BYTES = 4096

_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [^\r\n]*)?")
_HEADER = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([^\x00\r\n]*?)[ \t]*")
# The line end of the chunk before, then the size of this one.
_SIZE_LINE = re.compile(rb"\r?\n([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?\r?\n")
_BARE_SIZE_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})\r\n")
_PART_OF_SIZE_LINE = re.compile(rb"\r?(\n([0-9A-Fa-f]{1,16}[ \t]*(;[^\r\n]*)?\r?)?)?")

Headers = list[tuple[bytes, bytes]]


class Malformed(ValueError):
    """The upstream does not speak HTTP."""


class Head(NamedTuple):
    """Status and headers of an answer; `keep_alive` says whether the connection outlives it."""

    status: int
    headers: Headers
    keep_alive: bool

    def values(self, name: bytes) -> list[bytes]:
        """Give the comma-separated values of a header, in lower case."""
        found = b",".join(value for key, value in self.headers if key.lower() == name)
        return [part.strip().lower() for part in found.split(b",") if part.strip()]


class Decoder(Protocol):
    """The framing of one body. `complete` once its end was seen, `rest` is what came behind it."""

    complete: bool
    rest: bytes

    def feed(self, data: bytes) -> bytes:
        """Take what was received, give what of it belongs to the body, in one piece."""

    def end(self) -> None:
        """Note that the upstream has closed the connection."""


def split_head(data: bytes) -> tuple[bytes, bytes] | None:
    """Cut head and rest apart; None while the head is not complete."""
    found = _END_OF_HEAD.search(data, 0, MAX_HEAD_BYTES)
    if found:
        return data[: found.start()], data[found.end() :]
    if len(data) >= MAX_HEAD_BYTES:
        raise Malformed("the head of the answer is too long")
    return None


def parse_head(raw: bytes) -> Head:
    """Read a status line and headers.

    Raises:
        Malformed: It is something else.
    """
    first, *lines = raw.split(b"\n")
    status = _STATUS_LINE.fullmatch(first.rstrip(b"\r"))
    if not status:
        raise Malformed(f"not an HTTP answer: {first[:80]!r}")
    if len(lines) > MAX_HEADERS:
        raise Malformed("the answer has too many headers")
    headers: Headers = []
    for line in lines:
        header = _HEADER.fullmatch(line.rstrip(b"\r"))
        if not header:
            raise Malformed(f"not a header: {line[:80]!r}")
        headers.append((header[1], header[2]))
    head = Head(int(status[2]), headers, False)
    return head._replace(keep_alive=_keeps_alive(head, is_1_1=status[1] == b"1"))


def _keeps_alive(head: Head, *, is_1_1: bool) -> bool:
    wishes = head.values(b"connection")
    return b"close" not in wishes and (is_1_1 or b"keep-alive" in wishes)


def decoder_for(head: Head, method: str) -> Decoder:
    """Choose the framing of an answer's body.

    Raises:
        Malformed: Its headers contradict each other, or it is encoded in a way we do not read.
    """
    if method == "HEAD" or head.status in (204, 304):
        return FixedLength(0)
    codings = head.values(b"transfer-encoding")
    if codings:
        if codings != [b"chunked"]:
            raise Malformed(f"transfer encoding {b', '.join(codings)[:80]!r} is not supported")
        return Chunked()
    lengths = set(head.values(b"content-length"))
    if not lengths:
        return UntilClose()
    length = lengths.pop()
    if lengths or not length.isdigit() or len(length) > 18:
        raise Malformed("the answer has a wrong content length")
    return FixedLength(int(length))


class FixedLength:
    """A body of as many bytes as `Content-Length` says."""

    def __init__(self, size: int) -> None:
        self._left = size
        self.complete = size == 0
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """Take up to the number of bytes that are still missing."""
        body, self.rest = data[: self._left], data[self._left :]
        self._left -= len(body)
        self.complete = self._left == 0
        return body

    def end(self) -> None:
        """Refuse an end before the last byte."""
        if not self.complete:
            raise Malformed("the connection was closed in the middle of the answer")


class UntilClose:
    """A body that ends with its connection."""

    def __init__(self) -> None:
        self.complete = False
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """Take everything."""
        return data

    def end(self) -> None:
        """Note the end: here it is the rule."""
        self.complete = True


class Chunked:
    """A body in chunks, each with its size before it; all that one read brought becomes one piece.

    Between two chunks the rest of the data is a line end and the next size line, which are matched
    together; so one search per chunk is enough.
    """

    def __init__(self) -> None:
        self._held = b"\r\n"  # stands for the end of a chunk before the first
        self._left = 0
        self._in_trailers = False
        self.complete = False
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """Take chunks or parts of them, give their joined contents."""
        if self._held == b"\r\n" and (size := _BARE_SIZE_LINE.match(data)):
            start = size.end()
            if start + int(size[1], 16) + 2 == len(data) > start + 2 and data[-2:] == b"\r\n":
                return data[start:-2]  # the usual case: one chunk, all of it
        if self._held:
            data = self._held + data
            self._held = b""
        return self._join(data)

    def _join(self, data: bytes) -> bytes:
        pieces = []
        at = 0
        while not self.complete:
            if self._left:
                piece = data[at : at + self._left]
                at += len(piece)
                self._left -= len(piece)
                pieces.append(piece)
            if self._left or (len(data) - at < 3 and not self._in_trailers):
                self._held = data[at:]
                break
            at = self._open_chunk(data, at, is_first=not pieces)
            if at < 0:
                break
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _open_chunk(self, data: bytes, at: int, *, is_first: bool) -> int:
        """Read a size line; -1 when it is not all there, or was the last one."""
        if self._in_trailers:
            return self._skip_trailers(data, at)
        line = _SIZE_LINE.match(data, at)
        if line is None:
            self._held = data[at:]
            if is_first:  # else what came before it is given first
                _check_part_of_size_line(self._held)
            return -1
        self._left = int(line[1], 16)
        if self._left:
            return line.end()
        self._in_trailers = True
        # The size line's own line end may be the first half of the empty line that ends it all.
        return self._skip_trailers(data, line.end() - 1)

    def _skip_trailers(self, data: bytes, at: int) -> int:
        end = _END_OF_HEAD.search(data, at)
        if end is None:
            self._held = data[at:]
            if len(self._held) > MAX_HEAD_BYTES:
                raise Malformed("the trailers of the answer are too long")
            return -1
        self.complete = True
        self.rest = data[end.end() :]
        return -1

    def end(self) -> None:
        """Refuse an end before the last chunk."""
        if not self.complete:
            raise Malformed("the connection was closed in the middle of the answer")


def _check_part_of_size_line(part: bytes) -> None:
    if len(part) > _MAX_SIZE_LINE_BYTES or not _PART_OF_SIZE_LINE.fullmatch(part):
        raise Malformed(f"not a chunk size: {part[:40]!r}")
