"""Routes of the pictures and sounds below DATA_DIR/cache, and of those that code has made."""

import re
from mimetypes import guess_type

from flask import Blueprint, Response, send_file

from shared import db
from shared.config.settings import get_settings
from shared.errors import NotFound
from shared.services import files
from web.api import endpoint
from web.auth import current_user
from web.disk import inside
from web.files.delivery import deliver

bp = Blueprint("cached", __name__)

# Nothing that a browser runs, and nothing that a function keeps for itself.
_SHOWN = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp"))
_OUTPUT = re.compile(r"images/([\w-]+)\.png")
_POLICY = "default-src 'none'; sandbox"


@bp.get("/<path:path>")
@endpoint(transaction=None, errors={404: "No such picture or sound"}, media_type="image/png")
def show_cached(path: str) -> Response:
    """Give a picture or a sound that an answer refers to."""
    kind = guess_type(path)[0] or ""
    file = inside(get_settings().data_dir / "cache", path)
    if file is None and (output := _OUTPUT.fullmatch(path)):
        return _output(output[1])
    if file is None or not (kind in _SHOWN or kind.startswith("audio/")):
        raise NotFound
    answer = send_file(file, kind)
    answer.headers["Content-Security-Policy"] = _POLICY
    answer.headers["Cache-Control"] = "private, max-age=3600"
    return answer


def _output(file_id: str) -> Response:
    """Give a picture that code in an answer has made: a file of whose answer it is."""
    with db.reading():
        file = files.find(current_user(), file_id)
    return deliver(file, as_attachment=False)
