"""One Redis connection for a whole process, however many channels are followed through it."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

import hiredis
from redis.exceptions import ConnectionError as RedisDown
from redis.exceptions import NoScriptError, RedisError
from redis.exceptions import TimeoutError as RedisSlow

from shared.outage import Outage
from shared.redis import get_redis

log = logging.getLogger(__name__)

Callback = Callable[[bytes | None], None]
_PING_AFTER_S = 10.0
_READ_BYTES = 262_144
# A channel that nobody follows any more is given up with the next thing that has to be sent: what
# still comes through it until then costs less than a message to Redis and its answer.
_MOST_GIVEN_UP, _GIVEN_UP_AFTER_S = 64, 1.0
_ANSWER_PATIENCE_S = 10.0


class Topic:
    """The followers of one channel, of which a process may have thousands."""

    __slots__ = ("_waiting", "callbacks", "has_gap", "is_ready")

    def __init__(self) -> None:
        self.callbacks: tuple[Callback, ...] = ()
        self.has_gap = self.is_ready = False
        self._waiting: threading.Event | None = None

    def wait(self, timeout_s: float) -> bool:
        """Wait until nothing can be missed that is published from now on; whether it is so."""
        if self.is_ready:
            return True
        if self._waiting is None:
            self._waiting = threading.Event()
        waiting = self._waiting
        # It may have become ready in between, by a thread that saw nobody wait.
        return self.is_ready or waiting.wait(timeout_s)

    def becomes_ready(self) -> None:
        """Let those go on who wait."""
        self.is_ready = True
        if self._waiting is not None:
            self._waiting.set()
            self._waiting = None


class Subscriber:
    """Follows channels; hands each message to the channel's callbacks in its own thread or
    greenlet. Commands may go the same way.

    A callback gets the message, or None after a gap (the connection was lost and opened anew):
    then what was published in between must be looked up elsewhere. Callbacks must not block.
    """

    def __init__(self) -> None:
        self._topics: dict[bytes, Topic] = {}
        self._lock = threading.Lock()
        self._connection: Any = None
        self._thread: threading.Thread | None = None
        # What goes out with the next packet.
        self._outgoing: list[bytes] = []
        # Who waits for the answers to commands, in the order in which they were sent.
        self._callers: deque[SimpleQueue[Any]] = deque()

    def add(self, channel: str, callback: Callback, is_urgent: bool = True) -> Topic:
        """Follow a channel.

        Args:
            is_urgent: Whether Redis has to hear of it at once. If not, it does with the next
                `call` or `flush`, ahead of what is called.

        Returns:
            The channel, on which one can wait until nothing that is published from then on can be
            missed.
        """
        name = channel.encode()
        with self._lock:
            topic = self._topics.get(name)
            is_new = topic is None
            if topic is None:
                topic = self._topics[name] = Topic()
                # While there is no connection something may be published that nobody hears.
                topic.has_gap = self._thread is not None and self._connection is None
            topic.callbacks = (*topic.callbacks, callback)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="subscriber", daemon=True)
                self._thread.start()
            elif is_new:
                self._put("SUBSCRIBE", name)
            if is_urgent:
                self._send()
        return topic

    def remove(self, channel: str, callback: Callback) -> None:
        """Stop following; unknown pairs are ignored."""
        name = channel.encode()
        with self._lock:
            topic = self._topics.get(name)
            if topic is None:
                return
            topic.callbacks = tuple(c for c in topic.callbacks if c != callback)
            if not topic.callbacks:
                del self._topics[name]
                self._put("UNSUBSCRIBE", name)
                if len(self._outgoing) > _MOST_GIVEN_UP:
                    self._send()

    def call(self, *words: Any) -> Any:
        """Have a command done, in one packet with whatever else is to be sent.

        A connection of the pool costs several times as much, but opens itself anew, repeats, and
        loads scripts. Not to be used by callbacks.

        Raises:
            redis.exceptions.RedisError: There is no connection right now, or no such script; or
                nobody knows whether it was done.
        """
        answer: SimpleQueue[Any] = SimpleQueue()
        with self._lock:
            if self._connection is None:
                raise RedisDown("there is no connection")
            self._put(*words)
            self._callers.append(answer)
            self._send()
        try:
            found = answer.get(timeout=_ANSWER_PATIENCE_S)
        except Empty:
            raise RedisSlow("there is no answer") from None
        if isinstance(found, RedisError):
            raise found
        return found

    def flush(self) -> None:
        """Let Redis hear now of what was not urgent."""
        if self._outgoing:
            with self._lock:
                self._send()

    def _put(self, *words: Any) -> None:
        """Add a command to the next packet, with the lock held."""
        if self._connection is not None:
            self._outgoing.append(hiredis.pack_command(words))

    def _send(self) -> None:
        """Send, with the lock held; the reading side notices and mends a broken connection."""
        if not self._outgoing:
            return
        packet, self._outgoing = b"".join(self._outgoing), []
        try:
            sock = self._connection._sock
            sent = sock.send(packet)
            if sent < len(packet):
                sock.sendall(packet[sent:])
        except (RedisError, OSError, AttributeError):
            log.debug("a command was not sent; the connection is being opened anew")

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
                "socket_timeout": min(_PING_AFTER_S, _GIVEN_UP_AFTER_S),
                # What is published and what is answered can be told apart.
                "protocol": 3,
                "health_check_interval": 0,
            }
        )
        connection.connect()
        with self._lock:
            self._connection = connection
            if self._topics:
                self._put("SUBSCRIBE", *self._topics)
                self._send()

    def _close(self) -> None:
        with self._lock:
            connection, self._connection = self._connection, None
            callers, self._callers = self._callers, deque()
            self._outgoing = []
            for topic in self._topics.values():
                topic.is_ready = False
                topic.has_gap = True
        for caller in callers:
            caller.put(RedisDown("the connection is lost"))
        if connection is not None:
            connection.disconnect()

    def _read(self) -> None:
        """Take messages as they come, all that one read of the socket brings.

        redis-py prepares for trouble before every single message, which costs more than a message
        (4 µs of the web tier's 27 per token); here its connection is only asked for bytes.
        """
        sock, reader = self._connection._sock, hiredis.Reader()
        heard_at, is_waiting_for_pong = time.monotonic(), False
        while True:
            try:
                data = sock.recv(_READ_BYTES)
            except TimeoutError:
                self.flush()
                if time.monotonic() - heard_at < _PING_AFTER_S:
                    continue
                if is_waiting_for_pong:
                    raise
                heard_at, is_waiting_for_pong = time.monotonic(), True
                self._ping()
                continue
            if not data:
                raise RedisDown("the server has closed the connection")
            heard_at, is_waiting_for_pong = time.monotonic(), False
            reader.feed(data)
            while (message := reader.gets()) is not False:
                self._dispatch(message)

    def _ping(self) -> None:
        with self._lock:
            self._put("PING")
            self._callers.append(SimpleQueue())
            self._send()

    def _dispatch(self, message: Any) -> None:
        if type(message) is not hiredis.PushNotification:
            self._answer(message)
            return
        topic = self._topics.get(message[1]) if len(message) == 3 else None
        if topic is None:
            return
        if message[0] == b"message":
            self._tell(topic, message[2])
        elif message[0] == b"subscribe":
            topic.becomes_ready()
            if topic.has_gap:
                topic.has_gap = False
                self._tell(topic, None)

    def _answer(self, message: Any) -> None:
        """Hand an answer to who waits for it."""
        if isinstance(message, hiredis.ReplyError):
            if not str(message).startswith("NOSCRIPT"):
                # A server that is still loading its data answers so, also to a subscription.
                raise message
            message = NoScriptError(str(message))
        if self._callers:
            self._callers.popleft().put(message)

    @staticmethod
    def _tell(topic: Topic, message: bytes | None) -> None:
        for callback in topic.callbacks:
            try:
                callback(message)
            except Exception:  # border: one follower's mistake must not deafen the process
                log.exception("a follower could not take a message")


subscriber = Subscriber()
