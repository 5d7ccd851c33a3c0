"""What the processes write, line by line."""

import json
import os
import pty

from launch.output import LineBuffer, Output


def _written(read: int, write: int) -> bytes:
    os.close(write)
    with os.fdopen(read, "rb") as file:
        return file.read()


def test_every_line_begins_with_the_name_of_its_process():
    read, write = os.pipe()
    out = Output(["web", "inference"], write)

    out.lines("web", [b"one", b"two"])
    out.lines("inference", [b"three"])

    assert _written(read, write) == b"web       | one\nweb       | two\ninference | three\n"


def test_json_lines_pass_and_plain_words_become_json():
    read, write = os.pipe()
    out = Output(["web", "valkey"], write, is_json=True)

    out.lines("web", [b'{"message": "one"}'])
    out.lines("valkey", ["wörds".encode(), b""])

    first, second = _written(read, write).splitlines()
    assert first == b'{"message": "one"}'
    assert json.loads(second)["process"] == "valkey"
    assert json.loads(second)["message"] == "wörds"


def test_names_are_coloured_on_a_terminal_only():
    leader, follower = pty.openpty()
    out = Output(["web"], follower)

    out.lines("web", [b"hello"])

    assert os.read(leader, 100) == b"\x1b[36mweb | \x1b[0mhello\r\n"
    os.close(leader)
    os.close(follower)


def test_a_reader_that_stops_reading_costs_lines_and_not_the_service():
    read, write = os.pipe()
    out = Output(["web"], write)
    many = [b"x" * 1000] * 200

    out.lines("web", many)  # more than a pipe takes: returns all the same
    out.lines("web", [b"lost"])
    os.read(read, 1 << 20)
    out.lines("web", [b"found"])

    assert b"(201 lines could not be written)" in _written(read, write)


def test_a_reader_that_went_away_does_not_end_the_service():
    read, write = os.pipe()
    os.close(read)

    Output(["web"], write).lines("web", [b"to nobody"])

    os.close(write)


def test_a_line_in_pieces_comes_out_whole():
    buffer = LineBuffer()

    assert buffer.feed(b"one\ntw") == [b"one"]
    assert buffer.feed(b"o\r\n") == [b"two"]
    assert buffer.feed(b"three") == []
    assert buffer.flush() == [b"three"]
    assert buffer.flush() == []


def test_a_line_without_end_is_cut_before_it_fills_the_memory():
    buffer = LineBuffer()

    lines = [line for _ in range(3) for line in buffer.feed(b"x" * 40_000)]

    assert [len(line) for line in lines] == [80_000]
