"""Forms and answers of the function routes."""

from typing import Any

from pydantic import ConfigDict, Field

from shared.schema import Schema
from shared.services.descriptions import Description
from shared.services.functions import Draft
from web.sharing import Owner
from web.tools.schemas import MetaForm


class FunctionForm(Schema):
    """What an admin writes of a function."""

    id: str = Field(max_length=256)
    name: str = Field(max_length=1000)
    content: str
    meta: MetaForm

    def draft(self, known: Description | None) -> Draft:
        """Give what of it is stored, with what is known of it."""
        return Draft(self.name, self.content, self.meta.model_dump(), known)


class FunctionResponse(Schema):
    """A function in a list; its source and its valves are shown to admins elsewhere."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    user_id: str
    type: str
    name: str
    meta: dict[str, Any]
    is_active: bool
    is_global: bool
    updated_at: int
    created_at: int


class OwnedFunctionResponse(FunctionResponse):
    """A function in a list, with the admin who has put it there."""

    user: Owner | None = None


class WholeFunctionResponse(FunctionResponse):
    """A function with its source."""

    content: str
    problem: str | None = None
