"""Forms and answers of the OpenAI connections' routes."""

from typing import Any

from pydantic import BaseModel, ConfigDict


class ConnectionForm(BaseModel):
    """More about one connection; unknown keys are kept."""

    model_config = ConfigDict(extra="allow")

    enable: bool | None = True
    prefix_id: str | None = None
    model_ids: list[str] | None = None
    tags: list[dict[str, Any]] | None = None
    key: str | None = None


class ConfigForm(BaseModel):
    """The connections, key by address by place in the list; an unchanged mask keeps a key."""

    ENABLE_OPENAI_API: bool | None = None
    OPENAI_API_BASE_URLS: list[str]
    OPENAI_API_KEYS: list[str]
    OPENAI_API_CONFIGS: dict[str, ConnectionForm]


class ConfigResponse(BaseModel):
    """The connections, with masked keys."""

    ENABLE_OPENAI_API: bool
    OPENAI_API_BASE_URLS: list[str]
    OPENAI_API_KEYS: list[str]
    OPENAI_API_CONFIGS: dict[str, Any]


class ModelsQuery(BaseModel):
    """Which connection to list, by its place; all of them without it."""

    url_idx: int | None = None


class VerifyForm(BaseModel):
    """A connection to be tried."""

    url: str
    key: str | None = None
