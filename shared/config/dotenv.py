"""Reads a file `.env`: one `NAME=value` per line."""

import re
from pathlib import Path

_LINE = re.compile(
    r"""\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*
    (?: '(?P<single>[^']*)' | "(?P<double>[^"]*)" | (?P<bare>.*?) )
    \s*(?:(?<=\s)\#.*)?""",
    re.VERBOSE,
)


def read(path: Path) -> dict[str, str]:
    """Give the names and values of a file; nothing when it does not exist.

    A value may stand in single or double quotes. Outside of them ` #` begins a comment. Lines that
    are no assignment are skipped.

    Source: docker compose, "Interpolation syntax of .env files", without the interpolation.
    """
    if not path.is_file():
        return {}
    found = (_LINE.fullmatch(line) for line in path.read_text("utf-8-sig").splitlines())
    return {
        match[1]: next(text for text in match.group("single", "double", "bare") if text is not None)
        for match in found
        if match is not None
    }
