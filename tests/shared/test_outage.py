"""What has to wait is told once, and when it goes on."""

import logging

import pytest

from shared.outage import Outage


@pytest.fixture
def outage(caplog):
    caplog.set_level("INFO")
    return Outage(logging.getLogger("shared"), "writing")


def test_of_several_failures_in_a_row_the_first_is_told(outage, caplog):
    for text in ("one", "two", "three"):
        outage.goes_on(OSError(text))

    assert caplog.messages == ["writing has to wait: one"]
    assert caplog.records[0].levelno == logging.WARNING


def test_its_end_is_told_and_the_next_one_is_news_again(outage, caplog):
    outage.goes_on(OSError("one"))
    outage.is_over()
    outage.is_over()
    outage.goes_on(OSError("two"))

    first, end, second = caplog.messages
    assert (first, second) == ("writing has to wait: one", "writing has to wait: two")
    assert end.startswith("writing goes on after 0.")


def test_what_works_is_no_news(outage, caplog):
    outage.is_over()

    assert caplog.messages == []
