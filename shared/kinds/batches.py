"""Kinds of jobs of batches."""

from shared.kinds.base import BATCH, JobSpec, Payload


class RunBatch(Payload):
    """Answer every line of a batch.

    Attributes:
        is_by_key: Whether it was asked for with an API key, whose quotas its lines count against.
    """

    batch_id: str
    is_by_key: bool = False


RUN_BATCH = JobSpec("batches.run_batch", BATCH, RunBatch)

SPECS = (RUN_BATCH,)
