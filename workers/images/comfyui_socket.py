"""ComfyUI's WebSocket: how far a workflow is, and previews of it."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import orjson

from shared.errors import Unavailable

_PREVIEW = 1
_FORMS = {1: "image/jpeg", 2: "image/png"}
_TICK_S = 1.0


@dataclass(frozen=True)
class Progress:
    """What ComfyUI tells.

    Attributes:
        prompt_id: Of the order; None where it tells none.
        preview: MIME type and bytes.
    """

    prompt_id: str | None = None
    percent: float = 0.0
    preview: tuple[str, bytes] | None = None
    error: str | None = None
    is_end: bool = False


@contextmanager
def listening(url: str, client_id: str, key: str) -> Iterator[Iterator[Progress | None]]:
    """Listen for the time of a block; gives what comes, and None whenever a second passes without.

    Args:
        url: Of the server, http or https.

    Raises:
        Unavailable: It does not answer.
    """
    from simple_websocket import (  # noqa: PLC0415 -- only needed here
        Client,
        ConnectionClosed,
        ConnectionError,
    )

    address = f"ws{url.removeprefix('http')}/ws?clientId={client_id}"
    headers = {"Authorization": f"Bearer {key}"} if key else None
    try:
        client = Client.connect(address, headers=headers)
    except (OSError, ConnectionError, ConnectionClosed) as error:
        raise Unavailable("ComfyUI cannot be reached.") from error
    try:
        yield _messages(client, ConnectionClosed)
    finally:
        with suppress(ConnectionClosed):  # it was faster
            client.close()


def _messages(client: Any, closed: type[Exception]) -> Iterator[Progress | None]:
    percent = 0.0
    while True:
        try:
            frame = client.receive(timeout=_TICK_S)
        except closed as error:
            raise Unavailable("ComfyUI has closed the connection.") from error
        told = None if frame is None else _read(frame, percent)
        if told is not None:
            percent = told.percent
        yield told


def _read(frame: str | bytes, percent: float) -> Progress | None:
    """Read one message; None for those that do not matter."""
    if isinstance(frame, bytes):
        return _preview(frame, percent)
    message = orjson.loads(frame)
    kind, data = message.get("type"), message.get("data") or {}
    prompt_id = data.get("prompt_id")
    if kind == "progress":
        done = 100 * float(data.get("value") or 0) / max(float(data.get("max") or 1), 1)
        return Progress(prompt_id, done)
    if kind == "execution_error":
        return Progress(prompt_id, percent, error=str(data.get("exception_message") or "failed"))
    is_end = kind == "execution_success" or (kind == "executing" and data.get("node") is None)
    return Progress(prompt_id, percent, is_end=True) if is_end and prompt_id else None


def _preview(frame: bytes, percent: float) -> Progress | None:
    if len(frame) < 8:
        return None
    kind, form = struct.unpack(">II", frame[:8])
    if kind != _PREVIEW or form not in _FORMS:
        return None
    return Progress(None, percent, (_FORMS[form], frame[8:]))
