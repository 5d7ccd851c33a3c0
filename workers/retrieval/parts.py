"""What this process makes texts searchable with, as the options say."""

from workers.embedding import get_engine
from workers.extraction import get_extractor
from workers.retrieval.splitting import get_splitter

__all__ = ["get_engine", "get_extractor", "get_splitter"]
