"""Forms and answers of the Ollama connections' routes."""

from typing import Any

from pydantic import BaseModel

from shared.config.options.shapes import ConnectionConfig


class ConfigForm(BaseModel):
    """The connections; keys stand in the configs."""

    ENABLE_OLLAMA_API: bool | None = None
    OLLAMA_BASE_URLS: list[str]
    OLLAMA_API_CONFIGS: dict[str, ConnectionConfig]


class ConfigResponse(BaseModel):
    """The connections, with masked keys."""

    ENABLE_OLLAMA_API: bool
    OLLAMA_BASE_URLS: list[str]
    OLLAMA_API_CONFIGS: dict[str, Any]


class VerifyForm(BaseModel):
    """A connection to be tried."""

    url: str
    key: str | None = None
