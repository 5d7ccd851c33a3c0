"""Fixtures of the tests of `shared`: a flusher."""

import pytest

from shared.flusher import Flusher


@pytest.fixture
def flusher(world: None) -> Flusher:
    """A flusher of the test's own."""
    return Flusher()
