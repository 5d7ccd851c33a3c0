"""What has to be there so that work gets done."""

import logging
from collections.abc import Collection
from functools import lru_cache

from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared import db, revisions
from shared.metrics import reports
from shared.redis import is_alive

log = logging.getLogger(__name__)


def missing(queues: Collection[str]) -> list[str]:
    """Name what does not answer or is not there.

    Args:
        queues: Those that a worker has to serve.
    """
    return [*_database(), *_redis(queues)]


def _database() -> list[str]:
    try:
        return [] if _is_newest() else ["migrations"]
    except DBAPIError as error:
        log.warning("not ready, the database does not answer: %s", error)
        return ["database"]


@lru_cache(maxsize=1)
def _newest() -> set[str]:
    return revisions.read()[1]


def _is_newest() -> bool:
    """Whether the database has the tables of this version; asked without waiting."""
    try:
        with db.get_engine().connect() as connection:
            found = connection.execute(text(revisions.QUERY))
            return {row[0] for row in found} == _newest()
    except DBAPIError as error:
        if db.is_passing(error):
            raise
        return False  # no table yet


def _redis(queues: Collection[str]) -> list[str]:
    if not is_alive():
        return ["redis"]
    try:
        served = {queue for one in reports.processes() for queue in one["queues"]}
    except RedisError:
        return ["redis"]
    return [f"workers of {queue}" for queue in queues if queue not in served]
