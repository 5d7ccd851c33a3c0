"""SearchApi.

Source: https://www.searchapi.io/docs/google
"""

from collections.abc import Sequence
from urllib.parse import urlencode

from shared.config.options import option
from workers import servers
from workers.search.base import Result, results

URL = "https://www.searchapi.io/api/v1/search"


def search(query: str, count: int) -> Sequence[Result]:  # noqa: ARG001 -- it gives what it has
    """See `Engine`."""
    engine = option("SEARCHAPI_ENGINE") or "google"
    asked = {"engine": engine, "q": query, "api_key": option("SEARCHAPI_API_KEY")}
    return results(servers.ask(f"{URL}?{urlencode(asked)}"), "organic_results", url="link")
