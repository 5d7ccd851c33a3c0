"""Forms of the configuration routes."""

from typing import Any

from pydantic import BaseModel

from shared.config.options.shapes import Banner, Suggestion


class BannersForm(BaseModel):
    """All notices."""

    banners: list[Banner]


class SuggestionsForm(BaseModel):
    """All suggestions."""

    suggestions: list[Suggestion]


class ImportForm(BaseModel):
    """An exported tree."""

    config: dict[str, Any]
