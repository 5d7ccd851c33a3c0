"""Ollama connections: configuration, tests, versions."""
