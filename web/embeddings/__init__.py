"""Embeddings in OpenAI's form."""
