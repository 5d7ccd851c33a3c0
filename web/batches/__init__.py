"""Batches and their files, as OpenAI's client expects them."""
