"""Identity tokens: what a provider has signed about somebody."""

from typing import Any

from joserfc import jwk, jwt
from joserfc.errors import InvalidKeyIdError, JoseError

from shared.identity import metadata
from shared.identity.errors import Refused

# No "none", and no algorithm whose key is the secret that a leak would give away.
_ALGORITHMS = [
    *("RS256", "RS384", "RS512"),
    *("PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
]
_LEEWAY_S = 60


def verified(
    token: str, configuration: dict[str, Any], client_id: str, nonce: str
) -> dict[str, Any]:
    """Read an identity token, if it is the provider's, for us, still good, and of this attempt.

    Args:
        configuration: The provider's, by discovery.
        nonce: Sent when the sign-in began.

    Raises:
        Refused: It is not.
        Unreachable: The provider's keys cannot be had.

    Source: OpenID Connect Core 1.0, 3.1.3.7.
    """
    claims = _signed(token, str(configuration.get("jwks_uri", "")))
    _check(claims, _issuer(configuration, claims), client_id, nonce)
    return claims


def _signed(token: str, keys_url: str) -> dict[str, Any]:
    try:
        try:
            return _decoded(token, metadata.keys(keys_url))
        except InvalidKeyIdError:  # a key that is newer than ours
            return _decoded(token, metadata.keys(keys_url, is_new=True))
    except (JoseError, ValueError, KeyError) as error:
        raise Refused from error


def _decoded(token: str, keys: dict[str, Any]) -> dict[str, Any]:
    usable = {"keys": [key for key in keys.get("keys", []) if key.get("use") != "enc"]}
    decoded = jwt.decode(token, jwk.KeySet.import_key_set(usable), algorithms=_ALGORITHMS)  # type: ignore[arg-type]  # the provider's JSON
    return dict(decoded.claims)


def _issuer(configuration: dict[str, Any], claims: dict[str, Any]) -> str:
    # Microsoft's shared tenants have the issuer of the tenant that signs somebody in.
    # Source: learn.microsoft.com, "Access tokens in the Microsoft identity platform".
    issuer = str(configuration.get("issuer", ""))
    return issuer.replace("{tenantid}", str(claims.get("tid", "")))


def _check(claims: dict[str, Any], issuer: str, client_id: str, nonce: str) -> None:
    registry = jwt.JWTClaimsRegistry(
        leeway=_LEEWAY_S,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        registry.validate(claims)
    except JoseError as error:
        raise Refused from error
    audience = claims["aud"]
    is_shared = isinstance(audience, list) and len(audience) > 1
    if claims.get("azp", None if is_shared else client_id) != client_id:
        raise Refused
