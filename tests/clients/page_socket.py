"""The Open WebUI page's half of the conversation, spoken by the `python-socketio` client."""

import uuid
from dataclasses import dataclass
from threading import Event
from typing import Any

import socketio

from tests.services.client import Account
from tests.services.waiting import wait_until

# Under which name events come to the page of 0.6.5, and to that of 0.12.4.
OLDER, NEWER = "chat-events", "events"


class PageSocket:
    """One socket of a page, and all that it hears.

    Args:
        account: Whose page it is; its `base` is the web process to go to.
        token: Sent when connecting, and by `join`; none makes it the page before anybody signs in.
        transport: "websocket" or "polling".
    """

    def __init__(self, account: Account, token: str | None = None, transport: str = "websocket"):
        self.heard: list[tuple[str, Any]] = []
        self.closed = Event()
        self._token = token
        self._client = socketio.Client(reconnection=False, handle_sigint=False)
        self._client.on("*", lambda name, data: self.heard.append((name, data)))
        self._client.on("disconnect", lambda *_: self.closed.set())
        self._client.connect(
            account.base,
            auth=None if token is None else {"token": token},
            socketio_path="ws/socket.io",
            transports=[transport],
            wait_timeout=30,
        )

    @property
    def sid(self) -> str:
        """What the page sends as `session_id`."""
        return str(self._client.get_sid())

    def join(self, token: str | None = None) -> Any:
        """Say who is there, as the page does right after connecting; give the answer."""
        return self.call("user-join", {"auth": {"token": token or self._token}})

    def call(self, name: str, data: Any) -> Any:
        """Send an event and wait for its answer."""
        return self._client.call(name, data, timeout=30)

    def emit(self, name: str, data: Any) -> None:
        """Send an event that is not answered."""
        self._client.emit(name, data)

    def close(self) -> None:
        """Leave."""
        self._client.disconnect()

    def events(self, message: str, name: str = OLDER) -> list[dict[str, Any]]:
        """What has come for a message: `{"type", "data"}`."""
        return [
            heard["data"]
            for event, heard in list(self.heard)
            if event == name and heard["message_id"] == message
        ]

    def types(self, message: str, name: str = OLDER) -> list[str]:
        """The types of what has come for a message, pieces of the text left out."""
        found = self.events(message, name)
        return [e["type"] for e in found if e["type"] != "chat:completion" or _is_no_text(e)]

    def text(self, message: str, name: str = OLDER) -> str:
        """The text as the page puts it together: a delta appends, `content` replaces."""
        text = ""
        for data in self._completions(message, name):
            for choice in data.get("choices") or ():
                text += choice["delta"].get("content") or ""
            text = data.get("content", text)
        return text

    def is_done(self, message: str, name: str = OLDER) -> bool:
        """Whether the page takes the answer for finished."""
        return any(data.get("done") for data in self._completions(message, name))

    def wait_done(self, message: str, name: str = OLDER) -> dict[str, Any]:
        """Wait for the end of an answer, and give its last event's data."""
        wait_until(lambda: self.is_done(message, name), 30, "the end of the answer")
        return next(data for data in self._completions(message, name) if data.get("done"))

    def wait_for(self, message: str, word: str, name: str = OLDER) -> None:
        """Wait for a word of the answer."""
        wait_until(lambda: word in self.text(message, name), 20, f"{word} in the answer")

    def wait_type(self, message: str, kind: str, name: str = OLDER) -> Any:
        """Wait for an event of a type, and give its data."""
        wait_until(lambda: kind in self.types(message, name), 20, f"{kind} at the page")
        return next(e.get("data") for e in self.events(message, name) if e["type"] == kind)

    def _completions(self, message: str, name: str) -> list[dict[str, Any]]:
        found = self.events(message, name)
        return [event["data"] for event in found if event["type"] == "chat:completion"]


def _is_no_text(event: dict[str, Any]) -> bool:
    data = event["data"]
    return not ("choices" in data or ("content" in data and not data.get("done")))


@dataclass(frozen=True)
class Asked:
    """A question that was put as the page puts it.

    Attributes:
        chat: Id of the stored chat.
        message: Id of the answer.
        ack: What the server answered at once.
    """

    chat: str
    message: str
    ack: dict[str, Any]


def ask(account: Account, socket: PageSocket, question: str, **more: Any) -> Asked:
    """Store a chat with a question and an empty answer, then ask for the answer.

    Args:
        more: Further keys of the request.
    """
    user, answer = str(uuid.uuid4()), str(uuid.uuid4())
    chat = _store_chat(account, question, user, answer)
    body = {
        "stream": True,
        "model": "fake-alpha",
        "messages": [{"role": "user", "content": question}],
        "params": {},
        "tool_servers": [],
        "features": {"image_generation": False, "code_interpreter": False, "web_search": False},
        "variables": {"{{USER_NAME}}": "Alice"},
        "session_id": socket.sid,
        "chat_id": chat,
        "id": answer,
        **more,
    }
    sent = account.api("POST", "/api/chat/completions", body)
    assert sent.status_code == 200, f"{sent.status_code} {sent.text[:300]}"
    return Asked(chat, answer, sent.json())


def _store_chat(account: Account, question: str, user: str, answer: str) -> str:
    messages = {
        user: {
            "id": user,
            "parentId": None,
            "childrenIds": [answer],
            "role": "user",
            "content": question,
            "models": ["fake-alpha"],
        },
        answer: {
            "id": answer,
            "parentId": user,
            "childrenIds": [],
            "role": "assistant",
            "content": "",
            "model": "fake-alpha",
        },
    }
    history = {"messages": messages, "currentId": answer}
    chat = {"id": "", "title": "New Chat", "models": ["fake-alpha"], "history": history}
    made = account.api("POST", "/api/v1/chats/new", {"chat": chat})
    assert made.status_code == 200, f"{made.status_code} {made.text[:300]}"
    return str(made.json()["id"])


def stored(account: Account, asked: Asked) -> dict[str, Any]:
    """Read an answer back from its chat."""
    chat = account.get(f"/api/v1/chats/{asked.chat}")
    return dict(chat["chat"]["history"]["messages"][asked.message])
