"""Kinds of jobs that pass a request on to a connection, and its answer back as it comes."""

from typing import Any

from shared.kinds.base import DEFAULT, INTERACTIVE, JobSpec, Payload


class PassOn(Payload):
    """Ask a connection something in its own protocol.

    Attributes:
        kind: The connection's protocol.
        index: Its place.
        mark: By which it is known when its place has changed.
        path: Below its address.
        model: Id of the model whose readers may ask this; without one only admins may.
        is_stream: Whether the answer comes in items (lines or events of JSON).
    """

    kind: str
    index: int
    mark: str
    path: str
    method: str = "POST"
    body: dict[str, Any] | None = None
    model: str | None = None
    is_stream: bool = False


PASS_ON = JobSpec("proxies.pass_on", INTERACTIVE, PassOn)
# Takes long and is wanted also when nobody looks on: to pull, push or make a model.
MAINTAIN = JobSpec("proxies.maintain", DEFAULT, PassOn)

SPECS = (PASS_ON, MAINTAIN)
