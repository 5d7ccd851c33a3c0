"""Files of models: where they may be fetched from, and what is made of their names."""

import re
from urllib.parse import unquote, urlsplit

from shared.config.settings import get_settings
from shared.errors import Invalid
from shared.services.files import clean_name

# Where Hugging Face and GitHub send whoever asks them for a large file.
_STORES = frozenset({"huggingface.co", "hf.co", "githubusercontent.com"})
# Of a part of a model's name. Source: Ollama, types/model/name.go.
_NO_MODEL_NAME = re.compile(r"[^A-Za-z0-9_.-]+")
_LONGEST_MODEL_NAME = 80


def addresses() -> tuple[str, ...]:
    """List what the address of a model file has to begin with."""
    return tuple(filter(None, map(str.strip, get_settings().model_download_addresses.split(","))))


def require_source(url: str) -> None:
    """Check the address of a model file.

    Raises:
        Invalid: It is not of an allowed host.
    """
    if not url.startswith(addresses()):
        raise Invalid("Invalid file_url. Only URLs from allowed hosts are permitted.")


def require_store(url: str) -> None:
    """Check an address that is about to be opened for a model file, be it by a redirect.

    Raises:
        Invalid: It is of another host than those that are allowed and their stores.
    """
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    is_store = parts.scheme == "https" and any(
        host == store or host.endswith(f".{store}") for store in _STORES
    )
    if not is_store and not url.startswith(addresses()):
        raise Invalid("The file is kept on a host that is not allowed.")


def name_of(url: str) -> str:
    """Name the file that stands at an address."""
    return clean_name(unquote(urlsplit(url).path))


def model_name(filename: str) -> str:
    """Name the model that is made of a file, as Ollama takes names."""
    stem = filename.rpartition(".")[0] or filename
    name = _NO_MODEL_NAME.sub("-", stem).strip("-._")
    return name[:_LONGEST_MODEL_NAME] or "model"
