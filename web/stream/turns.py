"""A job's events in the form of the page's sockets.

Source: contract, chat-flow §6 and §15 (the names of 0.6.5 and, beside them, those of 0.12.4).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy.exc import DBAPIError

from shared import db, relay
from shared.errors import Unavailable
from shared.kinds.filters import RUN_OUTLET
from shared.kinds.functions import RUN_ACTION
from shared.kinds.inference import RUN_CHAT, WRITE_FOLLOW_UPS, WRITE_TAGS, WRITE_TITLE
from shared.models.chat import Chat
from shared.services import messages, thoughts
from shared.services.answers import Answer

# A text that is not simply appended to is sent as a whole, but not more often than this.
_WHOLE_EVERY_S = 0.1
# After a page has loaded the chat in the middle of an answer the whole text is sent now and then,
# for what fell between its reading and its first event.
_HEAL_FOR_S, _HEAL_EVERY_S = 10.0, 1.0


@dataclass(frozen=True)
class Notice:
    """One event for the page.

    Attributes:
        type: Name inside the `chat-events` envelope; empty when only newer clients know such a
            thing.
        data: Its data; left out when None.
        is_delta: Whether it is a piece of a stream, which clients of the newer form need not
            get twice.
        newer: Name inside the `events` envelope, where it is another.
    """

    type: str
    data: Any = None
    is_delta: bool = False
    newer: str = ""


class Turn:
    """Turns the events of one chat answer into notices.

    Args:
        chat_id: The chat, as the page knows it.
        message_id: The message that is written.
        before: What the message has already; the answer goes on from it.
    """

    def __init__(self, chat_id: str, message_id: str, before: str = "") -> None:
        self._chat_id, self._message_id = chat_id, message_id
        self._before = before
        self._answer = Answer()
        self._tail = ""
        self._may_think = False
        self._needs_whole = False
        self._whole_at = 0.0
        self._heal_until = 0.0
        self._status: dict[str, Any] | None = None
        self._has_begun = False
        self._end: list[Notice] = []

    def heal(self) -> None:
        """Note that a page has loaded the chat in the middle of the answer."""
        self._heal_until = time.monotonic() + _HEAL_FOR_S
        self._needs_whole = True

    def take(self, events: list[bytes]) -> list[Notice]:
        """Turn events into notices; neighbouring pieces of text become one."""
        notices = self._beginning()
        pieces: list[str] = []
        for event in events:
            parsed = orjson.loads(event)
            kind, data = parsed["type"], parsed["data"]
            if kind == "delta":
                notices += self._without_status()
                self._answer.add(data)
                pieces.append(data.get("text") or "")
                continue
            notices += [*self._flush(pieces), *self._other(kind, data)]
            pieces = []
        return [*notices, *self._flush(pieces)]

    def tick(self) -> list[Notice]:
        """Give what was held back, when nothing new has come."""
        return self._flush([]) if self._needs_whole else []

    def encore(self) -> list[Notice]:
        """Give the end once more if a page has loaded the chat only a moment ago, and may have
        missed it.
        """
        return self._end if time.monotonic() < self._heal_until else []

    def _beginning(self) -> list[Notice]:
        if self._has_begun:
            return []
        self._has_begun = True
        return [_active(True)]

    def _content(self, is_done: bool) -> str:
        return self._before + self._answer.content(is_done)

    def _flush(self, pieces: list[str]) -> list[Notice]:
        if not pieces and not self._needs_whole:
            return []
        now = time.monotonic()
        is_healing = now < self._heal_until and now - self._whole_at >= _HEAL_EVERY_S
        text = "".join(pieces)
        is_plain = self._answer.is_plain and not self._thinks(text)
        if is_plain and not self._needs_whole and not is_healing:
            return [_completion(choices=[{"index": 0, "delta": {"content": text}}])] if text else []
        self._needs_whole = True
        if now - self._whole_at < _WHOLE_EVERY_S or self._answer.is_empty:
            return []
        self._whole_at, self._needs_whole = now, False
        return [_completion(content=self._content(is_done=False))]

    def _thinks(self, text: str) -> bool:
        """Whether the model has begun to write its reasoning between tags, which the page folds."""
        window = self._tail + text
        self._tail = window[-thoughts.LONGEST_TAG :]
        self._may_think = self._may_think or thoughts.may_begin_in(window)
        return self._may_think

    def _other(self, kind: str, data: dict[str, Any]) -> list[Notice]:
        if kind == "queued":
            return self._show({"description": f"Waiting, place {data['position']} in line"})
        if kind == "status":
            return self._show(data)
        if kind in _PASSED_ON:
            return [_PASSED_ON[kind](data)]
        if self._answer.take(kind, data):
            self._needs_whole = True
            self._tail, self._may_think = "", False
        closed = self._without_status()
        return [*closed, *self._ending(kind, data)]

    def _show(self, status: dict[str, Any]) -> list[Notice]:
        shown = {"done": False, **status}
        self._status = None if shown["done"] else shown
        return [Notice("status", shown)]

    def _without_status(self) -> list[Notice]:
        """Take back a status that says what the answer waits for."""
        shown, self._status = self._status, None
        return [Notice("status", {**shown, "done": True, "hidden": True})] if shown else []

    def _ending(self, kind: str, data: dict[str, Any]) -> list[Notice]:
        if kind not in ("completed", "failed", "cancelled"):
            return []
        self._needs_whole = False
        self._end = [Notice("chat:completion", {"done": True, **self._stored()})]
        first: list[Notice] = []
        if kind == "cancelled":
            first = [Notice("task-cancelled", newer="chat:tasks:cancel")]
        elif kind == "failed":
            # The page shows `detail`, the contract names `content`.
            error = {"content": data["error"], "detail": data["error"]}
            first = [Notice("chat:completion", {"error": error}, newer="chat:message:error")]
        return [*first, *self._end, _active(False)]

    def _stored(self) -> dict[str, str]:
        """Give the answer and its chat's title as they were stored; the page saves them back."""
        try:
            with db.reading() as session:
                chat = session.get(Chat, self._chat_id)
                message = messages.find(self._chat_id, self._message_id)
        except (Unavailable, DBAPIError):
            return {"content": self._content(is_done=True)}
        is_stored = message is not None and not message.is_running
        content = message.content if message and is_stored else self._content(is_done=True)
        return {"content": content, "title": chat.title if chat else ""}


# What the page is told as it stands.
_PASSED_ON: dict[str, Callable[[dict[str, Any]], Notice]] = {
    "event": lambda data: Notice(data["type"], data.get("data")),
    "source": lambda data: Notice("chat:completion", {"sources": data["sources"]}),
    "selected": lambda data: Notice("chat:completion", data),
    "files": lambda data: Notice("files", data),
    "usage": lambda data: Notice("chat:completion", {"usage": data}),
}


def _completion(**data: Any) -> Notice:
    return Notice("chat:completion", data, is_delta=True)


def _active(is_active: bool) -> Notice:
    return Notice("", {"active": is_active}, newer="chat:active")


class _Beside:
    """Turns what functions tell of a message that is written already into notices about it."""

    def heal(self) -> None:
        """Nothing is repeated: the page that has asked for it listens already."""

    def take(self, events: list[bytes]) -> list[Notice]:
        """Tell it as it stands."""
        parsed = [orjson.loads(event) for event in events]
        return [made for one in parsed if (made := self._notice(one["type"], one["data"]))]

    @staticmethod
    def _notice(kind: str, data: dict[str, Any]) -> Notice | None:
        if kind == "event":
            return _PASSED_ON[kind](data)
        if kind == "delta":
            return Notice("message", {"content": data.get("text", "")})
        return Notice("replace", data) if kind == "replace" else None

    def tick(self) -> list[Notice]:
        """Hold nothing back."""
        return []

    def encore(self) -> list[Notice]:
        """Repeat nothing."""
        return []


class _Follower:
    """Turns the end of a job that follows an answer into its notice.

    Args:
        name: What of the job's result the page is told.
        is_named: Whether it is told under that name.
    """

    def __init__(self, notice: str, name: str, is_named: bool = False) -> None:
        self._notice, self._name, self._is_named = notice, name, is_named

    def heal(self) -> None:
        """Nothing can be missed: only the end counts, and it is stored before it is told."""

    def take(self, events: list[bytes]) -> list[Notice]:
        """Look for the end."""
        if not relay.is_ending(events[-1]):
            return []
        found = orjson.loads(events[-1])["data"].get(self._name)
        if not found:
            return []
        return [Notice(self._notice, {self._name: found} if self._is_named else found)]

    def tick(self) -> list[Notice]:
        """Hold nothing back."""
        return []

    def encore(self) -> list[Notice]:
        """Repeat nothing."""
        return []


Translator = Turn | _Beside | _Follower


def translator(kind: str, chat_id: str, message_id: str, before: str) -> Translator | None:
    """Choose how the events of a kind of job reach the page; None: not at all."""
    if kind in (RUN_ACTION.name, RUN_OUTLET.name):
        return _Beside()
    if kind == RUN_CHAT.name:
        return Turn(chat_id, message_id, before)
    if kind == WRITE_TITLE.name:
        return _Follower("chat:title", "title")
    if kind == WRITE_TAGS.name:
        return _Follower("chat:tags", "tags")
    if kind == WRITE_FOLLOW_UPS.name:
        return _Follower("chat:message:follow_ups", "follow_ups", is_named=True)
    return None
