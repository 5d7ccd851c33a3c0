"""CHANGELOG.md in the form of the page's "what's new" dialog."""

import html
import re
from typing import Any

_RELEASE = re.compile(r"^## \[?([^\]\s]+)\]?(?:\s*[-\u2013]\s*(\S+))?", re.MULTILINE)
_SECTION = re.compile(r"^### (\w+)\s*$", re.MULTILINE)
_ITEM = re.compile(r"^- (.+(?:\n  .+)*)", re.MULTILINE)
_UNRELEASED = "Unreleased"


def newest(markdown: str, count: int, running: str) -> dict[str, Any]:
    """Read the newest releases.

    Args:
        markdown: A changelog in the "Keep a Changelog" form.
        count: At most this many releases, newest first.
        running: The version that runs, under which stands what is not released yet.

    Returns:
        Version → date and, per section, its items.

    Source: https://keepachangelog.com/en/1.1.0/
    """
    parts = _RELEASE.split(markdown)[1:]
    releases = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    return {
        (running if version == _UNRELEASED else version): {
            "date": date or "not released yet",
            **_sections(text),
        }
        for version, date, text in list(releases)[:count]
    }


def _sections(text: str) -> dict[str, list[dict[str, str]]]:
    parts = _SECTION.split(text)[1:]
    return {
        name.lower(): [_item(i) for i in _ITEM.findall(body)]
        for name, body in zip(parts[::2], parts[1::2], strict=True)
    }


def _item(text: str) -> dict[str, str]:
    # The page shows the words as they are, not as Markdown.
    line = " ".join(text.replace("`", "").split())
    title, separator, rest = line.partition(": ")
    words = html.escape(line)
    return {
        "title": title if separator else "",
        "content": rest if separator else line,
        "raw": f"<li>{words}</li>",
    }
