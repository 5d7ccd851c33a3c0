"""Modules that published plugins import from the server they were written for, and what they need
of them. Nothing here reaches anything: they are made of the call's own data, or do nothing.

Source: the documentation of Open WebUI's plugins, and what published ones import.
"""

import enum
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Generator, Sequence
from typing import Any

from . import completions, messages_api, responses, things
from .request import Request

_ROOT = "open_webui"


def install() -> None:
    """Let `import open_webui…` and, where it is not installed, `import fastapi` find them."""
    sys.meta_path.append(_Finder())


class _Absent(type):
    """The class of names that nobody knows: they may be imported, named as types and inherited
    from; what is called of them, or read of them and called, fails.
    """

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Make an object of a class that inherits from one; else fail.

        Raises:
            NotImplementedError: It is the absent thing itself.
        """
        if "is_absent" in vars(cls):
            raise NotImplementedError(f"{cls.__name__} is not there: plugins run by themselves")
        return super().__call__(*args, **kwargs)

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return absent(f"{cls.__name__}.{name}")


def absent(name: str) -> Any:
    """Make what stands for a name that nobody knows."""
    return _Absent(name, (), {"is_absent": True})


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Comes last: what is installed counts before it."""

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Find a stand-in."""
        root = name.partition(".")[0]
        if root not in (_ROOT, "fastapi", "starlette"):
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        """Make an empty module."""
        return _StandIn(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """Put into it what is known of it."""
        vars(module).update(_known(module.__name__))


class _StandIn(types.ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return absent(f"{self.__name__}.{name}")


def _known(module: str) -> dict[str, Any]:
    root, _, place = module.partition(".")
    if root != _ROOT:
        return {**responses.NAMES, "Request": Request, "status": responses.Statuses()}
    if place.endswith("misc"):
        return messages_api.NAMES
    return _PLACES.get(place, {})


_LOGGING: dict[str, Any] = {
    "SRC_LOG_LEVELS": dict.fromkeys(("MAIN", "MODELS", "OPENAI", "OLLAMA", "RAG", "CONFIG"), 20),
    "GLOBAL_LOG_LEVEL": 20,
    "VERSION": "0.6.5",
    "AIOHTTP_CLIENT_TIMEOUT": 300,
    "ENV": "prod",
}


class Tasks(enum.StrEnum):
    """What a model may be asked for beside an answer, as `__task__` names it."""

    DEFAULT = "default"
    TITLE_GENERATION = "title_generation"
    TAGS_GENERATION = "tags_generation"
    EMOJI_GENERATION = "emoji_generation"
    QUERY_GENERATION = "query_generation"
    FOLLOW_UP_GENERATION = "follow_up_generation"
    IMAGE_PROMPT_GENERATION = "image_prompt_generation"
    AUTOCOMPLETE_GENERATION = "autocomplete_generation"
    FUNCTION_CALLING = "function_calling"
    MOA_RESPONSE_GENERATION = "moa_response_generation"


class User(types.SimpleNamespace):
    """A user, as functions are told of the one who asks."""

    def model_dump(self, **_options: Any) -> dict[str, Any]:
        """Give it as a dict."""
        return dict(vars(self))

    def __await__(self) -> Generator[Any, None, "User"]:
        """Let it be awaited, as functions written for newer servers do with what they ask for."""
        yield from ()
        return self


class Users:
    """The users that a plugin may see: the one who asks."""

    asking: dict[str, Any] | None = None

    @classmethod
    def get_user_by_id(cls, user_id: str) -> User | None:
        """Give the user who asks, if it is that one."""
        about = cls.asking or {}
        return User(**about) if about.get("id") == user_id else None

    @classmethod
    def get_user_by_email(cls, email: str) -> User | None:
        """Give the user who asks, if it is that one."""
        about = cls.asking or {}
        return User(**about) if about.get("email") == email else None


_SETTINGS = {"CACHE_DIR": "cache", "UPLOAD_DIR": "uploads", "DATA_DIR": "."} | _LOGGING
# What is known below `open_webui`.
_PLACES: dict[str, dict[str, Any]] = {
    **completions.MODULES,
    **things.MODULES,
    "config": _SETTINGS,
    "env": _SETTINGS,
    "constants": {"TASKS": Tasks},
    "models.users": {"Users": Users, "UserModel": User, "User": User},
}
