"""Kinds of jobs that make pictures."""

from typing import Literal

from pydantic import Field

from shared.kinds.base import INTERACTIVE, JobSpec, Payload


class Paint(Payload):
    """Make pictures.

    Attributes:
        painter: The model; empty for the server's own.
        size: Width x height in pixels, or a word of the engine's; empty for the server's own.
        sources: Files of the user that are to be changed; none when a picture is made from words.
        mask: File that tells where they may be changed.
        varies: Whether what is wanted is a variation of the source.
        user_id: For whom, where the job is a part of another one.
        extras: What OpenAI's API knows beside these (quality, style, background …).
    """

    prompt: str
    negative_prompt: str = ""
    count: int = 1
    size: str = ""
    painter: str = ""
    sources: list[str] = Field(default_factory=list)
    mask: str | None = None
    varies: bool = False
    user_id: str | None = None
    extras: dict[str, str | int] = Field(default_factory=dict)


class AskPainter(Payload):
    """Ask the engine that makes pictures one thing: its models, or whether it is there."""

    question: Literal["models", "check"]


PAINT = JobSpec("images.paint", INTERACTIVE, Paint, texts=("prompt", "negative_prompt"))
ASK_PAINTER = JobSpec("images.ask_painter", INTERACTIVE, AskPainter, is_visible=False)

SPECS = (PAINT, ASK_PAINTER)
