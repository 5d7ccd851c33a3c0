"""Pictures of models and users, which their rows keep as an address or in full."""

import binascii
import re
from base64 import b64decode
from pathlib import Path

from flask import Response, send_file

from web.page import pictures

_INLINE = re.compile(r"data:(image/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/=\s]+)")


def shown(address: str, instead: Path) -> Response:
    """Answer with a picture that is kept in full or is one of this server's, else with the one that
    all have: nothing is fetched from elsewhere, and nobody is led there.
    """
    found = _INLINE.fullmatch(address)
    if found is not None:
        try:
            return Response(b64decode(found[2]), content_type=found[1])
        except binascii.Error:
            return send_file(instead)
    file = pictures.find(address.removeprefix("/"))
    is_picture = file is not None and file.suffix in (".png", ".jpg", ".jpeg", ".gif", ".webp")
    return send_file(file if file is not None and is_picture else instead)
