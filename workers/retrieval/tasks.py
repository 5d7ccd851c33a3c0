"""The jobs of retrieval."""

from shared.kinds.retrieval import (
    CLEAN_UP,
    FILL_KNOWLEDGE,
    INDEX_FILE,
    INDEX_MEMORIES,
    QUERY_MEMORIES,
    REINDEX,
)
from workers.base import task
from workers.retrieval.cleaning import Cleaning
from workers.retrieval.indexing import Filling, Indexing
from workers.retrieval.memories import Recalling, Remembering
from workers.retrieval.reindexing import Reindexing

task(INDEX_FILE)(Indexing)
task(FILL_KNOWLEDGE)(Filling)
task(REINDEX)(Reindexing)
task(INDEX_MEMORIES)(Remembering)
task(QUERY_MEMORIES)(Recalling)
task(CLEAN_UP)(Cleaning)
