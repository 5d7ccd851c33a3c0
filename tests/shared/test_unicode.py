"""Recognising text in wide encodings."""

import hashlib

import pytest

from shared.unicode import wide_encoding

TEXTS = ("A stove, built in 1871.\n", "Москва, столица России", "東京は、日本の首都です。")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("text", TEXTS)
def test_text_without_a_mark_shows_the_order_of_its_bytes(text, encoding):
    assert wide_encoding(text.encode(encoding)) == encoding


@pytest.mark.parametrize(("encoding", "name"), [("utf-16", "utf-16"), ("utf-32", "utf-32")])
def test_a_mark_is_believed(encoding, name):
    assert wide_encoding("x".encode(encoding)) == name


def test_a_head_may_end_within_a_letter():
    assert wide_encoding(("words and 🙂 " * 900).encode("utf-16-le")[:2047]) == "utf-16-le"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        *(text.encode() for text in TEXTS),
        TEXTS[1].encode("koi8-r"),
        TEXTS[2].encode("shift_jis"),
        TEXTS[2].encode("gb18030"),
        b"\x7fELF\x02\x01\x01" + bytes(64),
        b"BM" + bytes(100),
        hashlib.shake_128(b"noise").digest(4096),
    ],
)
def test_nothing_else_is_taken_for_it(content):
    assert wide_encoding(content) is None
