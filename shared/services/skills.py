"""Skills of the workspace: named texts of instructions that models are given."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import defer

from shared import db
from shared.errors import Conflict, Invalid
from shared.ids import now_s
from shared.models.skill import Skill
from shared.services import access, permissions, sharing
from shared.services.accounts import Principal
from shared.services.sharing import Control

# What an answer is given at most.
MOST_SKILLS = 20

_NOUN = "skills"
_ID = re.compile(r"[\w-][\w.:-]{0,255}")


@dataclass(frozen=True)
class Draft:
    """What somebody writes of a skill."""

    name: str
    description: str | None
    content: str
    meta: dict[str, Any]
    is_active: bool


@dataclass(frozen=True)
class Wanted:
    """Which skills are looked for.

    Attributes:
        words: Anywhere in id, name or description, in any case.
        whose: "created" for one's own, "shared" for others', else all.
    """

    words: str = ""
    whose: str = ""


def listed(user: Principal) -> list[Skill]:
    """List the skills that a user may read, newest change first; their text is read from the
    database only when it is looked at.
    """
    query = select(Skill).options(defer(Skill.content))
    rows = db.session().scalars(query.order_by(Skill.updated_at.desc(), Skill.id))
    return [row for row in rows if access.can(user, "read", row)]


def found(user: Principal, wanted: Wanted) -> list[Skill]:
    """Look for skills among those that `listed` lists."""
    words = wanted.words.casefold()
    return [
        row
        for row in listed(user)
        if words in f"{row.id}\n{row.name}\n{row.description or ''}".casefold()
        and wanted.whose in ("", "created" if row.user_id == user.id else "shared")
    ]


def exported(user: Principal) -> list[Skill]:
    """List the skills that a user may read with their text.

    Raises:
        Forbidden: The user may not make skills.
    """
    permissions.require(user, "workspace", _NOUN)
    rows = db.session().scalars(select(Skill).order_by(Skill.id))
    return [row for row in rows if access.can(user, "read", row)]


def named_by(info: dict[str, Any]) -> tuple[Any, ...]:
    """List the skills that a model's row names, as somebody wrote them."""
    named = (info.get("meta") or {}).get("skillIds")
    return tuple(named) if isinstance(named, list) else ()


def usable(user: Principal, wanted: Iterable[Any]) -> list[Skill]:
    """Give of the skills that a request or a model names those that are active and the user's to
    read, in the order in which they are named, up to MOST_SKILLS; their text as in `listed`.
    """
    ids = list(dict.fromkeys(one for one in wanted if isinstance(one, str) and _ID.fullmatch(one)))
    query = select(Skill).options(defer(Skill.content)).where(Skill.id.in_(ids[:MOST_SKILLS]))
    rows = {row.id: row for row in db.session().scalars(query.where(Skill.is_active))}
    named = [rows[one] for one in ids if one in rows]
    return [row for row in named if access.can(user, "read", row)]


def find(user: Principal, skill_id: str, action: str = "read") -> Skill:
    """Give a skill to those who may have it.

    Raises:
        NotFound: There is none, or not for this user to see.
        Forbidden: The user may not do this.
    """
    return sharing.given(user, action, db.session().get(Skill, skill_id))


def create(user: Principal, wanted_id: str, draft: Draft, control: Control) -> Skill:
    """Write a skill.

    Args:
        wanted_id: In small letters and without spaces it becomes the id.

    Raises:
        Forbidden: The user may not make skills.
        Invalid: The id has other characters than a path may have.
        Conflict: The id is taken.
    """
    permissions.require(user, "workspace", _NOUN)
    skill_id = _checked_id(wanted_id)
    db.lock_for_update(_NOUN)
    if db.session().get(Skill, skill_id) is not None:
        raise Conflict("This id is taken. Please choose another one.")
    row = Skill(id=skill_id, user_id=user.id, created_at=now_s())
    row.access_control = sharing.permitted(user, _NOUN, control)
    _fill(row, draft)
    db.session().add(row)
    return row


def _checked_id(wanted: str) -> str:
    skill_id = "-".join(wanted.lower().split())
    if not _ID.fullmatch(skill_id):
        raise Invalid("Only letters, digits, spaces and - _ . : are allowed in the id")
    return skill_id


def _fill(row: Skill, draft: Draft) -> None:
    row.name, row.description, row.content = draft.name, draft.description, draft.content
    row.meta, row.is_active, row.updated_at = draft.meta, draft.is_active, now_s()


def change(user: Principal, skill_id: str, draft: Draft) -> Skill:
    """Write a skill anew; its id stays, and whom it lets in.

    Raises:
        NotFound, Forbidden: As `find`.
    """
    row = find(user, skill_id, "write")
    _fill(row, draft)
    return row


def share(user: Principal, skill_id: str, wanted: Control) -> Skill:
    """Change whom a skill lets in.

    Raises:
        NotFound, Forbidden: As `find`.
    """
    row = find(user, skill_id, "write")
    row.access_control = sharing.permitted(user, _NOUN, wanted, row.access_control)
    row.updated_at = now_s()
    return row


def toggle(user: Principal, skill_id: str) -> Skill:
    """Switch a skill off, or on again.

    Raises:
        NotFound, Forbidden: As `find`.
    """
    row = find(user, skill_id, "write")
    row.is_active, row.updated_at = not row.is_active, now_s()
    return row


def remove(user: Principal, skill_id: str) -> None:
    """Delete a skill.

    Raises:
        NotFound, Forbidden: As `find`.
    """
    db.session().delete(find(user, skill_id, "write"))
