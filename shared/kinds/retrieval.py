"""Kinds of jobs that make things searchable, and that clear away what is no longer there."""

from shared.kinds.base import COMPUTE, DEFAULT, QUICK, JobSpec, Payload


class IndexFile(Payload):
    """Find the text of a file and make it searchable, there and in the knowledge bases that hold
    it.

    Attributes:
        from_text: Take the text that the file has, instead of what is found in its bytes.
    """

    file_id: str
    from_text: bool = False


class FillKnowledge(Payload):
    """Make processed files searchable in a knowledge base."""

    knowledge_id: str
    file_ids: list[str]


class Reindex(Payload):
    """Make everything searchable anew: all processed files, where they are held, all memories."""


class IndexMemories(Payload):
    """Make a user's memories searchable.

    Attributes:
        memory_ids: Those that are new or changed; None for all, anew.
    """

    memory_ids: list[str] | None = None


class QueryMemories(Payload):
    """Find what is remembered about a user that has to do with a text."""

    text: str
    limit: int


class CleanUp(Payload):
    """Delete what belongs to rows that are gone.

    Attributes:
        objects: Their keys in the storage.
        collections: Whole collections of vectors.
        parts: Pairs of a collection and the file whose vectors it is to lose.
        points: Pairs of a collection and the id of the vector that it is to lose.
    """

    objects: tuple[str, ...] = ()
    collections: tuple[str, ...] = ()
    parts: tuple[tuple[str, str], ...] = ()
    points: tuple[tuple[str, str], ...] = ()


INDEX_FILE = JobSpec("retrieval.index_file", COMPUTE, IndexFile)
FILL_KNOWLEDGE = JobSpec("retrieval.fill_knowledge", COMPUTE, FillKnowledge)
REINDEX = JobSpec("retrieval.reindex", DEFAULT, Reindex)
INDEX_MEMORIES = JobSpec("retrieval.index_memories", QUICK, IndexMemories, is_visible=False)
QUERY_MEMORIES = JobSpec("retrieval.query_memories", QUICK, QueryMemories, is_visible=False)
CLEAN_UP = JobSpec("retrieval.clean_up", DEFAULT, CleanUp, is_visible=False)

SPECS = (INDEX_FILE, FILL_KNOWLEDGE, REINDEX, INDEX_MEMORIES, QUERY_MEMORIES, CLEAN_UP)
