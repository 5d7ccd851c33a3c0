"""Text from a Docling server.

Source: https://github.com/docling-project/docling-serve/blob/main/docs/usage.md
"""

from pathlib import Path
from typing import Any

from shared.config.options import option
from shared.errors import Invalid, Unavailable
from workers import servers
from workers.retrieval.base import Extract


class DoclingExtractor:
    """See `Extractor`."""

    def extract(self, path: Path, filename: str, content_type: str) -> Extract:  # noqa: ARG002 -- the server looks for itself
        """See `Extractor`."""
        content = path.read_bytes()
        try:
            found = _converted("v1", filename, content)
        except servers.Missing:
            found = _converted("v1alpha", filename, content)
        return Extract(_text_of(found))


def _converted(version: str, filename: str, content: bytes) -> Any:
    """Ask a server in the way of its version: before 1.0 it answered below `v1alpha`."""
    url = f"{option('DOCLING_SERVER_URL').rstrip('/')}/{version}/convert/file"
    wanted = {"image_export_mode": "placeholder", "table_mode": "accurate", "to_formats": "md"}
    return servers.send_file(url, "files", filename, content, wanted)


def _text_of(found: Any) -> str:
    try:
        if found["status"] == "failure":
            raise Invalid(f"Docling cannot read this file: {_why(found)}")
        return str(found["document"]["md_content"] or "")
    except (KeyError, TypeError):
        raise Unavailable("The Docling server answered in an unknown form.") from None


def _why(found: dict[str, Any]) -> str:
    errors = found.get("errors") or [{}]
    return str(errors[0].get("error_message") or "it does not say why.")


def make() -> DoclingExtractor:
    """Give the extractor."""
    return DoclingExtractor()
