"""Routes of skills, which today's clients know: Open WebUI 0.6.5 had none."""

from typing import Any

from flask import Blueprint

from shared.models.skill import Skill
from shared.services import access, skills
from web.api import endpoint
from web.auth import current_user
from web.errors import hide_what_is_missing
from web.sharing import GrantsForm, with_owners
from web.skills.schemas import (
    ListQuery,
    OwnedSkillResponse,
    SeenSkillResponse,
    SkillForm,
    SkillPage,
    WholeSkillResponse,
)

bp = Blueprint("skills", __name__)
hide_what_is_missing(bp)

_PAGE = 30
_HIDDEN = {401: "No such skill, or not yours to change"}
_NOT_ALLOWED = {401: "The user may not make skills"}


@bp.get("/")
@endpoint(response=list[OwnedSkillResponse])
def list_skills() -> list[dict[str, Any]]:
    """List the skills that the user may use, without their text."""
    return with_owners(skills.listed(current_user()), OwnedSkillResponse)


@bp.get("/list")
@endpoint(query=ListQuery, response=SkillPage)
def search_skills(query: ListQuery) -> dict[str, Any]:
    """Find skills by name and description, page by page."""
    user = current_user()
    rows = skills.found(user, query.wanted)
    shown = rows[(query.page - 1) * _PAGE :][:_PAGE]
    owned = with_owners(shown, OwnedSkillResponse)
    items = [
        {**skill, "write_access": access.can(user, "write", row)}
        for skill, row in zip(owned, shown, strict=True)
    ]
    return {"items": items, "total": len(rows)}


@bp.get("/export")
@endpoint(response=list[WholeSkillResponse], errors=_NOT_ALLOWED)
def export_skills() -> list[Skill]:
    """List the skills that the user may use with their text."""
    return skills.exported(current_user())


@bp.post("/create")
@endpoint(
    body=SkillForm,
    response=WholeSkillResponse,
    errors={400: "The id is taken, or has characters that it may not have", **_NOT_ALLOWED},
)
def create_skill(body: SkillForm) -> Skill:
    """Write a skill."""
    return skills.create(current_user(), body.id, body.draft, body.wanted)


@bp.get("/id/<skill_id>")
@endpoint(response=SeenSkillResponse, errors=_HIDDEN)
def show_skill(skill_id: str) -> dict[str, Any]:
    """Give a skill with its text."""
    user = current_user()
    row = skills.find(user, skill_id)
    [skill] = with_owners([row], SeenSkillResponse)
    return {**skill, "write_access": access.can(user, "write", row)}


@bp.post("/id/<skill_id>/update")
@endpoint(body=SkillForm, response=WholeSkillResponse, errors=_HIDDEN)
def update_skill(skill_id: str, body: SkillForm) -> Skill:
    """Write a skill anew; its id stays."""
    row = skills.change(current_user(), skill_id, body.draft)
    return skills.share(current_user(), skill_id, body.control) if body.shares else row


@bp.post("/id/<skill_id>/access/update")
@endpoint(body=GrantsForm, response=WholeSkillResponse, errors=_HIDDEN)
def share_skill(skill_id: str, body: GrantsForm) -> Skill:
    """Change whom a skill lets in."""
    return skills.share(current_user(), skill_id, body.control)


@bp.post("/id/<skill_id>/toggle")
@endpoint(response=WholeSkillResponse, errors=_HIDDEN)
def toggle_skill(skill_id: str) -> Skill:
    """Switch a skill off, or on again."""
    return skills.toggle(current_user(), skill_id)


@bp.delete("/id/<skill_id>/delete")
@endpoint(response=bool, errors=_HIDDEN)
def delete_skill(skill_id: str) -> bool:
    """Delete a skill."""
    skills.remove(current_user(), skill_id)
    return True
