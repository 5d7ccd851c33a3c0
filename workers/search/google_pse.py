"""Google's Programmable Search Engine.

Source: https://developers.google.com/custom-search/v1/reference/rest/v1/cse/list
"""

from collections.abc import Sequence
from urllib.parse import urlencode

from shared.config.options import option
from workers import servers
from workers.search.base import Result, results

URL = "https://www.googleapis.com/customsearch/v1"
_MOST_AT_ONCE = 10


def search(query: str, count: int) -> Sequence[Result]:
    """See `Engine`; the engine gives ten at a time."""
    found: list[Result] = []
    while len(found) < count:
        page = _page(query, min(count - len(found), _MOST_AT_ONCE), len(found) + 1)
        found += page
        if not page:
            break
    return found


def _page(query: str, count: int, start: int) -> Sequence[Result]:
    asked = {
        "cx": option("GOOGLE_PSE_ENGINE_ID"),
        "q": query,
        "key": option("GOOGLE_PSE_API_KEY"),
        "num": count,
        "start": start,
    }
    return results(servers.ask(f"{URL}?{urlencode(asked)}"), "items", url="link")
