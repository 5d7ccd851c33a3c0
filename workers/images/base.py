"""What engines that make pictures have to be able to do."""

import re
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any, Protocol

from shared.config.options import option
from shared.errors import Invalid, SwitchyardError, Unavailable

_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")
_TICK_S = 1.0


@dataclass(frozen=True)
class Order:
    """What is to be painted; see `shared.kinds.images.Paint`.

    Attributes:
        size: Width x height in pixels, or a word of the engine's.
        steps: Of the diffusion; 0 leaves them to the engine.
        sources: The pictures to be changed, in PNG, JPEG or WebP.
    """

    prompt: str
    negative_prompt: str = ""
    count: int = 1
    size: str = "512x512"
    model: str = ""
    steps: int = 0
    sources: tuple[bytes, ...] = ()
    mask: bytes | None = None
    varies: bool = False
    extras: dict[str, Any] = field(default_factory=dict)

    def pixels(self) -> tuple[int, int]:
        """Give width and height; "auto" are those of the server.

        Raises:
            Invalid: The size is another word.
        """
        found = _SIZE.fullmatch(option("IMAGE_SIZE") if self.size == "auto" else self.size)
        if found is None:
            raise Invalid("The size has to be width x height in pixels (e.g., 512x512).")
        return int(found[1]), int(found[2])


class Easel(Protocol):
    """What a painter is given beside its order."""

    def tell(self, percent: float, preview: tuple[str, bytes] | None = None) -> None:
        """Tell how far it is, 0 to 100, with a preview and its MIME type where there is one."""

    def check(self) -> None:
        """Raise the reason for which the job has to end, if there is one."""


class Painter(Protocol):
    """Makes pictures."""

    def paint(self, order: Order, easel: Easel) -> Iterator[bytes]:
        """Give the pictures, each as a file.

        Raises:
            Invalid: The engine does not take the order; with its words.
            Unavailable: It does not answer.
        """

    def models(self) -> list[dict[str, str]]:
        """List the models, each with `id` and `name`.

        Raises:
            Unavailable: The engine does not answer.
        """

    def check(self) -> None:
        """Look whether the engine is there.

        Raises:
            Unavailable, Forbidden, Invalid: It is not, or does not let us in.
        """


def named(models: list[str]) -> list[dict[str, str]]:
    """Write a list of models that are called as they are known."""
    return [{"id": model, "name": model} for model in models]


def decoded(text: Any) -> bytes:
    """Read a picture that came as base64, maybe as a data URI.

    Raises:
        Unavailable: It is none.
    """
    try:
        return b64decode(str(text).rpartition(",")[2], validate=True)
    except ValueError:
        raise Unavailable("The engine sent a picture that cannot be read.") from None


def unknown_form() -> Unavailable:
    """Say that an engine's answer is not what its protocol has."""
    return Unavailable("The engine that makes pictures answered in an unknown form.")


def waited(ask: Callable[[], Any], tick: Callable[[], None]) -> Any:
    """Wait for an answer that takes long, and look around every second.

    Args:
        ask: Runs in a thread of its own; whoever is stopped does not wait for it.
        tick: Called every second; what it raises ends the wait.

    Raises:
        SwitchyardError: Of either.
    """
    said: list[Any] = []
    failed: list[SwitchyardError] = []

    def run() -> None:
        try:
            said.append(ask())
        except SwitchyardError as error:
            failed.append(error)

    thread = threading.Thread(target=copy_context().run, args=(run,), daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_TICK_S)
        tick()
    if failed:
        raise failed[0]
    if not said:
        raise Unavailable("The engine that makes pictures was asked in vain.")
    return said[0]
