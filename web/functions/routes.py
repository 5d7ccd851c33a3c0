"""Routes of functions."""

from typing import Any

from flask import Blueprint

from shared import db
from shared.errors import NotFound
from shared.models.function import Function
from shared.services import functions
from web import trying
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
from web.sources import add_loading
from web.valves import add_valves

bp = Blueprint("functions", __name__)
hide_what_is_missing(bp)

_HIDDEN = {401: "No such function"}
_UNFIT = "the source is none of a function, or cannot be loaded"


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


@bp.post("/create")
@endpoint(
    body=FunctionForm,
    response=WholeFunctionResponse,
    transaction=None,
    who="admin",
    errors={400: f"The id is taken or no name, or: {_UNFIT}"},
)
def create_function(body: FunctionForm) -> Function:
    """Write a function, switched off; a worker loads it before."""
    with db.reading():
        function_id = functions.free_id(body.id)
    draft = body.draft(trying.loaded("function", function_id, body.content))
    with db.transaction():
        return functions.create(current_user(), function_id, draft)


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
    transaction=None,
    who="admin",
    errors={400: f"There is no such function, or: {_UNFIT}"},
)
def update_function(function_id: str, body: FunctionForm) -> Function:
    """Write a function anew, which a worker loads before; its id stays."""
    try:
        with db.reading():
            functions.find(current_user(), function_id, "write")
        draft = body.draft(trying.loaded("function", function_id, body.content))
        with db.transaction():
            return functions.change(current_user(), function_id, draft)
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


add_loading(bp)
add_valves(bp, functions.find, "use", who="admin")
