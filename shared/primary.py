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


class _Following:
    """A connection that asks for the primary's address each time it is opened.

    Args:
        directory: Whom to ask.
        service: What the Sentinels call the primary.
        options: Those of redis-py.
    """

    def __init__(self, directory: Sentinel, service: str, **options: Any) -> None:
        self._directory, self._service = directory, service
        super().__init__(**options)

    def _connect(self) -> Any:
        address = self._directory.discover_master(self._service)  # type: ignore[no-untyped-call]  # as above
        self.host, self.port = address
        return super()._connect()  # type: ignore[misc]  # of redis-py's class behind this one

    def read_response(self, *args: Any, **options: Any) -> Any:
        """Read an answer; see redis-py.

        Raises:
            redis.exceptions.ConnectionError: The server is the primary no more.
        """
        try:
            return super().read_response(*args, **options)  # type: ignore[misc]  # as above
        except ReadOnlyError as error:
            self.disconnect()  # type: ignore[attr-defined]  # as above
            raise RedisDown("this server is not the primary any more") from error


class PrimaryConnection(_Following, redis.Connection):
    """One in clear."""


class PrimaryTLSConnection(_Following, redis.SSLConnection):
    """One with TLS; the server's certificate has to be for the address that the Sentinels tell."""


class _Entry(UsernamePasswordCredentialProvider):
    """User and password of the Sentinels: not as words, since Flower asks workers for Celery's
    options and shows them.
    """

    def __json__(self) -> str:
        """Say nothing where kombu writes options as JSON."""
        return "********"


def primary_options(asked: Sentinels) -> dict[str, Any]:
    """Give the options of a pool that follows the primary."""
    user, password = asked.credentials
    told = sentinel_options(asked)
    directory = Sentinel(asked.addresses, sentinel_kwargs=told)  # type: ignore[no-untyped-call]  # as above
    return {
        "connection_class": PrimaryConnection if asked.tls is None else PrimaryTLSConnection,
        **(asked.tls or {}),
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
    if asked.tls is not None:
        options |= {"ssl": True, **asked.tls}
    user, password = asked.own_credentials
    if password:
        options["credential_provider"] = _Entry(user, password)
    return options
