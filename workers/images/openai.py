"""A server that speaks OpenAI's API makes pictures.

Source: https://platform.openai.com/docs/api-reference/images
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from shared import http
from shared.config.options import option
from workers import servers
from workers.images.base import Easel, Order, decoded, named, unknown_form, waited

_DEFAULT_MODEL = "dall-e-2"
_MODELS = ["dall-e-2", "dall-e-3", "gpt-image-1"]
# These always send bytes, and refuse to be asked for them.
_SENDS_BYTES = "gpt-image"


class OpenAIPainter:
    """See `Painter`."""

    def __init__(self) -> None:
        self._url = option("IMAGES_OPENAI_API_BASE_URL").rstrip("/")
        self._key = option("IMAGES_OPENAI_API_KEY")

    def paint(self, order: Order, easel: Easel) -> Iterator[bytes]:
        """See `Painter`."""
        easel.tell(0)
        ask = self._changed if order.sources else self._made
        answer = waited(lambda: ask(order), easel.check)
        pictures = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(pictures, list):
            raise unknown_form()
        for picture in pictures:
            yield self._bytes_of(picture)

    def _made(self, order: Order) -> Any:
        return servers.ask(f"{self._url}/images/generations", self._fields(order), key=self._key)

    def _changed(self, order: Order) -> Any:
        place = "variations" if order.varies else "edits"
        field = "image" if len(order.sources) == 1 else "image[]"
        files = [(field, (f"{n}.png", source)) for n, source in enumerate(order.sources)]
        if order.mask is not None:
            files.append(("mask", ("mask.png", order.mask)))
        fields = {name: str(value) for name, value in self._fields(order).items()}
        if order.varies:
            fields.pop("prompt", None)
        return servers.send_files(f"{self._url}/images/{place}", files, fields, key=self._key)

    def _fields(self, order: Order) -> dict[str, Any]:
        model = order.model or _DEFAULT_MODEL
        fields = {"model": model, "prompt": order.prompt, "n": order.count, "size": order.size}
        if not model.startswith(_SENDS_BYTES):
            fields["response_format"] = "b64_json"
        return {**fields, **order.extras}

    def _bytes_of(self, picture: Any) -> bytes:
        if not isinstance(picture, dict):
            raise unknown_form()
        if picture.get("b64_json"):
            return decoded(picture["b64_json"])
        url = str(picture.get("url") or "")
        if urlsplit(url).netloc == urlsplit(self._url).netloc:
            return servers.send(url, key=self._key).content
        return http.fetch(url).required().content

    def models(self) -> list[dict[str, str]]:
        """See `Painter`."""
        return named(_MODELS)

    def check(self) -> None:
        """See `Painter`."""
        servers.ask(f"{self._url}/models", key=self._key, timeout_s=10)


def make() -> OpenAIPainter:
    """Give the engine that the options describe."""
    return OpenAIPainter()
