"""What an option is: its name, its place, its default and the form of its value."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import TypeAdapter, ValidationError

from shared.config.words import in_words

Parse = Callable[[str], Any]
Get = Callable[[str], Any]

LIFETIME = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d|w)")


@dataclass(frozen=True)
class Option:
    """One changeable value.

    Attributes:
        name: Its name in the admin API and, unless `env` says otherwise, in the environment.
        key: Its dotted key in exports and in the database.
        default: Used when neither saved nor in the environment.
        kind: The form of its value as a type that Pydantic knows; that of the default when None.
        env: Names in the environment, the first one that is set counts.
        parse: Turns the environment's text into what `kind` is then checked for; else truth has
            several words, lists and objects are JSON, and all other text is taken as it is.
        parts: Names in the environment of single truth values inside, each with its place.
        follows: Makes the default out of other options, given a function that reads them.
        is_secret: Encrypted at rest and masked in answers: a text, a list of texts, or the `key` of
            each of several connections.
    """

    name: str
    key: str
    default: Any
    kind: Any = field(default=None, kw_only=True)
    env: tuple[str, ...] = field(default=(), kw_only=True)
    parse: Parse | None = field(default=None, kw_only=True)
    parts: Mapping[str, tuple[str, str]] = field(default_factory=dict, kw_only=True)
    follows: Callable[[Get], Any] | None = field(default=None, kw_only=True)
    is_secret: bool = field(default=False, kw_only=True)

    @property
    def form(self) -> Any:
        """The form of its value as a type that Pydantic knows."""
        return type(self.default) if self.kind is None else self.kind

    @property
    def variables(self) -> tuple[str, ...]:
        """Names in the environment of the value as a whole."""
        return self.env or (() if self.parts else (self.name,))

    def checked(self, value: Any) -> Any:
        """Bring a value into the option's form.

        Raises:
            ValueError: It cannot be; with words that follow the option's name.
        """
        try:
            valid = self._adapter.validate_python(value)
        except ValidationError as error:
            problem = error.errors()[0]
            place = ".".join(str(part) for part in problem["loc"])
            raise ValueError(f"at {place}: " * bool(place) + in_words(problem)) from None
        return self._adapter.dump_python(valid, exclude_unset=True)

    def parsed(self, text: str) -> Any:
        """Read a value out of a variable's text.

        Raises:
            ValueError: It cannot be; with words that follow the variable's name.
        """
        return self.checked((self.parse or _PARSERS.get(type(self.default), str.strip))(text))

    @cached_property
    def _adapter(self) -> TypeAdapter[Any]:
        return TypeAdapter(self.form)


def parse_bool(text: str) -> bool:
    """Read a truth value: the word true (or 1, yes, on) in any case."""
    lowered = text.strip().lower()
    if lowered in ("true", "1", "yes", "on"):
        return True
    if lowered in ("false", "0", "no", "off", ""):
        return False
    raise ValueError("it has to be true or false")


def _parse_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"it has to be JSON: {error}") from None


_PARSERS: dict[type, Parse] = {bool: parse_bool, list: _parse_json, dict: _parse_json}


def divided_by(separator: str) -> Parse:
    """Make a parser for several texts in one variable; blanks around each do not count."""
    return lambda text: [part.strip() for part in text.split(separator)]


def is_lifetime(text: str) -> bool:
    """Whether a text is a length of time such as 30m, 12h or 4w, or -1 or 0 for one without end."""
    return text in ("-1", "0") or LIFETIME.fullmatch(text) is not None


def each_secret(value: Any, change: Callable[[str], str]) -> Any:
    """Copy a secret option's value with every secret in it changed: the text itself, each text of a
    list, or the `key` of each connection.
    """
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [each_secret(part, change) for part in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("key"), str):
        return {**value, "key": change(value["key"])}
    return {
        place: each_secret(config, change) if isinstance(config, dict) else config
        for place, config in value.items()
    }
