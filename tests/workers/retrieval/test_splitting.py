"""Cutting texts: by size, with what is repeated, and where each piece stands."""

from itertools import pairwise

import pytest

from workers.retrieval.base import Extract
from workers.retrieval.splitting import TextSplitter

WORDS = " ".join(f"word{n}." for n in range(400))


def test_every_chunk_fits_and_stands_where_it_says():
    chunks = TextSplitter("", 200, 50).split(Extract(WORDS))

    assert len(chunks) > 10
    assert all(len(chunk.text) <= 200 for chunk in chunks)
    assert all(WORDS[c.start : c.start + len(c.text)] == c.text for c in chunks)
    assert all(b.start < a.start + len(a.text) for a, b in pairwise(chunks))


@pytest.mark.usefixtures("world")
def test_tokens_are_counted_instead_of_characters():
    chunks = TextSplitter("token", 100, 0).split(Extract(WORDS))

    assert len(chunks) < len(TextSplitter("", 100, 0).split(Extract(WORDS)))


def test_markdown_is_cut_at_its_headings():
    text = "# One\n\nabout cats here\n\n# Two\n\nabout dogs here"

    chunks = TextSplitter("markdown", 30, 0).split(Extract(text))

    assert [chunk.text.split("\n")[0] for chunk in chunks] == ["# One", "# Two"]


def test_a_chunk_knows_its_page():
    chunks = TextSplitter("", 20, 0).split(
        Extract("first page here.\n\nsecond page here.", (0, 18))
    )

    assert [chunk.meta for chunk in chunks] == [{"page": 0}, {"page": 1}]


@pytest.mark.parametrize("text", ["", "   \n\n  "])
def test_nothing_is_made_of_blanks(text):
    assert TextSplitter("", 100, 10).split(Extract(text)) == []
