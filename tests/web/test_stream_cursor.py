"""Where a reader of server-sent events wants to go on: `after`, or its parser's `Last-Event-ID`."""

import pytest
from flask import Flask

from shared import relay
from web.stream import sse

app = Flask("cursors")


def cursor_of(query="", header=None):
    headers = {} if header is None else {"Last-Event-ID": header}
    with app.test_request_context(f"/?{query}", headers=headers):
        return sse.cursor()


def test_without_a_cursor_all_is_wanted():
    assert cursor_of() == 0


def test_what_the_parser_sends_counts_before_the_address():
    assert (cursor_of("after=7"), cursor_of("after=7", "9")) == (7, 9)


@pytest.mark.parametrize("text", ["-1", "x", "1.5", "", "%00", "1e9"])
def test_what_is_no_number_is_no_cursor(text):
    assert cursor_of(f"after={text}") == 0


@pytest.mark.parametrize("digits", [16, 30, 10_000])
def test_a_number_that_no_log_can_have_is_behind_its_end(digits):
    assert cursor_of(f"after={'9' * digits}") == relay.MAX_CURSOR
