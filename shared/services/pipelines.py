"""Pipelines of servers that take part in chats: which of them, and in which order.

Source: https://github.com/open-webui/pipelines, the entries of its list of models.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from shared.services import connections
from shared.services.connections import Connection

_FILTER, _EVERY_MODEL = "filter", "*"


class Target(Protocol):
    """What this module reads of `shared.services.models.Route`."""

    @property
    def model_id(self) -> str:
        """The id that the client used."""

    @property
    def connection(self) -> Connection:
        """Whom to ask."""

    @property
    def upstream_id(self) -> str:
        """The id that the server knows."""

    @property
    def pipeline(self) -> dict[str, Any] | None:
        """What its server tells of a pipeline that is the model."""


@dataclass(frozen=True)
class Step:
    """One pipeline that sees a request before, or an answer after, everybody else.

    Attributes:
        connection: Its server.
        pipeline_id: As the server knows it.
    """

    connection: Connection
    pipeline_id: str


def described(model: dict[str, Any]) -> dict[str, Any] | None:
    """Give what a server tells of a model that is a pipeline of its own."""
    found = model.get("pipeline")
    return found if isinstance(found, dict) else None


def is_filter(model: dict[str, Any]) -> bool:
    """Whether what is offered is no model at all but a filter of others."""
    return (described(model) or {}).get("type") == _FILTER


def steps(target: Target, filters: Iterable[dict[str, Any]]) -> list[Step]:
    """List the pipelines that take part in what goes to a model, in the order of their priority;
    a model that is itself a pipeline comes last.

    Args:
        filters: Those of all servers, as they are offered.
    """
    wanted = {target.model_id, target.upstream_id, target.connection.prefix + target.upstream_id}
    found = [one for one in filters if _is_for(one, wanted)]
    chosen = [step for one in sorted(found, key=_priority) if (step := _step(one)) is not None]
    if target.pipeline is not None:
        chosen.append(Step(target.connection, target.upstream_id))
    return chosen


def _is_for(model: dict[str, Any], wanted: set[str]) -> bool:
    named = model["pipeline"].get("pipelines")
    named = named if isinstance(named, list) else []
    return _EVERY_MODEL in named or any(name in wanted for name in named if isinstance(name, str))


def _priority(model: dict[str, Any]) -> float:
    found = model["pipeline"].get("priority")
    return found if isinstance(found, int | float) else 0


def _step(model: dict[str, Any]) -> Step | None:
    connection = connections.find_enabled(model["connection"], model["urlIdx"], model["mark"])
    if connection is None:
        return None
    return Step(connection, connection.upstream_id(model["id"]))
