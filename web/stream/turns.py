"""A job's events in the form of the page's sockets.

Source: contract, chat-flow §6 and §15 (the names of 0.6.5 and, beside them, those of 0.12.4).
"""

import time
from dataclasses import dataclass
from typing import Any

import orjson

from shared import db
from shared.models.chat import Chat
from shared.queue import RUN_CHAT, WRITE_TAGS, WRITE_TITLE
from shared.services.answers import Answer

# A text that is not simply appended to is sent as a whole, but not more often than this.
_WHOLE_EVERY_S = 0.1
# After a page has joined in the middle the whole text is sent now and then, for what fell between
# its loading of the chat and its first event.
_HEAL_FOR_S, _HEAL_EVERY_S = 10.0, 1.0


@dataclass(frozen=True)
class Notice:
    """One event for the page.

    Attributes:
        type: Name inside the `chat-events` envelope.
        data: Its data; left out when None.
        is_delta: Whether it is a piece of a stream, which clients of the newer form need not
            get twice.
    """

    type: str
    data: Any = None
    is_delta: bool = False


class Turn:
    """Turns the events of one chat answer into notices."""

    def __init__(self, chat_id: str) -> None:
        self._chat_id = chat_id
        self._answer = Answer()
        self._needs_whole = False
        self._whole_at = 0.0
        self._heal_until = 0.0

    def heal(self) -> None:
        """Note that a page has joined in the middle."""
        self._heal_until = time.monotonic() + _HEAL_FOR_S
        self._needs_whole = True

    def take(self, events: list[bytes]) -> list[Notice]:
        """Turn events into notices; neighbouring pieces of text become one."""
        notices: list[Notice] = []
        pieces: list[str] = []
        for event in events:
            parsed = orjson.loads(event)
            kind, data = parsed["type"], parsed["data"]
            if kind == "delta":
                self._answer.add(data)
                pieces.append(data.get("text") or "")
                continue
            notices += [*self._flush(pieces), *self._other(kind, data)]
            pieces = []
        return [*notices, *self._flush(pieces)]

    def tick(self) -> list[Notice]:
        """Give what was held back, when nothing new has come."""
        return self._flush([]) if self._needs_whole else []

    def _flush(self, pieces: list[str]) -> list[Notice]:
        if not pieces and not self._needs_whole:
            return []
        now = time.monotonic()
        is_healing = now < self._heal_until and now - self._whole_at >= _HEAL_EVERY_S
        if self._answer.is_plain and not self._needs_whole and not is_healing:
            text = "".join(pieces)
            return (
                [
                    Notice(
                        "chat:completion",
                        {"choices": [{"index": 0, "delta": {"content": text}}]},
                        True,
                    )
                ]
                if text
                else []
            )
        self._needs_whole = True
        if now - self._whole_at < _WHOLE_EVERY_S or self._answer.is_empty:
            return []
        self._whole_at, self._needs_whole = now, False
        return [Notice("chat:completion", {"content": self._answer.content(is_done=False)}, True)]

    def _other(self, kind: str, data: dict[str, Any]) -> list[Notice]:
        if kind == "restarted":
            self._answer, self._needs_whole = Answer(), True
            return []
        if kind == "queued":
            return [
                Notice(
                    "status",
                    {"description": f"Waiting, place {data['position']} in line", "done": False},
                )
            ]
        if kind == "status":
            return [Notice("status", data)]
        if kind == "source":
            return [Notice("chat:completion", {"sources": data["sources"]})]
        if kind == "usage":
            return [Notice("chat:completion", {"usage": data})]
        return self._ending(kind, data)

    def _ending(self, kind: str, data: dict[str, Any]) -> list[Notice]:
        self._needs_whole = False
        content = self._answer.content()
        if kind == "cancelled":
            whole = (
                [] if self._answer.is_empty else [Notice("chat:completion", {"content": content})]
            )
            return [*whole, Notice("task-cancelled")]
        if kind == "failed":
            error = {"content": data["error"]}
            done = Notice(
                "chat:completion", {"done": True, "content": content, "title": self._title()}
            )
            return [Notice("chat:completion", {"error": error}), *([done] if content else [])]
        if kind == "completed":
            return [
                Notice(
                    "chat:completion", {"done": True, "content": content, "title": self._title()}
                )
            ]
        return []

    def _title(self) -> str:
        with db.reading() as session:
            chat = session.get(Chat, self._chat_id)
            return chat.title if chat else ""


class _Follower:
    """Turns the end of a title or tag job into its notice."""

    def __init__(self, notice: str, name: str) -> None:
        self._notice, self._name = notice, name

    def heal(self) -> None:
        """Nothing can be missed: only the end counts."""

    def take(self, events: list[bytes]) -> list[Notice]:
        """Look for the end."""
        if not events[-1].startswith(b'{"type":"completed"'):
            return []
        found = orjson.loads(events[-1])["data"].get(self._name)
        return [Notice(self._notice, found)] if found else []

    def tick(self) -> list[Notice]:
        """Hold nothing back."""
        return []


def translator(kind: str, chat_id: str) -> Turn | _Follower | None:
    """Choose how the events of a kind of job reach the page; None: not at all."""
    if kind == RUN_CHAT.name:
        return Turn(chat_id)
    if kind == WRITE_TITLE.name:
        return _Follower("chat:title", "title")
    if kind == WRITE_TAGS.name:
        return _Follower("chat:tags", "tags")
    return None
