"""Files of all forms over HTTP: their text is found, or it is said why it is not."""

import pytest

from tests.fakes.embedding import WordEngine
from tests.services.office import FORMS
from tests.services.searching import items_in
from tests.services.uploading import process
from workers.retrieval import parts

pytestmark = pytest.mark.usefixtures("uploads", "worker")
TEXT = "The stove was built in 1871 by Ørsted"
# These say in their bytes how they end; of the others any beginning is a whole.
CHECKED = ("pdf", "docx", "pptx", "xlsx", "odt", "epub", "ipynb")


@pytest.fixture(autouse=True)
def words(monkeypatch):
    """An engine that costs nothing; everything else is real."""
    engine = WordEngine()
    monkeypatch.setattr(parts, "get_engine", lambda: engine)


@pytest.mark.parametrize("name", FORMS)
def test_the_text_of_a_file_is_found_whatever_its_form(member, name):
    file = process(member, FORMS[name](TEXT), name)

    assert (file["error"], file["data"]["status"]) == (None, "completed")
    assert file["filename"] == name
    assert TEXT in file["data"]["content"]
    assert any(TEXT in item.text for item in items_in(f"file-{file['id']}"))


@pytest.mark.parametrize("name", [one for one in FORMS if one.lower().endswith(CHECKED)])
def test_half_a_file_fails_in_words(member, name):
    whole = FORMS[name](TEXT)

    file = process(member, whole[: len(whole) // 2], name)

    assert file["data"]["status"] == "failed"
    assert file["error"] == f"'{name}' cannot be read: it is broken."
    assert "content" not in file["data"]


@pytest.mark.parametrize("ending", ["txt", "csv", "html", "json", "xml", "rtf", "docx", "py"])
def test_what_only_its_name_calls_a_document_fails_in_words(member, ending):
    noise = bytes(range(256)) * 20

    file = process(member, noise, f"noise.{ending}")

    assert file["data"]["status"] == "failed"
    assert "cannot be read" in file["error"]


@pytest.mark.parametrize("name", ["empty.txt", "page.html", "a.svg"])
@pytest.mark.parametrize("content", [b"", b" \r\n\t "])
def test_a_file_without_words_is_no_success(member, name, content):
    file = process(member, content, name)

    assert (file["data"]["status"], file["error"]) == ("failed", "The file holds no text.")


@pytest.mark.parametrize("start", ["BMW", "ID3", "RIFF", "GIF89a", "OggS", "fLaC", "PK"])
def test_a_text_is_no_picture_or_sound_because_of_its_first_letters(member, start):
    file = process(member, f"{start} is how this text begins".encode(), "notes.txt")

    assert file["meta"]["content_type"] == "text/plain"
    assert file["data"]["content"] == f"{start} is how this text begins"


def test_a_page_of_a_pdf_is_told_with_what_is_found_there(member):
    file = process(member, FORMS["manual.pdf"](TEXT), "manual.pdf")

    [only] = items_in(f"file-{file['id']}")  # both pages are short enough for one chunk
    assert only.meta["page"] == 0
    assert file["data"]["content"] == f"{TEXT}\n\nThe end"
