"""Vectors from an Ollama server.

Source: https://github.com/ollama/ollama/blob/main/docs/api.md#generate-embeddings
"""

from shared.config.options import option
from shared.errors import Unavailable
from shared.services.reindexing import engine_name
from workers import servers
from workers.embedding.remote import RemoteEngine


def make() -> RemoteEngine:
    """Give the engine that the options name."""
    url, key = option("RAG_OLLAMA_BASE_URL").rstrip("/"), option("RAG_OLLAMA_API_KEY")
    model = option("RAG_EMBEDDING_MODEL")

    def ask(texts: list[str], more: dict[str, str]) -> list[list[float]]:
        body = {**more, "model": model, "input": texts}
        answer = servers.ask(f"{url}/api/embed", body, key=key)
        found = answer.get("embeddings") if isinstance(answer, dict) else None
        if not isinstance(found, list):
            raise Unavailable("The embedding server answered in an unknown form.")
        return found

    return RemoteEngine(engine_name(), ask)
