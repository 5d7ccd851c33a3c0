"""Lines and JSON come whole out of streams that were cut anywhere."""

import json

import pytest

from shared.loose_json import parse
from workers.providers import lines
from workers.providers.lines import Garbled, LineSplitter


def fed(data: bytes, size: int) -> list[bytes]:
    splitter = LineSplitter()
    found = []
    for at in range(0, len(data), size):
        found += splitter.feed(data[at : at + size])
    return [line for line in found if line]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_lines_come_whole_whatever_ends_them(end, size):
    data = end.join([b"one", "zw\u00f6lf \N{SLIGHTLY SMILING FACE}".encode(), b"three", b""])

    assert fed(data, size) == [b"one", "zw\u00f6lf \N{SLIGHTLY SMILING FACE}".encode(), b"three"]


def test_the_last_line_needs_an_end():
    splitter = LineSplitter()

    assert splitter.feed(b"one\ntwo") == [b"one"]
    assert splitter.feed(b"\n") == [b"two"]


def test_a_line_of_1_mb_is_fine():
    line = b"x" * 1_048_576

    assert fed(line + b"\n", 65536) == [line]


def test_a_line_without_an_end_is_refused_in_time(monkeypatch):
    monkeypatch.setattr(lines, "MAX_LINE", 1000)

    with pytest.raises(Garbled):
        fed(b"x" * 6400, 64)


def test_a_long_line_is_refused_even_when_its_end_came_with_it(monkeypatch):
    monkeypatch.setattr(lines, "MAX_LINE", 1000)
    splitter = LineSplitter()
    splitter.feed(b"x" * 990)

    with pytest.raises(Garbled):
        splitter.feed(b"x" * 20 + b"\n")


@pytest.mark.parametrize(
    ("text", "value"),
    [(b'{"a": NaN}', {"a": None}), (b'{"a": "\\ud83d"}', {"a": "?"}), (b'"\xff"', "\ufffd")],
)
def test_what_strict_readers_refuse_is_mended(text, value):
    assert parse(text) == value


@pytest.mark.parametrize("text", [b"", b"{", b"not json", b"<html>"])
def test_what_is_not_json_is_refused(text):
    with pytest.raises(json.JSONDecodeError):
        parse(text)
