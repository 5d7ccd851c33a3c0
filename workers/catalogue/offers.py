"""What one connection offers, in the form of the models list."""

from typing import Any

from shared.services.connections import OLLAMA, Connection
from shared.services.pipes import PIPE

# OpenAI itself lists models that cannot chat.
_NOT_FOR_CHAT = ("babbage", "dall-e", "davinci", "embedding", "tts", "whisper")


def as_models(connection: Connection, raw: list[dict[str, Any]], now: int) -> list[dict[str, Any]]:
    """Turn a server's own list into ours.

    Args:
        raw: Entries as the server gave them, OpenAI's or Ollama's form.
        now: Seconds since the epoch, for servers that tell no time.

    Source: contract, config §6 "Models list".
    """
    convert = _CONVERTERS.get(connection.kind, _openai)
    chosen = connection.config.get("model_ids") or []
    if chosen:
        known = {_raw_id(entry): entry for entry in raw}
        raw = [
            known.get(model_id, {"id": model_id, "model": model_id, "name": model_id})
            for model_id in chosen
        ]
    usable = [
        entry for entry in raw if _raw_id(entry) and not _is_hidden(connection, _raw_id(entry))
    ]
    return [convert(connection, entry, now) for entry in usable]


def _raw_id(entry: dict[str, Any]) -> str:
    return str(entry.get("id") or entry.get("model") or entry.get("name") or "")


def _is_hidden(connection: Connection, model_id: str) -> bool:
    return "api.openai.com" in connection.url and any(word in model_id for word in _NOT_FOR_CHAT)


def _common(connection: Connection, entry: dict[str, Any], now: int) -> dict[str, Any]:
    return {
        "id": connection.prefix + _raw_id(entry),
        "name": str(entry.get("name") or _raw_id(entry)),
        "object": "model",
        "created": entry.get("created") or now,
        "owned_by": connection.kind,
        "connection": connection.kind,
        "mark": connection.mark,
        "connection_type": "local" if connection.is_local else "external",
        "urlIdx": connection.index,
        "tags": connection.config.get("tags") or [],
    }


def _openai(connection: Connection, entry: dict[str, Any], now: int) -> dict[str, Any]:
    return {**entry, **_common(connection, entry, now), "openai": entry}


def _ollama(connection: Connection, entry: dict[str, Any], now: int) -> dict[str, Any]:
    return {**_common(connection, entry, now), "ollama": {**entry, "urls": [connection.index]}}


def _pipe(connection: Connection, entry: dict[str, Any], now: int) -> dict[str, Any]:
    common = _common(connection, entry, now)
    return {**common, "owned_by": "openai", "pipe": {"type": "pipe"}}


_CONVERTERS = {OLLAMA: _ollama, PIPE: _pipe}
