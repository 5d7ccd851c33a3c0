"""Routes of batches."""

from typing import Any

from flask import Blueprint

from shared import db
from shared.services import batches
from web.api import endpoint
from web.auth import current_user
from web.batches.schemas import BatchForm, PageQuery
from web.completions import problems
from web.models.routes import ensure_offer
from web.paging import page

bp = Blueprint("batches", __name__)
problems.register(bp)

_UNKNOWN = {404: "No such batch, or not yours"}


@bp.post("")
@endpoint(
    body=BatchForm,
    transaction=None,
    errors={400: "Not a file for batches", 404: "No such file", 429: "Beyond a limit of yours"},
)
def create_batch(body: BatchForm) -> dict[str, Any]:
    """Run the requests of an uploaded file, one a line, when there is time for them. The answer
    names in `job` the job whose events tell how far it is.
    """
    ensure_offer()  # a newcomer's first batch may come before anybody has listed the models
    wanted = batches.Wanted(
        body.endpoint,
        body.input_file_id,
        body.completion_window,
        body.metadata,
        body.output_expires_after.seconds if body.output_expires_after else None,
    )
    with db.transaction():
        return batches.as_json(batches.create(current_user(), wanted))


@bp.get("")
@endpoint(query=PageQuery, errors={404: "There is no such batch as that of `after`"})
def list_batches(query: PageQuery) -> dict[str, Any]:
    """List one's batches, newest first."""
    found = batches.listed(current_user(), query.after, query.limit + 1)
    return page([batches.as_json(row) for row in found], query.limit)


@bp.get("/<batch_id>")
@endpoint(errors=_UNKNOWN)
def show_batch(batch_id: str) -> dict[str, Any]:
    """Show a batch: how far it is, and where its answers are."""
    return batches.as_json(batches.find(current_user(), batch_id))


@bp.post("/<batch_id>/cancel")
@endpoint(transaction=None, errors={**_UNKNOWN, 400: "It has ended"})
def cancel_batch(batch_id: str) -> dict[str, Any]:
    """End a batch; what has been answered until then comes into its files."""
    row = batches.cancel(current_user(), batch_id)
    with db.reading():
        return batches.as_json(row)
