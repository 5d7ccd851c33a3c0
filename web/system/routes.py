"""Routes of the system."""

from pathlib import Path
from typing import Any

import orjson
from flask import Blueprint, Response

from shared import db
from shared.config.options import option
from shared.config.settings import get_settings
from shared.errors import Unavailable
from shared.identity import providers
from shared.services import access, accounts, permissions
from shared.services.accounts import Principal
from shared.version import API_VERSION, VERSION
from web import auth
from web.api import endpoint, json_response
from web.configs.config import WEBHOOK
from web.editor import add_editor
from web.errors import Status
from web.system import readiness
from web.system.changelog import newest
from web.system.schemas import ReadyQuery

bp = Blueprint("system", __name__)

_CHANGELOG = Path(__file__).parents[2] / "CHANGELOG.md"


@bp.get("/health")
@endpoint(transaction=None)
def show_health() -> dict[str, bool]:
    """Say that this process answers."""
    return {"status": True}


@bp.get("/health/db")
@endpoint(transaction=None, errors={500: "The database does not answer"})
def show_database_health() -> dict[str, bool]:
    """Say whether the database answers."""
    if not db.is_alive():
        raise Status(500, Unavailable("The database does not answer.").message)
    return {"status": True}


@bp.get("/health/ready")
@endpoint(query=ReadyQuery, transaction=None, errors={503: "Something is missing"})
def show_readiness(query: ReadyQuery) -> Response:
    """Say whether all is there that work needs: 503 with what is missing when not."""
    missing = readiness.missing(query.names())
    status = 503 if missing else 200
    return json_response(orjson.dumps({"status": not missing, "missing": missing}), status)


@bp.get("/api/version")
@endpoint(transaction=None)
def show_version() -> dict[str, str]:
    """Give the version of the surface that clients see, and our own."""
    return {"version": API_VERSION, "switchyard": VERSION, "deployment_id": ""}


@bp.get("/api/version/updates")
@endpoint(transaction=None, who="member")
def show_updates() -> dict[str, str]:
    """Give the version that runs as the newest: this server asks nobody about itself."""
    return {"current": API_VERSION, "latest": API_VERSION}


add_editor(bp, WEBHOOK, "/api/webhook")


@bp.get("/api/changelog")
@endpoint(transaction=None)
def show_changelog() -> dict[str, Any]:
    """Give our newest changes in the form of the page's dialog."""
    return newest(_CHANGELOG.read_text("utf-8"), 5, VERSION)


@bp.get("/api/config")
@endpoint()
def show_config() -> dict[str, Any]:
    """Tell a page what it may offer: little to strangers, more to who is signed in."""
    user = auth.optional_user()
    config = _for_everybody()
    if user is None:
        return config if accounts.has_any() else {**config, "onboarding": True}
    for_member = _for_member(user)
    return {**config, **for_member, "features": {**config["features"], **for_member["features"]}}


def _for_everybody() -> dict[str, Any]:
    return {
        "status": True,
        "name": get_settings().webui_name,
        "version": API_VERSION,
        "default_locale": option("DEFAULT_LOCALE"),
        "oauth": {"providers": {one.name: one.label for one in providers.offered().values()}},
        "features": {
            "auth": get_settings().webui_auth,
            "auth_trusted_header": bool(get_settings().webui_auth_trusted_email_header),
            "enable_ldap": option("ENABLE_LDAP"),
            "enable_api_key": option("ENABLE_API_KEY"),
            "enable_signup": option("ENABLE_SIGNUP") and get_settings().webui_auth,
            "enable_login_form": option("ENABLE_LOGIN_FORM"),
            "enable_websocket": get_settings().enable_websocket_support,
        },
    }


_FEATURES = {
    "enable_direct_connections": "ENABLE_DIRECT_CONNECTIONS",
    "enable_channels": "ENABLE_CHANNELS",
    "enable_web_search": "ENABLE_WEB_SEARCH",
    "enable_code_execution": "ENABLE_CODE_EXECUTION",
    "enable_code_interpreter": "ENABLE_CODE_INTERPRETER",
    "enable_image_generation": "ENABLE_IMAGE_GENERATION",
    "enable_autocomplete_generation": "ENABLE_AUTOCOMPLETE_GENERATION",
    "enable_community_sharing": "ENABLE_COMMUNITY_SHARING",
    "enable_message_rating": "ENABLE_MESSAGE_RATING",
    "enable_user_webhooks": "ENABLE_USER_WEBHOOKS",
    "enable_google_drive_integration": "ENABLE_GOOGLE_DRIVE_INTEGRATION",
    "enable_onedrive_integration": "ENABLE_ONEDRIVE_INTEGRATION",
}


def _for_member(user: Principal) -> dict[str, Any]:
    settings = get_settings()
    features = {name: option(source) for name, source in _FEATURES.items()}
    features["enable_admin_export"] = settings.enable_admin_export
    features["enable_admin_chat_access"] = settings.enable_admin_chat_access
    config = {
        "features": features,
        "default_models": option("DEFAULT_MODELS"),
        "default_prompt_suggestions": option("DEFAULT_PROMPT_SUGGESTIONS"),
        "user_count": accounts.count(),
        "code": {"engine": option("CODE_EXECUTION_ENGINE")},
        "audio": {
            "tts": {
                "engine": option("AUDIO_TTS_ENGINE"),
                "voice": option("AUDIO_TTS_VOICE"),
                "split_on": option("AUDIO_TTS_SPLIT_ON"),
            },
            "stt": {"engine": option("AUDIO_STT_ENGINE")},
        },
        "file": {
            "max_size": option("RAG_FILE_MAX_SIZE"),
            "max_count": option("RAG_FILE_MAX_COUNT"),
        },
        "permissions": permissions.of_user(user.id),
        "google_drive": {
            "client_id": option("GOOGLE_DRIVE_CLIENT_ID"),
            "api_key": option("GOOGLE_DRIVE_API_KEY"),
        },
        "onedrive": {"client_id": option("ONEDRIVE_CLIENT_ID")},
        "license_metadata": None,
    }
    return {**config, "active_entries": None} if access.can(user, "use", "admin") else config
