"""A client of the plain WebSocket door `/ws`: one socket, many jobs."""

import json
import select
import ssl
from typing import Any

import websocket

from tests.services.client import TERMINAL, Account


class JobSocket:
    """One open socket of a user, authenticated by its first message.

    Args:
        account: Whose it is; its `base` is the web process to go to.
    """

    def __init__(self, account: Account):
        self._sock = websocket.create_connection(
            account.base.replace("http", "ws", 1) + "/ws",
            timeout=20,
            origin=account.base,
            sslopt={"cert_reqs": ssl.CERT_NONE},
        )
        self.events: dict[str, list[dict[str, Any]]] = {}
        self.send(op="auth", token=account.token)

    @property
    def raw(self) -> Any:
        """The TCP socket below."""
        return self._sock.sock

    def send(self, **frame: Any) -> None:
        """Send one frame."""
        self._sock.send(json.dumps(frame))

    def subscribe(self, job: str, after: int = 0) -> None:
        """Ask for a job's events after a cursor."""
        self.events.setdefault(job, [])
        self.send(op="subscribe", job=job, after=after)

    def read(self) -> dict[str, Any]:
        """Read one frame; events are kept by job."""
        frame: dict[str, Any] = json.loads(self._sock.recv())
        if "seq" in frame:
            self.events.setdefault(frame["job"], []).append(frame)
        return frame

    def read_all_there(self) -> None:
        """Read one frame, and those that came in the same record of TLS: no poll tells of them."""
        self.read()
        while isinstance(self.raw, ssl.SSLSocket) and self.raw.pending():
            self.read()

    def read_until(self, op: str) -> dict[str, Any]:
        """Read on until a frame of the door itself comes."""
        while (frame := self.read()).get("op") != op:
            pass
        return frame

    def is_done(self, job: str) -> bool:
        """Whether a job's terminal event has come."""
        events = self.events.get(job)
        return bool(events) and events[-1]["type"] in TERMINAL

    def text(self, job: str) -> str:
        """A job's answer as far as it has come."""
        return "".join(
            e["data"].get("text") or "" for e in self.events[job] if e["type"] == "delta"
        )

    def close(self) -> None:
        """Close without ceremony."""
        self._sock.shutdown()


def read_all(sockets: dict[JobSocket, str], timeout_s: float) -> None:
    """Read many sockets side by side until each has seen the end of its job.

    Args:
        sockets: Each with the job that it has subscribed to.
        timeout_s: So long may all be silent.

    Raises:
        AssertionError: All sockets were silent for that long.
    """
    poll = select.epoll()
    by_number = {s.raw.fileno(): (s, job) for s, job in sockets.items()}
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    while by_number:
        ready = poll.poll(timeout_s)
        assert ready, f"{len(by_number)} sockets are silent before their end"
        for number, _ in ready:
            socket, job = by_number[number]
            socket.read_all_there()
            if socket.is_done(job):
                poll.unregister(number)
                del by_number[number]
    poll.close()
