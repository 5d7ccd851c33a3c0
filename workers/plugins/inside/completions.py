"""Asking a model of the server, by the names under which plugins know that."""

import json
from collections.abc import AsyncIterator
from typing import Any

from . import asking
from .responses import StreamingResponse

_NOTHING = object()


class StreamLine(str):
    """A line of a stream: a text, which may be decoded like the bytes that other servers give."""

    __slots__ = ()

    def decode(self, *_args: Any, **_kwargs: Any) -> str:
        """Give the text."""
        return str(self)


async def generate_chat_completion(*args: Any, **kwargs: Any) -> Any:
    """Ask a model for an answer, for the user of the call under way.

    Versions of the server for which plugins were written have the request, the form and the user
    in different orders: the form is known by what it is, the others do not matter.

    Returns:
        A completion in OpenAI's form; with `stream` a response of which `body_iterator` gives the
        lines of a stream.

    Raises:
        RuntimeError: The model is not there for the user, or does not answer.
    """
    body = _form_in([*args, *kwargs.values()])
    if not body.get("stream"):
        return await asking.ask("complete", body=body)
    pieces = asking.ask_for_pieces("complete", body=body)
    # What goes wrong before the first word is told to the caller, not to the reader of the stream.
    first = await anext(pieces, _NOTHING)
    return StreamingResponse(_lines(first, pieces), media_type="text/event-stream")


def _form_in(given: list[Any]) -> dict[str, Any]:
    for one in given:
        dump = getattr(one, "model_dump", None)
        form = dump(exclude_none=True) if callable(dump) else one
        if isinstance(form, dict) and "messages" in form:
            return form
    raise TypeError("a completion wants a form with a model and messages")


async def _lines(first: Any, rest: AsyncIterator[Any]) -> AsyncIterator[str]:
    if first is not _NOTHING:
        yield _line(first)
    async for piece in rest:
        yield _line(piece)
    yield StreamLine("data: [DONE]\n\n")


def _line(chunk: Any) -> str:
    return StreamLine(f"data: {json.dumps(chunk, separators=(',', ':'))}\n\n")


_NAMES = dict.fromkeys(
    ("generate_chat_completion", "generate_chat_completions", "chat_completion"),
    generate_chat_completion,
)
# Where Ollama's form is expected only what gives OpenAI's is offered.
_OF_OLLAMA = {"generate_openai_chat_completion": generate_chat_completion}
MODULES: dict[str, dict[str, Any]] = {
    **dict.fromkeys(
        ("main", "utils.chat", "routers.openai", "apps.openai.main", "apps.webui.main"), _NAMES
    ),
    **dict.fromkeys(("routers.ollama", "apps.ollama.main"), _OF_OLLAMA),
}
