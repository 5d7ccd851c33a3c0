"""The questions of one call of a plugin: each is answered by a greenlet of its own, so that a
plugin may ask several things at once, and tell its own pieces while an answer comes in.
"""

import contextvars
import logging
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

from shared.errors import SwitchyardError
from workers.plugins.base import Listener, PluginFailed
from workers.providers.line import Cut

log = logging.getLogger(__name__)

_MOST_AT_ONCE = 16
Heard = dict[str, Any]
# Sends a frame to the plugin; raises when it is gone.
Send = Callable[[Heard], None]


class Questions:
    """Those of one call.

    Attributes:
        waited_s: How long the plugin has waited for answers: for such time it is not to blame.
    """

    def __init__(self, listener: Listener, send: Send) -> None:
        self._listener, self._send = listener, send
        self._lock = threading.Lock()
        self._open: dict[Any, Cut] = {}
        self._since = 0.0
        self._waited_s = 0.0

    @property
    def waited_s(self) -> float:
        """Seconds in which at least one question was open."""
        with self._lock:
            under_way = monotonic() - self._since if self._open else 0.0
            return self._waited_s + under_way

    @property
    def are_open(self) -> bool:
        """Whether the plugin waits for an answer."""
        return bool(self._open)

    def take(self, heard: Heard) -> None:
        """Begin to answer a question."""
        number, cut = heard.get("question"), Cut()
        with self._lock:
            is_one_too_many = len(self._open) >= _MOST_AT_ONCE or number in self._open
            if not is_one_too_many:
                self._since = self._since if self._open else monotonic()
                self._open[number] = cut
        if is_one_too_many:
            words = f"A plugin may ask {_MOST_AT_ONCE} questions at a time."
            self._send({"op": "answer", "question": number, "error": words})
            return
        work = contextvars.copy_context().run
        args = (self._answer, heard, cut)
        threading.Thread(target=work, args=args, daemon=True, name="plugin-answer").start()

    def drop(self, number: Any) -> None:
        """Give up an answer that the plugin does not want any more."""
        if cut := self._open.get(number):
            cut.set()

    def drop_all(self) -> None:
        """Give up whatever is open: the call has ended."""
        for cut in list(self._open.values()):
            cut.set()

    def _answer(self, heard: Heard, cut: Cut) -> None:
        number = heard.get("question")
        answer = self._answered(heard, cut)
        with self._lock:
            self._open.pop(number, None)
            if not self._open:
                self._waited_s += monotonic() - self._since
        self._tell({"op": "answer", "question": number, **answer})

    def _answered(self, heard: Heard, cut: Cut) -> dict[str, Any]:
        try:
            return {"value": self._value(heard, cut)}
        except SwitchyardError as error:
            return {"error": error.message}
        except Exception:  # border: whatever is wrong with an answer is the plugin's to know
            log.exception("a plugin's question could not be answered")
            return {"error": PluginFailed("The server could not answer.").message}

    def _value(self, heard: Heard, cut: Cut) -> Any:
        what, given = str(heard.get("what")), heard.get("given")
        if what == "event":
            event = heard.get("event")
            return self._listener.ask(event if isinstance(event, dict) else {})
        if what == "tool":
            arguments = dict(heard.get("arguments") or {})
            return self._listener.use_tool(str(heard.get("name")), arguments)

        def tell(piece: Any) -> None:
            self._tell({"op": "piece", "question": heard.get("question"), "value": piece})

        return self._listener.serve(what, given if isinstance(given, dict) else {}, tell, cut)

    def _tell(self, told: Heard) -> None:
        try:
            self._send(told)
        except PluginFailed as error:  # more than one frame holds
            self._send({"op": "answer", "question": told["question"], "error": error.message})
