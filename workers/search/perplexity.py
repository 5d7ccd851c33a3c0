"""Perplexity: a model that searches; its citations are the results.

Source: https://docs.perplexity.ai/api-reference/chat-completions-post
"""

from collections.abc import Sequence

from shared.config.options import option
from workers import servers
from workers.search.base import Result, results

URL = "https://api.perplexity.ai/chat/completions"


def search(query: str, count: int) -> Sequence[Result]:
    """See `Engine`."""
    messages = [
        {"role": "system", "content": "You are a search assistant. Give facts with their sources."},
        {"role": "user", "content": query},
    ]
    answer = servers.ask(
        URL, {"model": "sonar", "messages": messages}, key=option("PERPLEXITY_API_KEY")
    )
    rows = [{"url": url, "title": url} for url in (answer.get("citations") or ())[:count]]
    return results({"rows": rows}, "rows")
