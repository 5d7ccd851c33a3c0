"""Processes that somebody else has ended, such as a machine without memory."""

import os
import signal

import pytest

from tests.services.plugging import plug
from tests.services.waiting import wait_until
from workers.plugins.pool import pool

pytestmark = pytest.mark.usefixtures("plugins_end")


def test_a_process_that_was_lost_between_two_calls_is_replaced():
    plugin = plug("class Tools:\n    def fine(self):\n        return 1\n")
    plugin.call("fine", {})
    [waiting] = pool._idle

    os.kill(waiting._child.pid, signal.SIGKILL)
    wait_until(lambda: waiting.has_ended, 5, "its end")

    assert plugin.call("fine", {}) == 1
    assert waiting not in pool._idle
