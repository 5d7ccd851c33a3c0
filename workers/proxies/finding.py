"""The connection that a job was accepted for, wherever it stands now."""

from shared.errors import SwitchyardError
from shared.services import connections
from shared.services.connections import Connection


def connection_of(kind: str, index: int, mark: str) -> Connection:
    """Find a connection.

    Args:
        index, mark: Its place and its mark when the job was accepted.

    Raises:
        SwitchyardError: There is no such connection any more.
    """
    found = connections.find_enabled(kind, index, mark)
    if found is None:
        raise SwitchyardError("The connection was taken out or changed. Please try again.")
    return found
