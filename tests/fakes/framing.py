"""How a stream is put on the wire: well, or in all the ways in which clients stumble."""

import zlib
from collections.abc import Iterable, Iterator
from enum import Enum

from tests.fakes.script import Plan


class Act(Enum):
    """Something else than sending."""

    HANG = "hang"
    CUT = "cut"
    RESET = "reset"


Item = bytes | Act
_LAST_CHUNK = b"0\r\n\r\n"


def head(plan: Plan, kind: bytes) -> bytes:
    """Write the head of a streamed answer."""
    early = (
        b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n" if plan.get("interim") else b""
    )
    lines = [b"HTTP/1.0 200 OK" if plan.get("http10") else b"HTTP/1.1 200 OK"]
    lines += [b"Content-Type: " + kind, b"Cache-Control: no-cache"]
    if plan.get("gzip"):
        lines.append(b"Content-Encoding: gzip")
    if is_chunked(plan):
        lines.append(b"Transfer-Encoding: chunked")
    elif not plan.get("http10"):
        lines.append(b"Connection: close")
    return early + b"\r\n".join(lines) + b"\r\n\r\n"


def is_chunked(plan: Plan) -> bool:
    """Whether the answer is sent in HTTP chunks."""
    return not plan.get("close") and not plan.get("http10")


def wire(items: Iterable[Item], plan: Plan) -> Iterator[Item]:
    """Turn the items of a stream into what is sent, one send each."""
    if plan.get("crlf"):
        items = _mapped(items, lambda data: data.replace(b"\n", b"\r\n"))
    if plan.get("gzip"):
        items = _compressed(items)
    if plan.get("split"):
        items = _cut_up(items, plan.words["split"])
    if is_chunked(plan):
        items = _chunked(items, plan)
    if plan.get("slice"):
        items = _cut_up(items, plan.words["slice"])
    if plan.get("burst") or plan.get("group"):
        items = _joined(items, plan.get("group") or 1_000_000)
    return iter(items)


def _mapped(items: Iterable[Item], change) -> Iterator[Item]:
    for item in items:
        yield item if isinstance(item, Act) else change(item)


def _compressed(items: Iterable[Item]) -> Iterator[Item]:
    packer = zlib.compressobj(wbits=31)
    for item in items:
        if isinstance(item, Act):
            yield item
        else:
            yield packer.compress(item) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush()


def _cut_up(items: Iterable[Item], size: int) -> Iterator[Item]:
    held = b""
    for item in items:
        if isinstance(item, Act):
            yield from (held, item) if held else (item,)
            held = b""
            continue
        held += item
        whole = len(held) - len(held) % size
        yield from (held[at : at + size] for at in range(0, whole, size))
        held = held[whole:]
    if held:
        yield held


def _chunked(items: Iterable[Item], plan: Plan) -> Iterator[Item]:
    extension = b";name=value" if plan.get("extension") else b""
    number = 0
    for item in items:
        if isinstance(item, Act):
            yield item
            continue
        if number == plan.get("badchunk"):
            yield b"zz\r\nnot a chunk\r\n"
            yield Act.CUT
        number += 1
        yield b"%x%b\r\n%b\r\n" % (len(item), extension, item)
    if plan.get("linger"):
        yield Act.HANG
    yield b"0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n" if plan.get("trailers") else _LAST_CHUNK


def _joined(items: Iterable[Item], count: int) -> Iterator[Item]:
    held: list[bytes] = []
    for item in items:
        if isinstance(item, Act):
            yield b"".join(held)
            held = []
            yield item
            continue
        held.append(item)
        if len(held) >= count:
            yield b"".join(held)
            held = []
    yield b"".join(held)
