"""The common half of the fake model servers: connections, requests, pacing, log and statistics.

One asyncio loop without streams or tasks per connection: a token costs one `send` and little
else, so that a thousand streams at fifty tokens a second fit on a shared core.

Out of band, for tests and benches:

    GET  /__log?since=N    the requests received, oldest first (the last 10,000 are kept)
    GET  /__stats          counters, see `Server.stats`
    POST /__control        {"fail": 500, "times": 1, …}: steering words that hold for everyone;
                           null takes one back; also "models": […] and "key": "…"
    POST /__reset          empties log and counters, takes all words back
"""

import asyncio
import json
import socket
import struct
import time
from collections import Counter, deque
from collections.abc import Iterator
from typing import Any

from tests.fakes.framing import Act, Item, head, wire
from tests.fakes.script import DEFAULTS, Plan, digest, plan
from tests.fakes.wheel import Wheel

CREATED = 1_700_000_000
_KEPT_BODY_BYTES = 64 * 1024


class Server:
    """State of one fake; subclasses know the protocol.

    Args:
        loop: Where everything happens.
        words: Steering words that hold for everyone.
        key: When not empty, requests without this bearer key get 401.
    """

    chat_path = ""
    stream_kind = b"text/event-stream; charset=utf-8"

    def __init__(
        self, loop: asyncio.AbstractEventLoop, words: dict[str, Any] | None = None, key: str = ""
    ) -> None:
        self.wheel = Wheel(loop)
        self.start_words = {**DEFAULTS, **(words or {})}
        self.start_key = key
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.words = dict(self.start_words)
        self.key = self.start_key
        self.models = ["fake-alpha", "fake-beta"]
        self.log: deque[dict[str, Any]] = deque(maxlen=10_000)
        self.failed: Counter[str] = Counter()
        self.counts = {
            "requests": 0,
            "connections": 0,
            "aborted": 0,
            "tokens": 0,
            "peak_streams": 0,
        }
        self.open_streams = 0
        self.closed_ns: deque[int] = deque(maxlen=10_000)

    def stats(self) -> dict[str, Any]:
        """Tell the counters, and when clients closed streams early (monotonic nanoseconds)."""
        counts = {**self.counts, "open_streams": self.open_streams}
        return {**counts, "closed_ns": list(self.closed_ns)}

    def control(self, wishes: dict[str, Any]) -> None:
        """Change what holds for everyone."""
        self.models = wishes.pop("models", self.models)
        self.key = wishes.pop("key", self.key)
        self.failed.clear()
        self.words.update(wishes)
        self.words = {name: value for name, value in self.words.items() if value is not None}

    # What a protocol provides.

    def items(
        self, chosen: Plan, request: dict[str, Any], record: dict[str, Any]
    ) -> Iterator[Item]:
        """Write a streamed answer: one item of the protocol after the other."""
        raise NotImplementedError

    def whole(self, chosen: Plan, request: dict[str, Any]) -> dict[str, Any]:
        """Write an answer in one piece."""
        raise NotImplementedError

    def other(self, method: str, path: str, request: Any) -> tuple[int, Any]:
        """Answer what is no chat: status and JSON."""
        raise NotImplementedError

    def other_items(self, method: str, path: str, request: Any) -> Iterator[Item] | None:
        """Answer what is no chat item by item; None where `other` answers it."""
        return None

    def took(self, method: str, path: str, body: bytes) -> int | None:
        """Take a body that is no JSON, and give a status; None for everything else."""
        return None

    def error_body(self, message: str, status: int) -> dict[str, Any]:
        """Write an error."""
        raise NotImplementedError

    def is_stream(self, request: dict[str, Any]) -> bool:
        """Whether the answer is to come in pieces."""
        return bool(request.get("stream"))


class Connection(asyncio.Protocol):
    """One client connection: reads requests, one after the other, and answers them."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._data = bytearray()
        self._record: dict[str, Any] | None = None
        self._items: Iterator[Item] | None = None
        self._due = 0.0
        self._delay_s = 0.0
        self._is_full = False
        self._closes = False
        self._is_counted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, exc: Exception | None) -> None:
        self._note_abort()

    def eof_received(self) -> bool:
        self._note_abort()
        return False

    def pause_writing(self) -> None:
        self._is_full = True

    def resume_writing(self) -> None:
        self._is_full = False
        if self._items is not None:
            self._due = self.server.wheel.now()
            self._step()

    def data_received(self, data: bytes) -> None:
        self._data += data
        while self._items is None and self._read_request():
            pass

    # Requests.

    def _read_request(self) -> bool:
        end = self._data.find(b"\r\n\r\n")
        if end < 0:
            return False
        first, *lines = self._data[:end].decode("latin-1").split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        size = int(headers.get("content-length") or 0)
        if len(self._data) < end + 4 + size:
            return False
        body = bytes(self._data[end + 4 : end + 4 + size])
        del self._data[: end + 4 + size]
        method, target, _ = first.split(" ", 2)
        self._handle(method, target, headers, body)
        return True

    def _handle(self, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        path, _, query = target.partition("?")
        if (status := self.server.took(method, path, body)) is not None:
            self._note(method, target, headers, body, None)
            self.send_json(status, b"")
            return
        try:
            request = json.loads(body) if body else None
        except ValueError:
            self.send_json(400, self.server.error_body("bad JSON", 400))
            return
        if path.startswith("/__"):
            self._handle_control(path, query, request)
            return
        record = self._note(method, target, headers, body, request)
        if self.server.key and headers.get("authorization") != f"Bearer {self.server.key}":
            given = headers.get("authorization", "")
            self.send_json(401, self.server.error_body(f"Incorrect API key provided: {given}", 401))
        elif method == "POST" and path.endswith(self.server.chat_path):
            self._chat(request, record)
        elif (items := self.server.other_items(method, path, request)) is not None:
            asked = {"messages": [{"role": "user", "content": str(request.get("prompt") or "")}]}
            self._stream(plan(asked, self.server.words), items, record)
        else:
            self.send_json(*self.server.other(method, path, request))

    def _handle_control(self, path: str, query: str, request: Any) -> None:
        server = self.server
        if path == "/__log":
            since = int(query.partition("since=")[2] or 0)
            self.send_json(200, [record for record in server.log if record["n"] >= since])
            return
        if path == "/__control":
            server.control(request)
        if path == "/__reset":
            server.reset()
        self.send_json(200, server.stats())

    def _note(
        self, method: str, target: str, headers: dict[str, str], body: bytes, request: Any
    ) -> dict[str, Any]:
        record = {
            "n": self.server.counts["requests"],
            "t": time.time(),
            "received_ns": time.monotonic_ns(),
            "method": method,
            "path": target,
            "headers": headers,
            "json": request if len(body) <= _KEPT_BODY_BYTES else None,
            "bytes": len(body),
            "sent": 0,
            "done": False,
            "aborted": False,
        }
        self.server.counts["requests"] += 1
        self.server.counts["connections"] += not self._is_counted
        self._is_counted = True
        self.server.log.append(record)
        return record

    # Answers.

    def send_json(
        self, status: int, value: Any, more: str = "", kind: str = "application/json"
    ) -> None:
        """Send a whole answer."""
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        lines = f"HTTP/1.1 {status} Fake\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        self.transport.write(f"{lines}{more}\r\n".encode() + body)

    def _chat(self, request: dict[str, Any], record: dict[str, Any]) -> None:
        server = self.server
        chosen = plan(request, server.words)
        record.update(kind=chosen.kind, question=chosen.question, answer=chosen.text)
        if self._fails(chosen, request) or self._misbehaves(chosen):
            return
        if not server.is_stream(request) or chosen.get("json"):
            self._send_whole(chosen, request, record)
            return
        self._stream(chosen, server.items(chosen, request, record), record)

    def _send_whole(self, chosen: Plan, request: dict[str, Any], record: dict[str, Any]) -> None:
        def send() -> None:
            if not self.transport.is_closing():
                record["done"] = True
                self.send_json(200, self.server.whole(chosen, request))

        late = chosen.get("late")
        if late:
            wheel = self.server.wheel
            wheel.at(wheel.now() + late / 1000, send)
        else:
            send()

    def _stream(self, chosen: Plan, items: Iterator[Item], record: dict[str, Any]) -> None:
        server = self.server
        self._record = record
        self._delay_s = chosen.words["delay"] / 1000
        self._items = wire(items, chosen)
        server.open_streams += 1
        peak = max(server.counts["peak_streams"], server.open_streams)
        server.counts["peak_streams"] = peak
        self._due = server.wheel.now()
        self._closes = bool(chosen.get("close") or chosen.get("http10"))
        self.transport.write(head(chosen, server.stream_kind))
        self._step()

    def _fails(self, chosen: Plan, request: dict[str, Any]) -> bool:
        status = chosen.get("fail")
        if not status:
            return False
        name = digest(json.dumps(request.get("messages")))
        self.server.failed[name] += 1
        if chosen.get("times") and self.server.failed[name] > chosen.words["times"]:
            return False
        more = f"Retry-After: {chosen.words['retry']}\r\n" if chosen.get("retry") else ""
        if 300 <= status < 400:
            more += "Location: http://127.0.0.1:1/elsewhere\r\n"
        message = f"made to fail with {status}"
        self.send_json(status, self.server.error_body(message, status), more)
        return True

    def _misbehaves(self, chosen: Plan) -> bool:
        """Answer with something else than a stream; true when that was done."""
        if chosen.get("hang_head"):
            self._items = iter((Act.HANG,))
            self._record = self.server.log[-1]
            self.server.open_streams += 1
        elif chosen.get("drop"):
            self.transport.close()
        elif chosen.get("noise"):
            self.transport.write(b"\x00\x01\x02 SSH-2.0-noise\r\n\r\n")
            self.transport.close()
        elif chosen.get("html"):
            page = b"<!doctype html><html><head><title>Sign in to the hotel</title></head></html>"
            self.send_json(200, page, kind="text/html")
        elif chosen.get("empty"):
            self.send_json(200, b"", kind="text/event-stream")
        else:
            return False
        return True

    def _step(self) -> None:
        """Send what is due of a stream, and see when to go on."""
        items = self._items
        if items is None or self._is_full:
            return
        item = next(items, None)
        if type(item) is bytes:
            self.transport.write(item)
            wheel = self.server.wheel
            if self._delay_s:
                self._due += self._delay_s
                wheel.at(self._due, self._step)
            else:
                wheel.soon(self._step)
        elif item is None:
            self._finish()
        else:
            self._act(item)

    def _finish(self) -> None:
        self._items = None
        if self._record is not None:
            self._record["done"] = True
            self._record = None
            self.server.open_streams -= 1
        if self._closes:
            self.transport.close()
        else:
            self.data_received(b"")

    def _act(self, act: Act) -> None:
        if act is Act.HANG:
            return
        self._end_early()
        if act is Act.RESET:
            sock = self.transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()
        else:
            self.transport.close()

    def _end_early(self) -> None:
        self._items = None
        if self._record is not None:
            self._record = None
            self.server.open_streams -= 1

    def _note_abort(self) -> None:
        """Note that the client has gone in the middle of a stream."""
        if self._record is None:
            return
        now = time.monotonic_ns()
        self._record.update(aborted=True, closed_ns=now)
        self.server.counts["aborted"] += 1
        self.server.closed_ns.append(now)
        self._end_early()
