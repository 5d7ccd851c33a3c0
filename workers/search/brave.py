"""Brave's search API.

Source: https://api-dashboard.search.brave.com/app/documentation/web-search/get-started
"""

from collections.abc import Sequence
from urllib.parse import urlencode

from shared.config.options import option
from workers import servers
from workers.search.base import Result, results

URL = "https://api.search.brave.com/res/v1/web/search"


def search(query: str, count: int) -> Sequence[Result]:
    """See `Engine`."""
    url = f"{URL}?{urlencode({'q': query, 'count': min(count, 20)})}"
    headers = {"accept": "application/json", "x-subscription-token": option("BRAVE_SEARCH_API_KEY")}
    return results(servers.ask(url, headers=headers), "web.results", text="description")
