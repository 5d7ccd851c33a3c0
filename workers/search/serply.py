"""Serply.

Source: https://serply.io/docs/operations/v1/search
"""

from collections.abc import Sequence
from urllib.parse import urlencode

from shared.config.options import option
from workers import servers
from workers.search.base import Result, results

URL = "https://api.serply.io/v1/search/"


def search(query: str, count: int) -> Sequence[Result]:
    """See `Engine`; its parameters stand in the path."""
    headers = {"x-api-key": option("SERPLY_API_KEY"), "x-proxy-location": "US"}
    url = f"{URL}{urlencode({'q': query, 'num': count})}"
    return results(servers.ask(url, headers=headers), "results", url="link", text="description")
