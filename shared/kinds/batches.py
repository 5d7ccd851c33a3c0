"""Kinds of jobs of batches."""

from shared.kinds.base import BATCH, JobSpec, Payload


class RunBatch(Payload):
    """Answer every line of a batch.

    Attributes:
        is_by_program: Whether an API key was used, whose quotas its lines then count against.
        output_lasts_s: How long the files of its answers are kept; None for ever.
    """

    batch_id: str
    is_by_program: bool = False
    output_lasts_s: int | None = None


RUN_BATCH = JobSpec("batches.run_batch", BATCH, RunBatch)

SPECS = (RUN_BATCH,)
