"""Retrieval in tests: quick parts in place of the real ones, and what the index holds."""

from typing import Any

import pytest

from tests.fakes.embedding import LineSplitter, PageExtractor, WordEngine
from workers.retrieval import parts
from workers.vectors import get_index


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> WordEngine:
    """The engine of the time of a test, beside a splitter and an extractor to match."""
    made = WordEngine()
    monkeypatch.setattr(parts, "get_engine", lambda: made)
    monkeypatch.setattr(parts, "get_splitter", LineSplitter)
    monkeypatch.setattr(parts, "get_extractor", PageExtractor)
    return made


def texts_in(collection: str) -> list[str]:
    """Give the texts of a collection, in the order of their ids."""
    return [item.text for item in items_in(collection)]


def items_in(collection: str) -> list[Any]:
    """Give the items of a collection, in the order of their ids."""
    return get_index().get(collection, get_index().ids(collection))
