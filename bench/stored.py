"""Measurements of what is stored: lists, reading, saving and making chats, few and long ones."""

import http.client
import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from bench import meter
from bench.measures import Numbers
from bench.rig import Rig

_CHATS, _MANY = 5_000, 10_000
_MESSAGES, _LONG = 50, 10_000
_CONNECTIONS = 4
_WORDS = "one two three four five six seven eight nine ten eleven twelve harbour".split()  # noqa: SIM905 -- shorter
_SAMPLES = 40

Request = tuple[str, str, Any]


def stored_calls(rig: Rig) -> Numbers:
    """Requests/s and CPU per request with 5,000 chats, each kind of request alone."""
    user = _user(rig, _CHATS)
    chats = user.some_chats(100)
    saved = {chat: _body(_MESSAGES, f"saved {number}") for number, chat in enumerate(chats)}
    names = itertools.cycle(chats)
    numbers: Numbers = {}
    for name, count, requests in (
        ("list", 2000, (("GET", "/?page=1", None) for _ in itertools.count())),
        ("get", 2000, (("GET", f"/{chat}", None) for chat in names)),
        ("update", 600, _saves(saved)),
        (
            "create",
            200,
            (("POST", "/new", {"chat": _body(_MESSAGES, f"n{n}")}) for n in itertools.count()),
        ),
    ):
        used, seconds = _load(rig, user, itertools.islice(requests, count))
        numbers[f"{name}_per_s"] = count / seconds
        numbers[f"{name}_ms"] = used.total_s / count * 1000
    return numbers


def many_and_long(rig: Rig) -> Numbers:
    """How long single requests take with 10,000 chats, and in a chat of 10,000 messages."""
    user = _user(rig, _MANY)
    long_chat = user.call("POST", "/new", {"chat": _body(_LONG, "long")})["id"]
    short = user.call("POST", "/new", {"chat": _body(2, "short")})["id"]
    fresh = itertools.count()

    def append(chat: str) -> Callable[[], float]:
        return lambda: _answer(rig, user, chat, f"a{next(fresh)}")

    took = {
        "many_list_ms": lambda: user.time("GET", "/?page=1"),
        "many_last_page_ms": lambda: user.time("GET", f"/?page={_MANY // 60}"),
        "many_search_ms": lambda: user.time("GET", "/search?text=rare%20word%20777"),
        "many_search_common_ms": lambda: user.time("GET", "/search?text=harbour"),
        "long_open_ms": lambda: user.time("GET", f"/{long_chat}"),
        "append_short_ms": append(short),
        "append_long_ms": append(long_chat),
    }
    found = {name: [take() for _ in range(_SAMPLES)] for name, take in took.items()}
    return dict(found)


class _User:
    """Somebody with chats, who calls over one connection."""

    def __init__(self, rig: Rig, token: str) -> None:
        self.token, self._port = token, rig.server.port
        self._line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)

    def another(self, rig: Rig) -> "_User":
        """Give the same user at a connection of its own."""
        return _User(rig, self.token)

    def send(self, method: str, path: str, body: Any = None) -> bytes:
        """Send a request; `path` follows that of the chats."""
        packed = body if isinstance(body, bytes) or body is None else json.dumps(body)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        self._line.request(method, f"/api/v1/chats{path}", packed, headers)
        answer = self._line.getresponse()
        data = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {data[:200]!r}")
        return data

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request and read its answer."""
        return json.loads(self.send(method, path, body))

    def time(self, method: str, path: str, body: Any = None) -> float:
        """Send a request and give its milliseconds."""
        begin = time.monotonic_ns()
        self.send(method, path, body)
        return (time.monotonic_ns() - begin) / 1e6

    def some_chats(self, count: int) -> list[str]:
        """Make a few chats of the usual length."""
        made = [{"chat": _body(_MESSAGES, f"usual {number}")} for number in range(count)]
        return [chat["id"] for chat in self.call("POST", "/import", {"chats": made})]


def _user(rig: Rig, chats: int) -> _User:
    """Give a user of one's own with so many chats; made on first use."""
    user = rig.owners.get(chats)
    if user is None:
        user = _User(rig, rig.server.add_user(rig.token, 1_000_000 + chats))
        for first in range(0, chats, 250):
            made = [{"chat": _body(4, f"word {n}")} for n in range(first, first + 250)]
            user.send("POST", "/import", {"chats": made})
        rig.owners[chats] = user
        rig.rest()
    return user


def _body(length: int, name: str) -> dict[str, Any]:
    """Write a chat as a page does: its tree, and the current branch once more."""
    messages = [_message(number, name, length) for number in range(length)]
    history = {"messages": {m["id"]: m for m in messages}, "currentId": messages[-1]["id"]}
    return {"title": f"Chat {name}", "models": ["m"], "history": history, "messages": messages}


def _message(number: int, name: str, length: int) -> dict[str, Any]:
    words = (_WORDS[(number * 7 + n) % len(_WORDS)] for n in range(70))
    return {
        "id": f"m{number}",
        "parentId": f"m{number - 1}" if number else None,
        "childrenIds": [f"m{number + 1}"] if number + 1 < length else [],
        "role": "assistant" if number % 2 else "user",
        "content": f"A rare {name}: {' '.join(words)}",
        "timestamp": 1_700_000_000 + number,
        "models": ["m"],
    }


def _saves(bodies: dict[str, dict[str, Any]]) -> Iterator[Request]:
    """Save chats again and again; each time their last answer is another."""
    for number, chat in enumerate(itertools.cycle(bodies)):
        body = bodies[chat]
        body["messages"][-1]["content"] = f"Changed for the time {number}"
        yield "POST", f"/{chat}", {"chat": body}


def _load(rig: Rig, user: _User, requests: Iterator[Request]) -> tuple[meter.Usage, float]:
    """Send requests over several connections at once, as fast as they are answered.

    Returns:
        What was used, and the seconds that it took.
    """
    packed = [(m, p, None if b is None else json.dumps(b).encode()) for m, p, b in requests]
    waiting, problems = iter(packed), []
    lock = threading.Lock()

    def work() -> None:
        own = user.another(rig)
        while True:
            with lock:
                request = next(waiting, None)
            if request is None:
                return
            try:
                own.send(*request)
            except (OSError, RuntimeError) as error:
                problems.append(str(error))
                return

    rig.rest()
    before, begin = rig.reading(), time.monotonic()
    threads = [threading.Thread(target=work) for _ in range(_CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - begin
    usage = rig.reading().since(before)
    rig.usages.append(usage)
    rig.problems += problems
    return usage, seconds


def _answer(rig: Rig, user: _User, chat: str, message: str) -> float:
    """Let a message of a chat be written, from the request to the accepted job; milliseconds."""
    body = {
        "model": rig.model,
        "messages": [{"role": "user", "content": "say=word"}],
        "chat_id": chat,
        "id": message,
        "background": True,
    }
    begin = time.monotonic_ns()
    rig.server.call("POST", "/api/chat/completions", body, user.token)
    return (time.monotonic_ns() - begin) / 1e6
