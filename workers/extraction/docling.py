"""Text from a Docling server.

Source: https://github.com/docling-project/docling-serve/blob/main/docs/usage.md
"""

from pathlib import Path

from shared.config.options import option
from shared.errors import Unavailable
from workers import servers
from workers.retrieval.base import Extract


class DoclingExtractor:
    """See `Extractor`."""

    def extract(self, path: Path, filename: str, content_type: str) -> Extract:  # noqa: ARG002 -- the server looks for itself
        """See `Extractor`."""
        url = f"{option('DOCLING_SERVER_URL').rstrip('/')}/v1alpha/convert/file"
        wanted = {"image_export_mode": "placeholder", "table_mode": "accurate", "to_formats": "md"}
        found = servers.send_file(url, "files", filename, path.read_bytes(), wanted)
        document = found.get("document") if isinstance(found, dict) else None
        text = document.get("md_content") if isinstance(document, dict) else None
        if not isinstance(text, str):
            raise Unavailable("The Docling server answered in an unknown form.")
        return Extract(text)


def make() -> DoclingExtractor:
    """Give the extractor."""
    return DoclingExtractor()
