"""The kinds of jobs, one file per noun: what each is called, where it waits, what it is told."""

from shared.kinds import catalogue, inference
from shared.kinds.base import JobSpec

# Every kind by its name on the wire; a new file's SPECS belong here.
SPECS: dict[str, JobSpec] = {
    spec.name: spec for noun in (catalogue, inference) for spec in noun.SPECS
}
