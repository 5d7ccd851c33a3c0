"""ComfyUI makes pictures by a workflow; its WebSocket tells how far it is.

Source: https://docs.comfy.org/development/comfyui-server/comms_messages and `server.py` of ComfyUI
(routes; `/upload/image`; binary messages: type 1 is a preview, then its form: 1 JPEG, 2 PNG).
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from shared.config.options import option
from shared.errors import Invalid, SwitchyardError, Unavailable
from shared.ids import new_id
from workers import servers
from workers.images.base import Easel, Order, named, unknown_form
from workers.images.comfyui_socket import Progress, listening
from workers.images.comfyui_workflow import filled

_LONGEST_S = 1800.0
_TICK_S = 1.0


class ComfyUIPainter:
    """See `Painter`."""

    def __init__(self) -> None:
        self._url = option("COMFYUI_BASE_URL").rstrip("/")
        self._key = option("COMFYUI_API_KEY")

    def paint(self, order: Order, easel: Easel) -> Iterator[bytes]:
        """See `Painter`."""
        if order.varies:
            raise Invalid(
                "The engine 'comfyui' makes no variations: set IMAGE_GENERATION_ENGINE to openai."
            )
        filled(order)  # what does not fit is told before anything is sent
        sources = [self._upload(source) for source in order.sources]
        mask = None if order.mask is None else self._upload(order.mask)
        workflow, client_id = filled(order, sources, mask), new_id()
        with listening(self._url, client_id, self._key) as messages:
            asked = {"prompt": workflow, "client_id": client_id}
            prompt_id = _prompt_id(servers.ask(f"{self._url}/prompt", asked, key=self._key))
            try:
                self._wait(messages, prompt_id, easel)
            except SwitchyardError:
                self._interrupt(prompt_id)
                raise
        history = servers.ask(f"{self._url}/history/{prompt_id}", key=self._key)
        for place in _places(history, prompt_id):
            yield servers.send(f"{self._url}/view?{urlencode(place)}", key=self._key).content

    def _upload(self, picture: bytes) -> str:
        """Put a picture among the server's inputs; gives its name there, which no other has."""
        files = [("image", (f"switchyard-{new_id()}.png", picture))]
        answer = servers.send_files(
            f"{self._url}/upload/image", files, {"type": "input"}, key=self._key
        )
        if not isinstance(answer, dict) or not answer.get("name"):
            raise unknown_form()
        return "/".join(str(part) for part in (answer.get("subfolder"), answer["name"]) if part)

    def _wait(self, messages: Iterator[Progress | None], prompt_id: str, easel: Easel) -> None:
        waited_s = 0.0
        for message in messages:
            easel.check()
            waited_s += 0 if message else _TICK_S
            if waited_s > _LONGEST_S:
                break
            if message is None or message.prompt_id not in (None, prompt_id):
                continue
            if message.error is not None:
                raise Invalid(f"ComfyUI: {message.error[:300]}")
            if message.is_end:
                return
            easel.tell(message.percent, message.preview)
        raise Unavailable("ComfyUI did not make the picture in time.")

    def _interrupt(self, prompt_id: str) -> None:
        """Stop what runs, and take away what waits; it is nobody else's by its id."""
        with suppress(SwitchyardError):  # it may be the server that is away
            servers.send(f"{self._url}/queue", {"delete": [prompt_id]}, key=self._key)
            servers.send(f"{self._url}/interrupt", {"prompt_id": prompt_id}, key=self._key)

    def models(self) -> list[dict[str, str]]:
        """See `Painter`."""
        found = servers.ask(f"{self._url}/object_info/CheckpointLoaderSimple", key=self._key)
        try:
            names = found["CheckpointLoaderSimple"]["input"]["required"]["ckpt_name"][0]
        except (KeyError, IndexError, TypeError):
            raise unknown_form() from None
        return named([str(name) for name in names])

    def check(self) -> None:
        """See `Painter`."""
        servers.ask(f"{self._url}/system_stats", key=self._key, timeout_s=10)


def make() -> ComfyUIPainter:
    """Give the engine that the options describe."""
    return ComfyUIPainter()


def _prompt_id(answer: Any) -> str:
    if not isinstance(answer, dict) or not answer.get("prompt_id"):
        raise unknown_form()
    return str(answer["prompt_id"])


def _places(history: Any, prompt_id: str) -> list[dict[str, str]]:
    """List where the finished pictures lie; previews that a workflow keeps are left out."""
    try:
        outputs = history[prompt_id]["outputs"].values()
        pictures = [one for output in outputs for one in output.get("images") or []]
        return [
            {name: one[name] for name in ("filename", "subfolder", "type")}
            for one in pictures
            if one.get("type") == "output"
        ]
    except (KeyError, TypeError, AttributeError):
        raise unknown_form() from None
