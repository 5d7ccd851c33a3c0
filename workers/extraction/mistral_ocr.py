"""Text from Mistral's OCR: the file is lent to it for the time of the call.

Source: https://docs.mistral.ai/api/#tag/ocr and https://docs.mistral.ai/api/#tag/files
"""

from pathlib import Path
from typing import Any

from shared.config.options import option
from shared.errors import Unavailable
from workers import servers
from workers.extraction.child import page_starts
from workers.retrieval.base import Extract

_URL = "https://api.mistral.ai/v1"
_BETWEEN_PAGES = "\n\n"


class MistralExtractor:
    """See `Extractor`.

    Args:
        url: Where Mistral's API is.
        key: Of the account that pays.
    """

    def __init__(self, url: str, key: str) -> None:
        self._url, self._key = url, key

    def extract(self, path: Path, filename: str, content_type: str) -> Extract:  # noqa: ARG002 -- the server looks for itself
        """See `Extractor`."""
        content = path.read_bytes()
        lent = servers.send_file(
            f"{self._url}/files", "file", filename, content, {"purpose": "ocr"}, key=self._key
        )
        place = f"{self._url}/files/{_required(lent, 'id')}"
        try:
            signed = servers.ask(f"{place}/url?expiry=1", key=self._key)
            document = {"type": "document_url", "document_url": _required(signed, "url")}
            asked = {"model": "mistral-ocr-latest", "document": document}
            found = servers.ask(f"{self._url}/ocr", asked, key=self._key)
        finally:
            servers.send(place, method="DELETE", key=self._key)
        pages = [str(page.get("markdown") or "") for page in _required(found, "pages")]
        return Extract(_BETWEEN_PAGES.join(pages), tuple(page_starts(pages)))


def make() -> MistralExtractor:
    """Give the extractor."""
    return MistralExtractor(_URL, option("MISTRAL_OCR_API_KEY"))


def _required(answer: Any, name: str) -> Any:
    found = answer.get(name) if isinstance(answer, dict) else None
    if not found:
        raise Unavailable("Mistral's OCR answered in an unknown form.")
    return found
