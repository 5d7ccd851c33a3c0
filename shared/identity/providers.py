"""The identity providers that an admin has set up."""

from dataclasses import dataclass

from shared.config.options import option
from shared.config.settings import get_settings

_GOOGLE = "https://accounts.google.com/.well-known/openid-configuration"
_MICROSOFT = "https://login.microsoftonline.com/{}/v2.0/.well-known/openid-configuration"
_GITHUB_URL = "https://github.com"
_GITHUB_API_URL = "https://api.github.com"


@dataclass(frozen=True)
class Provider:
    """One provider.

    Attributes:
        name: In our own paths: google, microsoft, github, oidc.
        label: On its button.
        redirect_uri: Where it sends people back to; empty for this server's own address.
        discovery: Address of its OpenID Connect configuration; empty for GitHub, which has none.
    """

    name: str
    label: str
    client_id: str
    client_secret: str
    scope: str
    redirect_uri: str
    discovery: str


# GitHub's own, in the place of what others tell by discovery.
# Source: https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
def github_endpoints() -> dict[str, str]:
    """Give GitHub's addresses."""
    return {
        "authorization_endpoint": f"{_GITHUB_URL}/login/oauth/authorize",
        "token_endpoint": f"{_GITHUB_URL}/login/oauth/access_token",
        "userinfo_endpoint": f"{_GITHUB_API_URL}/user",
        "emails_endpoint": f"{_GITHUB_API_URL}/user/emails",
    }


def offered() -> dict[str, Provider]:
    """Give the providers whose id and secret are set, by name."""
    if not get_settings().enable_oauth:
        return {}
    known = (_google(), _microsoft(), _github(), _generic())
    return {one.name: one for one in known if _is_complete(one)}


def _is_complete(provider: Provider) -> bool:
    is_placed = bool(provider.discovery) or provider.name == "github"
    return bool(provider.client_id and provider.client_secret) and is_placed


def _google() -> Provider:
    return Provider(
        "google",
        "google",
        option("GOOGLE_CLIENT_ID"),
        option("GOOGLE_CLIENT_SECRET"),
        option("GOOGLE_OAUTH_SCOPE"),
        option("GOOGLE_REDIRECT_URI"),
        _GOOGLE,
    )


def _microsoft() -> Provider:
    tenant = option("MICROSOFT_CLIENT_TENANT_ID")
    return Provider(
        "microsoft",
        "microsoft",
        option("MICROSOFT_CLIENT_ID"),
        option("MICROSOFT_CLIENT_SECRET"),
        option("MICROSOFT_OAUTH_SCOPE"),
        option("MICROSOFT_REDIRECT_URI"),
        _MICROSOFT.format(tenant) if tenant else "",
    )


def _github() -> Provider:
    return Provider(
        "github",
        "github",
        option("GITHUB_CLIENT_ID"),
        option("GITHUB_CLIENT_SECRET"),
        option("GITHUB_CLIENT_SCOPE"),
        option("GITHUB_CLIENT_REDIRECT_URI"),
        "",
    )


def _generic() -> Provider:
    return Provider(
        "oidc",
        option("OAUTH_PROVIDER_NAME"),
        option("OAUTH_CLIENT_ID"),
        option("OAUTH_CLIENT_SECRET"),
        option("OAUTH_SCOPES"),
        option("OPENID_REDIRECT_URI"),
        option("OPENID_PROVIDER_URL"),
    )
