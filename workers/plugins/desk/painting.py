"""Pictures that a plugin has painted for its user, who then has them as files."""

from typing import Any

from shared import db
from shared.errors import Invalid
from shared.kinds.images import PAINT, Paint
from shared.services import images
from shared.services.accounts import Principal
from workers.asking import ask
from workers.plugins.base import Tell, Values
from workers.providers.line import Cut
from workers.standing_in import StandIn

_LONGEST, _MOST = 20_000, 4
_TEXTS = {"negative_prompt": "negative_prompt", "size": "size", "model": "painter"}


def paint(user: Principal, given: Values, _tell: Tell, cut: Cut) -> list[dict[str, str]]:
    """Have `n` pictures of a `prompt` painted.

    Returns:
        For each its `url`.

    Raises:
        Forbidden: The user may not.
        Invalid: There is no prompt, or no pictures are made here.
        UpstreamFailed: The engine has failed.
        Aborted: `cut` was set.
    """
    prompt = str(given.get("prompt") or "")
    if not 0 < len(prompt) <= _LONGEST:
        raise Invalid(f"The prompt of a picture has 1 to {_LONGEST} characters.")
    with db.reading():
        images.require(user)
    order = Paint(prompt=prompt, count=_count(given.get("n")), user_id=user.id, **_texts(given))
    [found] = ask(StandIn(user.id, cut), [(PAINT, order)])
    return [{"url": picture["url"]} for picture in found["images"]]


def _count(wanted: Any) -> int:
    return min(max(wanted, 1), _MOST) if isinstance(wanted, int) else 1


def _texts(given: Values) -> dict[str, Any]:
    return {
        ours: given[theirs]
        for theirs, ours in _TEXTS.items()
        if isinstance(given.get(theirs), str) and given[theirs]
    }
