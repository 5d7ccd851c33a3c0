"""Options of the sign-in by OAuth and OpenID Connect."""

from shared.config.options.base import Option, divided_by
from shared.config.options.shapes import OptionalText

_SCOPE = "openid email profile"

OAUTH = (
    Option("ENABLE_OAUTH_SIGNUP", "oauth.enable_signup", False),
    Option("OAUTH_MERGE_ACCOUNTS_BY_EMAIL", "oauth.merge_accounts_by_email", False),
    Option("GOOGLE_CLIENT_ID", "oauth.google.client_id", ""),
    Option("GOOGLE_CLIENT_SECRET", "oauth.google.client_secret", "", is_secret=True),
    Option("GOOGLE_OAUTH_SCOPE", "oauth.google.scope", _SCOPE),
    Option("GOOGLE_REDIRECT_URI", "oauth.google.redirect_uri", ""),
    Option("MICROSOFT_CLIENT_ID", "oauth.microsoft.client_id", ""),
    Option("MICROSOFT_CLIENT_SECRET", "oauth.microsoft.client_secret", "", is_secret=True),
    Option("MICROSOFT_CLIENT_TENANT_ID", "oauth.microsoft.tenant_id", ""),
    Option("MICROSOFT_OAUTH_SCOPE", "oauth.microsoft.scope", _SCOPE),
    Option("MICROSOFT_REDIRECT_URI", "oauth.microsoft.redirect_uri", ""),
    Option("GITHUB_CLIENT_ID", "oauth.github.client_id", ""),
    Option("GITHUB_CLIENT_SECRET", "oauth.github.client_secret", "", is_secret=True),
    Option("GITHUB_CLIENT_SCOPE", "oauth.github.scope", "user:email"),
    Option("GITHUB_CLIENT_REDIRECT_URI", "oauth.github.redirect_uri", ""),
    Option("OAUTH_CLIENT_ID", "oauth.oidc.client_id", ""),
    Option("OAUTH_CLIENT_SECRET", "oauth.oidc.client_secret", "", is_secret=True),
    Option("OPENID_PROVIDER_URL", "oauth.oidc.provider_url", ""),
    Option("OPENID_REDIRECT_URI", "oauth.oidc.redirect_uri", ""),
    Option("OAUTH_SCOPES", "oauth.oidc.scopes", _SCOPE),
    Option(
        "OAUTH_CODE_CHALLENGE_METHOD",
        "oauth.oidc.code_challenge_method",
        None,
        kind=OptionalText,
    ),
    Option("OAUTH_PROVIDER_NAME", "oauth.oidc.provider_name", "SSO"),
    Option("OAUTH_USERNAME_CLAIM", "oauth.oidc.username_claim", "name"),
    Option("OAUTH_PICTURE_CLAIM", "oauth.oidc.avatar_claim", "picture"),
    Option("OAUTH_EMAIL_CLAIM", "oauth.oidc.email_claim", "email"),
    # Open WebUI reads the name without the S.
    Option(
        "OAUTH_GROUPS_CLAIM",
        "oauth.oidc.group_claim",
        "groups",
        env=("OAUTH_GROUP_CLAIM", "OAUTH_GROUPS_CLAIM"),
    ),
    Option("ENABLE_OAUTH_ROLE_MANAGEMENT", "oauth.enable_role_mapping", False),
    Option("ENABLE_OAUTH_GROUP_MANAGEMENT", "oauth.enable_group_mapping", False),
    Option("OAUTH_ROLES_CLAIM", "oauth.roles_claim", "roles"),
    Option(
        "OAUTH_ALLOWED_ROLES",
        "oauth.allowed_roles",
        ["user", "admin"],
        kind=list[str],
        parse=divided_by(","),
    ),
    Option(
        "OAUTH_ADMIN_ROLES",
        "oauth.admin_roles",
        ["admin"],
        kind=list[str],
        parse=divided_by(","),
    ),
    Option(
        "OAUTH_ALLOWED_DOMAINS",
        "oauth.allowed_domains",
        ["*"],
        kind=list[str],
        parse=divided_by(","),
    ),
)
