"""Servers that read pages for us.

Source: https://docs.firecrawl.dev/api-reference/v1-endpoint/scrape;
https://docs.tavily.com/documentation/api-reference/endpoint/extract
"""

from collections.abc import Callable
from typing import Any

from shared.config.options import option
from shared.errors import Unavailable
from workers import servers
from workers.pages.base import Page

TAVILY_URL = "https://api.tavily.com/extract"


def firecrawl(url: str) -> Page:
    """Let Firecrawl read a page.

    Raises:
        Invalid, Forbidden, Unavailable: It does not; see `servers.ask`.
    """
    base = option("FIRECRAWL_API_BASE_URL").rstrip("/")
    asked = {"url": url, "formats": ["markdown"]}
    answer = servers.ask(f"{base}/v1/scrape", asked, key=option("FIRECRAWL_API_KEY"))
    data = _object(answer, "data")
    title = _object(data, "metadata").get("title") if data.get("metadata") else ""
    return Page(url, str(title or ""), str(data.get("markdown") or ""))


def tavily(url: str) -> Page:
    """Let Tavily read a page; errors as those of `firecrawl`."""
    asked = {"urls": [url], "extract_depth": option("TAVILY_EXTRACT_DEPTH")}
    answer = servers.ask(TAVILY_URL, asked, key=option("TAVILY_API_KEY"))
    found = answer.get("results") if isinstance(answer, dict) else None
    text = found[0].get("raw_content") if found else ""
    return Page(url, "", str(text or ""))


def _object(answer: Any, name: str) -> dict[str, Any]:
    found = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(found, dict):
        raise Unavailable("The server that reads pages answered in an unknown form.")
    return found


LOADERS: dict[str, Callable[[str], Page]] = {"firecrawl": firecrawl, "tavily": tavily}
