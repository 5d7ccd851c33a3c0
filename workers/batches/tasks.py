"""The jobs of batches."""

from shared.kinds.batches import RUN_BATCH
from workers.base import task
from workers.batches.run import BatchRun

task(RUN_BATCH)(BatchRun)
