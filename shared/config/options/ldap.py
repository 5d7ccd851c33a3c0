"""Options of the sign-in by LDAP."""

from shared.config.options.base import Option
from shared.config.options.shapes import Port

LDAP = (
    Option("ENABLE_LDAP", "ldap.enable", False),
    Option("LDAP_SERVER_LABEL", "ldap.server.label", "LDAP Server"),
    Option("LDAP_SERVER_HOST", "ldap.server.host", "localhost"),
    Option("LDAP_SERVER_PORT", "ldap.server.port", 389, kind=Port),
    Option("LDAP_ATTRIBUTE_FOR_MAIL", "ldap.server.attribute_for_mail", "mail"),
    Option("LDAP_ATTRIBUTE_FOR_USERNAME", "ldap.server.attribute_for_username", "uid"),
    Option("LDAP_APP_DN", "ldap.server.app_dn", ""),
    Option("LDAP_APP_PASSWORD", "ldap.server.app_password", "", is_secret=True),
    Option("LDAP_SEARCH_BASE", "ldap.server.users_dn", ""),
    Option(
        "LDAP_SEARCH_FILTERS",
        "ldap.server.search_filter",
        "",
        env=("LDAP_SEARCH_FILTER", "LDAP_SEARCH_FILTERS"),
    ),
    Option("LDAP_USE_TLS", "ldap.server.use_tls", True),
    Option("LDAP_CA_CERT_FILE", "ldap.server.ca_cert_file", ""),
    Option("LDAP_CIPHERS", "ldap.server.ciphers", "ALL"),
)
