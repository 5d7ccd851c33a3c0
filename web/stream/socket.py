"""`/ws`: one plain WebSocket, many jobs. Its frames are described in docs/events.md."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import orjson
from flask import Blueprint, request
from flask_sock import Sock
from redis.exceptions import RedisError
from simple_websocket import ConnectionClosed, Server
from sqlalchemy.exc import DBAPIError

from shared import db, relay
from shared.config.settings import get_settings
from shared.errors import SwitchyardError, Unavailable
from shared.services import access, jobs
from shared.services.accounts import Principal
from shared.subscriber import subscriber
from web import auth
from web.admin import overview
from web.jobs.cancelling import cancel
from web.stream.frames import Inbox, text_frame
from web.stream.hub import Follow

log = logging.getLogger(__name__)

bp = Blueprint("stream", __name__)
sock = Sock()
# A browser that offers subprotocols gives up unless one of them is chosen; the token is none.
SUBPROTOCOL = "switchyard"

# Nobody needs an open socket without saying who it is.
_AUTH_WITHIN_S = 30.0
_MAX_SUBSCRIPTIONS = 500
_CLOSE_UNAUTHORIZED, _CLOSE_FORBIDDEN_ORIGIN = 4401, 4403


class Refused(SwitchyardError):
    """What the client asks for cannot be done."""


class Connection:
    """One client's socket: its user and its subscriptions."""

    def __init__(self, ws: Server) -> None:
        self._ws = ws
        ws.input_buffer = Inbox(ws.input_buffer)
        self._credential = ""
        self._user: Principal | None = None
        self._following: dict[str, _Subscription] = {}
        self._overview: overview.Subscription | None = None

    def serve(self) -> None:
        """Answer the client's frames until it leaves."""
        until = time.monotonic() + _AUTH_WITHIN_S
        try:
            self._take_subprotocol_token()
            while True:
                patience = None if self._user else max(until - time.monotonic(), 0)
                message = self._ws.receive(timeout=patience)
                if message is None:
                    self._ws.close(_CLOSE_UNAUTHORIZED, "Say who you are first.")
                    return
                self._answer(message)
        except (ConnectionClosed, OSError):
            return
        finally:
            self._leave()

    def _take_subprotocol_token(self) -> None:
        """Browsers cannot set headers on a WebSocket; the token may travel as a second subprotocol
        `token.<jwt>`, beside ours.
        """
        offered = [p.strip() for p in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        token = next((p.removeprefix("token.") for p in offered if p.startswith("token.")), None)
        token = token or auth.credential_of_request()
        if token:
            self._guarded({"op": "auth"}, lambda: self._authenticate(token))

    def _answer(self, raw: str | bytes) -> None:
        try:
            frame = orjson.loads(raw)
        except orjson.JSONDecodeError:
            frame = None
        if not isinstance(frame, dict):
            self._send({"op": "error", "detail": "A frame must be a JSON object."})
            return
        action = _ACTIONS.get(str(frame.get("op")))
        if action is None:
            words = f"There is no operation '{frame.get('op')}'."
            self._send({"op": "error", **_marks_of(frame), "detail": words})
            return
        self._guarded(frame, lambda: action(self, frame))

    def _guarded(self, asked: dict[str, Any], action: Callable[[], dict[str, Any]]) -> None:
        about = _marks_of(asked)
        try:
            answer = {"op": "ok", "of": asked["op"], **about, **action()}
        except SwitchyardError as error:
            answer = {"op": "error", "of": asked["op"], **about, "detail": error.message}
        except (RedisError, DBAPIError) as error:
            log.warning("a part of the system is away: %s", error)
            answer = {"op": "error", "of": asked["op"], **about, "detail": Unavailable().message}
        self._send(answer)

    def _authenticate(self, credential: str) -> dict[str, Any]:
        user = auth.identify(credential)
        auth.check_key_endpoint(user)
        access.require(user, "use", "members")
        if self._user is not None and self._user.id != user.id:
            raise Refused("This socket belongs to another user already.")
        if self._user is None:
            subscriber.add(relay.user_channel(user.id), self._hear_of_account)
        self._credential, self._user = credential, user
        return {"user": user.id}

    def _hear_of_account(self, message: bytes | None) -> None:
        """Look the rights up again when the account has changed; aside, it asks the database."""
        if message is None or message.startswith(b'{"type":"account"'):
            threading.Thread(target=self._check_rights, daemon=True).start()

    def _check_rights(self) -> None:
        user = self._user
        if user is None:
            return
        auth.forget(user.id)
        if not auth.is_member_still(self._credential):
            self._leave()
            self._ws.close(_CLOSE_UNAUTHORIZED, "Signed out.")
        elif not auth.is_member_still(self._credential, "admin"):
            self._stop_overview()

    def _member(self) -> Principal:
        if self._user is None:
            raise Refused("Say who you are first.")
        user = auth.identify(self._credential)
        auth.check_key_endpoint(user)
        return user

    def _subscribe(self, frame: dict[str, Any]) -> dict[str, Any]:
        job_id, after = str(frame.get("job") or ""), frame.get("after", 0)
        if type(after) is not int or not 0 <= after <= relay.MAX_CURSOR:  # true is an int, too
            raise Refused("`after` must be the number of the last event that you have, or 0.")
        user = self._member()
        with db.reading():
            jobs.find(user, job_id)
        self._unsubscribe(frame)
        if len(self._following) >= _MAX_SUBSCRIPTIONS:
            raise Refused(f"One socket follows {_MAX_SUBSCRIPTIONS} jobs at most.")
        subscription = _Subscription(self._ws.sock, job_id, after, self._forget)
        self._following[job_id] = subscription
        subscription.start()
        return {}

    def _forget(self, subscription: "_Subscription") -> None:
        if self._following.get(subscription.job_id) is subscription:
            del self._following[subscription.job_id]

    def _unsubscribe(self, frame: dict[str, Any]) -> dict[str, Any]:
        subscription = self._following.pop(str(frame.get("job") or ""), None)
        if subscription is not None:
            subscription.stop()
        return {}

    def _cancel(self, frame: dict[str, Any]) -> dict[str, Any]:
        return {"status": cancel(self._member(), str(frame.get("job") or ""))}

    def _show_overview(self, frame: dict[str, Any]) -> dict[str, Any]:
        """Tell an admin once a second how everything stands, or stop it: `"on": false`."""
        access.require(self._member(), "use", "admin")
        self._stop_overview()
        if frame.get("on", True):
            self._overview = overview.Subscription(lambda v: self._ws.sock.send(text_frame(v)))
            self._overview.start()
        return {}

    def _stop_overview(self) -> None:
        if self._overview is not None:
            self._overview.stop()
            self._overview = None

    def _ping(self, _frame: dict[str, Any]) -> dict[str, Any]:
        return {"op": "pong"}

    def _send(self, message: dict[str, Any]) -> None:
        self._ws.sock.send(text_frame(orjson.dumps(message)))

    def _leave(self) -> None:
        if self._user is not None:
            subscriber.remove(relay.user_channel(self._user.id), self._hear_of_account)
        self._stop_overview()
        for subscription in list(self._following.values()):
            subscription.stop()
        self._following.clear()


_ACTIONS: dict[str, Callable[[Connection, dict[str, Any]], dict[str, Any]]] = {
    "auth": lambda self, frame: self._authenticate(str(frame.get("token") or "")),
    "subscribe": Connection._subscribe,
    "unsubscribe": Connection._unsubscribe,
    "cancel": Connection._cancel,
    "overview": Connection._show_overview,
    "ping": Connection._ping,
}


class _Subscription:
    """One job followed over one socket, in a thread or greenlet of its own."""

    def __init__(
        self,
        sock: Any,
        job_id: str,
        after: int,
        on_end: Callable[["_Subscription"], None],
    ) -> None:
        self.job_id = job_id
        self._sock, self._on_end = sock, on_end
        self._follow = Follow(job_id, after)
        self._is_stopped = False

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True).start()

    def stop(self) -> None:
        self._is_stopped = True
        self._follow.wake()

    def _run(self) -> None:
        mark = b'{"job":"%b",' % self.job_id.encode()
        try:
            with self._follow as follow:
                for batch in follow.batches(60.0):
                    if self._is_stopped:
                        return
                    if batch:
                        texts = [mark + relay.numbered(seq, event)[1:] for seq, event in batch]
                        self._sock.send(b"".join([text_frame(text) for text in texts]))
        except OSError:
            return
        finally:
            self._on_end(self)


def _marks_of(frame: dict[str, Any]) -> dict[str, Any]:
    """Give what comes back in the answer, so that the client knows which frame is meant."""
    return {name: frame[name] for name in ("id", "job") if name in frame}


def _is_foreign_origin() -> bool:
    """Whether a page of another site opened the socket, which would carry its visitor's cookie."""
    origin, allowed = request.headers.get("Origin"), get_settings().cors_allow_origin
    if origin is None or origin.split("://")[-1] == request.host or allowed == "*":
        return False
    return origin not in [o.strip() for o in allowed.split(";")]


@sock.route("/ws", bp=bp)  # type: ignore[untyped-decorator]  # flask-sock has no types
def open_socket(ws: Server) -> None:
    """Follow any number of jobs over one WebSocket."""
    if _is_foreign_origin():
        ws.close(_CLOSE_FORBIDDEN_ORIGIN, "This page may not connect here.")
        return
    Connection(ws).serve()
