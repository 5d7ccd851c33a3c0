"""Forms and answers of the Ollama connections' routes."""

from typing import Any

from pydantic import AliasChoices, ConfigDict, Field

from shared.config.options.shapes import ConnectionConfig
from shared.schema import Schema


class ConfigForm(Schema):
    """The connections; keys stand in the configs."""

    ENABLE_OLLAMA_API: bool | None = None
    OLLAMA_BASE_URLS: list[str]
    OLLAMA_API_CONFIGS: dict[str, ConnectionConfig]


class ConfigResponse(Schema):
    """The connections, with masked keys."""

    ENABLE_OLLAMA_API: bool
    OLLAMA_BASE_URLS: list[str]
    OLLAMA_API_CONFIGS: dict[str, Any]


class VerifyForm(Schema):
    """A connection to be tried."""

    url: str
    key: str | None = None


class PlaceQuery(Schema):
    """Which of the connections is meant; the first that has the model when it is not said."""

    url_idx: int | None = None


class ChatForm(Schema):
    """Ollama's chat request."""

    model_config = ConfigDict(extra="allow")

    model: str = Field(min_length=1)
    messages: list[dict[str, Any]] = Field(min_length=1)
    stream: bool = True
    options: dict[str, Any] | None = None


class GenerateForm(Schema):
    """Ollama's request for a text behind a prompt; whatever else it holds goes to the server."""

    model_config = ConfigDict(extra="allow")

    model: str = Field(min_length=1)
    prompt: str = ""
    stream: bool = True


class EmbedForm(Schema):
    """Ollama's request for the vectors of some texts."""

    model_config = ConfigDict(extra="allow")

    model: str = Field(min_length=1)
    input: list[str] | str


class EmbeddingsForm(Schema):
    """Ollama's older request for the vector of one text."""

    model_config = ConfigDict(extra="allow")

    model: str = Field(min_length=1)
    prompt: str


class NameForm(Schema):
    """A model's name; older clients send it as `name`, today's as `model`."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(min_length=1, validation_alias=AliasChoices("model", "name"))


class CreateForm(NameForm):
    """A model to be made."""


class CopyForm(Schema):
    """A model to be copied."""

    source: str = Field(min_length=1)
    destination: str = Field(min_length=1)


class DownloadForm(Schema):
    """The address of a model file."""

    url: str = Field(min_length=1)
