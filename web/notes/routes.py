"""Routes of notes, which today's clients know: Open WebUI 0.6.5 had none."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint

from shared.models.note import Note
from shared.services import notes
from web.api import endpoint
from web.auth import current_user
from web.notes.schemas import (
    NoteChangeForm,
    NoteForm,
    NotePage,
    NoteResponse,
    OwnedNoteResponse,
    SearchQuery,
)
from web.sharing import GrantsForm, with_owners

bp = Blueprint("notes", __name__)

_PAGE = 60
_HIDDEN = {401: "Not yours to change", 404: "No such note, or not yours to see"}


def _owned(rows: Sequence[Note]) -> list[dict[str, Any]]:
    pins = notes.pinned(current_user())
    owned = with_owners(list(rows), OwnedNoteResponse)
    return [{**note, "is_pinned": note["id"] in pins} for note in owned]


def _shown(row: Note) -> dict[str, Any]:
    return _owned([row])[0]


@bp.get("/")
@endpoint(response=list[OwnedNoteResponse])
def list_notes() -> list[dict[str, Any]]:
    """List the notes that the user has or was given, newest change first."""
    return _owned(notes.listed(current_user()))


@bp.get("/pinned")
@endpoint(response=list[OwnedNoteResponse])
def list_pinned_notes() -> list[dict[str, Any]]:
    """List the notes that the user keeps at the top."""
    return [note for note in _owned(notes.listed(current_user())) if note["is_pinned"]]


@bp.get("/search")
@endpoint(query=SearchQuery, response=NotePage)
def search_notes(query: SearchQuery) -> dict[str, Any]:
    """Find notes by their titles and texts, page by page."""
    rows = notes.found(current_user(), query.wanted)
    first = (query.page - 1) * _PAGE
    return {"items": _owned(rows[first : first + _PAGE]), "total": len(rows)}


@bp.post("/create")
@endpoint(body=NoteForm, response=NoteResponse)
def create_note(body: NoteForm) -> dict[str, Any]:
    """Write a note."""
    return _shown(notes.create(current_user(), body.draft))


@bp.get("/<note_id>")
@endpoint(response=NoteResponse, errors=_HIDDEN)
def show_note(note_id: str) -> dict[str, Any]:
    """Give a note."""
    return _shown(notes.find(current_user(), note_id))


@bp.post("/<note_id>/update")
@endpoint(body=NoteChangeForm, response=NoteResponse, errors=_HIDDEN)
def update_note(note_id: str, body: NoteChangeForm) -> dict[str, Any]:
    """Change a note."""
    row = notes.change(current_user(), note_id, body.changes)
    if body.shares:
        row = notes.share(current_user(), note_id, body.control)
    return _shown(row)


@bp.post("/<note_id>/access/update")
@endpoint(body=GrantsForm, response=NoteResponse, errors=_HIDDEN)
def share_note(note_id: str, body: GrantsForm) -> dict[str, Any]:
    """Change whom a note lets in."""
    return _shown(notes.share(current_user(), note_id, body.control))


@bp.post("/<note_id>/pin")
@endpoint(response=NoteResponse, errors=_HIDDEN)
def pin_note(note_id: str) -> dict[str, Any]:
    """Keep a note at the top, or no longer."""
    return _shown(notes.toggle_pin(current_user(), note_id))


@bp.delete("/<note_id>/delete")
@endpoint(response=bool, errors=_HIDDEN)
def delete_note(note_id: str) -> bool:
    """Delete a note."""
    notes.remove(current_user(), note_id)
    return True
