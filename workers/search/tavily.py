"""Tavily.

Source: https://docs.tavily.com/documentation/api-reference/endpoint/search
"""

from collections.abc import Sequence

from shared.config.options import option
from workers import servers
from workers.search.base import Result, results

URL = "https://api.tavily.com/search"


def search(query: str, count: int) -> Sequence[Result]:
    """See `Engine`."""
    asked = {"query": query, "max_results": count}
    answer = servers.ask(URL, asked, key=option("TAVILY_API_KEY"))
    return results(answer, "results", text="content")
