"""The editors of accounts and of the directory in which they may stand."""

from typing import Any

from flask import Blueprint

from shared.config.options.oauth import OAUTH
from web.editor import Editor, Null, Of, add_editor, named_alike
from web.errors import Status

bp = Blueprint("accounts", __name__)

_MODULE = "web.auths.schemas"

# What newer clients expect beside: what of their server's parts is here, always.
_NEWER = {
    "DEFAULT_GROUP_ID": "",
    "ENABLE_FOLDERS": True,
    "ENABLE_MEMORIES": True,
    "ENABLE_MEMORY_SYSTEM_CONTEXT": False,
    "ENABLE_NOTES": True,
    "ENABLE_AUTOMATIONS": False,
    "ENABLE_CALENDAR": False,
    "ENABLE_USER_STATUS": False,
}

_ADMIN = Editor(
    name="config",
    about="how accounts are handled",
    module=_MODULE,
    constant=_NEWER,
    fields={
        **named_alike("SHOW_ADMIN_DETAILS", "WEBUI_URL", "ENABLE_SIGNUP"),
        "ENABLE_API_KEY": Of("ENABLE_API_KEY", also="ENABLE_API_KEYS"),
        "ENABLE_API_KEY_ENDPOINT_RESTRICTIONS": Of(
            "ENABLE_API_KEY_ENDPOINT_RESTRICTIONS", also="ENABLE_API_KEYS_ENDPOINT_RESTRICTIONS"
        ),
        "API_KEY_ALLOWED_ENDPOINTS": Of(
            "API_KEY_ALLOWED_ENDPOINTS", also="API_KEYS_ALLOWED_ENDPOINTS"
        ),
        "DEFAULT_USER_ROLE": Of("DEFAULT_USER_ROLE", form=str, is_lenient=True),
        "JWT_EXPIRES_IN": Of("JWT_EXPIRES_IN", form=str, is_lenient=True),
        **named_alike(
            "ENABLE_COMMUNITY_SHARING",
            "ENABLE_MESSAGE_RATING",
            "ENABLE_CHANNELS",
            "ENABLE_USER_WEBHOOKS",
        ),
    },
)

_NEEDED = (
    "LDAP_SERVER_LABEL",
    "LDAP_SERVER_HOST",
    "LDAP_ATTRIBUTE_FOR_MAIL",
    "LDAP_ATTRIBUTE_FOR_USERNAME",
    "LDAP_APP_DN",
    "LDAP_APP_PASSWORD",
    "LDAP_SEARCH_BASE",
)


def _complete(values: dict[str, Any]) -> dict[str, Any]:
    if empty := [name for name in _NEEDED if not str(values.get(name, "unchanged")).strip()]:
        names = {of.option: field for field, of in _LDAP_SERVER_FIELDS.items()}
        raise Status(400, f"Required field {names[empty[0]]} is empty")
    return values


_LDAP_SERVER_FIELDS: dict[str, Of] = {
    "label": Of("LDAP_SERVER_LABEL"),
    "host": Of("LDAP_SERVER_HOST"),
    "port": Of("LDAP_SERVER_PORT", is_required=False, null=Null.FORGOTTEN),
    "attribute_for_mail": Of("LDAP_ATTRIBUTE_FOR_MAIL", is_required=False),
    "attribute_for_username": Of("LDAP_ATTRIBUTE_FOR_USERNAME", is_required=False),
    "app_dn": Of("LDAP_APP_DN"),
    "app_dn_password": Of("LDAP_APP_PASSWORD"),
    "search_base": Of("LDAP_SEARCH_BASE"),
    "search_filters": Of("LDAP_SEARCH_FILTERS", is_required=False),
    "use_tls": Of("LDAP_USE_TLS", is_required=False),
    "certificate_path": Of("LDAP_CA_CERT_FILE", is_required=False, null=Null.FORGOTTEN),
    "ciphers": Of("LDAP_CIPHERS", is_required=False, null=Null.FORGOTTEN),
}

_LDAP_SERVER = Editor(
    name="ldap_server",
    about="the directory",
    module=_MODULE,
    fields=_LDAP_SERVER_FIELDS,
    before=_complete,
    refuses="A required field is empty",
)

_LDAP = Editor(
    name="ldap",
    about="whether people sign in by the directory",
    module=_MODULE,
    fields={
        "enable_ldap": Of("ENABLE_LDAP", is_required=False, null=Null.UNCHANGED, also="ENABLE_LDAP")
    },
)

# Newer clients, the only ones that ask for these, know the environment's name of it.
_NEWER_OAUTH = {"OAUTH_GROUPS_CLAIM": "OAUTH_GROUP_CLAIM"}

_OAUTH = Editor(
    name="oauth",
    about="the identity providers",
    module=_MODULE,
    fields={
        one.name: Of(
            one.name,
            is_required=False,
            null=Null.FORGOTTEN if one.kind else Null.REFUSED,
            also=_NEWER_OAUTH.get(one.name),
            is_joined=isinstance(one.default, list),
        )
        for one in OAUTH
    },
)

add_editor(bp, _ADMIN, "/config")
add_editor(bp, _OAUTH, "/config/oauth")
add_editor(bp, _LDAP, "/config/ldap")
add_editor(bp, _LDAP_SERVER, "/config/ldap/server")
