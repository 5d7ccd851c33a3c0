"""Reading documents: all common forms, and none that harms."""

import io
import zipfile

import pytest

from shared.errors import Invalid
from tests.services.documents import docx, pdf
from workers.extraction.own import OwnExtractor

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def read(folder, name, content, kind):
    path = folder / "stored"
    path.write_bytes(content)
    return OwnExtractor().extract(path, name, kind)


def test_a_pdf_is_read_page_by_page(tmp_path):
    extract = read(tmp_path, "a.pdf", pdf("All about cats", "All about dogs"), "application/pdf")

    first, second = extract.pages
    assert extract.text[first:second].strip() == "All about cats"
    assert extract.text[second:] == "All about dogs"


@pytest.mark.parametrize(
    ("name", "kind", "content"),
    [
        ("a.docx", WORD, docx("Hello from afar")),
        ("a.html", "text/html", b"<html><body><p>Hello from afar</p></body></html>"),
        ("a.rtf", "text/rtf", rb"{\rtf1\ansi Hello from afar}"),
        ("a.eml", "message/rfc822", b"Subject: x\r\n\r\nHello from afar\r\n"),
        ("a.py", "text/x-python", b"print('Hello from afar')"),
        ("a.txt", "text/plain", "Hello from afar".encode("utf-16")),
        (
            "a.ipynb",
            "application/json",
            b'{"cells": [{"cell_type": "markdown", "metadata": {}, "source": ["Hello from afar"]}],'
            b'"metadata": {}, "nbformat": 4, "nbformat_minor": 5}',
        ),
    ],
)
def test_common_forms_are_read(tmp_path, name, kind, content):
    assert "Hello from afar" in read(tmp_path, name, content, kind).text


def test_text_in_an_old_encoding_is_read(tmp_path):
    text = "Où est la bibliothèque ? Elle a fermé l'été dernier, près de la forêt." * 5

    extract = read(tmp_path, "a.txt", text.encode("cp1252"), "text/plain")

    assert extract.text == text


def test_a_broken_document_is_refused_in_words(tmp_path):
    with pytest.raises(Invalid, match="broken"):
        read(tmp_path, "a.pdf", b"%PDF-1.4 not really", "application/pdf")


def test_what_has_no_text_is_refused_in_words(tmp_path):
    with pytest.raises(Invalid, match="no text"):
        read(tmp_path, "a.bin", b"\x00\x01\x02", "application/octet-stream")


def test_an_archive_that_unpacks_to_far_more_is_never_unpacked(tmp_path):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"0" * 50_000_000)

    with pytest.raises(Invalid, match="unpack"):
        read(tmp_path, "bomb.docx", made.getvalue(), WORD)
