"""The bytes of files: a plugin reads those that its user may read, and keeps new ones for him."""

from base64 import b64decode, b64encode
from typing import Any

from shared import db
from shared.config.settings import get_settings
from shared.errors import Invalid
from shared.ids import new_id
from shared.services import content_types, files
from shared.services.accounts import Principal
from shared.services.files import Stored
from shared.storage import get_storage
from workers.plugins.base import Tell, Values
from workers.plugins.desk.looking_up import as_json
from workers.providers.errors import Aborted
from workers.providers.line import Cut

# A frame of the pipe holds 16 MB, and base64 takes a third more.
_LARGEST_BYTES = 10 * 1024 * 1024
_PIECE = 3 * 256 * 1024


def read_file(user: Principal, given: Values, tell: Tell, cut: Cut) -> str:
    """Tell the bytes of the file of this `id`, in pieces in base64.

    Returns:
        Its name.

    Raises:
        NotFound: There is none, or not for this user.
        Invalid: A plugin has no room for it.
    """
    with db.reading():
        file = files.find(user, str(given.get("id")))
    if file.size_bytes > get_settings().plugins_disk_mb * 2**20:
        raise Invalid("The file is larger than what a plugin may keep (PLUGINS_DISK_MB).")
    for piece in get_storage().read(file.key):
        for start in range(0, len(piece), _PIECE):
            if cut.is_set:
                raise Aborted
            tell(b64encode(piece[start : start + _PIECE]).decode())
    return file.filename


def keep_file(user: Principal, given: Values, _tell: Tell, _cut: Cut) -> dict[str, Any]:
    """Keep `content`, in base64, as a file called `filename`, which the user then has; its kind is
    found in its bytes.

    Raises:
        Invalid: It is no base64, or too large.
    """
    try:
        content = b64decode(str(given.get("content")), validate=True)
    except ValueError:
        raise Invalid("The content of a file is told in base64.") from None
    if len(content) > _LARGEST_BYTES:
        raise Invalid(f"A plugin's file may have {_LARGEST_BYTES // 2**20} MB.")
    stored = _stored(content, files.clean_name(str(given.get("filename") or "")), given)
    try:
        with db.transaction():
            return as_json(files.add(user.id, stored))
    except BaseException:
        get_storage().delete(stored.key)
        raise


def _stored(content: bytes, name: str, given: Values) -> Stored:
    file_id, meta = new_id(), given.get("meta")
    key = files.key_of(file_id, name)
    kind = content_types.sniff(content[: content_types.HEAD_BYTES], name)
    upload = get_storage().begin(key)
    try:
        upload.write(content)
        upload.commit()
    except BaseException:
        upload.abort()
        raise
    told = {"data": meta} if isinstance(meta, dict) else {}
    return Stored(file_id, name, key, kind, len(content), told)
