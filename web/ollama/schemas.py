"""Forms and answers of the Ollama connections' routes."""

from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

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


class PlaceQuery(BaseModel):
    """Which of the connections is meant; the first that has the model when it is not said."""

    url_idx: int | None = None


class ChatForm(BaseModel):
    """Ollama's chat request."""

    model_config = ConfigDict(extra="allow")

    model: str = Field(min_length=1)
    messages: list[dict[str, Any]] = Field(min_length=1)
    stream: bool = True
    options: dict[str, Any] | None = None


class GenerateForm(BaseModel):
    """Ollama's request for a text behind a prompt; whatever else it holds goes to the server."""

    model_config = ConfigDict(extra="allow")

    model: str = Field(min_length=1)
    prompt: str = ""
    stream: bool = True


class EmbedForm(BaseModel):
    """Ollama's request for the vectors of some texts."""

    model_config = ConfigDict(extra="allow")

    model: str = Field(min_length=1)
    input: list[str] | str


class EmbeddingsForm(BaseModel):
    """Ollama's older request for the vector of one text."""

    model_config = ConfigDict(extra="allow")

    model: str = Field(min_length=1)
    prompt: str


class NameForm(BaseModel):
    """A model's name; older clients send it as `name`, today's as `model`."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(min_length=1, validation_alias=AliasChoices("model", "name"))


class CreateForm(NameForm):
    """A model to be made."""


class CopyForm(BaseModel):
    """A model to be copied."""

    source: str = Field(min_length=1)
    destination: str = Field(min_length=1)
