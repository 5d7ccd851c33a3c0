"""The input of a batch, line by line."""

import pytest

from workers.batches import source
from workers.batches.source import lines_of


@pytest.fixture
def stored(monkeypatch):
    """Put bytes into the storage, which gives them back in small pieces."""

    def store(content, piece=3):
        class Storage:
            def read(self, _key):
                return (content[i : i + piece] for i in range(0, len(content), piece))

        monkeypatch.setattr(source, "get_storage", Storage)
        return "key"

    return store


def read(key):
    return [(line.number, line.content) for line in lines_of(key)]


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 100])
@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"a\nbc\n", [(1, b"a"), (2, b"bc")]),
        (b"a\nbc", [(1, b"a"), (2, b"bc")]),
        (b"a\r\n\r\n  \nb", [(1, b"a"), (4, b"b")]),
        (b"\xef\xbb\xbf{}\n", [(1, b"{}")]),
        (b"", []),
        (b"\n\n", []),
    ],
)
def test_lines_are_cut_wherever_the_pieces_end(stored, content, lines, piece):
    assert read(stored(content, piece)) == lines


def test_a_line_that_is_too_long_is_told_and_not_kept(stored, monkeypatch):
    monkeypatch.setattr(source, "LONGEST_LINE_BYTES", 10)

    lines = read(stored(b"short\n" + b"x" * 100 + b"\nshort\n" + b"y" * 11))

    assert lines == [(1, b"short"), (2, None), (3, b"short"), (4, None)]
