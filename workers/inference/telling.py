"""What user-written code tells the reader beside the answer, and what of it the message keeps.

Source: contract, chat-flow §6 (types of events, and which of them are stored).
"""

from typing import Any, Protocol

from workers.live import Running

_APPENDED = ("message", "chat:message:delta")
_REPLACED = ("replace", "chat:message")
_FILES = ("files", "chat:message:files")
_SOURCES = ("source", "citation")
_RUN_CODE = "code_execution"
# Of each sort a message keeps so many; a reader may be told more.
_MOST_KEPT = 200


class Text(Protocol):
    """The answer that is being written."""

    def add_text(self, piece: str) -> None:
        """Append to it."""

    def replace(self, text: str) -> None:
        """Let it be another."""


class Teller:
    """Tells one answer's readers.

    Args:
        text: What events that write into the answer change; their readers are told here.
    """

    def __init__(self, job: Running, text: Text) -> None:
        self._job, self._text = job, text
        self._statuses: list[dict[str, Any]] = []
        self._sources: list[dict[str, Any]] = []
        self._files: list[Any] = []

    def tell(self, event: Any) -> None:
        """Take an event of the contract's form; what has none is passed over."""
        kind, data = _parted(event)
        writer = self._job.writer
        if kind in _APPENDED:
            piece = str(data.get("content") or "")
            self._text.add_text(piece)
            writer.text(piece)
        elif kind in _REPLACED:
            whole = str(data.get("content") or "")
            self._text.replace(whole)
            writer.emit("replace", {"content": whole})
        elif kind:
            self._keep(kind, data)
            writer.emit("event", {"type": kind, "data": event.get("data")})

    def _keep(self, kind: str, data: dict[str, Any]) -> None:
        if kind == "status":
            self._statuses = [*self._statuses, data][-_MOST_KEPT:]
        elif kind in _SOURCES and data.get("type") != _RUN_CODE:
            self._sources = [*self._sources, data][-_MOST_KEPT:]
        elif kind in _FILES and isinstance(data.get("files"), list):
            self._files = data["files"][:_MOST_KEPT]

    def fields(self, others: dict[str, Any] | None = None) -> dict[str, Any]:
        """Give what the message keeps, behind what others want it to keep."""
        kept = {
            "statusHistory": self._statuses,
            "sources": self._sources,
            "files": self._files,
        }
        made = dict(others or {})
        for name, values in kept.items():
            if values:
                made[name] = [*made.get(name, []), *values]
        return made


def _parted(event: Any) -> tuple[str, dict[str, Any]]:
    """Give the type and the data of an event; no type for what is none."""
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        return "", {}
    data = event.get("data")
    return event["type"], data if isinstance(data, dict) else {}
