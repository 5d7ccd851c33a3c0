"""Forms and answers of the OpenAI connections' routes."""

from typing import Any

from shared.config.options.shapes import ConnectionConfig
from shared.schema import Schema


class ConfigForm(Schema):
    """The connections, key by address by place in the list; an unchanged mask keeps a key."""

    ENABLE_OPENAI_API: bool | None = None
    OPENAI_API_BASE_URLS: list[str]
    OPENAI_API_KEYS: list[str]
    OPENAI_API_CONFIGS: dict[str, ConnectionConfig]


class ConfigResponse(Schema):
    """The connections, with masked keys."""

    ENABLE_OPENAI_API: bool
    OPENAI_API_BASE_URLS: list[str]
    OPENAI_API_KEYS: list[str]
    OPENAI_API_CONFIGS: dict[str, Any]


class ModelsQuery(Schema):
    """Which connection to list, by its place; all of them without it."""

    url_idx: int | None = None


class VerifyForm(Schema):
    """A connection to be tried."""

    url: str
    key: str | None = None
