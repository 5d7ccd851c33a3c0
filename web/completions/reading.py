"""Reading an answer for a client that holds its request open until it is there."""

import logging
from collections.abc import Iterator
from typing import Any, Protocol

from flask import Response
from sqlalchemy.exc import DBAPIError

from shared.errors import SwitchyardError, UpstreamFailed
from shared.services import jobs
from shared.services.accounts import Principal
from shared.services.answers import Answer
from web import lifecycle
from web.auth import Permit
from web.stream import sse
from web.stream.hub import Follow, Numbered, ending_of

log = logging.getLogger(__name__)

# How often a waiting client is looked after: is it still there?
_TICK_S = 1.0
# A provider that has said nothing for so long gets its status line sent without it.
_HEADERS_AFTER_TICKS = 5
_TICKS_OF_SILENCE = int(sse.KEEP_ALIVE_S / _TICK_S)
_SILENT = (
    b'{"type":"started"',
    b'{"type":"status"',
    b'{"type":"queued"',
    b'{"type":"restarted"',
    b'{"type":"selected"',
    b'{"type":"event"',
)
# What the contract has in front of everything else.
_AHEAD = (b'{"type":"source"', b'{"type":"selected"')
_SAYS = (b'{"type":"delta"', b'{"type":"item"')


class Writer(Protocol):
    """Puts events into the form that a kind of client reads.

    Attributes:
        keep_alive: Sent while nothing comes; empty where the form has no such thing.
    """

    keep_alive: bytes

    def begin(self) -> bytes:
        """Write what comes before the first event."""

    def write(self, event: bytes) -> bytes:
        """Write what one stored event means to the client; may be nothing."""


class Reader:
    """A client that holds its request open.

    Attributes:
        cancels: Whether there is a job that nobody wants any more when this client leaves.
    """

    def __init__(self, user: Principal, follow: Follow) -> None:
        self._user, self.follow, self.cancels = user, follow, False
        self.client, self._permit, self._is_here = sse.ClientConnection(), Permit(), True
        self.follow.__enter__()

    def batches(self) -> Iterator[list[Numbered]]:
        """Give the events as they come, until the last one; ask `stays` at each batch."""
        return self.follow.batches(_TICK_S)

    def stays(self, batch: list[Numbered]) -> bool:
        """Whether the client may read on, and is still there; once it is not, for good.

        Not a part of `batches`: one generator more in every waiting stream is 1 KB.
        """
        self._is_here = (
            self._is_here and self._permit.holds() and (bool(batch) or not self.client.is_gone())
        )
        return self._is_here

    def close(self) -> None:
        """Read no more."""
        self.follow.__exit__(None, None, None)
        if not self.follow.has_ended and self.cancels and not lifecycle.is_stopping():
            try:
                jobs.cancel(self._user, self.follow.job_id)
            except (SwitchyardError, DBAPIError) as error:
                log.warning("a job whose client has left was not cancelled: %s", error)


def streamed(reader: Reader, writer: Writer, content_type: str = sse.EVENTS) -> Response:
    """Answer with the events as they come; a job that fails before its first word is answered with
    a status instead.
    """
    return sse.response(_written(reader, writer), content_type, sse.LateResponse)


def _first_words(reader: Reader, batches: Iterator[list[Numbered]]) -> list[Numbered]:
    """Wait for the first events that say something, or for a while.

    Raises:
        UpstreamFailed: The job ended without a word.
    """
    gathered: list[Numbered] = []
    ticks = 0
    for batch in batches:
        if not reader.stays(batch):
            break
        gathered += batch
        ticks += not batch
        if batch and (batch[-1][1].startswith(b'{"type":"failed"')):
            if not any(event.startswith(_SAYS) for _, event in gathered):
                raise UpstreamFailed(ending_of(batch[-1][1])[1])
            break
        if ticks >= _HEADERS_AFTER_TICKS or any(not e.startswith(_SILENT) for _, e in batch):
            break
    return gathered


def _written(reader: Reader, writer: Writer) -> Iterator[bytes]:
    try:
        batches = reader.batches()
        first = _first_words(reader, batches)
        yield b""  # its status is good
        ahead = [writer.write(event) for _, event in first if event.startswith(_AHEAD)]
        begun = [*ahead, writer.begin()]
        then = [writer.write(event) for _, event in first if not event.startswith(_AHEAD)]
        yield b"".join([*begun, *then])
        del first, ahead, begun, then
        ticks = 0
        for batch in batches:
            if not reader.stays(batch):
                return
            ticks = 0 if batch else ticks + 1
            text = b"".join([writer.write(event) for _, event in batch])
            if ticks and ticks % _TICKS_OF_SILENCE == 0:
                text = writer.keep_alive
            if text and (rest := reader.client.write(text)):
                yield rest
    finally:
        reader.close()


def gathered(reader: Reader) -> tuple[dict[str, Any], Answer] | None:
    """Wait for the end.

    Returns:
        The data of the last event and the whole answer; None when the client has left before.

    Raises:
        UpstreamFailed: The job failed.
    """
    answer = Answer()
    try:
        for batch in reader.batches():
            if not reader.stays(batch):
                break
            for _, event in batch:
                kind, data = ending_of(event)
                if answer.take(kind, data):
                    continue
                if kind == "failed":
                    raise UpstreamFailed(data)
                if kind in ("completed", "cancelled"):
                    return data, answer
    finally:
        reader.close()
    return None
