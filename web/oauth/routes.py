"""Routes of the sign-in by identity providers."""

import hmac
from typing import Any

from flask import Blueprint, Response, request

from shared import db
from shared.config.settings import get_settings
from shared.errors import Forbidden, Invalid
from shared.identity import providers
from shared.identity.attempt import Identity
from shared.identity.errors import Refused
from shared.identity.providers import Provider
from shared.services import arrivals
from web import audit
from web.api import endpoint
from web.auths import limits
from web.auths.entering import ID_TOKEN_COOKIE, enter, set_cookie
from web.auths.schemas import SessionResponse
from web.errors import Status
from web.oauth import attempts

bp = Blueprint("oauth", __name__)

_REFUSED = "The sign-in with the provider has failed. Please try again."


def _oauth() -> Any:
    from shared.identity import oauth  # noqa: PLC0415 -- see there

    return oauth


def _redirect(url: str, status: int) -> Response:
    return Response(status=status, headers={"Location": url})


def _provider(name: str) -> Provider:
    found = providers.offered().get(name)
    if found is None:
        raise Status(404, "There is no such provider.")
    return found


def _redirect_uri(provider: Provider) -> str:
    return provider.redirect_uri or f"{request.host_url}oauth/{provider.name}/callback"


@bp.get("/oauth/<provider_name>/login")
@endpoint(transaction=None, status=302, errors={404: "No such provider", 429: "Too many failures"})
def begin(provider_name: str) -> Response:
    """Send the browser to a provider."""
    provider = _provider(provider_name)
    limits.check(_counted(provider))
    url, attempt = _oauth().begin(provider, _redirect_uri(provider))
    answer = _redirect(url, 302)
    attempts.keep(answer, attempt)
    return answer


@bp.get("/oauth/<provider_name>/callback")
@endpoint(
    transaction=None,
    status=307,
    errors={
        400: "The sign-in has failed, or the address is another account's",
        403: "New accounts are not opened this way",
        404: "No such provider",
        429: "Too many failures",
    },
)
def finish(provider_name: str) -> Response:
    """Sign in whom the provider sends back, and send the browser to the page with a token."""
    provider = _provider(provider_name)
    limits.check(_counted(provider))
    try:
        identity = _identity(provider)
        session = _admitted(provider, identity)
    except (Refused, Invalid, Forbidden) as error:
        limits.note_failure(_counted(provider))
        audit.note_refusal(provider.name)
        raise _told(error) from None
    return _to_the_page(session, identity.id_token)


def _counted(provider: Provider) -> str:
    # Who it is shows only at the end: failures are counted by place.
    return f"oauth:{provider.name}"


def _identity(provider: Provider) -> Identity:
    attempt, state = attempts.kept(), request.args.get("state", "")
    code = request.args.get("code", "")
    if attempt is None or attempt.provider != provider.name or not code:
        raise Refused
    if not hmac.compare_digest(attempt.state.encode(), state.encode()):
        raise Refused
    identity: Identity = _oauth().finish(provider, _redirect_uri(provider), attempt, code)
    return identity


def _admitted(provider: Provider, identity: Identity) -> SessionResponse:
    arrival = arrivals.of_claims(provider.name, identity.claims)
    with db.transaction():
        return enter(arrivals.admit(arrival), provider.name)


def _told(error: Refused | Invalid | Forbidden) -> Status:
    if isinstance(error, Refused):
        return Status(400, _REFUSED)
    return Status(403 if isinstance(error, Forbidden) else 400, error.message)


def _to_the_page(session: SessionResponse, id_token: str) -> Response:
    # After the #, which browsers send to nobody.
    answer = _redirect(f"{request.host_url}auth#token={session.token}", 307)
    attempts.forget(answer)
    set_cookie(answer, session)
    if id_token:
        answer.set_cookie(
            ID_TOKEN_COOKIE,
            id_token,
            expires=session.expires_at,
            httponly=True,
            secure=get_settings().webui_auth_cookie_secure,
            samesite="Lax",
        )
    return answer
