"""Kinds of jobs of batches."""

from shared.kinds.base import BATCH, JobSpec, Payload


class RunBatch(Payload):
    """Answer every line of a batch."""

    batch_id: str


RUN_BATCH = JobSpec("batches.run_batch", BATCH, RunBatch)

SPECS = (RUN_BATCH,)
