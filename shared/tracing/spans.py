"""Spans: what was done, from when to when, for which trace.

Source: https://www.w3.org/TR/trace-context/ (traceparent), and OpenTelemetry's specification of
spans and samplers.
"""

import re
import secrets
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache

from shared.config.settings import get_settings
from shared.tracing import export

SERVER, CLIENT, CONSUMER = 2, 3, 5
_INTERNAL = 1
Value = str | int | float | bool

_PARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16


@dataclass
class Span:
    """Something that takes time.

    Attributes:
        trace_id: 32 hexadecimal digits.
        span_id: 16 of them.
        parent_id: The span that this is a part of, or empty.
        kind: SERVER, CLIENT, CONSUMER, or 1 for what happens inside.
        is_sampled: Whether it is sent; its children follow it.
        began_ns: Nanoseconds since the epoch.
        values: What is known about it; nothing that a user wrote.
        problem: What went wrong, in a word.
    """

    name: str
    trace_id: str
    parent_id: str
    kind: int
    is_sampled: bool
    span_id: str = field(default_factory=lambda: secrets.token_hex(8))
    began_ns: int = field(default_factory=time.time_ns)
    values: dict[str, Value] = field(default_factory=dict)
    events: list[tuple[int, str]] = field(default_factory=list)
    problem: str = ""

    @property
    def traceparent(self) -> str:
        """Name it for whoever does a part of it."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.is_sampled else '00'}"

    def note(self, event: str) -> None:
        """Note that something has happened just now."""
        self.events.append((time.time_ns(), event))


_current: ContextVar[Span | None] = ContextVar("span", default=None)
_off: AbstractContextManager[Span | None] = nullcontext()


@lru_cache(maxsize=1)
def is_on() -> bool:
    """Whether anybody wants traces."""
    settings = get_settings()
    return settings.enable_otel or bool(settings.otel_exporter_otlp_endpoint)


def current() -> Span | None:
    """Give the span of what is being done here."""
    return _current.get()


def traceparent() -> str | None:
    """Name the present span for whoever does a part of it; None when there is none."""
    present = _current.get()
    return None if present is None else present.traceparent


def headers() -> tuple[tuple[str, str], ...]:
    """Give the header that tells a server of the trace which a request belongs to."""
    present = _current.get()
    return () if present is None else (("traceparent", present.traceparent),)


def begin(name: str, kind: int = _INTERNAL, parent: str | None = None) -> Span:
    """Begin a span, which is the present one from now on in this context.

    Args:
        kind: SERVER, CLIENT, CONSUMER or none of them.
        parent: The traceparent of another process; without one the present span is its parent.
    """
    made = _made(name, kind, parent)
    _current.set(made)
    return made


def _made(name: str, kind: int, parent: str | None) -> Span:
    found = _PARENT.fullmatch(parent or traceparent() or "")
    if found is None or found[1] == _NO_TRACE or found[2] == _NO_SPAN:
        trace_id = secrets.token_hex(16)
        return Span(name, trace_id, "", kind, _is_sampled(trace_id, None))
    is_sampled = _is_sampled(found[1], int(found[3], 16) & 1 == 1)
    return Span(name, found[1], found[2], kind, is_sampled)


def _is_sampled(trace_id: str, parents_wish: bool | None) -> bool:
    """Decide as OTEL_TRACES_SAMPLER says."""
    settings = get_settings()
    sampler: str = settings.otel_traces_sampler
    if sampler.startswith("parentbased_"):
        if parents_wish is not None:
            return parents_wish
        sampler = sampler.removeprefix("parentbased_")
    if sampler == "traceidratio":
        return int(trace_id[-14:], 16) < settings.otel_traces_sampler_arg * 2**56
    return sampler == "always_on"


def end(done: Span) -> None:
    """End a span; it is sent soon."""
    if done.is_sampled:
        export.keep(_written(done, time.time_ns()))


def past(name: str, began_at: float, parent: Span) -> None:
    """Tell of something that has ended just now, as a part of another span.

    Args:
        began_at: Seconds since the epoch.
    """
    if parent.is_sampled:
        done = Span(name, parent.trace_id, parent.span_id, _INTERNAL, True)
        done.began_ns = int(began_at * 1e9)
        export.keep(_written(done, time.time_ns()))


def span(
    name: str, kind: int = _INTERNAL, parent: str | None = None
) -> AbstractContextManager[Span | None]:
    """Make a span of a block; see `begin`. Nothing at all while traces are off."""
    return _spanned(name, kind, parent) if is_on() else _off


@contextmanager
def _spanned(name: str, kind: int, parent: str | None) -> Iterator[Span]:
    made = _made(name, kind, parent)
    token = _current.set(made)
    try:
        yield made
    except BaseException as error:
        # Only the kind: the words may be a user's.
        made.problem = made.problem or type(error).__name__
        raise
    finally:
        _current.reset(token)
        end(made)


def _written(done: Span, ended_ns: int) -> dict[str, object]:
    """Write a span as OTLP's JSON has it.

    Source: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding.
    """
    written: dict[str, object] = {
        "traceId": done.trace_id,
        "spanId": done.span_id,
        "name": done.name,
        "kind": done.kind,
        "startTimeUnixNano": str(done.began_ns),
        "endTimeUnixNano": str(max(ended_ns, done.began_ns)),
        "attributes": export.attributes(done.values),
        "events": [{"timeUnixNano": str(at), "name": name} for at, name in done.events],
        "status": {"code": 2, "message": done.problem} if done.problem else {},
    }
    return {**written, "parentSpanId": done.parent_id} if done.parent_id else written
