"""Options: what an admin may change while all runs; saved, else environment, else default."""

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy import delete, select

from shared import db
from shared.config.secrets import seal, unseal
from shared.config.settings import BadSetting, environment, get_settings
from shared.ids import now_s
from shared.models.option import OptionRow
from shared.redis import get_redis, key

_FRESH_S = 0.5
LIFETIME = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")

Parse = Callable[[str], Any]


@dataclass(frozen=True)
class Option:
    """One changeable value.

    Attributes:
        name: Its name in the admin API and, unless `env` says otherwise, in the environment.
        key: Its dotted key in exports and in the database.
        default: Used when neither saved nor in the environment.
        env: Names in the environment, the first one that is set counts.
        parse: Turns the environment's text into the value.
        is_secret: Encrypted at rest: a text, a list of texts, or the `key` of each of several
            connections.
    """

    name: str
    key: str
    default: Any
    env: tuple[str, ...] = ()
    parse: Parse | None = None
    is_secret: bool = False


def parse_bool(text: str) -> bool:
    """Read a truth value: the word true (or 1, yes, on) in any case."""
    lowered = text.strip().lower()
    if lowered in ("true", "1", "yes", "on"):
        return True
    if lowered in ("false", "0", "no", "off", ""):
        return False
    raise ValueError("it has to be true or false")


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("it has to be a whole number") from None


def _list(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise ValueError(f"it has to be a JSON list: {error}") from None
    if not isinstance(value, list):
        raise ValueError("it has to be a JSON list")
    return value


def _role(text: str) -> str:
    if text not in ("pending", "user", "admin"):
        raise ValueError("it has to be pending, user or admin")
    return text


def is_lifetime(text: str) -> bool:
    """Whether a text is a length of time such as 30m, 12h or 4w, or -1 or 0 for one without end."""
    return text in ("-1", "0") or LIFETIME.fullmatch(text) is not None


def _lifetime(text: str) -> str:
    if not is_lifetime(text):
        raise ValueError("it has to be a number with ms, s, m, h, d or w, or -1")
    return text


def _urls(text: str) -> list[str]:
    return [url.strip().rstrip("/") for url in text.split(";")]


def _texts(text: str) -> list[str]:
    return [part.strip() for part in text.split(";")]


_SUGGESTIONS = [
    {
        "title": ["Explain a hard idea", "in words for a beginner"],
        "content": "Explain how a vaccine works to someone who never studied biology.",
    },
    {
        "title": ["Plan a week", "of simple dinners"],
        "content": "Plan five quick vegetarian dinners for two people, with one shopping list.",
    },
    {
        "title": ["Find the mistake", "in a piece of code"],
        "content": "I will paste a function. Tell me what is wrong with it and how to test that.",
    },
    {
        "title": ["Shorten a text", "and keep its meaning"],
        "content": "Shorten the text that I send next to half its length without losing facts.",
    },
]

OPTIONS: dict[str, Option] = {
    option.name: option
    for option in (
        Option("ENABLE_API_KEY", "auth.api_key.enable", True),
        Option("ENABLE_API_KEY_ENDPOINT_RESTRICTIONS", "auth.api_key.endpoint_restrictions", False),
        Option("API_KEY_ALLOWED_ENDPOINTS", "auth.api_key.allowed_endpoints", ""),
        Option("JWT_EXPIRES_IN", "auth.jwt_expiry", "4w", parse=_lifetime),
        Option("SHOW_ADMIN_DETAILS", "auth.admin.show", True),
        Option("ADMIN_EMAIL", "auth.admin.email", None),
        Option("WEBUI_URL", "webui.url", "http://localhost:8080"),
        Option("ENABLE_SIGNUP", "ui.enable_signup", True),
        Option("ENABLE_LOGIN_FORM", "ui.ENABLE_LOGIN_FORM", True),
        Option("DEFAULT_LOCALE", "ui.default_locale", ""),
        Option("DEFAULT_MODELS", "ui.default_models", None),
        Option("DEFAULT_PROMPT_SUGGESTIONS", "ui.prompt_suggestions", _SUGGESTIONS),
        Option("MODEL_ORDER_LIST", "ui.model_order_list", []),
        Option("DEFAULT_USER_ROLE", "ui.default_user_role", "pending", parse=_role),
        Option("ENABLE_CHANNELS", "channels.enable", False),
        Option("ENABLE_COMMUNITY_SHARING", "ui.enable_community_sharing", True),
        Option("ENABLE_MESSAGE_RATING", "ui.enable_message_rating", True),
        Option("ENABLE_USER_WEBHOOKS", "ui.enable_user_webhooks", True),
        Option("WEBUI_BANNERS", "ui.banners", [], parse=_list),
        Option("ENABLE_DIRECT_CONNECTIONS", "direct.enable", True),
        Option("ENABLE_OLLAMA_API", "ollama.enable", True),
        Option(
            "OLLAMA_BASE_URLS",
            "ollama.base_urls",
            ["http://localhost:11434"],
            env=("OLLAMA_BASE_URLS", "OLLAMA_BASE_URL", "OLLAMA_API_BASE_URL"),
            parse=_urls,
        ),
        Option("OLLAMA_API_CONFIGS", "ollama.api_configs", {}, is_secret=True),
        Option("ENABLE_OPENAI_API", "openai.enable", True),
        Option(
            "OPENAI_API_KEYS",
            "openai.api_keys",
            [""],
            env=("OPENAI_API_KEYS", "OPENAI_API_KEY"),
            parse=_texts,
            is_secret=True,
        ),
        Option(
            "OPENAI_API_BASE_URLS",
            "openai.api_base_urls",
            ["https://api.openai.com/v1"],
            env=("OPENAI_API_BASE_URLS", "OPENAI_API_BASE_URL"),
            parse=_urls,
        ),
        Option("OPENAI_API_CONFIGS", "openai.api_configs", {}),
        Option("TASK_MODEL", "task.model.default", ""),
        Option("TASK_MODEL_EXTERNAL", "task.model.external", ""),
        Option("TITLE_GENERATION_PROMPT_TEMPLATE", "task.title.prompt_template", ""),
        Option("TAGS_GENERATION_PROMPT_TEMPLATE", "task.tags.prompt_template", ""),
        Option("ENABLE_TAGS_GENERATION", "task.tags.enable", True),
        Option("ENABLE_TITLE_GENERATION", "task.title.enable", True),
        Option("ENABLE_AUTOCOMPLETE_GENERATION", "task.autocomplete.enable", False),
        Option("ENABLE_CODE_EXECUTION", "code_execution.enable", True),
        Option("CODE_EXECUTION_ENGINE", "code_execution.engine", "pyodide"),
        Option("ENABLE_CODE_INTERPRETER", "code_interpreter.enable", True),
        Option("ENABLE_WEB_SEARCH", "rag.web.search.enable", False),
        Option("ENABLE_IMAGE_GENERATION", "image_generation.enable", False),
        Option("ENABLE_GOOGLE_DRIVE_INTEGRATION", "google_drive.enable", False),
        Option("ENABLE_ONEDRIVE_INTEGRATION", "onedrive.enable", False),
        Option("GOOGLE_DRIVE_CLIENT_ID", "google_drive.client_id", ""),
        Option("GOOGLE_DRIVE_API_KEY", "google_drive.api_key", ""),
        Option("ONEDRIVE_CLIENT_ID", "onedrive.client_id", ""),
        Option("RAG_FILE_MAX_SIZE", "rag.file.max_size", None, parse=_number),
        Option("RAG_FILE_MAX_COUNT", "rag.file.max_count", None, parse=_number),
        Option("AUDIO_STT_ENGINE", "audio.stt.engine", ""),
        Option("AUDIO_TTS_ENGINE", "audio.tts.engine", ""),
        Option("AUDIO_TTS_VOICE", "audio.tts.voice", "alloy"),
        Option("AUDIO_TTS_SPLIT_ON", "audio.tts.split_on", "punctuation"),
    )
}


def _from_environment(option: Option, env: dict[str, str]) -> Any:
    parse = option.parse or (parse_bool if isinstance(option.default, bool) else str)
    for name in option.env or (option.name,):
        if env.get(name, "") != "":
            try:
                return parse(env[name])
            except ValueError as error:
                raise BadSetting(
                    f"switchyard: the setting {name} cannot be used: {error}."
                ) from None
    return option.default


class Options:
    """The values that count now, looked up anew when a version counter in Redis has moved."""

    def __init__(self) -> None:
        env = environment()
        self._unsaved = {name: _from_environment(option, env) for name, option in OPTIONS.items()}
        self._saved: dict[str, Any] = {}
        self._version: bytes | None = b"unread"
        self._checked_at = 0.0
        self._lock = threading.Lock()

    def get(self, name: str) -> Any:
        """Give a value.

        Args:
            name: A name of `OPTIONS`; anything else is a programming error (KeyError).
        """
        self._refresh()
        return self._saved.get(name, self._unsaved[name])

    def set(self, values: dict[str, Any]) -> None:
        """Save values for all processes; joins the surrounding transaction.

        Args:
            values: Option names with their new values.
        """
        with db.transaction() as session:
            for name, value in values.items():
                option = OPTIONS[name]
                session.merge(
                    OptionRow(key=option.key, value=_sealed(option, value), updated_at=now_s())
                )
            db.after_commit(lambda: self._announce(values))

    def reset(self, names: list[str]) -> None:
        """Forget saved values: the environment or the default counts again."""
        with db.transaction() as session:
            session.execute(
                delete(OptionRow).where(OptionRow.key.in_([OPTIONS[n].key for n in names]))
            )
            db.after_commit(lambda: self._announce({}))

    def _announce(self, values: dict[str, Any]) -> None:
        self._saved = {**self._saved, **values}
        self._version = b"unread"
        self._checked_at = 0.0
        try:
            get_redis().incr(key("options", "version"))
        except RedisError:
            return  # without the counter everybody reads the database itself, see _refresh
        self._refresh()

    def _refresh(self) -> None:
        now = time.monotonic()
        if now - self._checked_at < _FRESH_S or not get_settings().enable_persistent_config:
            return
        with self._lock:
            self._checked_at = now
            try:
                version = get_redis().get(key("options", "version"))
            except RedisError:
                version = b"unread"
            if version != self._version or version == b"unread":
                self._saved = _read_saved()
                self._version = version


def _sealed(option: Option, value: Any) -> Any:
    return _each_secret(value, seal) if option.is_secret else value


def _unsealed(option: Option, value: Any) -> Any:
    return _each_secret(value, unseal) if option.is_secret else value


def _each_secret(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [change(secret) for secret in value]
    if not isinstance(value, dict):
        return change(value)
    return {
        place: {**config, "key": change(config["key"])}
        if isinstance(config, dict) and config.get("key")
        else config
        for place, config in value.items()
    }


def _read_saved() -> dict[str, Any]:
    by_key = {option.key: option for option in OPTIONS.values()}
    with db.reading() as session:
        rows = session.execute(select(OptionRow.key, OptionRow.value)).all()
    return {by_key[k].name: _unsealed(by_key[k], v) for k, v in rows if k in by_key}


_options: Options | None = None


def get_options() -> Options:
    """Give this process's view of the options."""
    global _options  # noqa: PLW0603 -- made on first use, when the settings are known
    if _options is None:
        _options = Options()
    return _options


def option(name: str) -> Any:
    """Give the value of one option that counts now."""
    return get_options().get(name)
