"""Kinds of jobs that turn a text into another form."""

from typing import Any

from shared.kinds.base import COMPUTE, QUICK, JobSpec, Payload


class FormatCode(Payload):
    """Lay a piece of Python out."""

    code: str


class RenderMarkdown(Payload):
    """Write Markdown as HTML."""

    text: str


class RenderPDF(Payload):
    """Write a chat as a PDF; `messages` have `role` and `content`, and maybe `model` and
    `timestamp`.
    """

    title: str
    messages: list[dict[str, Any]]


FORMAT_CODE = JobSpec("texts.format_code", QUICK, FormatCode, is_visible=False, texts=("code",))
RENDER_MARKDOWN = JobSpec(
    "texts.render_markdown", QUICK, RenderMarkdown, is_visible=False, texts=("text",)
)
RENDER_PDF = JobSpec(
    "texts.render_pdf", COMPUTE, RenderPDF, is_visible=False, texts=("title", "messages")
)

SPECS = (FORMAT_CODE, RENDER_MARKDOWN, RENDER_PDF)
