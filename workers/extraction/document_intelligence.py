"""Text from Azure's Document Intelligence, by its model for layouts.

Source: https://learn.microsoft.com/rest/api/aiservices/document-models/analyze-document
"""

import base64
import time
from pathlib import Path
from typing import Any

from shared.config.options import option
from shared.errors import Invalid, Unavailable
from workers import servers
from workers.retrieval.base import Extract

_VERSION = "2024-11-30"
_PAUSE_S, _PATIENCE_S = 1.0, 300.0


class AzureExtractor:
    """See `Extractor`."""

    def extract(self, path: Path, filename: str, content_type: str) -> Extract:  # noqa: ARG002 -- the server looks for itself
        """See `Extractor`."""
        base = option("DOCUMENT_INTELLIGENCE_ENDPOINT").rstrip("/")
        url = (
            f"{base}/documentintelligence/documentModels/prebuilt-layout:analyze"
            f"?api-version={_VERSION}&outputContentFormat=markdown"
        )
        body = {"base64Source": base64.b64encode(path.read_bytes()).decode()}
        headers = {"Ocp-Apim-Subscription-Key": option("DOCUMENT_INTELLIGENCE_KEY")}
        begun = servers.send(url, body, headers=headers)
        found = self._awaited(begun.headers.get("operation-location", ""), headers)
        return Extract(str((found.get("analyzeResult") or {}).get("content") or ""))

    def _awaited(self, place: str, headers: dict[str, str]) -> dict[str, Any]:
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            found = servers.ask(place, headers=headers)
            if found.get("status") == "succeeded":
                return dict(found)
            if found.get("status") == "failed":
                raise Invalid("Document Intelligence cannot read this file.")
            time.sleep(_PAUSE_S)
        raise Unavailable("Document Intelligence takes too long.")


def make() -> AzureExtractor:
    """Give the extractor."""
    return AzureExtractor()
