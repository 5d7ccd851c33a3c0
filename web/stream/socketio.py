"""Socket.IO at `/ws/socket.io`: the page's door, fed by the hub and not by a Redis manager of its
own.

Source: contract, chat-flow §5 and §6.
"""

import logging
import threading
from dataclasses import dataclass, field
from typing import Any

import orjson
import socketio
from engineio.payload import Payload as EnginePayload
from werkzeug.http import parse_cookie

from shared import relay
from shared.config.settings import get_settings
from shared.errors import SwitchyardError
from shared.services import access
from shared.services.accounts import Principal
from shared.subscriber import Callback, Topic, subscriber
from web import auth
from web.stream.hub import Follow
from web.stream.lobby import Lobby
from web.stream.page_calls import PageCalls
from web.stream.rooms import Rooms
from web.stream.turns import Notice, translator
from web.stream.work import Work, open_work

log = logging.getLogger(__name__)

# The page sends small things in bursts; the library's limit of 16 a payload is for polling.
EnginePayload.max_decode_packets = 200
_TICK_S = 0.25
# A page that has loaded the chat at the very end of an answer may not listen for it yet.
_ENCORE_AFTER_S = 1.5
# How long a socket's user waits for the subscription on which its jobs are announced.
_READY_WITHIN_S = 2.0
# A socket for which more waits gets no pieces of streams until it has caught up; then whole texts.
_MANY_PACKETS, _MOST_WAITING_CHARACTERS = 50, 500_000
# What may be lost is not kept for a socket for which so many packets wait.
_MOST_PACKETS = 300


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
    is_behind: bool = False


@dataclass
class _Crowd:
    """All sockets of one user in this process, and the jobs that are relayed to them."""

    hear: Callback
    ready: Topic
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
        self._rooms = Rooms(self._hand)
        self._lobby = Lobby(self._hand, lambda: list(self._users), lambda: list(self._crowds))
        self._calls = PageCalls()
        self._is_listening = False
        for name, handler in (
            ("connect", self._on_connect),
            ("disconnect", self._on_disconnect),
            ("user-join", self._on_join),
            ("join-channels", self._on_join),
            ("usage", self._on_usage),
            ("user-list", self._on_user_list),
            ("channel-events", self._rooms.say),
            ("events:channel", self._rooms.say),
            ("heartbeat", self._on_newer),
            ("events:chat", self._on_newer),
            ("*", self._on_other),
        ):
            self.server.on(name, handler)

    def _on_connect(self, sid: str, environ: dict[str, Any], sent: Any = None) -> None:
        """Accept everybody: the page connects before anyone is signed in.

        It does not say again who it is when it comes back after a lost connection, so its cookie
        counts too.
        """
        token = sent.get("token") if isinstance(sent, dict) else None
        token = token or _cookie_of_own_page(environ)
        if token:
            self._join(sid, str(token))

    def _on_join(self, sid: str, data: Any = None) -> dict[str, str] | None:
        said = data.get("auth") if isinstance(data, dict) else None
        token = said.get("token") if isinstance(said, dict) else None
        user = self._join(sid, str(token)) if token else None
        return {"id": user.id, "name": user.name} if user else None

    def _on_disconnect(self, sid: str, *_reason: Any) -> None:
        self._leave(sid)

    def _leave(self, sid: str) -> None:
        user_id = self._users.pop(sid, None)
        self._rooms.leave(sid)
        self._calls.leave(sid)
        crowd = self._crowds.get(user_id or "")
        if crowd is None or user_id is None:
            return
        crowd.clients.pop(sid, None)
        if not crowd.clients:
            del self._crowds[user_id]
            subscriber.remove(relay.user_channel(user_id), crowd.hear)
            self._lobby.leave(user_id)

    def _on_usage(self, sid: str, data: Any = None) -> None:
        if sid in self._users and isinstance(data, dict):
            self._lobby.use(data.get("model"))

    def _on_user_list(self, sid: str, _data: Any = None) -> None:
        if sid in self._users:
            self._lobby.tell(sid)

    def _on_other(self, name: str, sid: str, data: Any = None) -> Any:
        """Take the pieces of a stream that a page was asked for; nobody answers other events."""
        self._calls.hear(sid, name, data)
        return self.server.not_handled

    def _on_newer(self, sid: str, _data: Any = None) -> bool:
        """Note that a socket speaks the newer form, and let it catch up with the pieces that went
        out under the other name.
        """
        crowd = self._crowds.get(self._users.get(sid, ""))
        client = crowd.clients.get(sid) if crowd else None
        if crowd is not None and client is not None and not client.is_newer:
            client.is_newer = True
            for turn in crowd.turns.values():
                turn.heal()
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
        if self._users.get(sid) != user.id:
            self._leave(sid)
            engine_sid = self.server.manager.eio_sid_from_sid(sid, "/")
            self._enter(_Client(sid, engine_sid, token, user))
        else:
            self._crowds[user.id].clients[sid].credential = token
        self._rooms.enter(sid, user)
        self._lobby.tell(sid)
        return user

    def _enter(self, client: _Client) -> None:
        user_id = client.user.id
        self._users[client.sid] = user_id
        self._listen()
        crowd = self._crowds.get(user_id) or self._gather(user_id)
        crowd.clients[client.sid] = client
        crowd.ready.wait(_READY_WITHIN_S)
        for turn in crowd.turns.values():
            turn.heal()
        self._catch_up(client.user)

    def _gather(self, user_id: str) -> _Crowd:
        def hear(message: bytes | None) -> None:
            self._hear(user_id, message)

        ready = subscriber.add(relay.user_channel(user_id), hear)
        crowd = self._crowds[user_id] = _Crowd(hear, ready)
        self._lobby.arrive(user_id)
        return crowd

    def _listen(self) -> None:
        """Hear what happens in rooms, from the first socket on."""
        if not self._is_listening:
            self._is_listening = True
            subscriber.add(relay.rooms_channel(), self._hear_rooms)

    def _hear_rooms(self, message: bytes | None) -> None:
        """Take what happens in rooms; what fell into a gap is looked up where that can be done."""
        if message is None:
            self._rooms.hear("access", {})
            self._lobby.hear("present")
            return
        told = orjson.loads(message)
        self._rooms.hear(told["type"], told["data"])
        self._lobby.hear(told["type"])

    def _catch_up(self, user: Principal) -> None:
        """Relay the user's jobs that began before a socket was here."""
        for work in open_work(user):
            self._relay(user.id, work)

    def _hand(self, sid: str, packet: str) -> None:
        """Send something that may be lost: a socket that does not read does not get it."""
        crowd = self._crowds.get(self._users.get(sid, ""))
        client = crowd.clients.get(sid) if crowd else None
        sock = self.server.eio.sockets.get(client.engine_sid) if client else None
        if sock is not None and client is not None and sock.queue.qsize() < _MOST_PACKETS:
            self.server.eio.send(client.engine_sid, packet)

    def _hear(self, user_id: str, message: bytes | None) -> None:
        """Take what concerns a user; whatever takes time is done aside."""
        if message is None:
            for client in self._clients_of(user_id)[:1]:
                threading.Thread(target=self._catch_up, args=(client.user,), daemon=True).start()
            return
        told = orjson.loads(message)
        if told["type"] == "job":
            self._relay(user_id, Work.told(told["data"]))
        elif told["type"] == "event":
            self._pass_on(user_id, told["data"])
        elif told["type"] == "call":
            self._ask(user_id, told["data"])
        elif told["type"] == "called":
            self._calls.close(told["data"]["id"])
        elif told["type"] == "account":
            threading.Thread(target=self._check_rights, args=(user_id,), daemon=True).start()

    def _pass_on(self, user_id: str, event: dict[str, Any]) -> None:
        """Hand an event of a chat to the user's sockets, under the older and the newer name."""
        for name in ("chat-events", "events"):
            packet = "2" + orjson.dumps([name, event]).decode()
            for client in self._clients_of(user_id):
                self._hand(client.sid, packet)

    def _ask(self, user_id: str, call: dict[str, Any]) -> None:
        """Ask a page what a worker wants to know, if its socket is here and the user's."""
        crowd = self._crowds.get(user_id)
        client = crowd.clients.get(call["session_id"]) if crowd else None
        if client is not None:
            name, send = "events" if client.is_newer else "chat-events", self.server.emit
            target, event = client.sid, call["event"]
            self._calls.hand_over(call, lambda ack: send(name, event, to=target, callback=ack))

    def _check_rights(self, user_id: str) -> None:
        """Close the sockets whose sign-in has ended; the others may be in other rooms now."""
        auth.forget(user_id)
        for client in self._clients_of(user_id):
            if self._may_stay(client):
                self._join(client.sid, client.credential)

    def _may_stay(self, client: _Client) -> bool:
        """Close a socket whose sign-in has ended or run out; whether it stays open."""
        is_good = auth.is_member_still(client.credential)
        if not is_good:
            self.server.disconnect(client.sid)
        return is_good

    def _relay(self, user_id: str, work: Work) -> None:
        crowd = self._crowds.get(user_id)
        if crowd is None:
            return
        if work.job in crowd.turns:
            crowd.turns[work.job].heal()
            return
        turn = translator(work.kind, work.chat_id, work.message_id, work.before)
        if turn is None:
            return
        crowd.turns[work.job] = turn
        threading.Thread(target=self._run, args=(crowd, work, turn), daemon=True).start()

    def _run(self, crowd: _Crowd, work: Work, turn: Any) -> None:
        """Relay one job to all of its user's sockets, until it ends or nobody is there."""
        for client in list(crowd.clients.values()):
            self._may_stay(client)
        try:
            with Follow(work.job) as follow:
                for batch in follow.batches(_TICK_S):
                    if not crowd.clients:
                        return
                    notices = turn.take([event for _, event in batch]) if batch else turn.tick()
                    self._send(crowd, work, notices)
            if turn.encore():
                threading.Event().wait(_ENCORE_AFTER_S)
                self._send(crowd, work, turn.encore())
        finally:
            crowd.turns.pop(work.job, None)

    def _send(self, crowd: _Crowd, work: Work, notices: list[Notice]) -> None:
        """Write each notice once and hand the same bytes to every socket."""
        for notice in notices:
            older = _packet("chat-events", work, notice.type, notice.data) if notice.type else ""
            newer = ""
            for client in self._listening(crowd, notice):
                if older:
                    self.server.eio.send(client.engine_sid, older)
                if client.is_newer or not notice.is_delta:
                    newer = newer or _packet(
                        "events", work, notice.newer or notice.type, notice.data
                    )
                    self.server.eio.send(client.engine_sid, newer)

    def _listening(self, crowd: _Crowd, notice: Notice) -> list[_Client]:
        """List the sockets that get a notice: pieces of streams are not for those that lag."""
        clients = list(crowd.clients.values())
        if not notice.is_delta:
            return clients
        return [client for client in clients if not self._lags(crowd, client)]

    def _lags(self, crowd: _Crowd, client: _Client) -> bool:
        """Whether so much waits for a socket that it cannot be kept for it."""
        sock = self.server.eio.sockets.get(client.engine_sid)
        was_behind = client.is_behind
        client.is_behind = sock is not None and sock.queue.qsize() > _MANY_PACKETS
        if client.is_behind and not was_behind:
            size = sum(len(p.data or "") for p in sock.queue.queue if p is not None)
            client.is_behind = size > _MOST_WAITING_CHARACTERS
        if was_behind and not client.is_behind:
            for turn in crowd.turns.values():
                turn.heal()
        return client.is_behind


def _cookie_of_own_page(environ: dict[str, Any]) -> str | None:
    """Give the session's cookie, unless a page of another site has opened the socket."""
    origin = environ.get("HTTP_ORIGIN", "")
    if origin.partition("://")[2] != environ.get("HTTP_HOST"):
        return None
    return parse_cookie(environ).get(auth.COOKIE)


def _packet(event: str, work: Work, kind: str, data: Any) -> str:
    """Encode an event packet of the default namespace.

    Source: https://socket.io/docs/v4/socket-io-protocol/ (packet type 2).
    """
    inner = {"type": kind} if data is None else {"type": kind, "data": data}
    envelope = {"chat_id": work.chat_id, "message_id": work.message_id, "data": inner}
    return "2" + orjson.dumps([event, envelope]).decode()
