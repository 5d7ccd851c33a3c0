"""The contract of a provider: what the rest of the workers may ask of any model server."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from workers.providers.line import Cut

# ("delta" | "usage" | "meta", data); see `Provider.stream` for what stands in data.
Event = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Timeouts:
    """How long to wait for an upstream, in seconds.

    Attributes:
        connect_s: Finding the address, connecting and the TLS handshake together.
        first_byte_s: From the request's end to the head, and again to the first piece of the body.
        idle_s: Between two pieces of the body.
        total_s: The whole exchange.
    """

    connect_s: float = 10.0
    first_byte_s: float = 300.0
    idle_s: float = 120.0
    total_s: float = 3600.0


class Stream(Protocol):
    """An answer under way: an iterator of events that other threads and greenlets may end.

    Nothing is sent before the first `next`. Iteration raises the errors of `errors.py`.
    """

    def __iter__(self) -> Iterator[Event]: ...

    def batches(self) -> Iterator[list[Event]]:
        """Iterate over the same events, together as they arrived: one list per read, never empty.

        Use either this or the stream itself, not both.
        """

    def close(self) -> None:
        """Close the upstream connection at once; for the reader itself, as with a generator."""

    def abort(self) -> None:
        """End the answer from any thread or greenlet: its reader raises `Aborted` at once.

        Works before the start, while connecting or waiting, and after the end; often as you like.
        """


class Answering(Protocol):
    """Whoever answers chats."""

    def stream(self, body: dict[str, Any]) -> Stream:
        """Answer a chat, piece by piece; see `Provider`."""

    def complete(self, body: dict[str, Any], cut: Cut | None = None) -> dict[str, Any]:
        """Answer a chat in one piece; see `Provider`."""


class Provider(Answering, Protocol):
    """A model server. One object per connection, shared by all threads and greenlets."""

    def models(self) -> list[dict[str, Any]]:
        """List the models, as the upstream describes them.

        Raises:
            ProviderError: The upstream did not give a list.
        """

    def version(self) -> dict[str, Any]:
        """Ask the cheapest question that shows that address and key are right.

        Returns:
            The upstream's own answer: OpenAI's `GET /models`, Ollama's `GET /api/version`.
        """

    def stream(self, body: dict[str, Any]) -> Stream:
        """Answer a chat, piece by piece.

        Args:
            body: An OpenAI chat completion request whose `model` is the upstream's own id.

        Returns:
            Events. First ("meta", {"id", "created", "model", "system_fingerprint"?}). Then
            ("delta", d), where d has one of "text", "reasoning", "tool_calls" (the raw list of
            deltas), "finish_reason" or none of them; "index" unless it is choice 0; and "extra"
            with whatever else the delta held (and the choice's "logprobs"). ("usage", {...})
            whenever the upstream tells it.
        """

    def complete(self, body: dict[str, Any], cut: Cut | None = None) -> dict[str, Any]:
        """Answer a chat in one piece, as an OpenAI `chat.completion` object.

        Args:
            body: As in `stream`.
            cut: Setting it from any thread or greenlet ends the call at once with `Aborted`.
        """

    def items(self, path: str, body: dict[str, Any]) -> Stream:
        """Post a request of the server's own protocol whose answer comes in pieces.

        Args:
            path: Below the connection's address, with a leading slash; may have a query.
            body: JSON.

        Returns:
            ("item", {"item": {...}}) for each object of the answer, as it came, and ("progress",
            {"done", "total", "unit", "note"}) beside those that tell how far a transfer has come.
        """

    def ask(self, method: str, path: str, body: bytes | None, cut: Cut | None = None) -> Any:
        """Send a request of the server's own protocol whose answer comes whole.

        Args:
            method: HTTP method.
            path: As in `items`.
            body: JSON, or none.
            cut: As in `complete`.

        Returns:
            The JSON of the answer; None when there is nothing in it.
        """

    def close(self) -> None:
        """Close the connections that nobody uses; answers under way go on."""
