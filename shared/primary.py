"""Connections to whichever server the Sentinels name as primary when one is opened.

All that speaks to Redis opens its connections by the pool's class and options (`redis`, `flusher`,
`subscriber`): what is lost with a primary is opened anew at its successor.
"""

from typing import Any

import redis
from redis.credentials import UsernamePasswordCredentialProvider
from redis.exceptions import ConnectionError as RedisDown
from redis.exceptions import ReadOnlyError
from redis.sentinel import Sentinel

from shared.config.sentinels import Sentinels

# A Sentinel that does not answer is passed over for the next.
_PATIENCE_S = 1.0


class PrimaryConnection(redis.Connection):
    """A connection that asks for the primary's address each time it is opened.

    Args:
        directory: Whom to ask.
        service: What the Sentinels call the primary.
        options: Those of redis-py.
    """

    def __init__(self, directory: Sentinel, service: str, **options: Any) -> None:
        self._directory, self._service = directory, service
        super().__init__(**options)  # type: ignore[no-untyped-call]  # redis-py has not all types

    def _connect(self) -> Any:
        address = self._directory.discover_master(self._service)  # type: ignore[no-untyped-call]  # as above
        self.host, self.port = address
        return super()._connect()  # type: ignore[no-untyped-call]  # as above

    def read_response(self, *args: Any, **options: Any) -> Any:
        """Read an answer; see redis-py.

        Raises:
            redis.exceptions.ConnectionError: The server is the primary no more.
        """
        try:
            return super().read_response(*args, **options)
        except ReadOnlyError as error:
            self.disconnect()  # type: ignore[no-untyped-call]  # as above
            raise RedisDown("this server is not the primary any more") from error


def primary_options(asked: Sentinels) -> dict[str, Any]:
    """Give the options of a pool that follows the primary."""
    user, password = asked.credentials
    told = sentinel_options(asked)
    directory = Sentinel(asked.addresses, sentinel_kwargs=told)  # type: ignore[no-untyped-call]  # as above
    return {
        "connection_class": PrimaryConnection,
        "directory": directory,
        "service": asked.service,
        "db": asked.database,
        "username": user or None,
        "password": password or None,
    }


def sentinel_options(asked: Sentinels) -> dict[str, Any]:
    """Give redis-py's options for connections to the Sentinels themselves, also for Celery's."""
    options: dict[str, Any] = {
        "socket_connect_timeout": _PATIENCE_S,
        "socket_timeout": _PATIENCE_S,
        # The next Sentinel is asked at once; redis-py would try the same one ten times.
        "retry": None,
    }
    user, password = asked.own_credentials
    if password:
        # Not as a word: Flower shows Celery's options.
        options["credential_provider"] = UsernamePasswordCredentialProvider(user, password)
    return options
