"""Routes of functions."""

from typing import Any

from flask import Blueprint

from shared.errors import NotFound
from shared.models.function import Function
from shared.services import functions
from web import sources
from web.api import endpoint
from web.auth import current_user
from web.errors import Status, hide_what_is_missing
from web.functions.schemas import (
    FunctionForm,
    FunctionResponse,
    OwnedFunctionResponse,
    WholeFunctionResponse,
)
from web.sharing import with_owners
from web.sources import SourceResponse, URLForm
from web.valves import add_valves

bp = Blueprint("functions", __name__)
hide_what_is_missing(bp)

_HIDDEN = {401: "No such function"}
_NO_SOURCE = {400: "The source is none of a function"}


@bp.get("/")
@endpoint(response=list[FunctionResponse])
def list_functions() -> list[Function]:
    """List all functions, without their source."""
    return functions.every()


@bp.get("/list")
@endpoint(response=list[OwnedFunctionResponse], who="admin")
def list_owned_functions() -> list[dict[str, Any]]:
    """List all functions with the admins who have put them there."""
    return with_owners(functions.every(), OwnedFunctionResponse)


@bp.get("/export")
@endpoint(response=list[WholeFunctionResponse], who="admin")
def export_functions() -> list[Function]:
    """List all functions with their source."""
    return functions.every(with_source=True)


@bp.post("/load/url")
@endpoint(
    body=URLForm,
    response=SourceResponse,
    transaction=None,
    who="admin",
    errors={400: "It cannot be fetched", 503: "It takes too long"},
)
def load_function(body: URLForm) -> dict[str, Any]:
    """Fetch the source of a function from an address; nothing is stored."""
    return sources.fetched(body)


@bp.post("/create")
@endpoint(
    body=FunctionForm,
    response=WholeFunctionResponse,
    who="admin",
    errors={400: "The id is taken or no name, or the source is none of a function"},
)
def create_function(body: FunctionForm) -> Function:
    """Write a function, switched off; its source is read, and not run."""
    return functions.create(current_user(), body.id, body.draft)


@bp.get("/id/<function_id>")
@endpoint(response=WholeFunctionResponse, who="admin", errors=_HIDDEN)
def show_function(function_id: str) -> Function:
    """Give a function with its source."""
    return functions.find(current_user(), function_id)


@bp.post("/id/<function_id>/toggle")
@endpoint(response=WholeFunctionResponse, who="admin", errors=_HIDDEN)
def toggle_function(function_id: str) -> Function:
    """Switch a function on, or off again."""
    return functions.toggle(current_user(), function_id)


@bp.post("/id/<function_id>/toggle/global")
@endpoint(response=WholeFunctionResponse, who="admin", errors=_HIDDEN)
def toggle_global_function(function_id: str) -> Function:
    """Let a function be for all models, or only for those that name it."""
    return functions.toggle_global(current_user(), function_id)


@bp.post("/id/<function_id>/update")
@endpoint(
    body=FunctionForm,
    response=WholeFunctionResponse,
    who="admin",
    errors={400: "No such function, or the source is none of one"},
)
def update_function(function_id: str, body: FunctionForm) -> Function:
    """Write a function anew; its id stays."""
    try:
        return functions.change(current_user(), function_id, body.draft)
    except NotFound as error:
        raise Status(400, error.message) from None  # as the contract has it here, and only here


@bp.delete("/id/<function_id>/delete")
@endpoint(response=bool, who="admin")
def delete_function(function_id: str) -> bool:
    """Delete a function; false when there is none."""
    try:
        functions.remove(current_user(), function_id)
    except NotFound:
        return False
    return True


add_valves(bp, functions.find, "use", who="admin")
