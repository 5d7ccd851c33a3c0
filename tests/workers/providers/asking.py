"""Questions to providers, and what comes of them."""

import threading
import time
from collections.abc import Callable
from typing import Any, Self

from workers.providers.base import Event, Provider, Stream, Timeouts

KEY = "sk-test-0123456789"
PATIENT = Timeouts(connect_s=5, first_byte_s=10, idle_s=10, total_s=30)


def chat(question: str, **more: Any) -> dict[str, Any]:
    """Make a request with one question."""
    return {"model": "fake-alpha", "messages": [{"role": "user", "content": question}], **more}


def told(provider: Provider, question: str, **more: Any) -> list[Event]:
    """Ask, and give all events."""
    return list(provider.stream(chat(question, **more)))


def text(events: list[Event]) -> str:
    """Give the answer's text."""
    return "".join(data.get("text", "") for kind, data in events if kind == "delta")


class Reading:
    """Somebody who reads a stream in a thread (a greenlet under gevent) of its own.

    Attributes:
        events: What came so far.
        error: How it ended, None when well.
        ended_ns: When, on the monotonic clock.
    """

    def __init__(self, stream: Stream) -> None:
        self.events: list[Event] = []
        self.error: Exception | None = None
        self.ended_ns = 0
        self._stream = stream
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            for event in self._stream:
                self.events.append(event)
        except Exception as error:
            self.error = error
        self.ended_ns = time.monotonic_ns()

    def join(self, timeout_s: float = 5) -> Self:
        """Wait for the end."""
        self._thread.join(timeout_s)
        assert not self._thread.is_alive(), f"still reading, {len(self.events)} events"
        return self


def seconds(act: Callable[[], Any]) -> float:
    """Measure how long something takes."""
    start = time.monotonic()
    act()
    return time.monotonic() - start
