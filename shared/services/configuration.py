"""Configuration: options as admins see and save them, one by one or as a whole tree."""

from collections.abc import Iterator
from typing import Any

from shared import db
from shared.config.options import OPTIONS, get_options, option
from shared.config.options.base import each_secret
from shared.config.secrets import is_mask, mask
from shared.services import reindexing
from shared.services.connections import OLLAMA, OPENAI, is_place, key_of_form, padded

# The tree's own version in Open WebUI; it has never changed.
_VERSION = {"version": 0}


class Unusable(Exception):
    """Options were to be saved with values that have not their form.

    Attributes:
        problems: Names of options with what is wrong, in words.
    """

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(", ".join(problems))
        self.problems = problems


def shown(name: str) -> Any:
    """Give the value of an option that counts now, secrets as masks."""
    return _masked(name, option(name))


def _masked(name: str, value: Any) -> Any:
    return each_secret(value, mask) if OPTIONS[name].is_secret else value


def save(values: dict[str, Any]) -> None:
    """Save options as they come from a form or a tree: all of them, or none.

    Args:
        values: Option names with their values. A mask leaves the secret that it stands for. None
            forgets a saved value, unless it is itself a value of that option.

    Raises:
        Unusable: Some have not the form of their option.
    """
    checked, problems = _checked({n: v for n, v in values.items() if not _is_forgotten(n, v)})
    if problems:
        raise Unusable(problems)
    with db.transaction():
        get_options().set(_unmasked(checked))
        get_options().reset([name for name, value in values.items() if _is_forgotten(name, value)])
        if values.keys() & reindexing.DECISIVE:
            db.after_commit(reindexing.order_if_changed)


def _is_forgotten(name: str, value: Any) -> bool:
    return value is None and OPTIONS[name].default is not None


def _checked(values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    checked, problems = {}, {}
    for name, value in values.items():
        try:
            checked[name] = OPTIONS[name].checked(value)
        except ValueError as error:
            problems[name] = str(error)
    return checked, problems


def _unmasked(values: dict[str, Any]) -> dict[str, Any]:
    """Put the secrets in whose masks came back; an option that is nothing but a mask stays away.

    The key of a server goes nowhere but to the address that it was given for, also when only
    addresses are saved.
    """
    kept = {
        name: value
        for name, value in values.items()
        if not (OPTIONS[name].is_secret and isinstance(value, str) and is_mask(value))
    }
    if kept.keys() & {"OPENAI_API_KEYS", "OPENAI_API_BASE_URLS"}:
        urls = kept.get("OPENAI_API_BASE_URLS", option("OPENAI_API_BASE_URLS"))
        keys = padded(kept.get("OPENAI_API_KEYS", shown("OPENAI_API_KEYS")), len(urls))
        kept["OPENAI_API_KEYS"] = [
            key_of_form(OPENAI, url, key, place)
            for place, (url, key) in enumerate(zip(urls, keys, strict=True))
        ]
    if kept.keys() & {"OLLAMA_API_CONFIGS", "OLLAMA_BASE_URLS"}:
        urls = kept.get("OLLAMA_BASE_URLS", option("OLLAMA_BASE_URLS"))
        configs = kept.get("OLLAMA_API_CONFIGS", shown("OLLAMA_API_CONFIGS"))
        kept["OLLAMA_API_CONFIGS"] = {
            place: _with_key_of_server(config, place, urls) for place, config in configs.items()
        }
    if "TOOL_SERVER_CONNECTIONS" in kept:
        kept["TOOL_SERVER_CONNECTIONS"] = [
            with_key_of_tools(server) for server in kept["TOOL_SERVER_CONNECTIONS"]
        ]
    return kept


def _with_key_of_server(config: dict[str, Any], place: str, urls: list[str]) -> dict[str, Any]:
    if not config.get("key"):
        return config
    number, url = (int(place), urls[int(place)]) if is_place(place, urls) else (0, place)
    return {**config, "key": key_of_form(OLLAMA, url, config["key"], number)}


def with_key_of_tools(server: dict[str, Any]) -> dict[str, Any]:
    """Put the key in whose mask came back with a server of tools, at the same address only."""
    sent = server["key"]
    if not sent or not is_mask(sent):
        return server
    saved = (s["key"] for s in option("TOOL_SERVER_CONNECTIONS") if s["url"] == server["url"])
    return {**server, "key": next((key for key in saved if key and mask(key) == sent), "")}


def tree() -> dict[str, Any]:
    """Give all saved options as Open WebUI exports them: nested by their keys, secrets as masks."""
    root: dict[str, Any] = dict(_VERSION)
    for name, value in get_options().saved().items():
        *above, last = OPTIONS[name].key.split(".")
        place = root
        for part in above:
            place = place.setdefault(part, {})
        place[last] = _masked(name, value)
    return root


def save_tree(tree: dict[str, Any]) -> None:
    """Save the options of an exported tree; those that it does not name stay as they are, keys
    that are no options are passed over.

    Args:
        tree: Nested, or flat with dotted keys as newer versions write it.

    Raises:
        Unusable: Some have not the form of their option.
    """
    by_key = {one.key: one.name for one in OPTIONS.values()}
    save({by_key[key]: value for key, value in _flat(tree, by_key) if value is not None})


def usable(tree: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Give what of another installation's tree can be saved here, secrets in clear.

    Returns:
        Option names with their values, and with what is wrong with the others.
    """
    by_key = {one.key: one.name for one in OPTIONS.values()}
    return _checked({by_key[key]: value for key, value in _flat(tree, by_key) if value is not None})


def _flat(tree: dict[str, Any], keys: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    for part, value in tree.items():
        key = f"{above}{part}"
        if key in keys:
            yield key, value
        elif isinstance(value, dict):
            yield from _flat(value, keys, f"{key}.")


def path(name: str) -> tuple[str, ...]:
    """Give the place of an option in the tree."""
    return tuple(OPTIONS[name].key.split("."))
