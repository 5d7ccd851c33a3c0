"""Memories: what models are to know about a user."""
