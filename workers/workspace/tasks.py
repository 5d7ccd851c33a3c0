"""The worker's side of the kinds of jobs in `shared.kinds.workspace`."""

import re
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from shared import http
from shared.errors import Invalid
from shared.kinds.workspace import FETCH_SOURCE, FetchSource
from shared.services.sources.module import LONGEST_BYTES
from workers.base import task
from workers.live import Running
from workers.workspace.describing import Describing, Trying

__all__ = ["Describing", "SourceFetch", "Trying"]

_GITHUB = re.compile(r"https?://github\.com/([^/]+)/([^/]+)/(blob|tree)/([^/]+)/(.+?)/?")
_LIMITS = http.Limits(size_bytes=LONGEST_BYTES, total_s=15)
# Files of these names are called after their folder.
_NAMELESS = frozenset(("main", "index", "tool", "tools", "function", "functions", "plugin"))


@task(FETCH_SOURCE)
class SourceFetch:
    """Fetches a source; it is neither run nor stored."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, FetchSource)  # noqa: S101 -- for the type checker: the kind decides
        self._job = job
        self._url = as_raw(job.payload.url)
        self._content = ""

    def do(self) -> None:
        """Fetch it.

        Raises:
            Invalid: It is no text.
        """
        fetcher = http.Fetcher(_LIMITS)
        with self._job.abortable(fetcher.abort):
            fetched = fetcher.fetch(self._url).required()
        try:
            self._content = fetched.content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Invalid("What stands at this address is no source.") from None

    def save(self, status: str, error: str | None) -> dict[str, Any]:  # noqa: ARG002 -- the protocol's signature
        """Give it to whoever waits."""
        return {"name": name_of(self._url), "content": self._content}


def as_raw(url: str) -> str:
    """Give the address of the file itself for that of a page about it.

    Source: GitHub, addresses of files (`blob`, `tree`) and of raw.githubusercontent.com.
    """
    found = _GITHUB.fullmatch(url.strip())
    if found is None:
        return url
    owner, repository, kind, branch, path = found.groups()
    file = path if kind == "blob" else f"{path}/main.py"
    return f"https://raw.githubusercontent.com/{owner}/{repository}/{branch}/{file}"


def name_of(url: str) -> str:
    """Give a source a name by its address."""
    path = PurePosixPath(unquote(urlsplit(url).path))
    name = path.parent.name if path.stem.lower() in _NAMELESS else path.stem
    return name or path.stem
