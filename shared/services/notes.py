"""Notes: who has which, and who keeps which at the top."""

import time
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select

from shared import db
from shared.ids import new_id
from shared.models.note import Note, NotePin
from shared.services import access, sharing
from shared.services.accounts import Principal
from shared.services.sharing import Control

# What a list may be put in order by.
ORDERS = ("updated_at", "created_at", "title")


@dataclass(frozen=True)
class Draft:
    """What somebody writes of a note."""

    title: str
    data: dict[str, Any] | None
    meta: dict[str, Any] | None
    access_control: Control


@dataclass(frozen=True)
class Wanted:
    """Which notes are looked for.

    Attributes:
        words: Anywhere in title or text, in any case.
        whose: "created" for one's own, "shared" for others', else all.
        action: "read", or "write" for those that the user may change.
        order: One of ORDERS.
    """

    words: str = ""
    whose: str = ""
    action: str = "read"
    order: str = "updated_at"
    is_descending: bool = True


def listed(user: Principal) -> list[Note]:
    """List the notes that a user has or was given, newest change first; of admins' right to others'
    notes it knows nothing, since everybody's would bury their own.
    """
    rows = db.session().scalars(
        select(Note)
        .where(or_(Note.user_id == user.id, Note.is_shared))
        .order_by(Note.updated_at.desc(), Note.id.desc())
    )
    return [row for row in rows if _is_given(user, "read", row)]


def _is_given(user: Principal, action: str, row: Note) -> bool:
    return row.user_id == user.id or access.grants(user, action, row.access_control)


def found(user: Principal, wanted: Wanted) -> list[Note]:
    """Look for notes among those that `listed` lists."""
    words = wanted.words.casefold()
    rows = [
        row
        for row in listed(user)
        if words in f"{row.title}\n{_text_of(row)}".casefold()
        and _is_given(user, wanted.action, row)
        and wanted.whose in ("", "created" if row.user_id == user.id else "shared")
    ]
    return sorted(rows, key=lambda row: _place(row, wanted.order), reverse=wanted.is_descending)


def _place(row: Note, order: str) -> Any:
    value = getattr(row, order)
    return value.casefold() if isinstance(value, str) else value


def _text_of(row: Note) -> str:
    content = (row.data or {}).get("content")
    text = content.get("md") if isinstance(content, dict) else None
    return text if isinstance(text, str) else ""


def find(user: Principal, note_id: str, action: str = "read") -> Note:
    """Give a note to those who may have it.

    Raises:
        NotFound: There is none, or not for this user to see.
        Forbidden: The user may not do this.
    """
    return sharing.given(user, action, db.session().get(Note, note_id))


def create(user: Principal, draft: Draft) -> Note:
    """Write a note."""
    now = time.time_ns()
    row = Note(id=new_id(), user_id=user.id, created_at=now, updated_at=now)
    row.title, row.data, row.meta = draft.title, draft.data, draft.meta
    _let_in(row, sharing.permitted(user, "notes", draft.access_control))
    db.session().add(row)
    return row


def _let_in(row: Note, control: Control) -> None:
    row.access_control, row.is_shared = control, control != {}


def change(user: Principal, note_id: str, changes: dict[str, Any]) -> Note:
    """Change a note: `title`; `data` and `meta`, whose other fields stay.

    Raises:
        NotFound, Forbidden: As `find`.
    """
    row = find(user, note_id, "write")
    row.title = changes.get("title", row.title)
    for name in ("data", "meta"):
        if name in changes:
            setattr(row, name, {**(getattr(row, name) or {}), **changes[name]})
    row.updated_at = time.time_ns()
    return row


def share(user: Principal, note_id: str, wanted: Control) -> Note:
    """Change whom a note lets in; nobody but its owner and admins may.

    Raises:
        NotFound, Forbidden: As `find`; also Forbidden, it is another's.
    """
    row = find(user, note_id, "write")
    access.require(user, "share", row)
    _let_in(row, sharing.permitted(user, "notes", wanted, row.access_control))
    return row


def remove(user: Principal, note_id: str) -> None:
    """Delete a note.

    Raises:
        NotFound, Forbidden: As `find`.
    """
    db.session().delete(find(user, note_id, "delete"))


def pinned(user: Principal) -> set[str]:
    """Give the ids of the notes that a user keeps at the top."""
    return set(db.session().scalars(select(NotePin.note_id).where(NotePin.user_id == user.id)))


def toggle_pin(user: Principal, note_id: str) -> Note:
    """Keep a note at the top, or no longer.

    Raises:
        NotFound: There is none, or not for this user to see.
    """
    row = find(user, note_id)
    pin = db.session().get(NotePin, (note_id, user.id))
    if pin is None:
        db.session().add(NotePin(note_id=note_id, user_id=user.id))
    else:
        db.session().delete(pin)
    return row
