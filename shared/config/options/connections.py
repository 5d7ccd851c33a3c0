"""Options of the connections to model servers and tool servers."""

from collections.abc import Callable

from shared.config.options.base import Get, Option, divided_by
from shared.config.options.shapes import URL, ConnectionConfig, ToolServer

OPENAI_URL = "https://api.openai.com/v1"


def openai_key_for(address: str) -> Callable[[Get], str]:
    """Make the default of a key of OpenAI's other services: that of its connection.

    Args:
        address: The option that names the service's address; the key goes nowhere but to OpenAI.
    """

    def key(get: Get) -> str:
        if get(address).rstrip("/") != OPENAI_URL:
            return ""
        keys: list[str] = get("OPENAI_API_KEYS")
        pairs = zip(get("OPENAI_API_BASE_URLS"), keys, strict=False)
        return next((key for url, key in pairs if url == OPENAI_URL), "")

    return key


def ollama_url(get: Get) -> str:
    """Give the address of the first Ollama server."""
    urls: list[str] = get("OLLAMA_BASE_URLS")
    return urls[0] if urls else ""


def _openai_urls(text: str) -> list[str]:
    return [url or OPENAI_URL for url in divided_by(";")(text)]


def _ollama_urls(text: str) -> list[str]:
    # OLLAMA_API_BASE_URL used to be written with its /api.
    return [url.rstrip("/").removesuffix("/api") for url in divided_by(";")(text)]


CONNECTIONS = (
    Option("ENABLE_DIRECT_CONNECTIONS", "direct.enable", True),
    Option("ENABLE_OLLAMA_API", "ollama.enable", True),
    Option(
        "OLLAMA_BASE_URLS",
        "ollama.base_urls",
        ["http://localhost:11434"],
        kind=list[URL],
        env=("OLLAMA_BASE_URLS", "OLLAMA_BASE_URL", "OLLAMA_API_BASE_URL"),
        parse=_ollama_urls,
    ),
    Option(
        "OLLAMA_API_CONFIGS",
        "ollama.api_configs",
        {},
        kind=dict[str, ConnectionConfig],
        is_secret=True,
    ),
    Option("ENABLE_OPENAI_API", "openai.enable", True),
    Option(
        "OPENAI_API_KEYS",
        "openai.api_keys",
        [""],
        kind=list[str],
        env=("OPENAI_API_KEYS", "OPENAI_API_KEY"),
        parse=divided_by(";"),
        is_secret=True,
    ),
    Option(
        "OPENAI_API_BASE_URLS",
        "openai.api_base_urls",
        [OPENAI_URL],
        kind=list[URL],
        env=("OPENAI_API_BASE_URLS", "OPENAI_API_BASE_URL"),
        parse=_openai_urls,
    ),
    Option("OPENAI_API_CONFIGS", "openai.api_configs", {}, kind=dict[str, ConnectionConfig]),
    Option(
        "TOOL_SERVER_CONNECTIONS",
        "tool_server.connections",
        [],
        kind=list[ToolServer],
        is_secret=True,
    ),
)
