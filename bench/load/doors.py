"""The doors an answer comes through: each stream opens one, asks, and keeps what arrives and when.

Nothing is parsed while streams run: that is done by `answers.py` afterwards.
"""

import json
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from bench.load import wire
from bench.load.loop import Line, Loop

TOKEN = re.compile(rb"t(\d{9,}) ")
_ENDED = tuple(b'"type":"%b"' % kind for kind in (b"completed", b"failed", b"cancelled"))


@dataclass(frozen=True)
class Target:
    """Where questions go.

    Attributes:
        prefix: Of the path: `/api` with us, `/v1` at the provider.
        model: Id of the model.
    """

    host: str
    port: int
    prefix: str
    model: str

    @property
    def address(self) -> tuple[str, int]:
        return self.host, self.port

    @property
    def name(self) -> str:
        return f"{self.host}:{self.port}"


class Stream:
    """One answer over OpenAI's door: `stream: true` and server-sent events.

    Args:
        loop: Reads for it.
        target: Where to ask.
        token: Of the user who asks.
        question: With the words that steer the fake provider.
    """

    end_marks: tuple[bytes, ...] = (b"0\r\n\r\n",)

    def __init__(self, loop: Loop, target: Target, token: str, question: str) -> None:
        self.loop, self.target, self.token, self.question = loop, target, token, question
        self.pieces: list[tuple[int, bytes]] = []
        self.sent_ns = self.started_ns = self.ended_ns = 0
        self.failure = ""
        self.is_ready = False
        self.on_start: Callable[[], None] = lambda: None
        self.on_end: Callable[[], None] = lambda: None
        self._tail = b""
        self._lines: list[Line] = []

    def open(self) -> None:
        """Do what a client has done long before it asks."""
        self.is_ready = True

    def start(self) -> None:
        """Ask."""
        self.sent_ns = time.monotonic_ns()
        self.ask(self.record)

    def close(self) -> None:
        """Leave."""
        for line in self._lines:
            line.close()

    def ask(self, handle: Callable[[int, bytes], None], **more: object) -> None:
        """Send the question over a connection of its own."""
        messages = [{"role": "user", "content": self.question}]
        body = {"model": self.target.model, "messages": messages, "stream": True, **more}
        path = f"{self.target.prefix}/chat/completions"
        self.connect(handle).send(wire.post(self.target.name, path, body, self.token))

    def connect(self, handle: Callable[[int, bytes], None]) -> Line:
        """Open a connection that is closed with the stream."""
        line = Line(self.loop, self.target.address, handle)
        self._lines.append(line)
        return line

    def record(self, now: int, data: bytes) -> None:
        """Keep a piece, and see whether it is the first with a word or the last of all."""
        if not data:
            self.end(now, "the connection was closed")
            return
        self.pieces.append((now, data))
        if not self.started_ns and self._sees_start(now, data):
            return
        seen = self._tail + data
        if any(mark in seen for mark in self.end_marks):
            self.end(now)
        self._tail = data[-24:]

    def _sees_start(self, now: int, data: bytes) -> bool:
        if len(self.pieces) == 1 and data.startswith(b"HTTP/1.1 ") and data[9:10] != b"2":
            self.end(now, data[:300].decode("latin-1"))
            return True
        if TOKEN.search(data):
            self.started_ns = now
            self.on_start()
        return False

    def end(self, now: int, failure: str = "") -> None:
        """Come to an end, once."""
        if not self.ended_ns:
            self.ended_ns, self.failure = now, failure
            if not self.started_ns:
                self.started_ns = now
                self.on_start()
            self.on_end()

    def answer_of(self, then: Callable[[dict[str, str]], None]) -> Callable[[int, bytes], None]:
        """Make the reader of a JSON answer in one piece."""
        held = bytearray()

        def handle(now: int, data: bytes) -> None:
            held.extend(data)
            found = wire.body_of(bytes(held))
            if found is None:
                return
            held.clear()
            if found[0] >= 300:
                self.end(now, f"{found[0]} {found[1][:200].decode()}")
            else:
                then(json.loads(found[1]))

        return handle


class JobStream(Stream):
    """A background job, followed over `/api/v1/jobs/{id}/events`."""

    job = ""

    def start(self) -> None:
        self.sent_ns = time.monotonic_ns()
        self.ask(self.answer_of(self._follow), background=True)

    def _follow(self, answer: dict[str, str]) -> None:
        self.job = answer["job"]
        request = wire.get(self.target.name, f"/api/v1/jobs/{self.job}/events", self.token)
        self.connect(self.record).send(request)


class SocketStream(JobStream):
    """A background job, followed over a `/ws` that was open before."""

    end_marks = _ENDED
    path = "/ws"

    def open(self) -> None:
        self._socket = self.connect(self._shake_hands)
        self._socket.send(wire.upgrade(self.target.name, self.path))
        self._head = b""

    def _shake_hands(self, now: int, data: bytes) -> None:
        self._head += data
        parsed = wire.parse_head(self._head)
        if parsed is None:
            return
        if parsed[0] != 101:
            self.is_ready = True
            self.end(now, self._head[:200].decode("latin-1"))
            return
        self.pieces.append((now, parsed[2]))
        self._socket.handle = self._greet
        self._greet(now, b"")
        self.sign_in()

    def sign_in(self) -> None:
        """Say who this is."""
        self._say({"op": "auth", "token": self.token})

    def _greet(self, now: int, data: bytes) -> None:
        self.pieces.append((now, data))
        if self.is_greeted(b"".join(piece for _, piece in self.pieces)):
            self.is_ready = True
            self._socket.handle = self.record

    def is_greeted(self, heard: bytes) -> bool:
        """Whether the server has said all that comes before the first question."""
        return b'"of":"auth"' in heard

    def _follow(self, answer: dict[str, str]) -> None:
        self.job = answer["job"]
        self._say({"op": "subscribe", "job": self.job, "after": 0})

    def _say(self, frame: dict[str, object]) -> None:
        self._socket.send(wire.text_frame(json.dumps(frame).encode()))


class PageStream(SocketStream):
    """A temporary chat of the page, over Socket.IO; its user has no other socket.

    The server pings every 25 s and waits 20 s for an answer; streams are over before.
    """

    end_marks = (b'"done":true', b'"task-cancelled"', b'"error":')
    path = "/ws/socket.io/?EIO=4&transport=websocket"

    def sign_in(self) -> None:
        self._socket.send(wire.text_frame(b"40" + json.dumps({"token": self.token}).encode()))

    def is_greeted(self, heard: bytes) -> bool:
        place = heard.find(b'40{"sid":"')
        if place >= 0:
            self._session = heard[place + 10 :].partition(b'"')[0].decode()
        return place >= 0

    def start(self) -> None:
        self.sent_ns = time.monotonic_ns()
        name = str(uuid.uuid4())
        ids = {"session_id": self._session, "chat_id": f"local:{name}", "id": name}
        self.ask(self.answer_of(lambda _: None), **ids)


DOORS: dict[str, type[Stream]] = {
    "sse": Stream,
    "job": JobStream,
    "ws": SocketStream,
    "socketio": PageStream,
}
