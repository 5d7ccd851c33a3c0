"""Headers for browsers that an operator wants with every answer, under Open WebUI's names."""

from shared.config.settings import Settings

_HEADERS = {
    "Cache-Control": "cache_control",
    "Content-Security-Policy": "content_security_policy",
    "Permissions-Policy": "permissions_policy",
    "Referrer-Policy": "referrer_policy",
    "Strict-Transport-Security": "hsts",
    "X-Content-Type-Options": "xcontent_type",
    "X-Download-Options": "xdownload_options",
    "X-Frame-Options": "xframe_options",
    "X-Permitted-Cross-Domain-Policies": "xpermitted_cross_domain_policies",
}
# Whatever a file claims to be, no browser is to guess another type.
_ALWAYS = {"X-Content-Type-Options": "nosniff"}


def wanted(settings: Settings) -> dict[str, str]:
    """Give the headers with their values; an answer that has one of its own keeps that."""
    set_ones = {name: str(getattr(settings, field)) for name, field in _HEADERS.items()}
    return _ALWAYS | {name: value for name, value in set_ones.items() if value}
