"""Reading a web page: the text that it is about, without menus; documents and plain text too."""

import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

from shared.config.options import option
from shared.errors import Invalid
from shared.http import Fetched, Fetcher
from shared.services import content_types
from workers.extraction.own import OwnExtractor
from workers.extraction.text import decoded_markup
from workers.pages import browser, loaders, youtube
from workers.pages.base import Page

_HTML = ("text/html", "application/xhtml+xml", "")
# More of a page is read by nobody, and its answer has to fit into a job's result.
LONGEST = 1_000_000


def read(url: str, fetcher: Fetcher) -> Page:
    """Read what stands at an address.

    Raises:
        AddressRefused: Users may not go there.
        Invalid: It has no text, or is too large.
        NotFound, Forbidden, Unavailable: It cannot be had; see `Fetcher.fetch`.
    """
    if youtube.is_video(url):
        return _checked(youtube.read(url, fetcher))
    if (loader := option("WEB_LOADER_ENGINE")) in loaders.LOADERS:
        return _checked(loaders.LOADERS[loader](url))
    fetched = fetcher.fetch(url, headers={"accept": "text/html,*/*;q=0.8"}).required()
    if fetched.media_type not in _HTML:
        return _checked(_document(fetched))
    html = browser.written(fetched, fetcher) if loader == "playwright" else _markup(fetched)
    return _checked(from_html(fetched.url, html))


def _checked(page: Page) -> Page:
    text = page.text.replace("\x00", "").strip()
    if not text:
        raise Invalid(f"No text was found at {page.url}.")
    return Page(page.url, page.title or page.url, text[:LONGEST])


def _document(fetched: Fetched) -> Page:
    name = unquote(urlsplit(fetched.url).path.rpartition("/")[2])
    kind = content_types.sniff(fetched.content[: content_types.HEAD_BYTES], name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page"
        path.write_bytes(fetched.content)
        return Page(fetched.url, name, OwnExtractor().extract(path, name, kind).text)


def _markup(fetched: Fetched) -> str:
    """Read HTML in the encoding that its server names, else the one that it names itself."""
    if "charset" in fetched.headers.get("content-type", "").lower():
        return fetched.text
    return decoded_markup(fetched.content)


def from_html(url: str, html: str) -> Page:
    """Find the text that a page is about; all of its text when it is about nothing."""
    import trafilatura  # noqa: PLC0415 -- heavy

    text = trafilatura.extract(html, url=url, include_comments=False, favor_recall=True)
    if not text:
        text = trafilatura.html2txt(html)
    about = trafilatura.extract_metadata(html)
    return Page(url, (about.title if about is not None else "") or "", text or "")
