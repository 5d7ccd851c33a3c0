"""What a kind of job is."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import ConfigDict

from shared.schema import Schema

INTERACTIVE, DEFAULT, BATCH = "interactive", "default", "batch"
COMPUTE, QUICK = "compute", "quick"
QUEUES = (INTERACTIVE, DEFAULT, BATCH, COMPUTE, QUICK)


class Payload(Schema):
    """What a job is to do: ids and parameters, never rows, never secrets in clear. Its fields hold
    what can be written as JSON, no further models.
    """

    model_config = ConfigDict(extra="forbid")

    def given(self) -> dict[str, Any]:
        """Give its fields but for those that say no more than their default.

        No deep copy: it is written at once, and a chat may be long.
        """
        defaults = _defaults(type(self))
        return {
            name: value
            for name, value in vars(self).items()
            if name not in defaults or value != defaults[name]
        }


@cache
def _defaults(payload: type[Payload]) -> dict[str, Any]:
    """Give the defaults of the fields that have one."""
    return {
        name: field.get_default(call_default_factory=True)
        for name, field in payload.model_fields.items()
        if not field.is_required()
    }


@dataclass(frozen=True)
class JobSpec:
    """A kind of job.

    Attributes:
        name: On the wire and in Flower; never renamed.
        queue: One of QUEUES.
        payload: The form of its request.
        is_visible: Whether its owner sees it in lists of jobs.
        texts: Fields of the request with what users wrote, which nobody needs once it has
            completed.
    """

    name: str
    queue: str
    payload: type[Payload]
    is_visible: bool = True
    texts: tuple[str, ...] = ()

    def knows(self, request: dict[str, Any]) -> bool:
        """Whether this version knows all that a job asks for; a newer one may have accepted it."""
        return request.keys() <= self.payload.model_fields.keys()
