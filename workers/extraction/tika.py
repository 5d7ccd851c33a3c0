"""Text from an Apache Tika server.

Source: https://cwiki.apache.org/confluence/display/TIKA/TikaServer ("Tika Resource")
"""

from pathlib import Path
from urllib.parse import quote

from shared.config.options import option
from shared.errors import Unavailable
from workers import servers
from workers.retrieval.base import Extract


class TikaExtractor:
    """See `Extractor`."""

    def extract(self, path: Path, filename: str, content_type: str) -> Extract:
        """See `Extractor`."""
        url = f"{option('TIKA_SERVER_URL').rstrip('/')}/tika/text"
        headers = {
            "accept": "application/json",
            "content-type": content_type,
            "content-disposition": f"attachment; filename*=UTF-8''{quote(filename)}",
        }
        if option("PDF_EXTRACT_IMAGES"):
            headers["X-Tika-PDFextractInlineImages"] = "true"
        found = servers.ask(url, path.read_bytes(), method="PUT", headers=headers)
        text = found.get("X-TIKA:content") if isinstance(found, dict) else None
        if not isinstance(text, str):
            raise Unavailable("The Tika server answered in an unknown form.")
        return Extract(text.strip())


def make() -> TikaExtractor:
    """Give the extractor."""
    return TikaExtractor()
