"""Bing's web search, version 7.

Source: https://learn.microsoft.com/bing/search-apis/bing-web-search/reference/endpoints
"""

from collections.abc import Sequence
from urllib.parse import urlencode

from shared.config.options import option
from workers import servers
from workers.search.base import Result, results


def search(query: str, count: int) -> Sequence[Result]:
    """See `Engine`; the options name its address."""
    headers = {"ocp-apim-subscription-key": option("BING_SEARCH_V7_SUBSCRIPTION_KEY")}
    url = f"{option('BING_SEARCH_V7_ENDPOINT')}?{urlencode({'q': query, 'count': count})}"
    return results(servers.ask(url, headers=headers), "webPages.value", title="name")
