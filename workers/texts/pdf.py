"""A chat as a PDF. Its fonts: Noto Sans, and for other scripts what the system has installed."""

import logging
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from workers.inference.prompts import without_details

log = logging.getLogger(__name__)

_SYSTEM = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path("/Library/Fonts"))
# Only fonts with TrueType outlines can be embedded.
_OTHER_SCRIPTS = ("DejaVuSans.ttf", "wqy-microhei.ttc", "wqy-zenhei.ttc", "NotoEmoji-Regular.ttf")
_MAIN = "main"
_UNKNOWN = "\ufffd"


def write(title: str, messages: list[dict[str, Any]]) -> bytes:
    """Write a chat.

    Args:
        messages: `role` and `content`, and maybe `model` and `timestamp` (seconds since the
            epoch).
    """
    heads = [_who(message) for message in messages]
    with tempfile.TemporaryDirectory(prefix="switchyard-") as folder:
        sheet = _Sheet(title, bold_font("".join([title, *heads]), Path(folder)))
        sheet.heading(title, 16)
        for head, message in zip(heads, messages, strict=True):
            sheet.heading(head, 11)
            sheet.text(without_details(_words(message.get("content"))))
        return sheet.finished()


def _who(message: dict[str, Any]) -> str:
    role = str(message.get("role") or "").capitalize()
    parts = [role, str(message.get("model") or ""), _when(message.get("timestamp"))]
    return " · ".join(part for part in parts if part)


def _when(timestamp: Any) -> str:
    if not isinstance(timestamp, int | float):
        return ""
    try:
        return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, ValueError, OSError):
        return ""


def _words(content: Any) -> str:
    """Take the text out of a message's content, which may have other parts."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(str(p["text"]) for p in parts if isinstance(p, dict) and p.get("text"))


class _Sheet:
    """A document that is being written from top to bottom.

    Args:
        bold: The font of its headings.
    """

    def __init__(self, title: str, bold: Path) -> None:
        from fpdf import FPDF  # noqa: PLC0415 -- 40 MB that few processes need

        self._pdf = FPDF(format="A4")
        self._pdf.set_title(title)
        self._pdf.set_auto_page_break(True, margin=15)
        self._add_fonts(bold)
        fonts: list[Any] = list(self._pdf.fonts.values())
        self._known = {code for font in fonts for code in font.cmap}
        self._pdf.add_page()

    def _add_fonts(self, bold: Path) -> None:
        self._pdf.add_font(_MAIN, "", noto_sans())
        self._pdf.add_font(_MAIN, "B", bold)
        others = []
        for number, path in enumerate(system_fonts()):
            self._pdf.add_font(f"other{number}", "", path)
            others.append(f"other{number}")
        self._pdf.set_fallback_fonts(others, exact_match=False)

    def heading(self, text: str, size: int) -> None:
        """Write a line in bold letters with room above it."""
        self._pdf.ln(3)
        self._pdf.set_font(_MAIN, "B", size)
        self._write(text)

    def text(self, text: str) -> None:
        """Write a paragraph."""
        self._pdf.set_font(_MAIN, "", 10)
        self._write(text)

    def _write(self, text: str) -> None:
        drawable = "".join(c if ord(c) in self._known or c == "\n" else _UNKNOWN for c in text)
        self._pdf.multi_cell(0, text=drawable, align="L", new_x="LMARGIN", new_y="NEXT")

    def finished(self) -> bytes:
        """Give the document."""
        return bytes(self._pdf.output())


def bold_font(text: str, folder: Path) -> Path:
    """Make the bold letters of a text. The variable font has all weights in one; to take one out
    for all its 4,500 glyphs and their kerning would cost three seconds of the CPU.

    Args:
        folder: Where the font is put; it is read for as long as the document is written.
    """
    from fontTools import subset  # noqa: PLC0415 -- comes with fpdf
    from fontTools.varLib import instancer  # noqa: PLC0415 -- as above

    options = subset.Options(layout_features=[], notdef_outline=True)
    font = subset.load_font(str(noto_sans()), options)
    chosen = subset.Subsetter(options)
    chosen.populate(text=f"{text} {_UNKNOWN}")
    chosen.subset(font)
    instancer.instantiateVariableFont(font, {"wght": 700.0, "wdth": 100.0}, inplace=True)
    made = folder / "bold.ttf"
    font.save(made)
    return made


def noto_sans() -> Path:
    """Find the font that is installed with us."""
    spec = find_spec("fontpkg_noto_sans")
    assert spec is not None  # noqa: S101 -- for the type checker: it stands in requirements.txt
    assert spec.origin is not None  # noqa: S101 -- as above
    return Path(spec.origin).parent / "files" / "NotoSans[wdth,wght].ttf"


@lru_cache(maxsize=1)
def system_fonts() -> tuple[Path, ...]:
    """Find fonts for other scripts among those of the system."""
    return tuple(_found_fonts())


def _found_fonts() -> Iterator[Path]:
    for name in _OTHER_SCRIPTS:
        for folder in _SYSTEM:
            found = next(folder.rglob(name), None) if folder.is_dir() else None
            if found is not None:
                yield found
                break
