"""ComfyUI makes pictures by a workflow; its WebSocket tells how far it is.

Source: https://docs.comfy.org/development/comfyui-server/comms_messages and `server.py` of ComfyUI
(routes; binary messages: type 1 is a preview, then its form: 1 JPEG, 2 PNG).
"""

import json
import secrets
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

# What a mapping of a type sets when it names no input.
_KEYS = {
    "prompt": "text",
    "negative_prompt": "text",
    "model": "ckpt_name",
    "width": "width",
    "height": "height",
    "steps": "steps",
    "seed": "seed",
    "n": "batch_size",
}
_LARGEST_SEED = 2**48
_LONGEST_S = 1800.0
_TICK_S = 1.0


class ComfyUIPainter:
    """See `Painter`."""

    def __init__(self) -> None:
        self._url = option("COMFYUI_BASE_URL").rstrip("/")
        self._key = option("COMFYUI_API_KEY")

    def paint(self, order: Order, easel: Easel) -> Iterator[bytes]:
        """See `Painter`."""
        if order.sources:
            raise Invalid(
                "The engine 'comfyui' changes no pictures here: set "
                "IMAGE_GENERATION_ENGINE to openai."
            )
        workflow, client_id = filled(order), new_id()
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


def filled(order: Order) -> dict[str, Any]:
    """Put an order into the configured workflow, where the mapping says.

    Raises:
        Invalid: Workflow and mapping do not fit each other; the message names the options.
    """
    workflow = _workflow()
    width, height = order.pixels()
    values = {
        "prompt": order.prompt,
        "negative_prompt": order.negative_prompt,
        "model": order.model or None,
        "width": width,
        "height": height,
        "steps": order.steps or None,
        "seed": secrets.randbelow(_LARGEST_SEED),
        "n": order.count,
    }
    nodes = option("COMFYUI_WORKFLOW_NODES")
    if not any(node.get("type") == "prompt" for node in nodes):
        raise Invalid("COMFYUI_WORKFLOW_NODES does not say which node gets the prompt.")
    for node in nodes:
        value = values.get(str(node.get("type")))
        if value is not None:
            _put(workflow, node, value)
    return workflow


def _workflow() -> dict[str, Any]:
    try:
        workflow = json.loads(option("COMFYUI_WORKFLOW"))
    except ValueError:
        workflow = None
    if not isinstance(workflow, dict):
        raise Invalid("COMFYUI_WORKFLOW is no JSON object in ComfyUI's API form.")
    return workflow


def _put(workflow: dict[str, Any], node: dict[str, Any], value: Any) -> None:
    key = str(node.get("key") or _KEYS[str(node["type"])])
    for node_id in node.get("node_ids") or []:
        try:
            workflow[str(node_id)]["inputs"][key] = value
        except (KeyError, TypeError):
            raise Invalid(
                f"COMFYUI_WORKFLOW_NODES names the node {node_id}, which COMFYUI_WORKFLOW has not."
            ) from None


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
