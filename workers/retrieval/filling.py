"""Putting a text's chunks into the index, a batch at a time: whoever does it again after a lost
worker finds what is there already, and adds the rest.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from workers.retrieval.base import Chunk, Engine
from workers.vectors.base import Index, Item

if TYPE_CHECKING:
    from workers.vectors.base import Vectors

# So many chunks are embedded and kept together: what a lost worker has to do twice.
BATCH = 32
# Items that are copied at once.
_COPIED_AT_ONCE = 500

# Called between two batches with what is done, what there is to do, and a word for it; may raise to
# end the work.
Step = Callable[[int, int, str], None]
T = TypeVar("T")
_EMBEDDING, _COPYING = "Embedding", "Adding to a knowledge base"


@dataclass(frozen=True)
class Filler:
    """Puts chunks into collections.

    Attributes:
        index: Where they go.
        engine: What turns them into vectors.
        step: See `Step`.
        look: Called between embedding, which takes its time, and keeping what came of it; may raise
            to end the work.
    """

    index: Index
    engine: Engine
    step: Step
    look: Callable[[], None] = lambda: None

    def put(
        self, collection: str, prefix: str, chunks: Sequence[Chunk], meta: dict[str, Any]
    ) -> int:
        """Make a collection hold these chunks of one file and no others of it.

        Args:
            prefix: Ids of items begin with it; the same text gets the same ids again.
            meta: Put to what each chunk tells of itself; has its `file_id`.

        Returns:
            How many there are.

        Raises:
            Invalid: The collection holds vectors of another length.
            Unavailable: Index or engine does not answer.
        """
        revision = _revision(self.engine.name, chunks)
        wanted = {f"{prefix}-{revision}-{n:06}": chunk for n, chunk in enumerate(chunks)}
        there = self._without_others(collection, meta["file_id"], wanted)
        done = len(there)
        self.step(done, len(wanted), _EMBEDDING)
        for batch in _batches((i for i in wanted.items() if i[0] not in there), BATCH):
            items = list(self._items(batch, meta))
            self.look()
            self.index.put(collection, items)
            done += len(batch)
            self.step(done, len(wanted), _EMBEDDING)
        # What an older job was just about to put when it was told to stop.
        self._without_others(collection, meta["file_id"], wanted)
        return len(wanted)

    def _items(self, batch: Sequence[tuple[str, Chunk]], meta: dict[str, Any]) -> Iterator[Item]:
        vectors = embedded(self.index, self.engine, [chunk.text for _, chunk in batch])
        for (item_id, chunk), vector in zip(batch, vectors, strict=True):
            place = {"start_index": chunk.start, **chunk.meta}
            yield Item(item_id, chunk.text, vector, {**meta, **place})

    def copy(self, source: str, target: str, file_id: str) -> int:
        """Make a collection hold what another one has of a file, vectors included.

        Returns:
            How many items these are.

        Raises:
            Invalid: The collection holds vectors of another length.
            IndexFailed: The index does not answer.
        """
        wanted = self.index.ids(source, file_id)
        there = self._without_others(target, file_id, dict.fromkeys(wanted))
        done = len(there)
        for batch in _batches((one for one in wanted if one not in there), _COPIED_AT_ONCE):
            self.step(done, len(wanted), _COPYING)
            self.index.put(target, self.index.get(source, batch))
            done += len(batch)
        return len(wanted)

    def _without_others(self, collection: str, file_id: str, wanted: dict[str, Any]) -> set[str]:
        """Delete what a collection has of a file's former text; give what it has of this one."""
        there = set(self.index.ids(collection, file_id))
        self.index.delete(collection, [one for one in there if one not in wanted])
        return there & wanted.keys()


def embedded(index: Index, engine: Engine, texts: Sequence[str]) -> list["Vectors"]:
    """Give the vectors of texts. What the engine has embedded before, for whichever file, is not
    embedded again.

    Raises:
        Unavailable: The engine does not answer.
    """
    known = index.known(engine.name, texts)
    new = [text for text in dict.fromkeys(texts) if text not in known]
    if new:
        known |= zip(new, engine.embed(new), strict=True)
    return [known[text] for text in texts]


def _batches(values: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(values)
    while batch := list(islice(rest, size)):
        yield batch


def _revision(engine: str, chunks: Sequence[Chunk]) -> str:
    """Tell texts, ways of cutting them and engines apart."""
    digest = hashlib.sha256(engine.encode())
    for chunk in chunks:
        digest.update(f"{chunk.start}:{len(chunk.text)}:".encode())
        digest.update(chunk.text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]
