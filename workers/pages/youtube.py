"""What is said in a YouTube video, by its captions.

Nobody documents these; the page that plays the video names them for its player
(`captionTracks`), each with an address that answers in the form `json3`.
"""

import re
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import orjson

from shared.config.options import option
from shared.errors import Invalid
from shared.http import Fetcher
from workers.pages.base import Page

_HOSTS = ("youtube.com", "www.youtube.com", "m.youtube.com", "music.youtube.com", "youtu.be")
_WATCH = "https://www.youtube.com/watch?"
_TRACKS = re.compile(r'"captionTracks":\s*(\[.*?\])\s*,\s*"', re.DOTALL)
_TITLE = re.compile(r"<title>(.*?)(?: - YouTube)?</title>", re.DOTALL)
# Without it some regions are asked for their consent first.
_COOKIE = {"cookie": "CONSENT=YES+1", "accept-language": "en"}


def is_video(url: str) -> bool:
    """Whether an address is that of a video."""
    return urlsplit(url).hostname in _HOSTS and bool(_id(url))


def read(url: str, fetcher: Fetcher) -> Page:
    """Read the captions of a video.

    Raises:
        Invalid: It has none.
    """
    watched = f"{_WATCH}{urlencode({'v': _id(url)})}"
    page = fetcher.fetch(watched, headers=_COOKIE).required().text
    found = _TRACKS.search(page)
    track = _chosen(orjson.loads(found[1])) if found else None
    if track is None:
        raise Invalid("This video has no captions that can be read.")
    wanted = {"fmt": "json3"}
    if language := option("YOUTUBE_LOADER_TRANSLATION"):
        wanted["tlang"] = language
    said = fetcher.fetch(f"{track['baseUrl']}&{urlencode(wanted)}").required()
    title = _TITLE.search(page)
    return Page(url, title[1].strip() if title else "", _text(orjson.loads(said.content)))


def _id(url: str) -> str:
    parts = urlsplit(url)
    if parts.hostname == "youtu.be":
        return parts.path.strip("/")
    kind, _, rest = parts.path.strip("/").partition("/")
    if kind in ("shorts", "embed", "live"):
        return rest
    return parse_qs(parts.query).get("v", [""])[0]


def _chosen(tracks: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Choose by the languages that the options name, written captions before recognised ones."""
    for language in [*option("YOUTUBE_LOADER_LANGUAGE"), "en"]:
        fitting = [t for t in tracks if str(t.get("languageCode", "")).startswith(language)]
        if fitting:
            return min(fitting, key=lambda track: track.get("kind") == "asr")
    return tracks[0] if tracks else None


def _text(said: dict[str, Any]) -> str:
    lines = [
        "".join(piece.get("utf8", "") for piece in event.get("segs") or ())
        for event in said.get("events") or ()
    ]
    return " ".join(line.strip() for line in lines if line.strip())
