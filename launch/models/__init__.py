"""The local models: an OpenAI-compatible front, and one process per loaded model."""
