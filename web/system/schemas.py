"""Forms of the system's routes."""

from pydantic import Field, field_validator

from shared.kinds.base import QUEUES
from shared.schema import Schema


class ReadyQuery(Schema):
    """What has to be there."""

    queues: str | None = Field(
        None,
        description="Queues that workers have to serve, divided by commas; all when not given, none"
        " when empty: then only what the web tier itself needs is looked at.",
    )

    @field_validator("queues")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        unknown = set(filter(None, (value or "").split(","))) - set(QUEUES)
        if unknown:
            raise ValueError(f"there is no queue {', '.join(sorted(unknown))}")
        return value

    def names(self) -> tuple[str, ...]:
        """Give the queues one by one."""
        return QUEUES if self.queues is None else tuple(filter(None, self.queues.split(",")))
