"""A sign-in with an identity provider, at its beginning and at its end."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Attempt:
    """One sign-in under way: what only the browser that began it knows.

    Attributes:
        nonce: Comes back inside the identity token.
        verifier: Proves to the provider that who brings the code asked for it (PKCE, RFC 7636).
    """

    provider: str
    state: str
    nonce: str
    verifier: str


@dataclass(frozen=True)
class Identity:
    """Who came back.

    Attributes:
        claims: All that the provider tells.
        id_token: As the provider signed it; empty where it has none.
    """

    claims: dict[str, Any]
    id_token: str
