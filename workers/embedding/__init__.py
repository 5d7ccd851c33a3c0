"""The engine that the options name for turning texts into vectors."""

from collections.abc import Callable
from importlib import import_module

from shared.config.options import option
from workers.retrieval.base import Engine

_ENGINES = {
    "": "workers.embedding.local",
    "openai": "workers.embedding.openai",
    "ollama": "workers.embedding.ollama",
}


def get_engine() -> Engine:
    """Give the engine of now: admins may change it at any time.

    Raises:
        Unavailable: It is not installed.
    """
    make: Callable[[], Engine] = import_module(_ENGINES[option("RAG_EMBEDDING_ENGINE")]).make
    return make()
