"""OpenAI-compatible connections: configuration, tests, model lists."""
