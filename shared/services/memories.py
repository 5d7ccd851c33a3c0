"""Memories: what models are to know about a user."""

from sqlalchemy import delete, select

from shared import db
from shared.errors import NotFound
from shared.ids import new_id, now_s
from shared.models.memory import Memory
from shared.services import access, indexing
from shared.services.accounts import Principal


def find(user: Principal, memory_id: str) -> Memory:
    """Give a memory to the one whom it is about.

    Raises:
        NotFound: There is none, or it is another's; the two are not told apart.
    """
    memory = db.session().get(Memory, memory_id)
    if memory is None or not access.can(user, "write", memory):
        raise NotFound("Memory not found")
    return memory


def listed(user_id: str) -> list[Memory]:
    """List a user's memories, oldest first."""
    query = select(Memory).where(Memory.user_id == user_id)
    return list(db.session().scalars(query.order_by(Memory.created_at, Memory.id)))


def add(user_id: str, content: str) -> tuple[Memory, str]:
    """Remember something.

    Returns:
        The memory, and the id of the job that makes it searchable.
    """
    now = now_s()
    memory = Memory(id=new_id(), user_id=user_id, content=content, created_at=now, updated_at=now)
    db.session().add(memory)
    db.session().flush()
    return memory, indexing.index_memories(user_id, [memory.id])


def change(memory: Memory, content: str) -> str:
    """Remember it in other words.

    Returns:
        The id of the job that makes it searchable by them.
    """
    memory.content, memory.updated_at = content, now_s()
    db.session().flush()
    return indexing.index_memories(memory.user_id, [memory.id])


def remove(memory: Memory) -> None:
    """Forget something."""
    db.session().delete(memory)
    indexing.clean_up(points=[(indexing.memories_of(memory.user_id), memory.id)])


def remove_all_of(user_id: str) -> None:
    """Forget everything about a user."""
    db.session().execute(delete(Memory).where(Memory.user_id == user_id))
    indexing.clean_up(collections=[indexing.memories_of(user_id)])
