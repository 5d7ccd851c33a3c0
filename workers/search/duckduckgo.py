"""DuckDuckGo, by its page without scripts: it has no API. It may refuse machines at any time."""

from collections.abc import Sequence
from urllib.parse import parse_qs, urlencode, urlsplit

from shared.errors import Unavailable
from workers import servers
from workers.search.base import Result

URL = "https://html.duckduckgo.com/html/"
_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
_FORM = "application/x-www-form-urlencoded"


def search(query: str, count: int) -> Sequence[Result]:  # noqa: ARG001 -- it gives what it has
    """See `Engine`.

    Raises:
        Unavailable: It takes us for a machine.
    """
    headers = {"user-agent": _AGENT, "content-type": _FORM}
    page = servers.send(URL, urlencode({"q": query, "b": ""}), headers=headers).text
    found = _read(page)
    if not found and "anomaly" in page:
        raise Unavailable("DuckDuckGo refuses to answer this server for now.")
    return found


def _read(page: str) -> list[Result]:
    from lxml import html  # noqa: PLC0415 -- of use to this engine only

    found = []
    for link in html.fromstring(page or "<p/>").xpath("//a[contains(@class, 'result__a')]"):
        told = link.xpath(
            "ancestor::div[contains(@class, 'result__body')]"
            "//*[contains(@class, 'result__snippet')]"
        )
        text = told[0].text_content() if told else ""
        found.append(Result(_target(link.get("href") or ""), link.text_content().strip(), text))
    return [one for one in found if one.url.startswith("http")]


def _target(href: str) -> str:
    """Take an address out of the one that counts clicks."""
    return parse_qs(urlsplit(href).query).get("uddg", [href])[0]
