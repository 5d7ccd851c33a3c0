"""Notebooks of Jupyter: what is written in their cells, and what the code has said as text.

Source: https://nbformat.readthedocs.io/en/latest/format_description.html
"""

from collections.abc import Iterator
from typing import Any

import orjson

ENDING = ".ipynb"


class NoNotebook(ValueError):
    """It has not the form of one."""


def read(content: str) -> str:
    """Read a notebook.

    Raises:
        NoNotebook: It is none.
    """
    try:
        cells = orjson.loads(content)["cells"]
        return "\n\n".join(part for cell in cells for part in _told(cell) if part.strip())
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NoNotebook from None


def _told(cell: dict[str, Any]) -> Iterator[str]:
    yield _joined(cell.get("source"))
    for output in cell.get("outputs") or ():
        yield _joined(output.get("text") or (output.get("data") or {}).get("text/plain"))


def _joined(lines: Any) -> str:
    """Give a text, which notebooks keep whole or line by line."""
    return lines if isinstance(lines, str) else "".join(lines or ())
