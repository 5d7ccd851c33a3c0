"""The jobs of retrieval."""

from shared.kinds.retrieval import CLEAN_UP, FILL_KNOWLEDGE, INDEX_FILE
from workers.base import task
from workers.retrieval.cleaning import Cleaning
from workers.retrieval.indexing import Filling, Indexing

task(INDEX_FILE)(Indexing)
task(FILL_KNOWLEDGE)(Filling)
task(CLEAN_UP)(Cleaning)
