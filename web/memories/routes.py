"""Routes of memories."""

from flask import Blueprint

from shared.models.memory import Memory
from shared.services import memories
from web.api import endpoint
from web.auth import current_user
from web.memories.schemas import MemoryChangeForm, MemoryForm, MemoryResponse

bp = Blueprint("memories", __name__)

_UNKNOWN = {404: "No such memory, or not yours"}


@bp.get("/")
@endpoint(response=list[MemoryResponse])
def list_memories() -> list[Memory]:
    """List what is remembered about oneself, oldest first."""
    return memories.listed(current_user().id)


@bp.post("/add")
@endpoint(body=MemoryForm, response=MemoryResponse)
def add_memory(body: MemoryForm) -> Memory:
    """Remember something."""
    return memories.add(current_user().id, body.content)


@bp.delete("/delete/user")
@endpoint(response=bool)
def delete_memories() -> bool:
    """Forget everything about oneself."""
    memories.remove_all_of(current_user().id)
    return True


@bp.post("/<memory_id>/update")
@endpoint(body=MemoryChangeForm, response=MemoryResponse, errors=_UNKNOWN)
def change_memory(memory_id: str, body: MemoryChangeForm) -> Memory:
    """Remember something in other words."""
    memory = memories.find(current_user(), memory_id)
    return memory if body.content is None else memories.change(memory, body.content)


@bp.delete("/<memory_id>")
@endpoint(response=bool, errors=_UNKNOWN)
def delete_memory(memory_id: str) -> bool:
    """Forget something."""
    memories.remove(memories.find(current_user(), memory_id))
    return True
