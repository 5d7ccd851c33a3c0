"""Forms of the configuration routes."""

from typing import Any

from shared.config.options.shapes import Banner, Suggestion
from shared.schema import Schema


class BannersForm(Schema):
    """All notices."""

    banners: list[Banner]


class SuggestionsForm(Schema):
    """All suggestions."""

    suggestions: list[Suggestion]


class ImportForm(Schema):
    """An exported tree."""

    config: dict[str, Any]
