"""Google makes pictures: Imagen from words, Gemini from words and from other pictures.

Source: https://ai.google.dev/gemini-api/docs/imagen (REST, `:predict`) and
https://ai.google.dev/gemini-api/docs/image-generation (REST, `:generateContent`)
"""

from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from shared.config.options import option
from shared.errors import Invalid
from shared.services import content_types
from workers import servers
from workers.images.base import Easel, Order, decoded, named, unknown_form, waited

_DEFAULT_MODEL = "imagen-3.0-generate-002"
# Imagen sees no pictures.
_CHANGES = "gemini-2.5-flash-image"
_SEES = "gemini"


class GeminiPainter:
    """See `Painter`."""

    def __init__(self) -> None:
        self._url = option("IMAGES_GEMINI_API_BASE_URL").rstrip("/")
        self._headers = {"x-goog-api-key": option("IMAGES_GEMINI_API_KEY")}

    def paint(self, order: Order, easel: Easel) -> Iterator[bytes]:
        """See `Painter`."""
        model = _model(order)
        easel.tell(0)
        if model.startswith(_SEES):
            return self._content(model, order, easel)
        return self._predicted(model, order, easel)

    def _predicted(self, model: str, order: Order, easel: Easel) -> Iterator[bytes]:
        body = {
            "instances": [{"prompt": order.prompt}],
            "parameters": {
                "sampleCount": order.count,
                "outputOptions": {"mimeType": "image/png"},
            },
        }
        answer = self._ask(model, "predict", body, easel)
        try:
            encoded = [one["bytesBase64Encoded"] for one in answer["predictions"]]
        except (KeyError, TypeError):
            raise unknown_form() from None
        for picture in encoded:
            yield decoded(picture)

    def _content(self, model: str, order: Order, easel: Easel) -> Iterator[bytes]:
        """Ask once for each picture: this door makes one at a time."""
        shown = [_part(source) for source in order.sources]
        body = {
            "contents": [{"role": "user", "parts": [*shown, {"text": order.prompt}]}],
            "generationConfig": {"responseModalities": ["TEXT", "IMAGE"]},
        }
        for number in range(1, order.count + 1):
            yield _picture(self._ask(model, "generateContent", body, easel))
            easel.tell(100 * number / order.count)

    def _ask(self, model: str, verb: str, body: Any, easel: Easel) -> Any:
        url = f"{self._url}/models/{quote(model, safe='')}:{verb}"
        return waited(lambda: servers.ask(url, body, headers=self._headers), easel.check)

    def models(self) -> list[dict[str, str]]:
        """See `Painter`."""
        return named([_DEFAULT_MODEL, _CHANGES])

    def check(self) -> None:
        """See `Painter`."""
        servers.ask(f"{self._url}/models", headers=self._headers, timeout_s=10)


def make() -> GeminiPainter:
    """Give the engine that the options describe."""
    return GeminiPainter()


def _model(order: Order) -> str:
    """Choose who can do what is wanted.

    Raises:
        Invalid: Nobody can.
    """
    if order.varies or order.mask is not None:
        what = "makes no variations" if order.varies else "takes no mask"
        raise Invalid(f"The engine 'gemini' {what}: set IMAGE_GENERATION_ENGINE to openai.")
    model = order.model.removeprefix("models/")
    if order.sources and not model.startswith(_SEES):
        return _CHANGES
    return model or _DEFAULT_MODEL


def _part(picture: bytes) -> dict[str, Any]:
    kind = content_types.sniff(picture[: content_types.HEAD_BYTES], "")
    return {"inlineData": {"mimeType": kind, "data": b64encode(picture).decode("ascii")}}


def _picture(answer: Any) -> bytes:
    """Find the picture in an answer.

    Raises:
        Invalid: There is none; with the reason, or with what was said in its place.
    """
    try:
        candidates = answer.get("candidates") or []
        parts = [part for one in candidates for part in one.get("content", {}).get("parts", [])]
        parts = [part for part in parts if not part.get("thought")]
        pictures = [part["inlineData"]["data"] for part in parts if "inlineData" in part]
        said = " ".join(str(part["text"]) for part in parts if "text" in part)
        reasons = [one.get("finishReason") for one in candidates]
        blocked = answer.get("promptFeedback", {}).get("blockReason")
    except (AttributeError, KeyError, TypeError):
        raise unknown_form() from None
    if not pictures:
        why = blocked or said[:300] or ", ".join(str(one) for one in reasons if one) or "no reason"
        raise Invalid(f"Gemini made no picture: {why}.")
    return decoded(pictures[0])
