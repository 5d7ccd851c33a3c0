"""Calls on a stack of their own."""

from contextvars import ContextVar

import gevent
import pytest
from greenlet import getcurrent

from shared.stacks import on_its_own

word: ContextVar[str] = ContextVar("word", default="")


def in_a_green_thread(call):
    """Call, and give what came of it."""
    return gevent.spawn(call).get()


def test_a_green_thread_has_a_call_of_its_own_and_gets_the_answer():
    def call():
        return getcurrent(), on_its_own(
            lambda text, times: (getcurrent(), text * times), "a", times=2
        )

    mine, (theirs, made) = in_a_green_thread(call)

    assert made == "aa"
    assert theirs is not mine


def test_an_error_reaches_the_caller():
    def fail():
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        in_a_green_thread(lambda: on_its_own(fail))


def test_a_call_may_wait_and_shares_the_callers_context():
    def call():
        word.set("before")
        on_its_own(wait_and_tell)
        return word.get()

    def wait_and_tell():
        gevent.spawn(str).join()
        word.set(word.get() + " and after")

    assert in_a_green_thread(call) == "before and after"


def test_without_green_threads_it_is_a_plain_call():
    assert on_its_own(getcurrent) is getcurrent()
