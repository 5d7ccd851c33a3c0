"""The forms of values that are more than one text or number."""

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field

from shared.config.options.base import is_lifetime
from shared.schema import Schema

Count = Annotated[int, Field(ge=1)]
AtLeastZero = Annotated[int, Field(ge=0)]
Port = Annotated[int, Field(ge=1, le=65535)]
OptionalText = str | None
OptionalCount = Annotated[int, Field(ge=1)] | None


def _lifetime(text: str) -> str:
    if not is_lifetime(text):
        raise ValueError("it has to be a number with ms, s, m, h, d or w, or -1")
    return text


Lifetime = Annotated[str, AfterValidator(_lifetime)]
# The page sends an empty text for a number that was cleared.
OptionalNumber = Annotated[float | None, BeforeValidator(lambda v: None if v == "" else v)]


def _without_slash(url: str) -> str:
    return url.strip().rstrip("/")


URL = Annotated[str, AfterValidator(_without_slash)]


class Banner(Schema):
    """A notice at the top of the page."""

    id: str
    type: str
    title: str | None = None
    content: str
    dismissible: bool
    timestamp: int


class Suggestion(Schema):
    """What an empty chat suggests: two lines to show, and what is then asked."""

    model_config = ConfigDict(extra="allow")

    title: list[str]
    content: str


class ConnectionConfig(Schema):
    """More about one model server; unknown keys are kept."""

    model_config = ConfigDict(extra="allow")

    enable: bool | None = True
    prefix_id: str | None = None
    model_ids: list[str] | None = None
    tags: list[dict[str, Any]] | None = None
    key: str | None = None


class ToolServer(Schema):
    """A server whose OpenAPI document describes tools; unknown keys are kept."""

    model_config = ConfigDict(extra="allow")

    url: str
    path: str
    auth_type: str | None
    key: str | None
    config: dict[str, Any] | None


class ArenaModel(Schema):
    """A model of the arena: a name behind which one of several models answers."""

    model_config = ConfigDict(extra="allow")

    id: str
    name: str
    meta: dict[str, Any]
