"""One Redis subscription for a whole process, however many channels are followed through it."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import hiredis
from redis.exceptions import ConnectionError as RedisDown
from redis.exceptions import RedisError

from shared.outage import Outage
from shared.redis import get_redis

log = logging.getLogger(__name__)

Callback = Callable[[bytes | None], None]
_PING_AFTER_S = 10.0
_READ_BYTES = 262_144


class _Topic:
    """The followers of one channel."""

    def __init__(self) -> None:
        self.callbacks: list[Callback] = []
        self.ready = threading.Event()
        self.has_gap = False


class Subscriber:
    """Follows channels; hands each message to the channel's callbacks in its own thread or
    greenlet.

    A callback gets the message, or None after a gap (the connection was lost and opened anew):
    then what was published in between must be looked up elsewhere. Callbacks must not block.
    """

    def __init__(self) -> None:
        self._topics: dict[bytes, _Topic] = {}
        self._lock = threading.Lock()
        self._connection: Any = None
        self._thread: threading.Thread | None = None

    def add(self, channel: str, callback: Callback) -> threading.Event:
        """Follow a channel.

        Returns:
            An event that is set when nothing published from now on can be missed.
        """
        name = channel.encode()
        with self._lock:
            topic = self._topics.get(name)
            is_new = topic is None
            if topic is None:
                topic = self._topics[name] = _Topic()
                # While there is no connection something may be published that nobody hears.
                topic.has_gap = self._thread is not None and self._connection is None
            topic.callbacks = [*topic.callbacks, callback]
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="subscriber", daemon=True)
                self._thread.start()
            elif is_new:
                self._command("SUBSCRIBE", name)
        return topic.ready

    def remove(self, channel: str, callback: Callback) -> None:
        """Stop following; unknown pairs are ignored."""
        name = channel.encode()
        with self._lock:
            topic = self._topics.get(name)
            if topic is None:
                return
            topic.callbacks = [c for c in topic.callbacks if c != callback]
            if not topic.callbacks:
                del self._topics[name]
                self._command("UNSUBSCRIBE", name)

    def _command(self, *words: bytes | str) -> None:
        """Send, with the lock held; the reading side notices and mends a broken connection."""
        if self._connection is None:
            return
        try:
            self._connection.send_command(*words)
        except (RedisError, OSError):
            log.debug("a subscription command was not sent; the connection is being opened anew")

    def _run(self) -> None:
        outage = Outage(log, "the subscription to Redis")
        pause = 0.05
        while True:
            try:
                self._open()
                outage.is_over()
                pause = 0.05
                self._read()
            except (RedisError, hiredis.HiredisError, OSError) as error:
                outage.goes_on(error)
                self._close()
                time.sleep(pause)
                pause = min(pause * 2, 1.0)

    def _open(self) -> None:
        pool = get_redis().connection_pool
        connection = pool.connection_class(
            **{
                **pool.connection_kwargs,
                "socket_timeout": _PING_AFTER_S,
                "protocol": 2,
                "health_check_interval": 0,
            }
        )
        connection.connect()
        with self._lock:
            self._connection = connection
            if self._topics:
                self._command("SUBSCRIBE", *self._topics)

    def _close(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
            for topic in self._topics.values():
                topic.ready.clear()
                topic.has_gap = True
        if connection is not None:
            connection.disconnect()

    def _read(self) -> None:
        """Take messages as they come, all that one read of the socket brings.

        redis-py prepares for trouble before every single message, which costs more than a message
        (4 µs of the web tier's 27 per token); here its connection is only asked for bytes.
        """
        sock, reader = self._connection._sock, hiredis.Reader()
        is_waiting_for_pong = False
        while True:
            try:
                data = sock.recv(_READ_BYTES)
            except TimeoutError:
                if is_waiting_for_pong:
                    raise
                is_waiting_for_pong = True
                with self._lock:
                    self._command("PING")
                continue
            if not data:
                raise RedisDown("the server has closed the connection")
            is_waiting_for_pong = False
            reader.feed(data)
            while (message := reader.gets()) is not False:
                self._dispatch(message)

    def _dispatch(self, message: Any) -> None:
        if isinstance(message, hiredis.ReplyError):
            raise message  # a server that is still loading its data answers so
        topic = self._topics.get(message[1]) if len(message) == 3 else None
        if topic is None:
            return
        if message[0] == b"message":
            self._tell(topic, message[2])
        elif message[0] == b"subscribe":
            topic.ready.set()
            if topic.has_gap:
                topic.has_gap = False
                self._tell(topic, None)

    @staticmethod
    def _tell(topic: _Topic, message: bytes | None) -> None:
        for callback in topic.callbacks:
            try:
                callback(message)
            except Exception:  # border: one follower's mistake must not deafen the process
                log.exception("a follower could not take a message")


subscriber = Subscriber()
