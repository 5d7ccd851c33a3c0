"""The picture of a model, which its row keeps as an address or in full."""

import binascii
import re
from base64 import b64decode
from typing import Any

from flask import Response, redirect

_INLINE = re.compile(r"data:(image/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/=\s]+)")
_OWN = re.compile(r"/[^/\\]")
_DEFAULT = "/static/favicon.png"


def shown(address: str) -> Any:
    """Answer with a picture that is kept in full, lead to one of this server, and to the one that
    all have where it is neither: who follows a link to us is not led elsewhere by a user's word.
    """
    found = _INLINE.fullmatch(address)
    if found is not None:
        try:
            return Response(b64decode(found[2]), content_type=found[1])
        except binascii.Error:
            return redirect(_DEFAULT)
    return redirect(address if _OWN.match(address) else _DEFAULT)
