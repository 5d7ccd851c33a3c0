"""Google's Imagen makes pictures.

Source: https://ai.google.dev/gemini-api/docs/imagen (REST, `:predict`)
"""

from collections.abc import Iterator
from urllib.parse import quote

from shared.config.options import option
from shared.errors import Invalid
from workers import servers
from workers.images.base import Easel, Order, decoded, named, unknown_form, waited

_DEFAULT_MODEL = "imagen-3.0-generate-002"


class GeminiPainter:
    """See `Painter`."""

    def __init__(self) -> None:
        self._url = option("IMAGES_GEMINI_API_BASE_URL").rstrip("/")
        self._headers = {"x-goog-api-key": option("IMAGES_GEMINI_API_KEY")}

    def paint(self, order: Order, easel: Easel) -> Iterator[bytes]:
        """See `Painter`."""
        if order.sources:
            raise Invalid(
                "The engine 'gemini' changes no pictures here: set "
                "IMAGE_GENERATION_ENGINE to openai."
            )
        easel.tell(0)
        body = {
            "instances": [{"prompt": order.prompt}],
            "parameters": {
                "sampleCount": order.count,
                "outputOptions": {"mimeType": "image/png"},
            },
        }
        model = quote(order.model or _DEFAULT_MODEL, safe="")
        url = f"{self._url}/models/{model}:predict"
        answer = waited(lambda: servers.ask(url, body, headers=self._headers), easel.check)
        try:
            encoded = [one["bytesBase64Encoded"] for one in answer["predictions"]]
        except (KeyError, TypeError):
            raise unknown_form() from None
        for picture in encoded:
            yield decoded(picture)

    def models(self) -> list[dict[str, str]]:
        """See `Painter`."""
        return named([_DEFAULT_MODEL])

    def check(self) -> None:
        """See `Painter`."""
        servers.ask(f"{self._url}/models", headers=self._headers, timeout_s=10)


def make() -> GeminiPainter:
    """Give the engine that the options describe."""
    return GeminiPainter()
