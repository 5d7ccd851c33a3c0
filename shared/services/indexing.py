"""What makes files, knowledge bases and memories searchable: jobs, accepted here.

A collection is a named set of vectors. A file has one of its own; a knowledge base has one with
copies of its files'; a user has one of memories.
"""

from collections.abc import Sequence

from sqlalchemy import select

from shared import db, queue
from shared.kinds.retrieval import (
    CLEAN_UP,
    FILL_KNOWLEDGE,
    INDEX_FILE,
    INDEX_MEMORIES,
    REINDEX,
    RENEW_COLLECTION,
    CleanUp,
    FillKnowledge,
    IndexFile,
    IndexMemories,
    Reindex,
    RenewCollection,
)
from shared.models.chunk import Collection
from shared.models.file import PENDING, File
from shared.models.knowledge import Knowledge
from shared.queue import Subject
from shared.services import jobs


def collection_of(file_id: str) -> str:
    """Name the collection of one file."""
    return f"file-{file_id}"


def memories_of(user_id: str) -> str:
    """Name the collection of a user's memories."""
    return f"user-memory-{user_id}"


def index(file: File, from_text: bool = False) -> str:
    """Make a file searchable, as a job of its owner.

    Args:
        from_text: Take the text that it has, instead of what is found in its bytes.

    Returns:
        The job's id.

    Raises:
        Busy: Too many jobs of the owner wait already.
    """
    payload = IndexFile(file_id=file.id, from_text=from_text)
    file.job_id = jobs.accept(INDEX_FILE, payload, Subject(file.user_id))
    file.status, file.error = PENDING, None
    return file.job_id


def index_again(file: File, parent_id: str) -> None:
    """Make a file searchable anew, by the text that it has, for a job that does so with all."""
    payload = IndexFile(file_id=file.id, from_text=True)
    file.job_id = queue.enqueue(INDEX_FILE, payload, Subject(file.user_id, parent_id=parent_id))
    file.status, file.error = PENDING, None


def index_brought(file: File) -> None:
    """Make a file searchable that was brought with many others, by the text that it has, if any."""
    with_text = bool(
        db.session().scalar(select(File.content.is_not(None)).where(File.id == file.id))
    )
    payload = IndexFile(file_id=file.id, from_text=with_text)
    file.job_id = queue.enqueue(INDEX_FILE, payload, Subject(file.user_id))
    file.status, file.error = PENDING, None


def reindex(user_id: str) -> str:
    """Make everything searchable anew, as a job of an admin; gives its id."""
    return queue.enqueue(REINDEX, Reindex(), Subject(user_id))


def index_memories(
    user_id: str, memory_ids: Sequence[str] | None = None, parent_id: str | None = None
) -> str:
    """Make a user's memories searchable, as a job; gives its id.

    Args:
        memory_ids: Those that are new or changed; None for all, anew.
    """
    payload = IndexMemories(memory_ids=None if memory_ids is None else list(memory_ids))
    return queue.enqueue(INDEX_MEMORIES, payload, Subject(user_id, parent_id=parent_id))


def renew(collection: Collection, parent_id: str) -> None:
    """Embed a collection by the engine of now, for a job that does so with all."""
    payload = RenewCollection(collection=collection.name)
    queue.enqueue(RENEW_COLLECTION, payload, Subject(collection.user_id, parent_id=parent_id))


def fill(knowledge: Knowledge, files: Sequence[File], user_id: str, job_id: str) -> None:
    """Make files searchable in a knowledge base that holds them, as a job.

    Args:
        job_id: Of the job, chosen by a caller who listens for it already.

    Raises:
        Busy: Too many jobs of the user wait already.
    """
    payload = FillKnowledge(knowledge_id=knowledge.id, file_ids=[file.id for file in files])
    jobs.accept(FILL_KNOWLEDGE, payload, Subject(user_id), job_id)


def clean_up(
    objects: Sequence[str] = (),
    collections: Sequence[str] = (),
    parts: Sequence[tuple[str, str]] = (),
    points: Sequence[tuple[str, str]] = (),
) -> None:
    """Delete what belongs to rows that are gone, as a job: it happens only if they really go.

    Args:
        objects: Their keys in the storage.
        collections: Whole collections of vectors.
        parts: Pairs of a collection and the file whose vectors it is to lose.
        points: Pairs of a collection and the id of the vector that it is to lose.
    """
    todo = CleanUp(
        objects=tuple(objects),
        collections=tuple(collections),
        parts=tuple(parts),
        points=tuple(points),
    )
    queue.enqueue(CLEAN_UP, todo, Subject())
