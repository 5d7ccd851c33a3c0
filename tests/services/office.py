"""Documents as others write them, most of them by the libraries that do."""

import io
import json
import zipfile
from collections.abc import Callable, Iterable
from email.message import EmailMessage

import docx
import nbformat
import openpyxl
import pptx
from fpdf import FPDF
from odf.opendocument import OpenDocumentText
from odf.text import P


def _docx(text: str) -> bytes:
    made, document = io.BytesIO(), docx.Document()
    document.add_heading("Manual", 1)
    document.add_table(1, 1).cell(0, 0).text = text
    document.save(made)
    return made.getvalue()


def _pptx(text: str) -> bytes:
    made, slides = io.BytesIO(), pptx.Presentation()
    for part in ("First", text):
        slide = slides.slides.add_slide(slides.slide_layouts[1])
        slide.placeholders[1].text = part
    slides.save(made)
    return made.getvalue()


def _xlsx(text: str) -> bytes:
    made, book = io.BytesIO(), openpyxl.Workbook()
    book.active.append(["name", "about"])
    book.create_sheet("More").append(["stove", text])
    book.save(made)
    return made.getvalue()


def _odt(text: str) -> bytes:
    made, document = io.BytesIO(), OpenDocumentText()
    document.text.addElement(P(text=text))
    document.write(made)
    return made.getvalue()


def pdf_of(pages: Iterable[str]) -> bytes:
    """Write a PDF with a line on each page."""
    document = FPDF()
    document.set_font("helvetica", size=12)
    for page in pages:
        document.add_page()
        document.cell(text=page)
    return bytes(document.output())


def _epub(text: str) -> bytes:
    """Write a book of one chapter. Source: https://www.w3.org/TR/epub-33/"""
    parts = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": '<?xml version="1.0"?><container version="1.0" xmlns='
        '"urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles><rootfile full-path="b.opf" '
        'media-type="application/oebps-package+xml"/></rootfiles></container>',
        "b.opf": '<?xml version="1.0"?><package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>B</dc:title></metadata>'
        '<manifest><item id="c" href="c.xhtml" media-type="application/xhtml+xml"/></manifest>'
        '<spine><itemref idref="c"/></spine></package>',
        "c.xhtml": '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml">'
        f"<head><title>C</title></head><body><p>{text}</p></body></html>",
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return made.getvalue()


def _rtf(text: str) -> bytes:
    letters = "".join(one if ord(one) < 128 else f"\\u{ord(one)}?" for one in text)
    return rb"{\rtf1\ansi\ansicpg1252{\fonttbl\f0 Arial;}\f0 %b\par}" % letters.encode()


def _eml(text: str) -> bytes:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = "Stove", "a@example.com", "b@example.com"
    mail.set_content(text)
    mail.add_alternative(f"<p>{text}</p>", subtype="html")
    mail.add_attachment(b"\x00\x01", maintype="application", subtype="octet-stream")
    return mail.as_bytes()


def _ipynb(text: str) -> bytes:
    said = nbformat.v4.new_output("stream", text=text)
    cells = [
        nbformat.v4.new_markdown_cell("Notes"),
        nbformat.v4.new_code_cell("print(1)", outputs=[said]),
    ]
    return nbformat.writes(nbformat.v4.new_notebook(cells=cells)).encode()


def _html(text: str) -> bytes:
    head = '<meta charset="iso-8859-15"><script>harm()</script>'
    return f"<html><head>{head}</head><body><p>{text}</p></body></html>".encode("iso-8859-15")


def _xml(text: str) -> bytes:
    return f'<?xml version="1.0" encoding="ISO-8859-1"?><a><b>{text}</b></a>'.encode("latin-1")


# Name of a file: what writes one that says a text.
FORMS: dict[str, Callable[[str], bytes]] = {
    "manual.pdf": lambda text: pdf_of([text, "The end"]),
    "Manual of 1871.DOCX": _docx,
    "slides.pptx": _pptx,
    "sheet.xlsx": _xlsx,
    "Grüße 日本.odt": _odt,
    "letter.rtf": _rtf,
    "page.html": _html,
    "drawing.svg": lambda text: f'<svg xmlns="http://www.w3.org/2000/svg"><text>{text}</text></svg>'
    .encode(),
    "notes.md": lambda text: f"# Manual\n\n{text}\n".encode(),
    "table.csv": lambda text: f"name;about\r\nstove;{text}\r\n".encode("cp1252"),
    "book.epub": _epub,
    "mail.eml": _eml,
    "data.json": lambda text: json.dumps({"about": text}).encode(),
    "data.xml": _xml,
    "note'book (1) #%.ipynb": _ipynb,
    "code.py": lambda text: f"# {text}\nprint(1)\n".encode(),
    "code.rs": lambda text: f"// {text}\nfn main() {{}}\n".encode(),
    "Makefile": lambda text: f"all: # {text}\n".encode(),
    "wide.txt": lambda text: text.encode("utf-16"),
}  # fmt: skip
