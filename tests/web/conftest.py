"""Fixtures of the tests of `web`: the application in this process, and who calls it."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from shared import db
from shared.config.options import get_options
from shared.services import models
from tests.fakes.pipelines_server import FakePipelines, Pipeline
from tests.services.caller import Caller, signed_in
from web import trying
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


@pytest.fixture(autouse=True)
def no_worker_no_wait(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Store tools and functions at once where nobody is there to load them."""
    if "worker" not in request.fixturenames:
        monkeypatch.setattr(trying, "_PATIENCE_S", 0)


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


@pytest.fixture(scope="module")
def pipelines_process() -> Iterator[FakePipelines]:
    """A pipelines server for a file of tests."""
    with FakePipelines() as server:
        yield server


@pytest.fixture
def pipelines_server(pipelines_process, world, worker, openai_server) -> FakePipelines:
    """A pipelines server at place 1, beside a server that is none."""
    pipelines_process.pipelines, pipelines_process.hangs = (
        {"guard": Pipeline(valves={"secret_key": "first-secret-value"})},
        False,
    )
    pipelines_process.asked.clear()
    get_options().set(
        {
            "OPENAI_API_BASE_URLS": [openai_server.url, pipelines_process.url],
            "OPENAI_API_KEYS": ["", pipelines_process.key],
            "ENABLE_OLLAMA_API": False,
        }
    )
    models.outdate_offer()
    return pipelines_process
