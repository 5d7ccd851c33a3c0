"""Fixtures of moving in: an old database of each kind, and its uploads."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.services.openwebui_database import OpenWebUIDatabase

NewDatabase = Callable[..., OpenWebUIDatabase]


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    """The folder with the uploads."""
    folder = tmp_path / "uploads"
    folder.mkdir()
    return folder


@pytest.fixture
def new_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewDatabase]:
    """Make an old database: `new_database("0.4", "postgres")`."""
    made: list[OpenWebUIDatabase] = []

    def make(version: str = "0.6", kind: str = "sqlite") -> OpenWebUIDatabase:
        url = f"sqlite:///{tmp_path}/webui{len(made)}.db"
        if kind == "postgres":
            url = request.getfixturevalue("postgres").new_database()
        made.append(OpenWebUIDatabase(url, version))
        return made[-1]

    yield make
    for database in made:
        database.close()
