"""Forms and answers of the configuration routes."""

from pydantic import BaseModel


class Banner(BaseModel):
    """A notice at the top of the page."""

    id: str
    type: str
    title: str | None = None
    content: str
    dismissible: bool
    timestamp: int


class BannersForm(BaseModel):
    """All notices."""

    banners: list[Banner]
