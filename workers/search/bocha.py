"""Bocha's web search.

Source: https://open.bochaai.com ("Web Search API")
"""

from collections.abc import Sequence

from shared.config.options import option
from workers import servers
from workers.search.base import Result, results

URL = "https://api.bochaai.com/v1/web-search"


def search(query: str, count: int) -> Sequence[Result]:
    """See `Engine`."""
    asked = {"query": query, "summary": True, "freshness": "noLimit", "count": count}
    answer = servers.ask(URL, asked, key=option("BOCHA_SEARCH_API_KEY"))
    return results(answer, "data.webPages.value", title="name", text="summary")
