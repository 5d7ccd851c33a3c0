"""Vectors from a server that speaks OpenAI's API.

Source: https://platform.openai.com/docs/api-reference/embeddings
"""

from shared.config.options import option
from shared.errors import Unavailable
from shared.services.reindexing import engine_name
from workers import servers
from workers.embedding.remote import RemoteEngine


def make() -> RemoteEngine:
    """Give the engine that the options name."""
    url = option("RAG_OPENAI_API_BASE_URL").rstrip("/")
    key, model = option("RAG_OPENAI_API_KEY"), option("RAG_EMBEDDING_MODEL")

    def ask(texts: list[str], more: dict[str, str]) -> list[list[float]]:
        body = {**more, "model": model, "input": texts, "encoding_format": "float"}
        answer = servers.ask(f"{url}/embeddings", body, key=key)
        try:
            ordered = sorted(answer["data"], key=lambda one: one["index"])
            return [one["embedding"] for one in ordered]
        except (KeyError, TypeError):
            raise Unavailable("The embedding server answered in an unknown form.") from None

    return RemoteEngine(engine_name(), ask)
