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


class TryEngine(Payload):
    """See whether the engine of now turns texts into vectors, before anything is made anew."""


class TryReranker(Payload):
    """See whether a model in DATA_DIR/models orders texts again.

    Attributes:
        model: Its name.
    """

    model: str


class RenewCollection(Payload):
    """Embed what stands in a collection of pages or texts by the engine of now."""

    collection: str


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


class EmbedText(Payload):
    """Turn a text into its vector, for whoever looks whether that works."""

    text: str


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


class SearchCollections(Payload):
    """Find what stands in collections that has to do with questions.

    Attributes:
        user_id: Who asks; may read all collections, or has them by a model.
        through: A model of whose knowledge the collections are, as long as the user has the model.
        limit: At most so many chunks are found.
        best: And so many of them are left after they were ordered again; hybrid search only.
        threshold: The least likeness, 0 to 1.
        hybrid: Whether words count as well as vectors; None for what the options say.
    """

    user_id: str
    collections: list[str]
    queries: list[str]
    through: str | None = None
    limit: int | None = None
    best: int | None = None
    threshold: float | None = None
    hybrid: bool | None = None


class ReadPage(Payload):
    """Read a web page, or what is said in a video, and make it searchable in a collection."""

    url: str
    collection: str


class KeepText(Payload):
    """Make a text searchable in a collection."""

    name: str
    content: str
    collection: str


class SearchWeb(Payload):
    """Search the web, and make what is found searchable.

    Attributes:
        user_id: For whom.
    """

    user_id: str
    queries: list[str]


INDEX_FILE = JobSpec("retrieval.index_file", COMPUTE, IndexFile)
FILL_KNOWLEDGE = JobSpec("retrieval.fill_knowledge", COMPUTE, FillKnowledge)
REINDEX = JobSpec("retrieval.reindex", DEFAULT, Reindex)
TRY_ENGINE = JobSpec("retrieval.try_engine", QUICK, TryEngine, is_visible=False)
TRY_RERANKER = JobSpec("retrieval.try_reranker", QUICK, TryReranker, is_visible=False)
RENEW_COLLECTION = JobSpec("retrieval.renew_collection", COMPUTE, RenewCollection, is_visible=False)
INDEX_MEMORIES = JobSpec("retrieval.index_memories", QUICK, IndexMemories, is_visible=False)
QUERY_MEMORIES = JobSpec(
    "retrieval.query_memories", QUICK, QueryMemories, is_visible=False, texts=("text",)
)
EMBED_TEXT = JobSpec("retrieval.embed_text", QUICK, EmbedText, is_visible=False, texts=("text",))
SEARCH_COLLECTIONS = JobSpec(
    "retrieval.search_collections", QUICK, SearchCollections, is_visible=False, texts=("queries",)
)
READ_PAGE = JobSpec("retrieval.read_page", COMPUTE, ReadPage)
KEEP_TEXT = JobSpec("retrieval.keep_text", COMPUTE, KeepText, texts=("content",))
SEARCH_WEB = JobSpec("retrieval.search_web", COMPUTE, SearchWeb, texts=("queries",))
CLEAN_UP = JobSpec("retrieval.clean_up", DEFAULT, CleanUp, is_visible=False)

SPECS = (
    INDEX_FILE,
    FILL_KNOWLEDGE,
    REINDEX,
    TRY_ENGINE,
    TRY_RERANKER,
    RENEW_COLLECTION,
    INDEX_MEMORIES,
    QUERY_MEMORIES,
    EMBED_TEXT,
    SEARCH_COLLECTIONS,
    READ_PAGE,
    KEEP_TEXT,
    SEARCH_WEB,
    CLEAN_UP,
)
