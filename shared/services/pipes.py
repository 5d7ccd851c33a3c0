"""Pipes: functions that are models. Each is known as a connection, so that all that is done for an
answer is done for theirs too.
"""

from sqlalchemy import select

from shared import db
from shared.models.function import PIPE as PIPE_FUNCTION
from shared.models.function import Function
from shared.services.connections import Connection

# A kind of connection, beside those of servers.
PIPE = "pipe"
_SCHEME = "pipe://"


def enabled() -> list[Connection]:
    """List the pipes that are switched on."""
    query = select(Function.id).where(Function.type == PIPE_FUNCTION, Function.is_active)
    ids = db.session().scalars(query.order_by(Function.id))
    return [_connection(place, function_id) for place, function_id in enumerate(ids)]


def find_enabled(model_id: str) -> Connection | None:
    """Give the pipe behind a model, if it is switched on.

    Args:
        model_id: `<function>`, or `<function>.<one of its models>`.
    """
    with db.reading():
        row = find(model_id.partition(".")[0])
    return None if row is None else _connection(0, row.id)


def find(function_id: str) -> Function | None:
    """Give the function of a pipe, if it is switched on."""
    row = db.session().get(Function, function_id)
    return row if row is not None and row.type == PIPE_FUNCTION and row.is_active else None


def function_of(connection: Connection) -> str:
    """Tell which function a connection is."""
    return connection.url.removeprefix(_SCHEME)


def _connection(place: int, function_id: str) -> Connection:
    return Connection(PIPE, place, f"{_SCHEME}{function_id}")
