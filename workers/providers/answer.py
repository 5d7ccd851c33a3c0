"""An answer that is being received: events for its reader, and a switch for everybody else."""

from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import chain
from time import monotonic
from typing import Any, Protocol

import httpx

from workers.providers.base import Event
from workers.providers.errors import Aborted, Unavailable
from workers.providers.line import Cut
from workers.providers.lines import Garbled
from workers.providers.sse import ErrorItem
from workers.providers.upstream import Upstream


class Reader(Protocol):
    """Turns the pieces of a body into events; see `sse.ChunkReader`.

    Attributes:
        done: The end was announced.
        may_end: It was not, but nothing is missing either.
    """

    done: bool

    @property
    def may_end(self) -> bool: ...

    def feed(self, piece: bytes) -> list[Event]: ...

    def finish(self) -> list[Event]: ...


class Answer:
    """An answer under way; see `base.Stream`.

    Args:
        upstream: Whom to ask.
        path: Where.
        body: What to post.
        reader_for: Makes the reader of a good answer, by its head.
    """

    def __init__(
        self,
        upstream: Upstream,
        path: str,
        body: dict[str, Any],
        reader_for: Callable[[httpx.Response], Reader],
    ) -> None:
        self._upstream = upstream
        self._path = path
        self._body = body
        self._reader_for = reader_for
        self._cut = Cut()
        self._batches = self._receive()
        self._events = chain.from_iterable(self._batches)

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        if self._cut.is_set:
            self.close()
            raise Aborted
        return next(self._events)

    def batches(self) -> Iterator[list[Event]]:
        """Iterate over lists of events instead: what one read brought."""
        return self._batches

    def close(self) -> None:
        """Close the upstream connection at once."""
        try:
            self._batches.close()
        except ValueError:  # it is running, so this is not the reader
            self._cut.set()

    def abort(self) -> None:
        """End the answer from any thread or greenlet."""
        self._cut.set()

    def _receive(self) -> Generator[list[Event], None, None]:
        upstream, cut = self._upstream, self._cut
        deadline = monotonic() + upstream.timeouts.total_s
        response = upstream.open(self._path, self._body, cut)
        reader = self._reader_for(response)
        try:
            for piece in _pieces(response):
                events = reader.feed(piece)
                if events:
                    yield events
                if reader.done:
                    break
                if cut.is_set:
                    raise Aborted
                if monotonic() > deadline:
                    raise Unavailable(
                        f"{upstream.who} did not finish in {upstream.timeouts.total_s:.0f} s."
                    )
            events = reader.finish()
            if events:
                yield events
            park = getattr(response.stream, "park", None)
            if park is not None:
                park()
        except (httpx.HTTPError, Garbled, ErrorItem) as error:
            if isinstance(error, httpx.HTTPError) and reader.may_end and not cut.is_set:
                return
            raise self._translated(error) from error
        finally:
            response.close()

    def _translated(self, error: Exception) -> Exception:
        if isinstance(error, ErrorItem) and not self._cut.is_set:
            return self._upstream.reported(error.value)
        return self._upstream.translate(error, self._cut)


def _pieces(response: httpx.Response) -> Iterable[bytes]:
    """Give the body as it comes; only what is compressed takes httpx's longer way."""
    if "content-encoding" in response.headers:
        return response.iter_bytes()
    stream = response.stream
    assert isinstance(stream, httpx.SyncByteStream)
    return stream
