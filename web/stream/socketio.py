"""Socket.IO at `/ws/socket.io`: the page's door, fed by the hub and not by a Redis manager of its
own.

Source: contract, chat-flow §5 and §6.
"""

import logging
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
import socketio
from engineio.payload import Payload as EnginePayload

from shared import db, relay
from shared.config.settings import get_settings
from shared.errors import SwitchyardError
from shared.models.job import Job
from shared.services import access, jobs
from shared.services.accounts import Principal
from shared.subscriber import Callback, subscriber
from web import auth
from web.stream.hub import Follow
from web.stream.turns import Notice, translator

log = logging.getLogger(__name__)

# The page sends small things in bursts; the library's limit of 16 a payload is for polling.
EnginePayload.max_decode_packets = 200
_TICK_S = 0.25
_NEWER_EVENTS = {"task-cancelled": "chat:tasks:cancel"}


@dataclass
class _Client:
    """One connected socket of a signed-in user."""

    sid: str
    engine_sid: str
    credential: str
    user: Principal
    # Whether it has shown that it speaks the newer form: then stream pieces go out under that name
    # too.
    is_newer: bool = False


@dataclass
class _Crowd:
    """All sockets of one user in this process, and the jobs that are relayed to them."""

    hear: Callback
    clients: dict[str, _Client] = field(default_factory=dict)
    turns: dict[str, Any] = field(default_factory=dict)


class Door:
    """Keeps track of who is connected, and relays what their jobs produce."""

    def __init__(self) -> None:
        settings = get_settings()
        origins = settings.cors_allow_origin
        self.server = socketio.Server(
            async_mode="gevent",
            # As the page decides: either WebSocket from the first request on, or long polling.
            transports=["websocket"] if settings.enable_websocket_support else ["polling"],
            cors_allowed_origins="*" if origins == "*" else [o.strip() for o in origins.split(";")],
            always_connect=True,
            logger=logging.getLogger("socketio.server"),
            engineio_logger=logging.getLogger("engineio.server"),
        )
        self._crowds: dict[str, _Crowd] = {}
        self._users: dict[str, str] = {}
        for name, handler in (
            ("connect", self._on_connect),
            ("disconnect", self._on_disconnect),
            ("user-join", self._on_join),
            ("join-channels", self._on_join),
            ("usage", self._on_usage),
            ("user-list", self._on_user_list),
            ("heartbeat", self._on_newer),
            ("events:chat", self._on_newer),
        ):
            self.server.on(name, handler)

    def _on_connect(self, sid: str, _environ: dict[str, Any], sent: Any = None) -> None:
        """Accept everybody: the page connects before anyone is signed in."""
        if isinstance(sent, dict) and sent.get("token"):
            self._join(sid, str(sent["token"]))

    def _on_join(self, sid: str, data: Any = None) -> dict[str, str] | None:
        token = ((data or {}).get("auth") or {}).get("token") if isinstance(data, dict) else None
        user = self._join(sid, str(token)) if token else None
        return {"id": user.id, "name": user.name} if user else None

    def _on_disconnect(self, sid: str, *_reason: Any) -> None:
        user_id = self._users.pop(sid, None)
        crowd = self._crowds.get(user_id or "")
        if crowd is None or user_id is None:
            return
        crowd.clients.pop(sid, None)
        if not crowd.clients:
            del self._crowds[user_id]
            subscriber.remove(relay.user_channel(user_id), crowd.hear)

    def _on_usage(self, _sid: str, _data: Any = None) -> None:
        """Take note; models in use are counted from the jobs themselves."""

    def _on_user_list(self, sid: str, _data: Any = None) -> None:
        self._tell_who_is_here(sid)

    def _on_newer(self, sid: str, _data: Any = None) -> bool:
        for client in self._clients_of(self._users.get(sid, "")):
            client.is_newer = client.is_newer or client.sid == sid
        return True

    def _clients_of(self, user_id: str) -> list[_Client]:
        crowd = self._crowds.get(user_id)
        return list(crowd.clients.values()) if crowd else []

    def _join(self, sid: str, token: str) -> Principal | None:
        """Let a socket belong to a user; an API key is not accepted here."""
        if token.startswith("sk-"):
            return None
        try:
            user = auth.identify(token)
            access.require(user, "use", "members")
        except SwitchyardError:
            return None
        if sid not in self._users:
            engine_sid = self.server.manager.eio_sid_from_sid(sid, "/")
            self._enter(_Client(sid, engine_sid, token, user))
        self._tell_who_is_here(sid)
        return user

    def _enter(self, client: _Client) -> None:
        user_id = client.user.id
        self._users[client.sid] = user_id
        crowd = self._crowds.get(user_id)
        if crowd is None:
            crowd = self._crowds[user_id] = _Crowd(lambda message: self._hear(user_id, message))
            subscriber.add(relay.user_channel(user_id), crowd.hear)
        crowd.clients[client.sid] = client
        for turn in crowd.turns.values():
            turn.heal()
        self._catch_up(client.user)

    def _catch_up(self, user: Principal) -> None:
        """Relay the user's jobs that began before a socket was here."""
        with db.reading() as session:
            found = [session.get(Job, job_id) for job_id in jobs.open_of(user)]
        for job in found:
            if job is not None and job.chat_id and job.message_id:
                self._relay(user.id, job.id, job.kind, job.chat_id, job.message_id)

    def _tell_who_is_here(self, sid: str) -> None:
        self.server.emit("user-list", {"user_ids": list(self._crowds)}, to=sid)
        self.server.emit("usage", {"models": []}, to=sid)

    def _hear(self, user_id: str, message: bytes | None) -> None:
        """Take what concerns a user; whatever takes time is done aside."""
        if message is None:
            for client in self._clients_of(user_id)[:1]:
                threading.Thread(target=self._catch_up, args=(client.user,), daemon=True).start()
            return
        told = orjson.loads(message)
        data = told["data"]
        if told["type"] == "job":
            self._relay(user_id, data["job"], data["kind"], data["chat_id"], data["message_id"])
        elif told["type"] == "account":
            threading.Thread(target=self._check_rights, args=(user_id,), daemon=True).start()

    def _check_rights(self, user_id: str) -> None:
        """Close the sockets whose sign-in has ended."""
        auth.forget(user_id)
        for client in self._clients_of(user_id):
            try:
                access.require(auth.identify(client.credential), "use", "members")
            except SwitchyardError:
                self.server.disconnect(client.sid)

    def _relay(self, user_id: str, job_id: str, kind: str, chat_id: str, message_id: str) -> None:
        crowd = self._crowds.get(user_id)
        turn = translator(kind, chat_id)
        if crowd is None or turn is None or job_id in crowd.turns:
            return
        crowd.turns[job_id] = turn
        envelope = (chat_id, message_id)
        threading.Thread(
            target=self._run, args=(crowd, Follow(job_id), turn, envelope), daemon=True
        ).start()

    def _run(self, crowd: _Crowd, follow: Follow, turn: Any, envelope: tuple[str, str]) -> None:
        """Relay one job to all of its user's sockets, until it ends or nobody is there."""
        try:
            with follow:
                for batch in follow.batches(_TICK_S):
                    if not crowd.clients:
                        return
                    notices = turn.take([event for _, event in batch]) if batch else turn.tick()
                    for notice in notices:
                        self._send(crowd.clients.values(), envelope, notice)
        finally:
            crowd.turns.pop(follow.job_id, None)

    def _send(self, clients: Iterable[_Client], envelope: tuple[str, str], notice: Notice) -> None:
        """Write a notice once and hand the same bytes to every socket."""
        packet = _packet("chat-events", envelope, notice.type, notice.data)
        newer = ""
        for client in list(clients):
            self.server.eio.send(client.engine_sid, packet)
            if client.is_newer or not notice.is_delta:
                newer = newer or _packet(
                    "events", envelope, _NEWER_EVENTS.get(notice.type, notice.type), notice.data
                )
                self.server.eio.send(client.engine_sid, newer)


def _packet(event: str, envelope: tuple[str, str], kind: str, data: Any) -> str:
    """Encode an event packet of the default namespace.

    Source: https://socket.io/docs/v4/socket-io-protocol/ (packet type 2).
    """
    inner = {"type": kind} if data is None else {"type": kind, "data": data}
    return (
        "2"
        + orjson.dumps(
            [event, {"chat_id": envelope[0], "message_id": envelope[1], "data": inner}]
        ).decode()
    )
