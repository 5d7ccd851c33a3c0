"""Settings: the only place that reads environment variables."""

import ipaddress
import os
import re
import secrets
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from shared.config import dotenv, sentinels
from shared.config.words import in_words

# Other names of variables, mostly those of Open WebUI; the setting's own name counts before them.
_ALSO = {
    "AIOHTTP_CLIENT_TIMEOUT": "UPSTREAM_TOTAL_TIMEOUT_S",
    "AIOHTTP_CLIENT_TIMEOUT_TOOL_SERVER_DATA": "TOOL_SERVER_CONNECT_TIMEOUT_S",
    "UVICORN_WORKERS": "WEB_CONCURRENCY",
    "WEBUI_JWT_SECRET_KEY": "WEBUI_SECRET_KEY",
    "WEBUI_SESSION_COOKIE_SAME_SITE": "WEBUI_AUTH_COOKIE_SAME_SITE",
    "WEBUI_SESSION_COOKIE_SECURE": "WEBUI_AUTH_COOKIE_SECURE",
}

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
LOG_AREAS = (
    "AUDIO",
    "COMFYUI",
    "CONFIG",
    "DB",
    "IMAGES",
    "MAIN",
    "MODELS",
    "OLLAMA",
    "OPENAI",
    "RAG",
    "WEBHOOK",
    "SOCKET",
    "OAUTH",
)

# Blanks at the end of these count, and lines may be broken in them.
_AS_THEY_ARE = ("rag_embedding_query_prefix", "rag_embedding_content_prefix")
_DATABASE = re.compile(r"postgres(ql)?(\+psycopg)?://|sqlite:///.")


class Settings(BaseModel):
    """What is decided before the start. Field names are the environment's names in lower case."""

    model_config = ConfigDict(frozen=True, extra="ignore", validate_default=True)

    env: str = "prod"
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=1, le=65535)
    data_dir: Path = Path("data")
    database_url: str = ""
    database_pool_size: int = Field(15, ge=0)
    database_pool_max_overflow: int = Field(15, ge=0)
    database_pool_timeout: float = Field(5.0, gt=0)
    database_pool_recycle: int = Field(3600, gt=0)
    database_prepared_statements: bool = True
    redis_url: str = ""
    redis_prefix: str = "switchyard"
    broker_url: str = ""
    cache: Literal["redis", "memory"] = "redis"
    webui_secret_key: str = ""
    webui_name: str = "Switchyard"
    webui_auth: bool = True
    webui_auth_trusted_email_header: str = ""
    webui_auth_trusted_name_header: str = ""
    enable_oauth: bool = True
    webui_auth_cookie_secure: bool = False
    webui_auth_cookie_same_site: Literal["lax", "strict", "none"] = "lax"
    cors_allow_origin: str = "*"
    trusted_proxies: int = Field(0, ge=0)
    enable_websocket_support: bool = True
    bypass_model_access_control: bool = False
    enable_admin_chat_access: bool = True
    enable_admin_export: bool = True
    enable_persistent_config: bool = True
    reset_config_on_start: bool = False
    options_since: int = Field(0, ge=0)
    enable_forward_user_info_headers: bool = False
    cache_control: str = ""
    content_security_policy: str = ""
    hsts: str = ""
    permissions_policy: str = ""
    referrer_policy: str = ""
    xcontent_type: str = ""
    xdownload_options: str = ""
    xframe_options: str = ""
    xpermitted_cross_domain_policies: str = ""
    frontend_build_dir: str = ""
    external_pwa_manifest_url: str = ""
    offline_mode: bool = False
    storage_provider: Literal["local", "s3"] = "local"
    s3_endpoint_url: str = ""
    s3_bucket_name: str = ""
    s3_key_prefix: str = ""
    s3_region_name: str = ""
    s3_access_key_id: str = ""
    s3_secret_access_key: str = ""
    s3_addressing_style: Literal["", "auto", "path", "virtual"] = ""
    s3_use_accelerate_endpoint: bool = False
    upload_wait_s: float = Field(60.0, ge=0)
    speech_wait_s: float = Field(300.0, ge=0)
    vector_db: Literal["auto", "database", "pgvector", "qdrant"] = "auto"
    qdrant_uri: str = "http://127.0.0.1:6333"
    qdrant_api_key: str = ""
    rag_embedding_query_prefix: str = ""
    rag_embedding_content_prefix: str = ""
    rag_embedding_prefix_field_name: str = ""

    web_concurrency: int = Field(1, ge=1)
    inference_concurrency: int = Field(2000, ge=1)
    compute_concurrency: int = Field(1, ge=1)
    flower_host: str = "127.0.0.1"
    flower_port: int = Field(5555, ge=1, le=65535)
    flower_user: str = "operator"
    flower_password: str = ""
    flower_read_only: bool = True
    local_models: bool = True
    local_models_port: int = Field(0, ge=0, le=65535)
    local_models_max: int = Field(2, ge=1)
    local_models_url: str = ""
    local_models_key: str = ""

    job_lease_s: float = Field(3.0, gt=0.2)
    job_max_attempts: int = Field(3, ge=1)
    job_resend_after_s: float = Field(5.0, gt=0)
    job_turn_s: float = Field(60.0, ge=0)
    job_log_ttl_s: int = Field(3600, gt=0)
    job_log_max_events: int = Field(500_000, gt=100)
    job_log_max_bytes: int = Field(64_000_000, gt=0)
    job_retention_days: int = Field(30, gt=0)
    job_max_running_per_user: int = Field(1000, ge=0)
    job_max_running_per_model: int = Field(0, ge=0)
    job_max_queued_per_user: int = Field(2000, ge=0)
    batch_concurrency: int = Field(32, ge=1)
    batch_max_lines: int = Field(100_000, ge=1)
    shutdown_grace_s: float = Field(5.0, ge=0)
    outbound_allowed_networks: str = ""
    model_download_addresses: str = "https://huggingface.co/,https://github.com/"
    upstream_connect_timeout_s: float = Field(10.0, gt=0)
    upstream_first_byte_timeout_s: float = Field(300.0, gt=0)
    upstream_idle_timeout_s: float = Field(120.0, gt=0)
    upstream_total_timeout_s: float = Field(3600.0, gt=0)
    upstream_tries: int = Field(3, ge=1)
    tool_server_connect_timeout_s: float = Field(10.0, gt=0)
    tool_timeout_s: float = Field(300.0, gt=0)
    plugins_sandbox: Literal["auto", "namespaces", "landlock", "off", "disabled"] = "auto"
    plugins_network: Literal["public", "none"] = "public"
    plugins_requirements: bool = False
    plugins_timeout_s: float = Field(120.0, gt=0)
    plugins_memory_mb: int = Field(1024, ge=128)
    plugins_cpu_s: int = Field(300, ge=1)
    plugins_disk_mb: int = Field(64, ge=1)
    plugins_processes: int = Field(32, ge=1)
    plugins_max_runners: int = Field(16, ge=1)
    plugins_idle_s: float = Field(300.0, gt=0)
    models_refresh_s: float = Field(60.0, gt=0)
    signin_max_failures: int = Field(10, ge=1)
    signin_window_s: int = Field(300, ge=1)

    global_log_level: LogLevel = "INFO"
    metrics_token: str = ""
    enable_otel: bool = False
    otel_exporter_otlp_endpoint: str = ""
    otel_exporter_otlp_headers: str = ""
    otel_service_name: str = "switchyard"
    otel_resource_attributes: str = ""
    otel_traces_sampler: Literal[
        "always_on",
        "always_off",
        "traceidratio",
        "parentbased_always_on",
        "parentbased_always_off",
        "parentbased_traceidratio",
    ] = "parentbased_always_on"
    otel_traces_sampler_arg: float = Field(1.0, ge=0, le=1)
    audit_log_level: Literal["NONE", "METADATA", "REQUEST", "REQUEST_RESPONSE"] = "NONE"
    audit_log_file_rotation_size: str = Field("10MB", pattern=r"(?i)^\d+ ?[kmg]?b$")
    audit_excluded_paths: str = "/chats,/chat,/folders"
    max_body_log_size: int = Field(2048, ge=0)
    log_format: Literal["plain", "json"] = "plain"
    log_file: bool = False
    log_levels: dict[str, LogLevel] = {}

    @field_validator("*", mode="before")
    @classmethod
    def _stripped(cls, value: object, info: ValidationInfo) -> object:
        is_text = isinstance(value, str) and info.field_name not in _AS_THEY_ARE
        return str(value).strip() if is_text else value

    @field_validator("global_log_level", "audit_log_level", mode="before")
    @classmethod
    def _in_any_case(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _spoken_database(cls, value: str) -> str:
        if value and not _DATABASE.match(value):
            raise ValueError("it has to begin with postgresql:// or sqlite:///")
        return value

    @field_validator("otel_exporter_otlp_endpoint")
    @classmethod
    def _collector(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("it has to begin with http:// or https://")
        return value

    @field_validator("redis_url")
    @classmethod
    def _spoken_redis(cls, value: str) -> str:
        schemes = ("redis://", "rediss://", *sentinels.SCHEMES)
        if value and not value.startswith(schemes):
            raise ValueError(f"it has to begin with one of {', '.join(schemes)}")
        if sentinels.parse(value):
            return value
        try:
            _ = urlsplit(value).port
        except ValueError:
            # Python's own words would show what it takes for the port: it may be of the password.
            raise ValueError("it has to be redis://:password@host:port/number") from None
        return value

    @field_validator("outbound_allowed_networks")
    @classmethod
    def _networks(cls, value: str) -> str:
        try:
            for part in filter(None, map(str.strip, value.split(","))):
                ipaddress.ip_network(part)
        except ValueError:
            raise ValueError("it has to be networks like 10.1.0.0/16, divided by commas") from None
        return value

    @field_validator("s3_bucket_name")
    @classmethod
    def _named_bucket(cls, value: str, info: ValidationInfo) -> str:
        if not value and info.data.get("storage_provider") == "s3":
            raise ValueError("it has to name a bucket when STORAGE_PROVIDER is s3")
        return value

    @field_validator("*")
    @classmethod
    def _in_one_line(cls, value: object, info: ValidationInfo) -> object:
        is_text = isinstance(value, str) and info.field_name not in _AS_THEY_ARE
        if is_text and ("\n" in str(value) or "\r" in str(value)):
            raise ValueError("it has to stand in one line")
        return value

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @property
    def is_dev(self) -> bool:
        """Whether the developer's conveniences (/docs, debug logs) are on."""
        return self.env == "dev"

    @property
    def audit_log_rotation_bytes(self) -> int:
        """The size at which DATA_DIR/audit.log is put aside."""
        number, unit = re.findall(r"(\d+) ?([kmg]?)", self.audit_log_file_rotation_size.lower())[0]
        return int(number) * {"": 1, "k": 10**3, "m": 10**6, "g": 10**9}[unit]

    @property
    def has_redis_broker(self) -> bool:
        """Whether workers are woken up through the Redis that keeps the event logs."""
        return not self.broker_url

    @property
    def sqlalchemy_url(self) -> str:
        """The database address in SQLAlchemy's form, with the driver that we install."""
        url = self.database_url or f"sqlite:///{self.data_dir}/switchyard.db"
        return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", url)


class BadSetting(SystemExit):
    """A setting has a value that cannot be used; the start ends with its name."""


def environment() -> dict[str, str]:
    """Merge `.env` of the working directory under the process's environment."""
    return {**dotenv.read(Path(".env")), **os.environ}


def load(env: dict[str, str]) -> Settings:
    """Turn an environment into settings.

    Args:
        env: Variable names in capitals with their texts; empty texts count as unset.

    Raises:
        BadSetting: A value is of the wrong form; the message names the variable.
    """
    values: dict[str, object] = {
        name.lower(): text
        for name, text in env.items()
        if name.lower() in Settings.model_fields and text != ""
    }
    values["log_levels"] = {
        a: env[f"{a}_LOG_LEVEL"].upper() for a in LOG_AREAS if env.get(f"{a}_LOG_LEVEL")
    }
    read_as = _other_names(env)
    values |= {name.lower(): env[also] for name, also in read_as.items()}
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise BadSetting("\n".join(_told(e, read_as) for e in error.errors())) from None


def _other_names(env: dict[str, str]) -> dict[str, str]:
    """Find the settings that stand in the environment under another name only."""
    return {name: also for also, name in _ALSO.items() if env.get(also) and not env.get(name)}


def _told(error: Any, read_as: dict[str, str]) -> str:
    """Say what is wrong with one variable; its value is not repeated, it may be a secret."""
    name, *area = error["loc"]
    name = f"{area[0]}_LOG_LEVEL" if area else read_as.get(name.upper(), name.upper())
    return f"switchyard: the setting {name} cannot be used: {in_words(error)}."


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Give the settings of this process, read once."""
    return load(environment())


@lru_cache(maxsize=1)
def secret_key() -> str:
    """Give the key that signs tokens and encrypts secrets; made once into DATA_DIR when unset."""
    settings = get_settings()
    return settings.webui_secret_key or kept_secret(settings.data_dir / "secret_key")


def kept_secret(path: Path) -> str:
    """Read a secret from a file, or make it there once, readable by its owner only.

    Args:
        path: The file; its folder is made when missing. Safe when several processes start at once.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    if not path.exists():
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first: its secret counts
        finally:
            draft.unlink()
    return path.read_text("utf-8").strip()
