"""Serper.

Source: https://serper.dev/playground
"""

from collections.abc import Sequence

from shared.config.options import option
from workers import servers
from workers.search.base import Result, results

URL = "https://google.serper.dev/search"


def search(query: str, count: int) -> Sequence[Result]:
    """See `Engine`."""
    headers = {"x-api-key": option("SERPER_API_KEY")}
    answer = servers.ask(URL, {"q": query, "num": count}, headers=headers)
    return results(answer, "organic", url="link")
