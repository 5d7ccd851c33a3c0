"""Fixtures: a server of tools for the whole session, and connections to it."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.config.options import get_options
from tests.fakes.tool_server import ToolServer
from web.tools import servers


@pytest.fixture(scope="session")
def _tools() -> Iterator[ToolServer]:
    with ToolServer() as server:
        yield server


@pytest.fixture
def tool_server(_tools: ToolServer) -> ToolServer:
    """A server of tools that remembers nothing of earlier tests."""
    _tools.reset()
    return _tools


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait no longer than it has to be for a worker that describes servers: none is here."""
    monkeypatch.setattr(servers, "_PATIENCE_S", 0.0)


def connection(url: str, **more: Any) -> dict[str, Any]:
    """Write a connection to a server of tools as the page saves it."""
    config = {"enable": True, "access_control": None, **more.pop("config", {})}
    return {
        "url": url,
        "path": "openapi.json",
        "auth_type": "bearer",
        "key": "",
        "config": config,
        **more,
    }


def connect(*connections: dict[str, Any]) -> None:
    """Let these be the servers of tools."""
    get_options().set({"TOOL_SERVER_CONNECTIONS": list(connections)})
