"""Mojeek's search API.

Source: https://www.mojeek.com/support/api/search/request_parameters.html
"""

from collections.abc import Sequence
from urllib.parse import urlencode

from shared.config.options import option
from shared.errors import Invalid
from workers import servers
from workers.search.base import Result, results

URL = "https://api.mojeek.com/search"


def search(query: str, count: int) -> Sequence[Result]:
    """See `Engine`."""
    asked = {"q": query, "api_key": option("MOJEEK_SEARCH_API_KEY"), "fmt": "json", "t": count}
    answer = servers.ask(f"{URL}?{urlencode(asked)}")
    if (status := answer["response"].get("status", "OK")) != "OK":
        raise Invalid(f"Mojeek refuses to search: {status}")
    return results(answer, "response.results", text="desc")
