"""Forms and answers of the routes of pipelines servers."""

from typing import Any

from pydantic import ConfigDict, Field, RootModel

from shared.schema import Schema


class PlaceQuery(Schema):
    """Which server, by its place in the list of connections; the first without it."""

    model_config = ConfigDict(populate_by_name=True)

    index: int = Field(0, ge=0, alias="urlIdx")


class AddForm(Schema):
    """A pipeline that a server is to fetch."""

    url: str = Field(max_length=4096)
    index: int = Field(ge=0, alias="urlIdx")


class DeleteForm(Schema):
    """A pipeline that a server is to forget."""

    id: str = Field(min_length=1, max_length=512)
    index: int = Field(ge=0, alias="urlIdx")


class ValuesForm(RootModel[dict[str, Any]]):
    """Valves by their names."""


class ServerResponse(Schema):
    """A pipelines server and its place."""

    url: str
    idx: int


class ServersResponse(Schema):
    """All of them."""

    data: list[ServerResponse]
