"""The jobs of retrieval."""

from shared.kinds.retrieval import (
    CLEAN_UP,
    EMBED_TEXT,
    FILL_KNOWLEDGE,
    INDEX_FILE,
    INDEX_MEMORIES,
    KEEP_TEXT,
    QUERY_MEMORIES,
    READ_PAGE,
    REINDEX,
    RENEW_COLLECTION,
    SEARCH_COLLECTIONS,
    SEARCH_WEB,
    TRY_ENGINE,
    TRY_RERANKER,
)
from workers.base import task
from workers.pages.keeping import PageReading, TextKeeping
from workers.pages.searching import WebSearching
from workers.retrieval.cleaning import Cleaning
from workers.retrieval.indexing import Filling, Indexing
from workers.retrieval.lookup import Lookup
from workers.retrieval.memories import Embedding, Recalling, Remembering
from workers.retrieval.reindexing import Reindexing
from workers.retrieval.renewing import Renewing
from workers.retrieval.trials import EngineTrial, RerankerTrial

task(INDEX_FILE)(Indexing)
task(FILL_KNOWLEDGE)(Filling)
task(REINDEX)(Reindexing)
task(TRY_ENGINE)(EngineTrial)
task(TRY_RERANKER)(RerankerTrial)
task(RENEW_COLLECTION)(Renewing)
task(INDEX_MEMORIES)(Remembering)
task(QUERY_MEMORIES)(Recalling)
task(EMBED_TEXT)(Embedding)
task(SEARCH_COLLECTIONS)(Lookup)
task(READ_PAGE)(PageReading)
task(KEEP_TEXT)(TextKeeping)
task(SEARCH_WEB)(WebSearching)
task(CLEAN_UP)(Cleaning)
