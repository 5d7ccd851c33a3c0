"""Fixtures of the tests of retrieval."""

import pytest

from tests.services.things import new_user


@pytest.fixture
def owner(request):
    """An admin, on the database of the test."""
    if "each_database" in request.fixturenames:
        request.getfixturevalue("each_database")
    return new_user("admin")
