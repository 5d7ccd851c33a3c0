"""Kagi's search API.

Source: https://help.kagi.com/kagi/api/search.html
"""

from collections.abc import Sequence
from urllib.parse import urlencode

from shared.config.options import option
from workers import servers
from workers.search.base import Result, results

URL = "https://kagi.com/api/v0/search"
_RESULT = 0


def search(query: str, count: int) -> Sequence[Result]:
    """See `Engine`; what is not a result but a related search is left out."""
    url = f"{URL}?{urlencode({'q': query, 'limit': count})}"
    headers = {"authorization": f"Bot {option('KAGI_SEARCH_API_KEY')}"}
    answer = servers.ask(url, headers=headers)
    rows = answer.get("data") or ()
    kept = [row for row in rows if isinstance(row, dict) and row.get("t") == _RESULT]
    return results({"data": kept}, "data")
