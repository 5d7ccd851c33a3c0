"""Pipelines servers: asked about themselves, and as filters of chats."""
