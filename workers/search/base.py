"""What an engine of web search is: questions in, addresses with their titles out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from shared.errors import Unavailable

_LONGEST = 5000


@dataclass(frozen=True)
class Result:
    """A page that was found; `text` is what the engine says of it."""

    url: str
    title: str
    text: str


class Engine(Protocol):
    """A module of this package."""

    def search(self, query: str, count: int) -> Sequence[Result]:
        """Find pages, best first; may give more or fewer than `count`.

        What stands in an answer where something else should may raise as it does; see `search`.

        Raises:
            Invalid: The engine does not take the question.
            Forbidden: It does not accept the key.
            Unavailable: It does not answer.
        """


def results(
    answer: Any, place: str, url: str = "url", title: str = "title", text: str = "snippet"
) -> list[Result]:
    """Read results out of an answer.

    Args:
        answer: As JSON.
        place: Where their list stands, with dots; a list that is not there is empty.
        url: Name of the address in each; and so on.

    Raises:
        Unavailable: There is something else there.
    """
    rows = answer
    for name in place.split("."):
        if not isinstance(rows, dict):
            raise Unavailable("The search engine answered in an unknown form.")
        rows = rows.get(name) or {}
    found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    made = [Result(_text(row, url), _text(row, title), _text(row, text)) for row in found]
    return [one for one in made if one.url.startswith(("http://", "https://"))]


def _text(row: dict[str, Any], name: str) -> str:
    return str(row.get(name) or row.get("snippet") or "")[:_LONGEST]
