"""Forms and answers of the OpenAI connections' routes."""

from typing import Any

from pydantic import BaseModel


class ConfigForm(BaseModel):
    """The connections, key by address by place in the list; an unchanged mask keeps a key."""

    ENABLE_OPENAI_API: bool | None = None
    OPENAI_API_BASE_URLS: list[str]
    OPENAI_API_KEYS: list[str]
    OPENAI_API_CONFIGS: dict[str, Any]


class ConfigResponse(BaseModel):
    """The connections, with masked keys."""

    ENABLE_OPENAI_API: bool
    OPENAI_API_BASE_URLS: list[str]
    OPENAI_API_KEYS: list[str]
    OPENAI_API_CONFIGS: dict[str, Any]


class VerifyForm(BaseModel):
    """A connection to be tried."""

    url: str
    key: str = ""
