"""What stands before texts when they are embedded, for models that tell questions from the rest."""

from shared.config.settings import get_settings


def prefix_for(is_query: bool) -> str:
    """Give the words that an operator wants before questions, or before all other texts."""
    settings = get_settings()
    return (
        settings.rag_embedding_query_prefix if is_query else settings.rag_embedding_content_prefix
    )
