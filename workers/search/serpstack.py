"""Serpstack.

Source: https://serpstack.com/documentation
"""

from collections.abc import Sequence
from urllib.parse import urlencode

from shared.config.options import option
from shared.errors import Invalid
from workers import servers
from workers.search.base import Result, results

URL = "api.serpstack.com/search"


def search(query: str, count: int) -> Sequence[Result]:  # noqa: ARG001 -- it gives what it has
    """See `Engine`; the free plan has no TLS."""
    scheme = "https" if option("SERPSTACK_HTTPS") else "http"
    asked = {"access_key": option("SERPSTACK_API_KEY"), "query": query}
    answer = servers.ask(f"{scheme}://{URL}?{urlencode(asked)}")
    if answer.get("success") is False:  # with the status of a success
        raise Invalid(f"serpstack refuses to search: {answer['error'].get('info')}")
    return results(answer, "organic_results")
