"""Forms and answers of the model routes."""

from typing import Any

from pydantic import ConfigDict, Field, field_validator

from shared.schema import Schema
from shared.services.presets import Draft
from web.sharing import GrantsForm, Owner, SharedForm, SharedResponse

# What a page finds of a model of which nothing was said.
_UNSAID = {
    "profile_image_url": "/static/favicon.png",
    "description": None,
    "capabilities": None,
}


class KnowledgeForm(Schema):
    """A knowledge base or a file that a model brings along, as the page keeps it."""

    model_config = ConfigDict(extra="allow")

    id: str | None = None
    type: str | None = None
    collection_names: list[str] | None = None


class MetaForm(Schema):
    """What a page shows of a model; unknown keys are kept."""

    model_config = ConfigDict(extra="allow")

    profile_image_url: str | None = None
    description: str | None = None
    capabilities: dict[str, Any] | None = None
    knowledge: list[KnowledgeForm] | None = None
    toolIds: list[str] | None = None  # noqa: N815 -- the contract's name
    skillIds: list[str] | None = None  # noqa: N815 -- the same


class ModelForm(SharedForm):
    """A preset over a base model, or (without `base_model_id`) a word about an upstream model."""

    id: str = Field(min_length=1, max_length=256, pattern=r"^[^\x00]+$")
    base_model_id: str | None = Field(None, max_length=256, pattern=r"^[^\x00]*$")
    name: str = Field(max_length=1000, pattern=r"^[^\x00]*$")
    meta: MetaForm
    params: dict[str, Any]
    is_active: bool = True

    @property
    def draft(self) -> Draft:
        """What of it is stored."""
        return Draft(
            self.base_model_id or None,
            self.name,
            {**_UNSAID, **self.meta.model_dump(exclude_unset=True)},
            self.params,
            self.control,
            self.is_active,
        )


class ModelsForm(Schema):
    """Several models."""

    models: list[ModelForm] = Field(max_length=1000)


class WhichQuery(Schema):
    """Which model; ids contain slashes, which is why none stands in a path."""

    id: str


class MaybeWhichQuery(Schema):
    """Which model; newer clients say it in the body instead."""

    id: str | None = None


class WhichForm(Schema):
    """Which model."""

    id: str


class ModelGrantsForm(GrantsForm):
    """Whom a model lets in."""

    id: str


class PageQuery(Schema):
    """A page of a list."""

    page: int = Field(1, ge=1, le=100_000)
    query: str = ""


class ModelResponse(SharedResponse):
    """A model's row; its `meta` has what every page looks for, said or not."""

    noun = "model"

    id: str
    base_model_id: str | None
    name: str
    params: dict[str, Any]
    meta: dict[str, Any]
    is_active: bool
    updated_at: int
    created_at: int

    @field_validator("meta")
    @classmethod
    def _with_unsaid(cls, meta: dict[str, Any]) -> dict[str, Any]:
        return {**_UNSAID, **meta}


class OwnedModelResponse(ModelResponse):
    """A model's row with its owner."""

    user: Owner | None = None


class ModelsResponse(Schema):
    """A page of a list."""

    items: list[OwnedModelResponse]
    total: int
