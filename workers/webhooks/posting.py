"""Posting a message to an address, once."""

from typing import Any

import orjson

from shared import http
from workers.live import Running
from workers.webhooks.forms import body_for

_TOTAL_S, _CONNECT_S, _MOST_BYTES = 10, 5, 100_000


def post(
    job: Running, url: str, text: str, event: dict[str, Any], allows_private: bool = False
) -> None:
    """Post a message in the form of its service.

    Args:
        text: What people read.
        event: What programs read.
        allows_private: Whether the address may be in the house: an admin's may, a user's not.

    Raises:
        Invalid, NotFound, Forbidden, Unavailable: It is not taken.
        Stopped: The job has to end.
    """
    fetcher = http.Fetcher(
        http.Limits(
            size_bytes=_MOST_BYTES,
            total_s=_TOTAL_S,
            connect_s=_CONNECT_S,
            redirects=0,
            allows_private=allows_private,
        )
    )
    content = orjson.dumps(body_for(url, text, event))
    with job.abortable(fetcher.abort):
        headers = {"Content-Type": "application/json"}
        fetcher.fetch(url, "POST", headers, content).required()
