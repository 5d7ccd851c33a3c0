"""Pictures that code has made: kept as files of their user."""

from base64 import b64decode

from shared import db
from shared.ids import new_id
from shared.services import content_types, files
from shared.services.accounts import Principal
from shared.services.files import Stored
from shared.storage import get_storage
from workers.code.jupyter import PICTURE

_PNG = "image/png"
_LARGEST_BYTES = 20 * 1024 * 1024


class Pictures:
    """Takes the pictures out of what code has said, and counts them."""

    def __init__(self, owner: Principal) -> None:
        self._owner = owner
        self._count = 0

    def kept_in(self, text: str) -> str:
        """Put where a picture is found in place of its data; what is none goes."""
        lines = [
            self._kept(line) if line.startswith(PICTURE) else line for line in text.split("\n")
        ]
        return "\n".join(line for line in lines if line is not None)

    def _kept(self, line: str) -> str | None:
        try:
            content = b64decode(line.removeprefix(PICTURE), validate=True)
        except ValueError:
            return None
        kind = content_types.sniff(content[: content_types.HEAD_BYTES], "")
        if kind != _PNG or len(content) > _LARGEST_BYTES:
            return None
        stored = _store(content)
        with db.transaction():
            files.add(self._owner.id, stored)
        number, self._count = self._count, self._count + 1
        # Source: contract, chat-flow §9 (the path); `web.cached` finds the file by its id.
        return f"![Output Image {number}](/cache/images/{stored.id}.png)"


def _store(content: bytes) -> Stored:
    file_id, name = new_id(), "code-output.png"
    key = files.key_of(file_id, name)
    upload = get_storage().begin(key)
    upload.write(content)
    upload.commit()
    return Stored(file_id, name, key, _PNG, len(content), {})
