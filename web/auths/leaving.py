"""Signing out at the identity provider as well."""

import logging
from urllib.parse import urlencode

from flask import request

from shared.identity import providers
from shared.identity.errors import Unreachable
from web.auths.entering import ID_TOKEN_COOKIE

log = logging.getLogger(__name__)


def farewell_url() -> str | None:
    """Give the provider's address for a browser that came by it; None when there is none, or the
    provider does not answer: here it is signed out all the same.

    Source: OpenID Connect RP-Initiated Logout 1.0.
    """
    id_token = request.cookies.get(ID_TOKEN_COOKIE)
    provider = providers.offered().get("oidc") if id_token else None
    if provider is None:
        return None
    from shared.identity import oauth  # noqa: PLC0415 -- see there

    try:
        url = oauth.end_session_url(provider)
    except Unreachable:
        log.warning("a user is signed out here, and perhaps not at the provider")
        return None
    return f"{url}?{urlencode({'id_token_hint': id_token})}" if url else None
