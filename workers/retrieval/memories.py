"""Jobs of memories: what is remembered about a user, as vectors."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import select

from shared import db
from shared.kinds.retrieval import EmbedText, IndexMemories, QueryMemories
from shared.models.memory import Memory
from shared.services import indexing
from shared.services.indexing import memories_of
from workers.live import Running
from workers.retrieval import parts
from workers.retrieval.filling import BATCH
from workers.vectors import Item, Match, get_index


class Remembering:
    """Makes a user's memories searchable."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, IndexMemories)  # noqa: S101 -- for the type checker: the kind decides
        self._job, self._wanted = job, job.payload.memory_ids
        self._user_id = job.claim.user_id or ""
        with db.reading() as session:
            query = select(Memory).where(Memory.user_id == self._user_id)
            if self._wanted is not None:
                query = query.where(Memory.id.in_(self._wanted))
            self._memories = list(session.scalars(query))

    def do(self) -> None:
        """Embed them; all of them anew when no one is named."""
        if self._wanted is None:
            self._renew()
            return
        for items in self._embedded():
            get_index().put(memories_of(self._user_id), items)

    def _renew(self) -> None:
        """Let new vectors take the place of all others when the last of them is there: an engine
        that does not work leaves everything as it is.
        """
        index, collection = get_index(), memories_of(self._user_id)
        items = [item for batch in self._embedded() for item in batch]
        there = index.ids(collection)  # before the rows, each of which is older than its vector
        with db.reading() as session:
            query = select(Memory.id, Memory.content).where(Memory.user_id == self._user_id)
            now = {memory_id: content for memory_id, content in session.execute(query)}  # noqa: C416 -- rows are no pairs to the type checker
        # What was changed meanwhile has a job of its own.
        if fresh := [item for item in items if now.get(item.id) == item.text]:
            index.replace(collection, fresh)
        index.delete(collection, [memory_id for memory_id in there if memory_id not in now])

    def _embedded(self) -> Iterator[list[Item]]:
        for start in range(0, len(self._memories), BATCH):
            self._job.check()
            yield _items(self._memories[start : start + BATCH])

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Take out again what was forgotten meanwhile."""
        query = select(Memory.id).where(Memory.user_id == self._user_id)
        still = set(db.session().scalars(query))
        lost = [(memories_of(self._user_id), m.id) for m in self._memories if m.id not in still]
        if lost:
            indexing.clean_up(points=lost)
        return {"memories": len(self._memories)}


def _items(memories: Sequence[Memory]) -> list[Item]:
    vectors = parts.get_engine().embed([memory.content for memory in memories])
    return [
        Item(memory.id, memory.content, vector, _meta(memory))
        for memory, vector in zip(memories, vectors, strict=True)
    ]


def _meta(memory: Memory) -> dict[str, Any]:
    return {"created_at": memory.created_at, "updated_at": memory.updated_at}


class Recalling:
    """Finds what is remembered about a user that has to do with a text."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, QueryMemories)  # noqa: S101 -- for the type checker: the kind decides
        self._ask, self._user_id = job.payload, job.claim.user_id or ""
        self._found: list[Match] = []

    def do(self) -> None:
        """Search one's own memories, and no others."""
        collection = memories_of(self._user_id)
        if not get_index().ids(collection):
            return
        vector = parts.get_engine().embed([self._ask.text], is_query=True)[0]
        self._found = get_index().search([collection], vector, self._ask.limit)

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Give what was found in the contract's form: one list for the one question."""
        return {
            "ids": [[match.id for match in self._found]],
            "documents": [[match.text for match in self._found]],
            "metadatas": [[match.meta for match in self._found]],
            "distances": [[as_distance(match.score) for match in self._found]],
        }


class Embedding:
    """Turns one text into its vector."""

    def __init__(self, job: Running) -> None:
        assert isinstance(job.payload, EmbedText)  # noqa: S101 -- for the type checker: the kind decides
        self._text = job.payload.text
        self._vector: list[float] = []

    def do(self) -> None:
        """Embed it as a question."""
        self._vector = [float(x) for x in parts.get_engine().embed([self._text], is_query=True)[0]]

    def save(self, _status: str, _error: str | None) -> dict[str, Any]:
        """Give the vector."""
        return {"result": self._vector}


def as_distance(score: float) -> float:
    """Give a likeness as the contract has it: 0 to 1, higher is nearer."""
    return (score + 1) / 2
