"""The valves of a tool or a function: which settings it has for admins and for users."""

from typing import Any

from shared.errors import Invalid
from shared.models.function import ACTION, FILTER, PIPE
from shared.services.sources.module import Source
from shared.services.sources.schema import Types

ADMINS, USERS = "Valves", "UserValves"
_KINDS = {"Pipe": PIPE, "Filter": FILTER, "Action": ACTION}


def function_kind(source: Source) -> str:
    """Tell what kind of function a source defines.

    Raises:
        Invalid: None.
    """
    for name, kind in _KINDS.items():
        if name in source.classes:
            return kind
    raise Invalid("The source of a function has to define a class Pipe, Filter or Action.")


def valves_spec(source: Source, whose: str) -> dict[str, Any] | None:
    """Describe valves as a JSON schema.

    Args:
        whose: ADMINS or USERS.

    Returns:
        The schema; None when it has no such valves.
    """
    for outer in ("Tools", *_KINDS):
        node = source.inner(outer, whose)
        if node is not None:
            return Types(source).object(node)
    return None
