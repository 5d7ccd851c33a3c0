"""Servers that find the text in files: what each is asked, and what its troubles become."""

import json

import pytest

from shared.config.options import get_options
from shared.errors import Forbidden, Invalid, Unavailable
from tests.fakes.reading_server import BROKEN, KEY, FakeReading
from workers.extraction import document_intelligence, get_extractor, mistral_ocr

pytestmark = pytest.mark.usefixtures("world")
TEXT = "Où est la bibliothèque ?"
ENGINES = ("tika", "docling", "document_intelligence", "mistral_ocr")


@pytest.fixture
def server(monkeypatch):
    with FakeReading() as made:
        get_options().set(
            {
                "TIKA_SERVER_URL": f"{made.url}/",
                "DOCLING_SERVER_URL": made.url,
                "DOCUMENT_INTELLIGENCE_ENDPOINT": made.url,
                "DOCUMENT_INTELLIGENCE_KEY": KEY,
                "MISTRAL_OCR_API_KEY": KEY,
            }
        )
        monkeypatch.setattr(mistral_ocr, "_URL", f"{made.url}/mistral")
        monkeypatch.setattr(document_intelligence, "_PAUSE_S", 0.01)
        yield made


def read(folder, engine, content=b"", name="livre é.pdf"):
    path = folder / "stored"
    path.write_bytes(content or TEXT.encode())
    get_options().set({"CONTENT_EXTRACTION_ENGINE": engine})
    return get_extractor().extract(path, name, "application/pdf")


@pytest.mark.parametrize("engine", ENGINES)
def test_a_server_finds_the_text(server, tmp_path, engine):
    assert read(tmp_path, engine).text == TEXT


@pytest.mark.parametrize("engine", ENGINES)
def test_a_file_that_a_server_cannot_read_is_refused_in_words(server, tmp_path, engine):
    with pytest.raises(Invalid) as error:
        read(tmp_path, engine, BROKEN)

    assert str(error.value)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_is_busy_or_down_is_said_to_be_so(server, tmp_path, engine, status):
    server.trouble = status

    with pytest.raises(Unavailable, match=str(status)):
        read(tmp_path, engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_server_that_is_not_there_is_said_to_be_so(tmp_path, server, monkeypatch, engine):
    nowhere = "http://127.0.0.1:9"
    names = ("TIKA_SERVER_URL", "DOCLING_SERVER_URL", "DOCUMENT_INTELLIGENCE_ENDPOINT")
    get_options().set(dict.fromkeys(names, nowhere))
    monkeypatch.setattr(mistral_ocr, "_URL", nowhere)

    with pytest.raises(Unavailable, match="cannot be reached"):
        read(tmp_path, engine)


@pytest.mark.parametrize("engine", ["document_intelligence", "mistral_ocr"])
def test_a_wrong_key_is_said_to_be_so(server, tmp_path, engine):
    get_options().set({"DOCUMENT_INTELLIGENCE_KEY": "bad", "MISTRAL_OCR_API_KEY": "bad"})

    with pytest.raises(Forbidden, match="key"):
        read(tmp_path, engine)


def test_tika_is_told_what_it_gets(server, tmp_path):
    get_options().set({"PDF_EXTRACT_IMAGES": True})

    read(tmp_path, "tika")

    [(method, path, headers, body)] = server.asked
    assert (method, path, body) == ("PUT", "/tika/text", TEXT.encode())
    assert headers["content-type"] == "application/pdf"
    assert headers["content-disposition"].endswith("filename*=UTF-8''livre%20%C3%A9.pdf")
    assert headers["x-tika-pdfextractinlineimages"] == "true"


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_docling_is_asked_in_the_way_of_its_version(server, tmp_path, version):
    server.docling = version

    assert read(tmp_path, "docling").text == TEXT


def test_docling_says_why_it_cannot_read(server, tmp_path):
    with pytest.raises(Invalid, match="Input document is invalid"):
        read(tmp_path, "docling", BROKEN)


def test_document_intelligence_is_waited_for(server, tmp_path):
    server.polls = 3

    assert read(tmp_path, "document_intelligence").text == TEXT
    assert len(server.asked) == 5


def test_what_was_lent_to_mistral_is_taken_back(server, tmp_path):
    extract = read(tmp_path, "mistral_ocr", b"one\ftwo")

    assert (extract.text, extract.pages) == ("one\n\ntwo", (0, 5))
    [asked] = [json.loads(body) for _, path, _, body in server.asked if path.endswith("/ocr")]
    assert asked["document"]["type"] == "document_url"
    assert server.kept == {}


def test_what_was_lent_to_mistral_is_taken_back_after_a_failure(server, tmp_path):
    with pytest.raises(Invalid, match="could not be read"):
        read(tmp_path, "mistral_ocr", BROKEN)

    assert server.kept == {}


def test_an_address_where_there_is_no_such_server_is_said_to_be_wrong(tmp_path, server):
    get_options().set({"TIKA_SERVER_URL": f"{server.url}/elsewhere"})

    with pytest.raises(Invalid, match="404"):
        read(tmp_path, "tika")
