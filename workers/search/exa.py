"""Exa.

Source: https://docs.exa.ai/reference/search
"""

from collections.abc import Sequence

from shared.config.options import option
from workers import servers
from workers.search.base import Result, results

URL = "https://api.exa.ai/search"


def search(query: str, count: int) -> Sequence[Result]:
    """See `Engine`."""
    asked = {"query": query, "numResults": count, "type": "auto", "contents": {"text": True}}
    answer = servers.ask(URL, asked, key=option("EXA_API_KEY"))
    return results(answer, "results", text="text")
