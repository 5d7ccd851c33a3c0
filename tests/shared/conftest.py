"""Fixtures of the tests of `shared`: a flusher, a Valkey that goes and returns."""

from collections.abc import Iterator

import pytest

from shared.flusher import Flusher
from tests.services.valkey import Valkey


@pytest.fixture
def flusher(world: None) -> Flusher:
    """A flusher of the test's own."""
    return Flusher()


@pytest.fixture
def mortal_valkey(world: None, valkey: Valkey) -> Iterator[Valkey]:
    """The session's Valkey, for tests that kill it; afterwards it is there again."""
    yield valkey
    if not valkey.process.is_running:
        valkey.restart()
