"""Looks at what streams have kept: is every answer whole and in order, and when did words come."""

import itertools
from collections.abc import Iterator
from typing import Any

import orjson

from bench.load import wire
from bench.load.doors import TOKEN, PageStream, SocketStream, Stream


class Broken(Exception):
    """An answer is not what the provider said."""


Timed = list[tuple[int, int]]


def check(stream: Stream, words: int) -> None:
    """Make sure of one answer.

    Args:
        words: How many the provider has sent, each with the time of its sending.

    Raises:
        Broken: Something is missing, double, out of order, or there is no end.
    """
    if stream.failure or not stream.ended_ns:
        raise Broken(stream.failure or "no end in time")
    try:
        found = _text(stream).split()
    except (ValueError, KeyError, TypeError) as error:
        raise Broken(f"not to be read: {error!r}") from error
    times = [int(word[1:]) for word in found]
    if len(times) != words:
        raise Broken(f"{len(times)} words instead of {words}")
    if any(later <= earlier for earlier, later in itertools.pairwise(times)):
        raise Broken("words out of order or double")


def timed(stream: Stream) -> Timed:
    """Give when each word came and when it was sent, in monotonic nanoseconds, each word once."""
    found: dict[bytes, int] = {}
    ends, total = [], 0
    for _, data in stream.pieces:
        total += len(data)
        ends.append(total)
    place = 0
    for match in TOKEN.finditer(b"".join([data for _, data in stream.pieces])):
        while match.end() > ends[place]:
            place += 1
        found.setdefault(match[1], stream.pieces[place][0])
    return [(came, int(sent)) for sent, came in found.items()]


def resumed_ns(stream: Stream) -> int:
    """Give when the first word came after a restart; 0 without one."""
    data = b"".join([piece for _, piece in stream.pieces])
    place = data.rfind(b'"type":"restarted"')
    match = TOKEN.search(data, place) if place >= 0 else None
    total = 0
    for now, piece in stream.pieces if match else ():
        total += len(piece)
        if total >= match.end():
            return now
    return 0


def events(stream: Stream) -> list[dict[str, Any]]:
    """Give a job's events, from either door, and make sure of their numbers.

    Raises:
        Broken: A number is missing or double, or the job has not completed.
    """
    data = b"".join([piece for _, piece in stream.pieces])
    if isinstance(stream, SocketStream):
        found = [orjson.loads(frame) for frame in wire.frames(data)]
        found = [event for event in found if "seq" in event]
    else:
        found = [orjson.loads(line) for line in wire.sse_data(_body(data))]
    if [event["seq"] for event in found] != list(range(1, len(found) + 1)):
        raise Broken("numbers are missing or double")
    if found[-1]["type"] != "completed":
        raise Broken(f"the job ended as {found[-1]}")
    return found


def _text(stream: Stream) -> str:
    if isinstance(stream, PageStream):
        return _page_text(stream)
    if hasattr(stream, "job"):
        return _job_text(events(stream))
    lines = list(wire.sse_data(_body(b"".join([piece for _, piece in stream.pieces]))))
    if not lines or lines.pop() != b"[DONE]":
        raise Broken("it does not end with [DONE]")
    return "".join(_contents(map(orjson.loads, lines)))


def _body(data: bytes) -> bytes:
    found = wire.body_of(data)
    if found is None or found[0] != 200:
        raise Broken(f"no whole answer: {data[:200]!r}")
    return found[1]


def _contents(chunks: Iterator[dict[str, Any]]) -> Iterator[str]:
    for chunk in chunks:
        if "error" in chunk:
            raise Broken(str(chunk["error"]))
        for choice in chunk["choices"]:
            yield choice["delta"].get("content") or ""


def _job_text(found: list[dict[str, Any]]) -> str:
    parts: list[str] = []
    for event in found:
        if event["type"] == "restarted":
            parts.clear()
        elif event["type"] == "delta":
            parts.append(event["data"].get("text") or "")
    return "".join(parts)


def _page_text(stream: Stream) -> str:
    """Put the page's answer together; the whole text at the end must be the sum of its pieces."""
    parts: list[str] = []
    for frame in wire.frames(b"".join([piece for _, piece in stream.pieces])):
        if not frame.startswith(b'42["chat-events"'):
            continue
        event = orjson.loads(frame[2:])[1]["data"]
        if event["type"] != "chat:completion":
            continue
        data = event["data"]
        if "content" not in data:
            parts.extend(_contents(iter([data])) if "choices" in data else ())
        elif not data.get("done"):
            parts = [data["content"]]
        elif data["content"].split() != "".join(parts).split():
            raise Broken("the whole text at the end is not the sum of its pieces")
    return "".join(parts)
