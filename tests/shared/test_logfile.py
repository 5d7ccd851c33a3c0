"""A log file that several processes fill and turn over together."""

import logging
import subprocess
import sys

import pytest

from shared.logfile import SharedRotatingFile

_WRITER = """
import logging, sys
from pathlib import Path
from shared.logfile import SharedRotatingFile
handler = SharedRotatingFile(Path(sys.argv[1]), 100, 100)
for number in range(200):
    handler.emit(logging.makeLogRecord({"msg": f"{sys.argv[2]} {number}"}))
"""


@pytest.fixture
def open_file(tmp_path):
    opened = []

    def make():
        opened.append(SharedRotatingFile(tmp_path / "web.log", 100, 2))
        return opened[-1]

    yield make
    for handler in opened:
        handler.close()


def _write(handler, text):
    handler.emit(logging.makeLogRecord({"msg": text}))


def test_a_full_file_is_put_aside_and_the_oldest_is_dropped(open_file, tmp_path):
    handler = open_file()

    for letter in "abcd":
        _write(handler, letter * 60)

    texts = [(tmp_path / f"web.log{end}").read_text()[0] for end in ("", ".1", ".2")]
    assert texts == ["d", "c", "b"]
    assert not (tmp_path / "web.log.3").exists()


def test_another_process_follows_when_the_file_was_turned_over(open_file, tmp_path):
    one, other = open_file(), open_file()

    _write(other, "o" * 30)
    _write(one, "1" * 60)
    _write(one, "2" * 60)
    _write(other, "after")

    assert (tmp_path / "web.log").read_text() == "2" * 60 + "\nafter\n"


def test_a_file_that_was_taken_away_is_made_anew(open_file, tmp_path):
    handler = open_file()
    _write(handler, "before")

    (tmp_path / "web.log").unlink()
    _write(handler, "after")

    assert (tmp_path / "web.log").read_text() == "after\n"


def test_no_line_is_lost_or_doubled_when_processes_write_at_once(tmp_path):
    path = tmp_path / "web.log"
    command = [sys.executable, "-c", _WRITER, str(path)]

    writers = [subprocess.Popen([*command, name]) for name in "abc"]

    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    lines = [line for part in tmp_path.glob("web.log*") for line in part.read_text().splitlines()]
    assert sorted(lines) == sorted(f"{name} {number}" for name in "abc" for number in range(200))
