"""What is read of an address."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """The text of a page.

    Attributes:
        url: Where it was found in the end.
        title: Its own, else its address.
    """

    url: str
    title: str
    text: str
