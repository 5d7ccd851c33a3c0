"""Making a plugin out of its source: a module, and one object of its class."""

import re
import sys
import types
import typing
from typing import Any

CLASSES = {"Tools": "tool", "Pipe": "pipe", "Filter": "filter", "Action": "action"}
# Names that sources of older versions import from, and those that stand for them now.
_OLDER = re.compile(r"^(\s*(?:from|import)\s+)(utils|apps|main|config)(?=[\s.])", re.MULTILINE)


class Unfit(Exception):
    """The source defines no plugin."""


class Loaded:
    """A plugin that was loaded.

    Attributes:
        thing: The object of its class.
        kind: "tool", "pipe", "filter" or "action".
    """

    def __init__(self, name: str, source: str) -> None:
        self.module = _module(name, source)
        found = next((one for one in CLASSES if _is_own(self.module, one)), "")
        if not found:
            raise Unfit("It defines none of the classes " + ", ".join(CLASSES) + ".")
        self.kind = CLASSES[found]
        self.thing: Any = getattr(self.module, found)()

    def valves_class(self, name: str) -> Any:
        """Find the class of valves that is called so; None when there is none."""
        for holder in (self.thing, self.module):
            found = getattr(holder, name, None)
            if isinstance(found, type):
                return found
        return None

    def set_valves(self, values: dict[str, Any] | None) -> None:
        """Give the plugin its valves, as an object of its own class."""
        form = self.valves_class("Valves")
        if form is not None and (hasattr(self.thing, "valves") or values):
            self.thing.valves = form(**_given(values))

    def user_valves(self, values: dict[str, Any] | None) -> Any:
        """Make the valves of a user; as a dict when the plugin has no class for them."""
        form = self.valves_class("UserValves")
        return _given(values) if form is None else form(**_given(values))


def _is_own(module: types.ModuleType, name: str) -> bool:
    """Whether a class of this name was written here; sources import others that are called so."""
    found = getattr(module, name, None)
    return isinstance(found, type) and found.__module__ == module.__name__


def _given(values: dict[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (values or {}).items() if value is not None}


def _module(name: str, source: str) -> types.ModuleType:
    module = types.ModuleType(name)
    module.__file__ = f"<{name}>"
    # Annotations are looked up there.
    sys.modules[name] = module
    code = compile(
        _OLDER.sub(r"\1open_webui.\2", source), module.__file__, "exec", dont_inherit=True
    )
    exec(code, module.__dict__)  # noqa: S102 -- what this process is for
    return module


def hints_of(function: Any) -> dict[str, Any]:
    """Give the types of a function's parameters; those that cannot be read count for nothing."""
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception:  # border: annotations are a user's code
        return {}
