"""WebSocket frames, and the bounded place for those that came in."""

import struct

import pytest

from web.stream import frames
from web.stream.frames import Inbox, text_frame


def read(data):
    """Take an unmasked text frame apart, as RFC 6455 has it."""
    assert data[0] == 0x81
    size, at = data[1], 2
    if size == 126:
        size, at = struct.unpack(">H", data[2:4])[0], 4
    elif size == 127:
        size, at = struct.unpack(">Q", data[2:10])[0], 10
    assert len(data) == at + size
    return data[at:]


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65_535, 65_536, 200_000])
def test_a_frame_of_any_size_can_be_read(size):
    assert read(text_frame(b"x" * size)) == b"x" * size


def test_a_short_frame_costs_two_bytes():
    assert text_frame(b"hello") == b"\x81\x05hello"


def test_a_client_that_sends_faster_than_it_is_answered_is_cut_off(monkeypatch):
    monkeypatch.setattr(frames, "_MOST_UNREAD", 3)
    inbox = Inbox(["already there"])
    inbox.append("second")
    inbox.append("third")

    with pytest.raises(ConnectionAbortedError):
        inbox.append("too much")

    assert inbox == ["already there", "second", "third"]


def test_what_was_read_makes_room(monkeypatch):
    monkeypatch.setattr(frames, "_MOST_UNREAD", 1)
    inbox = Inbox()

    for number in range(5):
        inbox.append(number)
        assert inbox.pop(0) == number
