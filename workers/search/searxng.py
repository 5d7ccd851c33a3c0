"""A SearXNG server of the operator's.

Source: https://docs.searxng.org/dev/search_api.html
"""

from collections.abc import Sequence
from urllib.parse import urlencode

from shared.config.options import option
from workers import servers
from workers.search.base import Result, results


def search(query: str, count: int) -> Sequence[Result]:  # noqa: ARG001 -- it gives what it has
    """See `Engine`; the address may have a place for the query, written <query>."""
    url = option("SEARXNG_QUERY_URL")
    base = url.partition("?")[0] if "<query>" in url else url
    asked = {"q": query, "format": "json", "pageno": 1, "safesearch": 1, "language": "all"}
    answer = servers.ask(f"{base}{'&' if '?' in base else '?'}{urlencode(asked)}")
    best = sorted(answer.get("results") or (), key=lambda row: -float(row.get("score") or 0))
    return results({"results": best}, "results", text="content")
