"""The page's socket (Socket.IO over one WebSocket), below any library: it can also stop reading."""

import json
import socket
from collections.abc import Callable
from typing import Any

import websocket

from tests.services.client import Account


class PageSocket:
    """One open socket of a user, joined by its connect packet.

    Args:
        account: Whose it is.
        receive_buffer: Bytes that the system keeps for it; a small one makes a slow reader.
        acknowledge: Gives what the page answers to events that want an answer, by type and data.

    Attributes:
        sid: By which the page is known.

    Source: https://socket.io/docs/v4/socket-io-protocol/
    """

    def __init__(
        self,
        account: Account,
        receive_buffer: int | None = None,
        acknowledge: Callable[[str, Any], Any] | None = None,
    ):
        self._acknowledge = acknowledge
        options = []
        if receive_buffer:
            options = [(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)]
        address = account.base.replace("http", "ws", 1)
        self._sock = websocket.create_connection(
            f"{address}/ws/socket.io/?EIO=4&transport=websocket", timeout=20, sockopt=options
        )
        self._read_packet("0")
        self._sock.send("40" + json.dumps({"token": account.token}))
        self.sid = str(json.loads(self._read_packet("40"))["sid"])

    def _read_packet(self, kind: str) -> str:
        while True:
            packet = self._sock.recv()
            assert isinstance(packet, str)
            if packet == "2":
                self._sock.send("3")
            if packet.startswith(kind):
                return packet.removeprefix(kind)

    def read(self) -> tuple[str, dict[str, Any]]:
        """Read one event of the page: its type and its data."""
        while True:
            packet = self._read_packet("42")
            number = packet.partition("[")[0]
            name, *data = json.loads(packet.removeprefix(number))
            if name != "chat-events":
                continue
            inner = data[0]["data"]
            if number and self._acknowledge is not None:
                said = self._acknowledge(inner["type"], inner.get("data"))
                self._sock.send(f"43{number}{json.dumps([said])}")
            return inner["type"], inner.get("data") or {}

    def read_answer(self) -> str:
        """Read an answer to its end, as the page puts it together."""
        text = ""
        while True:
            kind, data = self.read()
            if kind != "chat:completion":
                continue
            for choice in data.get("choices") or ():
                text += choice["delta"].get("content") or ""
            text = data.get("content", text)
            if data.get("done"):
                return text

    def close(self) -> None:
        """Close without ceremony."""
        self._sock.shutdown()
