"""Routes of the files that batches read and write, in OpenAI's form.

Source: https://platform.openai.com/docs/api-reference/files
"""

import math
from typing import Any

from flask import Blueprint, Response
from pydantic import ValidationError
from werkzeug.datastructures import MultiDict

from shared import db
from shared.errors import Invalid, NotFound
from shared.ids import now_s
from shared.models.file import File
from shared.services import access, batches, files
from web.api import endpoint
from web.auth import current_user
from web.batches.schemas import Expiry, FileQuery
from web.completions import problems
from web.files.delivery import deliver
from web.files.receiving import received
from web.paging import page

bp = Blueprint("openai_files", __name__)
problems.register(bp)

_UNKNOWN = {404: "No such file, or not yours"}


@bp.post("")
@endpoint(
    transaction=None,
    form=("file", "purpose"),
    errors={400: "Not a form with one file and a purpose", 413: "Larger than RAG_FILE_MAX_SIZE"},
)
def upload_file() -> dict[str, Any]:
    """Upload a file for a batch (`purpose` is `batch`): JSON, one request a line."""
    user = current_user()
    with db.reading():
        access.require(user, "use", "chat.file_upload")
    with received(_about) as stored, db.transaction():
        return _as_json(files.add(user.id, stored))


def _about(form: MultiDict[str, str]) -> dict[str, Any]:
    purpose = form.get("purpose")
    if purpose != batches.PURPOSE:
        raise Invalid(f"The field 'purpose' has to be '{batches.PURPOSE}'.")
    told = {name: form.get(f"expires_after[{name}]") for name in Expiry.model_fields}
    if not any(told.values()):
        return {"purpose": purpose}
    try:
        expiry = Expiry.model_validate(told)
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        raise Invalid(f"expires_after[{problem['loc'][0]}]: {problem['msg']}") from None
    return {"purpose": purpose, files.EXPIRY: now_s() + expiry.seconds}


def _found(file_id: str, action: str = "read") -> File:
    """Give a file whose time is not over, even if nobody has deleted it yet.

    Raises:
        NotFound: There is none for this user.
    """
    file = files.find(current_user(), file_id, action)
    if (files.expires_at(file) or math.inf) <= now_s():
        raise NotFound
    return file


@bp.get("")
@endpoint(query=FileQuery)
def list_files(query: FileQuery) -> dict[str, Any]:
    """List one's files that were uploaded or made here."""
    found = files.with_purpose(
        current_user(), query.purpose, query.after, query.limit + 1, query.order == "desc"
    )
    return page([_as_json(file) for file in found], query.limit)


@bp.get("/<file_id>")
@endpoint(errors=_UNKNOWN)
def show_file(file_id: str) -> dict[str, Any]:
    """Show a file."""
    return _as_json(_found(file_id))


@bp.get("/<file_id>/content")
@endpoint(errors=_UNKNOWN, media_type="application/octet-stream")
def give_content(file_id: str) -> Response:
    """Give what is in a file."""
    return deliver(_found(file_id), as_attachment=True)


@bp.delete("/<file_id>")
@endpoint(errors=_UNKNOWN)
def delete_file(file_id: str) -> dict[str, Any]:
    """Delete a file."""
    files.remove([_found(file_id, "write")])
    return {"id": file_id, "object": "file", "deleted": True}


def _as_json(file: File) -> dict[str, Any]:
    return {
        "id": file.id,
        "object": "file",
        "bytes": file.size_bytes,
        "created_at": file.created_at,
        "expires_at": files.expires_at(file),
        "filename": file.filename,
        "purpose": batches.purpose_of(file) or "user_data",
        "status": "processed",
        "status_details": None,
    }
