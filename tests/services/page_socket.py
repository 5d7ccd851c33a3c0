"""The page's socket (Socket.IO over one WebSocket), below any library: it can also stop reading."""

import json
import socket
from typing import Any

import websocket

from tests.services.client import Account


class PageSocket:
    """One open socket of a user, joined by its connect packet.

    Args:
        account: Whose it is.
        receive_buffer: Bytes that the system keeps for it; a small one makes a slow reader.

    Source: https://socket.io/docs/v4/socket-io-protocol/
    """

    def __init__(self, account: Account, receive_buffer: int | None = None):
        options = []
        if receive_buffer:
            options = [(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)]
        address = account.base.replace("http", "ws", 1)
        self._sock = websocket.create_connection(
            f"{address}/ws/socket.io/?EIO=4&transport=websocket", timeout=20, sockopt=options
        )
        self._read_packet("0")
        self._sock.send("40" + json.dumps({"token": account.token}))
        self._read_packet("40")

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
            name, *data = json.loads(self._read_packet("42"))
            if name == "chat-events":
                inner = data[0]["data"]
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
