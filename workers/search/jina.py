"""Jina's search.

Source: https://jina.ai/reader ("s.jina.ai")
"""

from collections.abc import Sequence

from shared.config.options import option
from workers import servers
from workers.search.base import Result, results

URL = "https://s.jina.ai/"


def search(query: str, count: int) -> Sequence[Result]:
    """See `Engine`."""
    headers = {"accept": "application/json", "x-retain-images": "none"}
    asked = {"q": query, "num": count}
    answer = servers.ask(URL, asked, key=option("JINA_API_KEY"), headers=headers)
    return results(answer, "data", text="content")
