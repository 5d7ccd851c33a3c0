"""Who is here and which models are in use, told to all sockets of this process.

Whoever comes or goes would make as many notices as there are sockets, each as long as the list: so
changes gather, and the larger the crowd the longer they do.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import orjson
from redis.exceptions import RedisError

from shared import relay
from shared.ids import new_id
from shared.services import presence

log = logging.getLogger(__name__)

_GATHER_S = 1.0
# Ids that are sent to sockets in one second at most, all sockets together.
_IDS_PER_S = 20_000
_SAY_AGAIN_S = presence.LASTS_S / 3
_LONGEST_MODEL = 256


class Lobby:
    """Tells sockets who is here.

    Args:
        send: Hands a packet to a socket, by its session id.
        sockets: Gives the session ids of all sockets of signed-in users in this process.
        users: Gives the ids of those users.
    """

    def __init__(
        self,
        send: Callable[[str, str], None],
        sockets: Callable[[], Iterable[str]],
        users: Callable[[], Iterable[str]],
    ) -> None:
        self._send, self._sockets, self._users = send, sockets, users
        self._process = new_id()
        self._stale: set[str] = set()
        self._news = threading.Event()
        self._told = ""
        self._used_at = 0.0
        self._thread: threading.Thread | None = None

    def arrive(self, user_id: str) -> None:
        """Note that a user has a socket here now."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="lobby", daemon=True)
            self._thread.start()
        self._announce("present", lambda: presence.arrive(self._process, [user_id]))

    def leave(self, user_id: str) -> None:
        """Note that a user's last socket here is gone."""
        self._announce("present", lambda: presence.leave(self._process, user_id))

    def use(self, model: Any) -> None:
        """Note that a page waits for a model."""
        if not isinstance(model, str) or not 0 < len(model) <= _LONGEST_MODEL:
            return
        try:
            presence.use(model)
        except RedisError:
            return
        if time.monotonic() - self._used_at >= _GATHER_S:
            self._used_at = time.monotonic()
            self._announce("used", lambda: None)

    def hear(self, kind: str) -> None:
        """Take what was told over Redis."""
        if kind in ("present", "used"):
            self._stale.add(kind)
            self._news.set()

    def tell(self, sid: str) -> None:
        """Tell one socket how things are."""
        try:
            for packet in (_users_packet(), _models_packet()):
                self._send(sid, packet)
        except RedisError as error:
            log.info("a socket does not hear who is here, Redis is away: %s", error)

    @staticmethod
    def _announce(kind: str, change: Callable[[], None]) -> None:
        try:
            change()
            relay.tell_rooms(kind, {})
        except RedisError as error:
            log.info("nobody hears who is here, Redis is away: %s", error)

    def _run(self) -> None:
        said_at = time.monotonic()
        while True:
            self._news.wait(_SAY_AGAIN_S)
            self._news.clear()
            try:
                if time.monotonic() - said_at > _SAY_AGAIN_S:
                    said_at = time.monotonic()
                    self.say_again()
                pause = self.tell_news()
            except RedisError:
                pause = _SAY_AGAIN_S
            threading.Event().wait(pause)

    def say_again(self) -> None:
        """Say that the users of this process are still here, and look for those who are not: a
        process that died could not say so.
        """
        presence.arrive(self._process, self._users())
        self._stale.add("present")

    def tell_news(self) -> float:
        """Tell all sockets what has changed.

        Returns:
            How long changes gather before the next time, in seconds.
        """
        stale, self._stale = self._stale, set()
        sids = list(self._sockets())
        pauses = [_GATHER_S]
        if "present" in stale:
            pauses.append(self._tell_users(sids))
        if "used" in stale:
            pauses.append(self._tell_models(sids))
        return max(pauses)

    def _tell_users(self, sids: Sequence[str]) -> float:
        packet = _users_packet()
        if packet == self._told:
            return 0.0
        self._told = packet
        self._tell_all(sids, packet)
        return len(sids) * (packet.count(",") + 1) / _IDS_PER_S

    def _tell_models(self, sids: Sequence[str]) -> float:
        self._tell_all(sids, _models_packet())
        if not presence.models():
            return 0.0
        # They go out of use by themselves; then there is news again.
        self._stale.add("used")
        self._news.set()
        return presence.IN_USE_S

    def _tell_all(self, sids: Iterable[str], packet: str) -> None:
        for sid in sids:
            self._send(sid, packet)


def _users_packet() -> str:
    return "2" + orjson.dumps(["user-list", {"user_ids": presence.users()}]).decode()


def _models_packet() -> str:
    return "2" + orjson.dumps(["usage", {"models": presence.models()}]).decode()
