"""The values of the options: read, saved, and told to all processes."""

import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy import delete, select

from shared import db
from shared.config.options.base import Option, each_secret, parse_bool
from shared.config.options.catalogue import OPTIONS
from shared.config.secrets import seal, unseal
from shared.config.settings import BadSetting, environment, get_settings
from shared.ids import now_s
from shared.models.option import OptionRow
from shared.redis import get_redis, key
from shared.subscriber import subscriber

log = logging.getLogger(__name__)

_FRESH_S = 0.5


def _from_environment(env: Mapping[str, str]) -> dict[str, Any]:
    """Read all options that the environment has.

    Raises:
        BadSetting: Values are of the wrong form; the message names all their variables.
    """
    found: dict[str, Any] = {}
    problems: list[str] = []
    for option in OPTIONS.values():
        name = next((name for name in option.variables if env.get(name, "") != ""), None)
        if name is not None:
            with _noting(problems, name):
                found[option.name] = option.parsed(env[name])
        if option.parts:
            found[option.name] = _joined(option, env, problems)
    if problems:
        raise BadSetting("\n".join(problems))
    return found


def _joined(option: Option, env: Mapping[str, str], problems: list[str]) -> Any:
    """Put a value together whose parts have variables of their own."""
    value = {group: dict(names) for group, names in option.default.items()}
    for name, (group, part) in option.parts.items():
        if env.get(name, "") != "":
            with _noting(problems, name):
                value[group][part] = parse_bool(env[name])
    return value


@contextmanager
def _noting(problems: list[str], variable: str) -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        problems.append(f"switchyard: the setting {variable} cannot be used: {error}.")


class Options:
    """The values that count now, looked up anew when a version counter in Redis has moved."""

    def __init__(self) -> None:
        self._given = _from_environment(environment())
        self._saved: dict[str, Any] = {}
        self._since = _since()
        self._is_alone = False
        self._version: bytes | None = b"unread"
        self._edition = 0
        self._checked_at, self._was_read = 0.0, False
        self._lock = threading.Lock()

    def get(self, name: str) -> Any:
        """Give a value.

        Args:
            name: A name of `OPTIONS`; anything else is a programming error (KeyError).
        """
        if time.monotonic() - self._checked_at >= _FRESH_S:
            self._refresh()
        if name in self._saved:
            return self._saved[name]
        if name in self._given:
            return self._given[name]
        option = OPTIONS[name]
        return option.follows(self.get) if option.follows is not None else option.default

    def edition(self) -> int:
        """Count how often this process has seen saved values change; for what is made of them."""
        self._refresh()
        return self._edition

    def work_alone(self) -> None:
        """Do without Redis from now on: for a process before which nobody runs."""
        self._is_alone = True

    def saved(self) -> dict[str, Any]:
        """Give all saved values by name."""
        self._refresh()
        return dict(self._saved)

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
        self._edition += 1
        self._version = b"unread"
        self._checked_at = 0.0
        if self._is_alone:
            return
        try:
            get_redis().incr(key("options", "version"))
            get_redis().publish(_channel(), b"")
        except RedisError:
            return  # without the counter everybody reads the database itself, see _refresh
        self._refresh()

    def look_again(self, _message: bytes | None = None) -> None:
        """Look at the counter with the next value that is asked for: something was saved, or may
        have been while nobody could be heard.
        """
        self._checked_at = 0.0

    def _refresh(self) -> None:
        if self._is_fresh():
            return
        with self._lock:
            # One of a crowd looks for all: in a burst hundreds stand here.
            if self._is_fresh():
                return
            if self._was_read:
                # Whoever comes meanwhile is served what was read before; at first there is nothing.
                self._checked_at = time.monotonic()
            version = self._look()
            if version != self._version or version == b"unread":
                self._saved = _read_saved(self._since)
                self._edition += 1
                self._version = version
            self._checked_at, self._was_read = time.monotonic(), True

    def _is_fresh(self) -> bool:
        return time.monotonic() - self._checked_at < _FRESH_S

    def _look(self) -> bytes | None:
        """Give the version that is saved now; "unread" where nobody can tell."""
        if self._is_alone:
            return b"unread"
        try:
            version: bytes | None = get_redis().get(key("options", "version"))
        except RedisError:
            return b"unread"
        return version


def _since() -> int:
    """Give the time from which on what is saved counts, in seconds."""
    settings = get_settings()
    if settings.enable_persistent_config:
        return 0
    return settings.options_since or now_s()


def _sealed(option: Option, value: Any) -> Any:
    return each_secret(value, seal) if option.is_secret else value


def _unsealed(option: Option, value: Any) -> Any:
    return each_secret(value, unseal) if option.is_secret else value


def _read_saved(since: int) -> dict[str, Any]:
    by_key = {option.key: option for option in OPTIONS.values()}
    with db.reading() as session:
        rows = session.execute(
            select(OptionRow.key, OptionRow.value).where(OptionRow.updated_at >= since)
        ).all()
    found = [(by_key[key], value) for key, value in rows if key in by_key]
    return {
        option.name: _unsealed(option, value)
        for option, value in found
        if _is_usable(option, value)
    }


def _is_usable(option: Option, value: Any) -> bool:
    """Whether a stored value has its option's form: an older version may have had another."""
    try:
        option.checked(value)
    except ValueError as error:
        log.warning("the saved option %s is passed over: %s", option.name, error)
        return False
    return True


_options: Options | None = None


def get_options() -> Options:
    """Give this process's view of the options."""
    global _options  # noqa: PLW0603 -- made on first use, when the settings are known
    if _options is None:
        _options = Options()
    return _options


def follow_options() -> None:
    """Hear at once in this process what another one saves; without it within _FRESH_S."""
    subscriber.add(_channel(), lambda message: get_options().look_again(message))


def _channel() -> str:
    return key("options", "saved")


def option(name: str) -> Any:
    """Give the value of one option that counts now."""
    return (_options or get_options()).get(name)
