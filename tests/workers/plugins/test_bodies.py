"""Bodies of streaming answers, cut anywhere."""

import pytest

from workers.plugins.inside.bodies import Lines

EVENTS = 'event: x\ndata: {"a": "ü"}\n\n: comment\ndata: [DONE]\n\n'.encode()


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_lines_of_events_come_whole_however_they_are_cut(size):
    lines = Lines()

    found = [x for i in range(0, len(EVENTS), size) for x in lines.feed(EVENTS[i : i + size])]

    assert found + lines.finish() == ['data: {"a": "ü"}', "data: [DONE]"]


def test_text_comes_as_it_is():
    lines = Lines()

    assert lines.feed("two ") + lines.feed(b"words") + lines.finish() == ["two ", "words"]


def test_a_text_that_began_like_a_field_comes_too():
    lines = Lines()

    assert lines.feed("da") == []
    assert lines.finish() == ["da"]


def test_a_last_line_without_its_end_counts():
    lines = Lines()

    assert lines.feed("data: x") == []
    assert lines.finish() == ["data: x"]
