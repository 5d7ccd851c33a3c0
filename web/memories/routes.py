"""Routes of memories."""

from typing import Any

from flask import Blueprint

from shared import db
from shared.config.settings import get_settings
from shared.kinds.retrieval import EMBED_TEXT, QUERY_MEMORIES, EmbedText, QueryMemories
from shared.models.memory import Memory
from shared.queue import Subject
from shared.services import indexing, memories
from web.api import endpoint
from web.auth import current_user
from web.memories.schemas import (
    MatchesResponse,
    MemoryChangeForm,
    MemoryForm,
    MemoryResponse,
    QueryForm,
)
from web.retrieval.schemas import VectorResponse
from web.stream.waiting import ask, wait_for

bp = Blueprint("memories", __name__)

# What is remembered can be found a moment later; nobody is kept waiting for long.
_PATIENCE_S = 5.0
_QUERY_PATIENCE_S = 15.0
_UNKNOWN = {404: "No such memory, or not yours"}


@bp.get("/")
@endpoint(response=list[MemoryResponse])
def list_memories() -> list[Memory]:
    """List what is remembered about oneself, oldest first."""
    return memories.listed(current_user().id)


@bp.get("/ef")
@endpoint(response=VectorResponse, transaction=None)
def show_vector() -> Any:
    """Give the vector of a text, as a sign that embedding works."""
    return ask(EMBED_TEXT, EmbedText(text="hello"), Subject(current_user().id), _QUERY_PATIENCE_S)


@bp.post("/add")
@endpoint(body=MemoryForm, response=MemoryResponse, transaction=None)
def add_memory(body: MemoryForm) -> Memory:
    """Remember something; the answer waits a moment until it can be found."""
    with db.transaction():
        memory, job_id = memories.add(current_user().id, body.content)
    wait_for(job_id, _PATIENCE_S)
    return memory


@bp.post("/query")
@endpoint(
    body=QueryForm,
    response=MatchesResponse,
    transaction=None,
    errors={400: "The text cannot be embedded", 503: "The search has not ended in time"},
)
def query_memories(body: QueryForm) -> dict[str, Any]:
    """Find what is remembered about oneself that has to do with a text."""
    payload = QueryMemories(text=body.content, limit=body.k or 1)
    return ask(QUERY_MEMORIES, payload, Subject(current_user().id), _QUERY_PATIENCE_S)


@bp.post("/reset")
@endpoint(response=bool, transaction=None)
def reset_memories() -> bool:
    """Make all that is remembered about oneself searchable anew; the answer waits for that as long
    as UPLOAD_WAIT_S says.
    """
    with db.transaction():
        job_id = indexing.index_memories(current_user().id)
    wait_for(job_id, get_settings().upload_wait_s)
    return True


@bp.delete("/delete/user")
@endpoint(response=bool)
def delete_memories() -> bool:
    """Forget everything about oneself."""
    memories.remove_all_of(current_user().id)
    return True


@bp.post("/<memory_id>/update")
@endpoint(body=MemoryChangeForm, response=MemoryResponse, transaction=None, errors=_UNKNOWN)
def change_memory(memory_id: str, body: MemoryChangeForm) -> Memory:
    """Remember something in other words; the answer waits a moment until it is found by them."""
    with db.transaction():
        memory = memories.find(current_user(), memory_id)
        job_id = memories.change(memory, body.content) if body.content is not None else None
    if job_id is not None:
        wait_for(job_id, _PATIENCE_S)
    return memory


@bp.delete("/<memory_id>")
@endpoint(response=bool, errors=_UNKNOWN)
def delete_memory(memory_id: str) -> bool:
    """Forget something."""
    memories.remove(memories.find(current_user(), memory_id))
    return True
