"""Options of accounts and API keys."""

from shared.config.options.base import Option
from shared.config.options.shapes import Lifetime, OptionalText

AUTH = (
    Option("ENABLE_API_KEY", "auth.api_key.enable", True),
    Option("ENABLE_API_KEY_ENDPOINT_RESTRICTIONS", "auth.api_key.endpoint_restrictions", False),
    Option("API_KEY_ALLOWED_ENDPOINTS", "auth.api_key.allowed_endpoints", ""),
    Option("JWT_EXPIRES_IN", "auth.jwt_expiry", "4w", kind=Lifetime),
    Option("SHOW_ADMIN_DETAILS", "auth.admin.show", True),
    Option("ADMIN_EMAIL", "auth.admin.email", None, kind=OptionalText),
)
