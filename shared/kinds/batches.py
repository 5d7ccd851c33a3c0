"""Kinds of jobs of batches."""

from shared.kinds.base import BATCH, JobSpec, Payload


class RunBatch(Payload):
    """Answer every line of a batch.

    Attributes:
        is_by_key: Whether it was asked for with an API key, whose quotas its lines count against.
        output_lasts_s: How long the files of its answers are kept; None for ever.
    """

    batch_id: str
    is_by_key: bool = False
    output_lasts_s: int | None = None


RUN_BATCH = JobSpec("batches.run_batch", BATCH, RunBatch)

SPECS = (RUN_BATCH,)
