"""Fixtures for all tests: the settings under which code is imported, services of the session."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextvars import copy_context
from pathlib import Path

import pytest
from greenlet import getcurrent

from tests.services.postgres import Postgres
from tests.services.s3 import S3, start_s3
from tests.services.valkey import Valkey

# Fixtures of the tests that run the code in this process.
pytest_plugins = [
    "tests.services.plugging",
    "tests.services.inside",
    "tests.services.jupyter",
    "tests.services.open_page",
    "tests.services.painting",
    "tests.services.searching",
    "tests.services.tool_servers",
    "tests.services.uploading",
    "tests.services.upstreams",
    "tests.services.working",
]

# Tests that import the code under test read these settings, never a developer's own `.env` or data.
_scratch = Path(tempfile.mkdtemp(prefix="switchyard-tests-"))
_valkey = Valkey(_scratch / "valkey")
os.environ.update(
    DATA_DIR=str(_scratch / "data"),
    DATABASE_URL="",
    REDIS_URL=_valkey.url,
    LOCAL_MODELS="0",
    ENV="prod",
    WEBUI_SECRET_KEY="a key for tests only, long enough for HS256",
)


def pytest_unconfigure() -> None:
    shutil.rmtree(_scratch, ignore_errors=True)


@pytest.fixture(autouse=True)
def _own_context() -> Iterator[None]:
    """End with a test what it, or a request that it makes in its thread, sets in the context."""
    here = getcurrent()
    before = here.gr_context
    here.gr_context = copy_context()
    yield
    here.gr_context = before


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    """The session's Valkey, for tests that run inside this process."""
    yield _valkey.start()
    _valkey.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The session's PostgreSQL."""
    server = Postgres(Path(tempfile.mkdtemp(prefix="swy-pg-")))
    yield server
    server.close()


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    """The session's S3 server."""
    server = start_s3(tmp_path_factory.mktemp("s3"))
    yield server
    server.close()
