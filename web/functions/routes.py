"""Routes of functions."""

from typing import Any

from flask import Blueprint

from shared.models.function import Function
from shared.services import functions, valves
from shared.services.sources.valves import ADMINS, USERS
from web import sources
from web.api import endpoint
from web.auth import current_user
from web.errors import hide_what_is_missing
from web.functions.schemas import (
    FunctionForm,
    FunctionResponse,
    OwnedFunctionResponse,
    WholeFunctionResponse,
)
from web.sharing import with_owners
from web.sources import SourceResponse, URLForm, ValuesForm

bp = Blueprint("functions", __name__)
hide_what_is_missing(bp)

_HIDDEN = {401: "No such function"}
_NO_SOURCE = {400: "The source is none of a function"}
_NO_VALVES = {400: "The function has no valves, or a value does not fit"}


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
    errors={**_NO_SOURCE, **_HIDDEN},
)
def update_function(function_id: str, body: FunctionForm) -> Function:
    """Write a function anew; its id stays."""
    return functions.change(current_user(), function_id, body.draft)


@bp.delete("/id/<function_id>/delete")
@endpoint(response=bool, who="admin", errors=_HIDDEN)
def delete_function(function_id: str) -> bool:
    """Delete a function."""
    functions.remove(current_user(), function_id)
    return True


@bp.get("/id/<function_id>/valves")
@endpoint(who="admin", errors=_HIDDEN)
def show_valves(function_id: str) -> dict[str, Any] | None:
    """Show the values of the function's valves."""
    return valves.shown(functions.find(current_user(), function_id, "write").valves)


@bp.get("/id/<function_id>/valves/spec")
@endpoint(who="admin", errors=_HIDDEN)
def describe_valves(function_id: str) -> dict[str, Any] | None:
    """Describe the function's valves as a JSON schema; null when it has none."""
    return valves.described(functions.find(current_user(), function_id), ADMINS)


@bp.post("/id/<function_id>/valves/update")
@endpoint(body=ValuesForm, who="admin", errors={**_NO_VALVES, **_HIDDEN})
def update_valves(function_id: str, body: ValuesForm) -> dict[str, Any] | None:
    """Set the function's valves; a mask keeps the secret that is there."""
    return valves.set_values(functions.find(current_user(), function_id, "write"), body.root)


@bp.get("/id/<function_id>/valves/user")
@endpoint(errors=_HIDDEN)
def show_own_valves(function_id: str) -> dict[str, Any] | None:
    """Show what the user has set for the function."""
    function = functions.find(current_user(), function_id)
    return valves.shown(valves.of_user(current_user().id, function))


@bp.get("/id/<function_id>/valves/user/spec")
@endpoint(errors=_HIDDEN)
def describe_own_valves(function_id: str) -> dict[str, Any] | None:
    """Describe what a user may set for the function; null when that is nothing."""
    return valves.described(functions.find(current_user(), function_id), USERS)


@bp.post("/id/<function_id>/valves/user/update")
@endpoint(body=ValuesForm, errors={**_NO_VALVES, **_HIDDEN})
def update_own_valves(function_id: str, body: ValuesForm) -> dict[str, Any] | None:
    """Set what the user wants of the function."""
    function = functions.find(current_user(), function_id)
    return valves.set_of_user(current_user().id, function, body.root)
