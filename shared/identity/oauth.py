"""Signing in with an identity provider: sending somebody there, and reading who comes back.

Authlib speaks the protocol, httpx opens the connections. Imported when the first one signs in so:
these libraries are megabytes of a process.
"""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from authlib.oauth2.auth import encode_client_secret_basic, encode_client_secret_post
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from shared.identity import metadata, providers, tokens
from shared.identity.attempt import Attempt, Identity
from shared.identity.errors import Refused, Unreachable
from shared.identity.providers import Provider
from shared.offload import deadline

log = logging.getLogger(__name__)

_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
_ALL_S = 30
_BASIC = "client_secret_basic"
_JSON = {"accept": "application/json"}


def begin(provider: Provider, redirect_uri: str) -> tuple[str, Attempt]:
    """Begin a sign-in.

    Returns:
        Where to send the browser, and what it has to keep until it comes back.

    Raises:
        Unreachable: The provider does not tell where to.
    """
    attempt = Attempt(
        provider.name,
        secrets.token_urlsafe(32),
        secrets.token_urlsafe(32),
        secrets.token_urlsafe(48),
    )
    with deadline(_ALL_S, Unreachable()):
        place = _endpoint(_configuration(provider), "authorization_endpoint")
    url = prepare_grant_uri(
        place,
        provider.client_id,
        "code",
        redirect_uri,
        provider.scope,
        attempt.state,
        nonce=attempt.nonce,
        code_challenge=create_s256_code_challenge(attempt.verifier),
        code_challenge_method="S256",
    )
    return str(url), attempt


def finish(provider: Provider, redirect_uri: str, attempt: Attempt, code: str) -> Identity:
    """Exchange a code for what the provider tells about who brings it.

    Raises:
        Refused: The code, the proof or the identity token is not good.
        Unreachable: The provider cannot be asked.
    """
    with deadline(_ALL_S, Unreachable()), _as_ours(provider.name):
        configuration = _configuration(provider)
        with httpx.Client(timeout=_TIMEOUT, headers=_JSON) as client:
            token = _exchange(client, provider, configuration, redirect_uri, attempt, code)
            client.headers["authorization"] = f"Bearer {token.get('access_token')}"
            if not provider.discovery:
                return Identity(_of_github(client, configuration), "")
            return _of_openid(client, provider, configuration, token, attempt.nonce)


def end_session_url(provider: Provider) -> str | None:
    """Give the address at which a provider ends its own sign-in, if it has one.

    Raises:
        Unreachable: It does not tell.
    """
    with deadline(_ALL_S, Unreachable()):
        found = _configuration(provider).get("end_session_endpoint")
    return str(found) if found else None


def _configuration(provider: Provider) -> dict[str, Any]:
    if not provider.discovery:
        return dict(providers.github_endpoints())
    return metadata.configuration(provider.discovery)


def _endpoint(configuration: dict[str, Any], name: str) -> str:
    if not isinstance(configuration.get(name), str):
        log.warning("an identity provider has no %s", name)
        raise Unreachable
    return str(configuration[name])


@contextmanager
def _as_ours(name: str) -> Iterator[None]:
    try:
        yield
    except httpx.HTTPStatusError as error:
        log.warning("%s answered with status %d", name, error.response.status_code)
        raise Unreachable from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        log.warning("%s cannot be asked: %s", name, type(error).__name__)
        raise Unreachable from error


def _exchange(
    client: httpx.Client,
    provider: Provider,
    configuration: dict[str, Any],
    redirect_uri: str,
    attempt: Attempt,
    code: str,
) -> dict[str, Any]:
    url = _endpoint(configuration, "token_endpoint")
    body = prepare_token_request(
        "authorization_code", "", redirect_uri, code=code, code_verifier=attempt.verifier
    )
    headers = {"content-type": "application/x-www-form-urlencoded"}
    url, headers, body = _encoder(provider, configuration)(provider, "POST", url, headers, body)
    answer = client.post(url, content=body, headers=headers)
    if answer.status_code >= 500:
        answer.raise_for_status()
    token = answer.json()
    if answer.status_code >= 400 or not isinstance(token, dict) or "error" in token:
        log.info("%s refuses a sign-in with status %d", provider.name, answer.status_code)
        raise Refused
    return token


def _encoder(provider: Provider, configuration: dict[str, Any]) -> Any:
    """Choose how we show who we are: Basic is what a provider that says nothing has to know; GitHub
    wants the other.

    Source: RFC 6749, 2.3.1; OpenID Connect Discovery 1.0, 3.
    """
    known = configuration.get("token_endpoint_auth_methods_supported") or [_BASIC]
    is_basic = bool(provider.discovery) and _BASIC in known
    return encode_client_secret_basic if is_basic else encode_client_secret_post


def _of_openid(
    client: httpx.Client,
    provider: Provider,
    configuration: dict[str, Any],
    token: dict[str, Any],
    nonce: str,
) -> Identity:
    id_token = str(token.get("id_token") or "")
    signed = tokens.verified(id_token, configuration, provider.client_id, nonce)
    told = {}
    if configuration.get("userinfo_endpoint"):
        told = _read(client, configuration["userinfo_endpoint"])
        # Source: OpenID Connect Core 1.0, 5.3.2: another one's must not be used.
        if told.get("sub") != signed["sub"]:
            raise Refused
    return Identity({**told, **signed}, id_token)


def _of_github(client: httpx.Client, configuration: dict[str, Any]) -> dict[str, Any]:
    """Write what GitHub tells in the words of OpenID Connect."""
    user = _read(client, configuration["userinfo_endpoint"])
    primary = _primary(_answer(client, configuration["emails_endpoint"]))
    return {
        **user,
        "sub": str(user.get("id") or ""),
        "name": user.get("name") or user.get("login"),
        "picture": user.get("avatar_url"),
        "email": primary.get("email"),
        "email_verified": primary.get("verified") is True,
    }


def _primary(emails: Any) -> dict[str, Any]:
    listed = [one for one in emails if isinstance(one, dict)] if isinstance(emails, list) else []
    return next((one for one in listed if one.get("primary")), {})


def _read(client: httpx.Client, url: str) -> dict[str, Any]:
    found = _answer(client, url)
    return found if isinstance(found, dict) else {}


def _answer(client: httpx.Client, url: str) -> Any:
    return client.get(url).raise_for_status().json()
