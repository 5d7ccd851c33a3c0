"""What to do when a service is missing: a developer's machine skips the test, CI fails it."""

import os
from typing import NoReturn

import pytest


def in_ci() -> bool:
    """Whether this run must not skip anything."""
    return os.environ.get("CI", "").lower() == "true"


def missing(what: str, how: str) -> NoReturn:
    """End the test for want of a service.

    Args:
        what: The service that is not there.
        how: What a developer has to do to get it.
    """
    text = f"{what} is missing: {how}"
    if in_ci():
        pytest.fail(text, pytrace=False)
    pytest.skip(text)
