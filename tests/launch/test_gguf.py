"""Which files can be models, told from their first bytes."""

import os
import struct

import pytest

from launch.models import gguf


def _text(text: str) -> bytes:
    return struct.pack("<Q", len(text)) + text.encode()


def _file(tensors: int = 1, values: bytes = b"", value_count: int = 0, offset: int = 0) -> bytes:
    """A GGUF file with one-dimensional tensors of 32 bytes each."""
    head = b"GGUF" + struct.pack("<IQQ", 3, tensors, value_count) + values
    for number in range(tensors):
        head += _text(f"t{number}") + struct.pack("<IQIQ", 1, 8, 0, offset + 32 * number)
    return head + b"\0" * 32 * tensors


VALUES = (
    _text("general.architecture") + struct.pack("<I", 8) + _text("llama")
    + _text("tokens") + struct.pack("<IIQ", 9, 8, 2) + _text("a") + _text("b")
    + _text("scores") + struct.pack("<IIQ", 9, 6, 3) + b"\0" * 12
    + _text("context") + struct.pack("<II", 4, 2048)
)  # fmt: skip


@pytest.mark.parametrize("content", [_file(), _file(3), _file(2, VALUES, 4)])
def test_nothing_speaks_against_a_whole_file(tmp_path, content):
    (tmp_path / "m.gguf").write_bytes(content)

    assert gguf.problem(tmp_path / "m.gguf") is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"GG", "not in GGUF format"),
        (b"<html>not found</html>", "not in GGUF format"),
        (b"GGUF", "damaged, or not copied"),
        (b"GGUF" + os.urandom(4000), "damaged, or not copied"),
        (_file(2, VALUES, 4)[:60], "damaged, or not copied"),
        (_file(3)[:-70], "damaged, or not copied"),
        (_file(1, offset=1 << 40), "damaged, or not copied"),
        (_file(0), "no tensors"),
    ],
)
def test_a_file_that_cannot_be_loaded_is_told_in_words(tmp_path, content, reason):
    (tmp_path / "m.gguf").write_bytes(content)

    assert reason in str(gguf.problem(tmp_path / "m.gguf"))


def test_a_file_that_cannot_be_read_is_told_in_words(tmp_path):
    (tmp_path / "m.gguf").mkdir()

    assert "cannot be read" in str(gguf.problem(tmp_path / "m.gguf"))
