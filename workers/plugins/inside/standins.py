"""Modules that published plugins import from the server they were written for, and what they need
of them. Nothing here reaches anything: they are made of the call's own data, or do nothing.

Source: the documentation of Open WebUI's plugins, and what published ones import.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Sequence
from typing import Any

from . import messages_api, responses
from .request import Request

_ROOT = "open_webui"


def install() -> None:
    """Let `import open_webui…` and, where it is not installed, `import fastapi` find them."""
    sys.meta_path.append(_Finder())


class Nothing:
    """What an unknown name of an unknown module is: it can be imported, and fails when used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, *_args: Any, **_kwargs: Any) -> Any:
        """Fail.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError(f"{self._name} is not there: plugins run apart from the server")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing(f"{self._name}.{name}")


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
        return Nothing(f"{self.__name__}.{name}")


def _known(module: str) -> dict[str, Any]:
    root = module.partition(".")[0]
    if root in ("fastapi", "starlette"):
        return {**responses.NAMES, "Request": Request, "status": responses.Statuses()}
    if module.endswith(".misc"):
        return messages_api.NAMES
    if module in (f"{_ROOT}.config", f"{_ROOT}.env"):
        return {"CACHE_DIR": "cache", "UPLOAD_DIR": "uploads", "DATA_DIR": "."} | _LOGGING
    if module == f"{_ROOT}.models.users":
        return {"Users": Users, "UserModel": User}
    return {}


_LOGGING: dict[str, Any] = {
    "SRC_LOG_LEVELS": dict.fromkeys(("MAIN", "MODELS", "OPENAI", "OLLAMA", "RAG", "CONFIG"), 20),
    "GLOBAL_LOG_LEVEL": 20,
    "VERSION": "0.6.5",
    "ENV": "prod",
}


class User(types.SimpleNamespace):
    """A user, as functions are told of the one who asks."""

    def model_dump(self, **_options: Any) -> dict[str, Any]:
        """Give it as a dict."""
        return dict(vars(self))


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
