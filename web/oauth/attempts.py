"""Sign-ins under way: kept by the browser, so that any web process can finish them.

The cookie is encrypted and signed with WEBUI_SECRET_KEY, lasts for some minutes, and is taken back
when its sign-in ends.
"""

import time
from dataclasses import asdict

import orjson
from flask import Response, request

from shared.config.secrets import seal, unseal
from shared.config.settings import get_settings
from shared.identity.attempt import Attempt

COOKIE = "oui-session"
_PATH = "/oauth"
_LASTS_S = 600


def keep(answer: Response, attempt: Attempt) -> None:
    """Let the browser keep a sign-in that it has begun."""
    packed = orjson.dumps({**asdict(attempt), "until": int(time.time()) + _LASTS_S})
    answer.set_cookie(
        COOKIE,
        seal(packed.decode()),
        max_age=_LASTS_S,
        path=_PATH,
        httponly=True,
        secure=get_settings().webui_auth_cookie_secure,
        # Strict would keep it back when the provider sends the browser here.
        samesite="Lax",
    )


def kept() -> Attempt | None:
    """Give the sign-in that the browser has begun; None when there is none or it took too long."""
    clear = _opened(request.cookies.get(COOKIE, ""))
    if not clear:
        return None
    values = orjson.loads(clear)
    return Attempt(**values) if values.pop("until") > time.time() else None


def _opened(sealed: str) -> str:
    clear = unseal(sealed)
    # Clear text would come back as it is: nobody may write an attempt by hand.
    return "" if clear == sealed else clear


def forget(answer: Response) -> None:
    """Take a sign-in back from the browser."""
    answer.delete_cookie(COOKIE, path=_PATH)
