"""What tests of leases do with jobs."""

import time
from typing import Any

from shared import leases
from shared.leases import Claim
from tests.services.things import change_job


def nothing() -> dict[str, Any]:
    """Save nothing at a job's end."""
    return {}


def claimed(job_id: str) -> Claim:
    """Claim a job that can be claimed."""
    claim = leases.claim(job_id)
    assert isinstance(claim, Claim)
    return claim


def lapse(job_id: str) -> None:
    """Let the lease of a job have run out."""
    change_job(job_id, lease_until=time.time() - 1)
