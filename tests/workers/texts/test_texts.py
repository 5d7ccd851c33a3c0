"""Texts in other forms: code, Markdown, PDF."""

from base64 import b64decode

import pytest
from fontTools.ttLib import TTFont

from shared.kinds.texts import (
    FORMAT_CODE,
    RENDER_MARKDOWN,
    RENDER_PDF,
    FormatCode,
    RenderMarkdown,
    RenderPDF,
)
from shared.models.job import COMPLETED, FAILED
from tests.services.things import new_job, row_of
from workers import base
from workers.texts import pdf

pytestmark = pytest.mark.usefixtures("world")


def done(spec, payload):
    job = new_job(spec=spec, payload=payload)
    base.run(job)
    return row_of(job)


def test_code_is_laid_out():
    job = done(FORMAT_CODE, FormatCode(code="x = {  'a':1 }\n\n\n\ny=2"))

    assert job.result == {"code": 'x = {"a": 1}\n\n\ny = 2\n'}


def test_laid_out_code_stays_as_it_is():
    assert done(FORMAT_CODE, FormatCode(code="x = 1\n")).result == {"code": "x = 1\n"}


@pytest.mark.parametrize("code", ["def f(:", "x = " + "[" * 3000])
def test_what_is_no_python_fails_in_words(code):
    job = done(FORMAT_CODE, FormatCode(code=code))

    assert job.status == FAILED
    assert job.error.startswith("The code cannot be laid out")
    assert job.result["reason"] == "bad_request"


def test_markdown_becomes_html_and_tags_become_text():
    text = "# Title\n\n|a|\n|-|\n|1|\n\n<script>alert(1)</script> [x](javascript:alert(1))"

    html = done(RENDER_MARKDOWN, RenderMarkdown(text=text)).result["html"]

    assert "<h1>Title</h1>" in html
    assert "<table>" in html
    assert "<script>" not in html
    assert 'href="javascript' not in html


def test_a_chat_becomes_a_pdf_in_any_script():
    messages = [
        {"role": "user", "content": "Größe, Привет, Ελλάδα, 你好, مرحبا, 😀?", "timestamp": 1.7e9},
        {
            "role": "assistant",
            "model": "alpha",
            "content": "<details>\nno\n</details>\nYes. " * 400,
        },
        {"role": "user", "content": [{"type": "text", "text": "parts"}, {"type": "image_url"}]},
        {"role": None, "content": None, "timestamp": 1e300},
        {"role": "user", "content": "W" * 3000},
    ]

    job = done(RENDER_PDF, RenderPDF(title="Ein Gespräch", messages=messages))

    assert job.status == COMPLETED, job.error
    document = b64decode(job.result["pdf"])
    assert document.startswith(b"%PDF-")
    assert len(document) > 10_000


@pytest.mark.parametrize("title", ["Größe", "Привет Ελλάδα", "", "你好 😀 \x00", "W" * 3000])
def test_the_bold_font_has_the_letters_of_the_headings_and_hardly_more(title, tmp_path):
    with TTFont(pdf.bold_font(title, tmp_path)) as bold, TTFont(pdf.noto_sans()) as whole:
        letters = {ord(c) for c in title} & set(whole.getBestCmap())

        assert letters <= set(bold.getBestCmap())
        assert len(bold.getGlyphOrder()) < 60
        assert "fvar" not in bold
        assert bold["OS/2"].usWeightClass == 700
