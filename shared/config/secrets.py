"""Secrets at rest: encrypted under WEBUI_SECRET_KEY, shown to nobody but as a mask."""

import base64
import hashlib
from functools import lru_cache
from typing import Any

from shared.config.settings import secret_key

_MARK = "sealed:"
_DOTS = "•" * 8


@lru_cache(maxsize=1)
def _box() -> Any:
    # Here, because it is 6 MB of a process that may never see a secret.
    from cryptography.fernet import Fernet  # noqa: PLC0415 -- see above

    # Domain-separated from the key that signs tokens.
    digest = hashlib.sha256(b"switchyard secrets at rest\0" + secret_key().encode()).digest()
    return Fernet(base64.urlsafe_b64encode(digest))


def seal(clear: str) -> str:
    """Encrypt a secret for the database or a job row; the empty text stays empty."""
    return _MARK + _box().encrypt(clear.encode()).decode() if clear else ""


def unseal(stored: str) -> str:
    """Decrypt what `seal` made; empty when WEBUI_SECRET_KEY has changed since. Clear text is given
    back as it is.
    """
    if not stored.startswith(_MARK):
        return stored
    from cryptography.fernet import InvalidToken  # noqa: PLC0415 -- see _box

    try:
        clear: bytes = _box().decrypt(stored.removeprefix(_MARK).encode())
        return clear.decode()
    except InvalidToken:
        return ""


def mask(clear: str) -> str:
    """Show that a secret is set without showing it: dots and its last four characters when it is
    long.
    """
    if not clear:
        return ""
    return _DOTS + (clear[-4:] if len(clear) >= 12 else "")


def is_mask(text: str) -> bool:
    """Whether a form has sent back what stands for a secret, rather than one."""
    return text.startswith(_DOTS)
