"""Routes of prompts. Newer clients name a prompt by `id`: that is its command without the slash."""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Blueprint

from shared.models.prompt import Prompt
from shared.services import prompts
from web.api import endpoint
from web.auth import current_user
from web.errors import hide_what_is_missing
from web.prompts.schemas import (
    ListQuery,
    OwnedPromptResponse,
    PromptForm,
    PromptPage,
    PromptResponse,
)
from web.sharing import GrantsForm, with_owners

bp = Blueprint("prompts", __name__)
hide_what_is_missing(bp)

View = TypeVar("View", bound=Callable[..., Any])
_PAGE = 30
_HIDDEN = {401: "No such prompt, or not yours to change"}


def _at(method: str, end: str) -> Callable[[View], View]:
    """Put a view behind a command, which may contain slashes: there both forms of a path, with a
    slash at its end and without, have to be said.
    """

    def register(view: View) -> View:
        for noun in ("command", "id"):
            for slash in ("", "/"):
                bp.route(f"/{noun}/<path:command>{end}{slash}", methods=[method])(view)
        return view

    return register


@bp.get("/")
@endpoint(response=list[PromptResponse])
def list_prompts() -> list[Prompt]:
    """List the prompts that the user may use."""
    return prompts.listed(current_user(), "read")


@bp.get("/list")
@endpoint(query=ListQuery, response=list[OwnedPromptResponse] | PromptPage)
def list_own_prompts(query: ListQuery) -> Any:
    """List the prompts that the user may change; page by page where newer clients ask for one."""
    rows = prompts.listed(current_user(), "write")
    if query.page is None:
        return with_owners(rows, OwnedPromptResponse)
    wanted = query.query.casefold()
    found = [row for row in rows if wanted in f"{row.command}\n{row.title}".casefold()]
    first = (query.page - 1) * _PAGE
    shown = with_owners(found[first : first + _PAGE], OwnedPromptResponse)
    return {"items": shown, "total": len(found)}


@bp.post("/create")
@endpoint(
    body=PromptForm,
    response=PromptResponse,
    errors={400: "The command is taken", 401: "The user may not make prompts"},
)
def create_prompt(body: PromptForm) -> Prompt:
    """Write a prompt."""
    return prompts.create(current_user(), body.command, body.draft)


@bp.get("/command/<path:command>")
@bp.get("/id/<path:command>")
@endpoint(response=PromptResponse, errors=_HIDDEN)
def show_prompt(command: str) -> Prompt:
    """Give a prompt."""
    return prompts.find(current_user(), command)


@_at("POST", "/update")
@endpoint(body=PromptForm, response=PromptResponse, errors=_HIDDEN)
def update_prompt(command: str, body: PromptForm) -> Prompt:
    """Write a prompt anew; its command stays."""
    return prompts.change(current_user(), command, body.draft)


@bp.post("/id/<path:command>/access/update")
@endpoint(body=GrantsForm, response=PromptResponse, errors=_HIDDEN)
def share_prompt(command: str, body: GrantsForm) -> Prompt:
    """Change whom a prompt lets in."""
    return prompts.share(current_user(), command, body.control)


@_at("DELETE", "/delete")
@endpoint(response=bool, errors=_HIDDEN)
def delete_prompt(command: str) -> bool:
    """Delete a prompt."""
    prompts.remove(current_user(), command)
    return True
