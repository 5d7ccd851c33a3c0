"""Servers that read pages for us. They may stand in the own network, so what leads there is refused
here.

Source: https://docs.firecrawl.dev/api-reference/v1-endpoint/scrape;
https://docs.tavily.com/documentation/api-reference/endpoint/extract
"""

import contextlib
from collections.abc import Callable
from typing import Any

from shared import addresses
from shared.config.options import option
from shared.errors import Unavailable
from shared.http import origin_of
from workers import servers
from workers.pages.base import Page

TAVILY_URL = "https://api.tavily.com/extract"


def firecrawl(url: str) -> Page:
    """Let Firecrawl read a page.

    Raises:
        AddressRefused: It leads into the own network.
        Invalid, Forbidden, Unavailable: It does not; see `servers.ask`.
    """
    _require_outside(url)
    base = option("FIRECRAWL_API_BASE_URL").rstrip("/")
    asked = {"url": url, "formats": ["markdown"]}
    answer = servers.ask(f"{base}/v1/scrape", asked, key=option("FIRECRAWL_API_KEY"))
    data = _object(answer, "data")
    title = _object(data, "metadata").get("title") if data.get("metadata") else ""
    return Page(url, str(title or ""), str(data.get("markdown") or ""))


def tavily(url: str) -> Page:
    """Let Tavily read a page; errors as those of `firecrawl`."""
    _require_outside(url)
    asked = {"urls": [url], "extract_depth": option("TAVILY_EXTRACT_DEPTH")}
    answer = servers.ask(TAVILY_URL, asked, key=option("TAVILY_API_KEY"))
    found = answer.get("results") if isinstance(answer, dict) else None
    text = found[0].get("raw_content") if found else ""
    return Page(url, "", str(text or ""))


def _require_outside(url: str) -> None:
    """Refuse an address that leads into the own network; where a name that is unknown here leads is
    the server's to see.

    Raises:
        AddressRefused: It does.
    """
    host, port = origin_of(url)
    with contextlib.suppress(OSError):
        addresses.resolve(host, port)


def _object(answer: Any, name: str) -> dict[str, Any]:
    found = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(found, dict):
        raise Unavailable("The server that reads pages answered in an unknown form.")
    return found


LOADERS: dict[str, Callable[[str], Page]] = {"firecrawl": firecrawl, "tavily": tavily}
