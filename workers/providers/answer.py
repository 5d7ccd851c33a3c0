"""An answer that is being received: events for its reader, and a switch for everybody else."""

from collections.abc import Callable, Generator, Iterable, Iterator
from itertools import chain
from time import monotonic
from typing import Any

import httpx

from shared import stacks
from workers.providers.base import Event
from workers.providers.errors import Aborted
from workers.providers.line import Cut, WasCut
from workers.providers.lines import Unreadable
from workers.providers.reader import EventReader
from workers.providers.transport import Body
from workers.providers.upstream import Upstream

_AFTERMATH_S = 10.0


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
        reader_for: Callable[[httpx.Response], EventReader],
    ) -> None:
        self._upstream = upstream
        self._cut = Cut()
        self._batches = self._receive(path, body, reader_for)
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

    def _receive(
        self,
        path: str,
        body: dict[str, Any],
        reader_for: Callable[[httpx.Response], EventReader],
    ) -> Generator[list[Event], None, None]:
        upstream, cut = self._upstream, self._cut
        response = stacks.on_its_own(upstream.open, path, body, cut)
        source = _source_of(response)
        try:
            reader, pieces = reader_for(response), self._pieces(response)
            # An answer may take an hour: its question may be large, and many wait side by side.
            del body, reader_for, response
            try:
                for piece in pieces:
                    events = reader.feed(piece)
                    del piece
                    if events:
                        yield events
                    del events
                    if (reader.done or reader.may_end) and _is_over(reader, source):
                        break
            except httpx.HTTPError:
                if cut.is_set or not reader.may_end:
                    raise
            if events := reader.finish():
                yield events
            _keep_connection(source)
        except (httpx.HTTPError, Unreadable) as error:
            raise upstream.translate(error, cut) from error
        finally:
            source.close()

    def _pieces(self, response: httpx.Response) -> Iterable[bytes]:
        """Give the body as it comes; only what is compressed takes httpx's longer way."""
        if not isinstance(response.stream, Body):
            return self._limited(response.iter_bytes())
        if "content-encoding" in response.headers:
            return response.iter_bytes()
        return response.stream

    def _limited(self, pieces: Iterable[bytes]) -> Iterable[bytes]:
        """Watch over a foreign transport, which knows neither `cut` nor the total time."""
        deadline = monotonic() + self._upstream.timeouts.total_s
        for piece in pieces:
            if self._cut.is_set:
                raise WasCut("cut between two pieces")
            if monotonic() > deadline:
                raise httpx.ReadTimeout("timed out")
            yield piece


def _source_of(response: httpx.Response) -> Body | httpx.Response:
    """Give what has to be closed; of our own transport's answers only the body is kept."""
    stream = response.stream
    return stream if isinstance(stream, Body) else response


def _is_over(reader: EventReader, source: Body | httpx.Response) -> bool:
    """Whether all has come; when only [DONE] is missing it is not waited for any longer."""
    if not reader.done and isinstance(source, Body):
        source.hurry(_AFTERMATH_S)
    return reader.done


def _keep_connection(source: Body | httpx.Response) -> None:
    """Close without ending the connection: all was read but perhaps the last, empty chunk."""
    if isinstance(source, Body):
        source.park()
