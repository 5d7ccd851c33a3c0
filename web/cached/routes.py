"""Routes of the pictures and sounds below DATA_DIR/cache."""

from mimetypes import guess_type

from flask import Blueprint, Response, send_file

from shared.config.settings import get_settings
from shared.errors import NotFound
from web.api import endpoint
from web.disk import inside

bp = Blueprint("cached", __name__)

# Nothing that a browser runs, and nothing that a function keeps for itself.
_SHOWN = frozenset(("image/png", "image/jpeg", "image/gif", "image/webp"))
_POLICY = "default-src 'none'; sandbox"


@bp.get("/<path:path>")
@endpoint(transaction=None, errors={404: "No such picture or sound"}, media_type="image/png")
def show_cached(path: str) -> Response:
    """Give a picture or a sound that an answer refers to."""
    kind = guess_type(path)[0] or ""
    file = inside(get_settings().data_dir / "cache", path)
    if file is None or not (kind in _SHOWN or kind.startswith("audio/")):
        raise NotFound
    answer = send_file(file, kind)
    answer.headers["Content-Security-Policy"] = _POLICY
    answer.headers["Cache-Control"] = "private, max-age=3600"
    return answer
