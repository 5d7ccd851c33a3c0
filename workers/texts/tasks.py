"""The worker's side of the kinds of jobs in `shared.kinds.texts`."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

from shared.errors import Invalid
from shared.kinds.texts import (
    FORMAT_CODE,
    RENDER_MARKDOWN,
    RENDER_PDF,
    FormatCode,
    RenderMarkdown,
    RenderPDF,
)
from workers.base import task
from workers.live import Running
from workers.texts import pdf


class _Turned:
    """A text that is turned into another form in one go."""

    turn: Callable[[Any], dict[str, Any]]

    def __init__(self, job: Running) -> None:
        self._job = job
        self._result: dict[str, Any] = {}

    def do(self) -> None:
        """Turn it.

        Raises:
            Invalid: It is of no such form.
        """
        self._result = type(self).turn(self._job.payload)

    def save(self, status: str, error: str | None) -> dict[str, Any]:  # noqa: ARG002 -- the protocol's signature
        """Give it to whoever waits."""
        return self._result


@task(FORMAT_CODE)
class CodeLayout(_Turned):
    """Lays a piece of Python out."""

    @staticmethod
    def turn(payload: FormatCode) -> dict[str, Any]:
        """Give the code as black writes it.

        Raises:
            Invalid: It is no Python.
        """
        import black  # noqa: PLC0415 -- heavy, and only needed here
        from black.parsing import InvalidInput  # noqa: PLC0415 -- as above

        try:
            return {"code": black.format_str(payload.code, mode=black.Mode())}
        except (InvalidInput, RecursionError) as error:
            raise Invalid(f"The code cannot be laid out: {str(error)[:200]}") from error


@task(RENDER_MARKDOWN)
class MarkdownRender(_Turned):
    """Writes Markdown as HTML."""

    @staticmethod
    def turn(payload: RenderMarkdown) -> dict[str, Any]:
        """Give the HTML; tags in the text become text, so that nobody's script comes along."""
        from markdown_it import MarkdownIt  # noqa: PLC0415 -- only needed here

        return {"html": MarkdownIt("js-default", {"html": False}).render(payload.text)}


@task(RENDER_PDF)
class PDFRender(_Turned):
    """Writes a chat as a PDF."""

    @staticmethod
    def turn(payload: RenderPDF) -> dict[str, Any]:
        """Give the document as base64: results are JSON."""
        return {"pdf": b64encode(pdf.write(payload.title, payload.messages)).decode("ascii")}
