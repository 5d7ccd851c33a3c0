"""Lines that a page cuts wherever a piece from the network ends."""

import pytest

from workers.direct.lines import Lines

DATA = 'data: {"a": "data: x"}'


def put_together(*pieces):
    lines = Lines()
    found = [lines.next(piece) for piece in pieces]
    return b"".join([*found, lines.rest()]).decode().split("\n\n")[:-1]


@pytest.mark.parametrize("cut", range(len(DATA) + 1))
def test_a_line_may_be_cut_anywhere(cut):
    found = put_together(": hm", "", DATA[:cut], DATA[cut:], "", "data: [DONE]", "")

    assert found == [": hm", DATA, "data: [DONE]"]


def test_whole_lines_stay_as_they_are():
    assert put_together(DATA, "", DATA, "event: x", DATA + "\r") == [DATA, DATA, "event: x", DATA]


def test_nothing_is_nothing():
    assert put_together("", "", "") == []
