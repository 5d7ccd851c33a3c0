"""Fixtures of the tests of `web`: the application in this process, and who calls it."""

from collections.abc import Callable

import pytest
from flask import Flask

from shared import db
from tests.services.caller import Caller, signed_in
from web.app import create_app

NewCaller = Callable[..., Caller]


@pytest.fixture(scope="session")
def app() -> Flask:
    """The application; the database that it is bound to is the test's own, see `world`."""
    engine = db._engine
    application = create_app()
    db._engine = engine
    return application


@pytest.fixture
def new_caller(app: Flask, world: None, request: pytest.FixtureRequest) -> NewCaller:
    """Open accounts that are signed in: `new_caller("admin")`."""
    if "each_database" in request.fixturenames:
        request.getfixturevalue("each_database")  # before anybody has an account
    return lambda role="user": signed_in(app, role)


@pytest.fixture
def stranger(app: Flask, new_caller: NewCaller) -> Caller:
    """Somebody who is not signed in."""
    return Caller(app)


@pytest.fixture
def admin(new_caller: NewCaller) -> Caller:
    """An admin."""
    return new_caller("admin")


@pytest.fixture
def member(new_caller: NewCaller) -> Caller:
    """An active user."""
    return new_caller()


@pytest.fixture
def other(new_caller: NewCaller) -> Caller:
    """Another active user."""
    return new_caller()
