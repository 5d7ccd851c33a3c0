"""Skills in an answer: the texts that its model and its request name, for the system prompt."""

from collections.abc import Iterable
from html import escape

from shared import db
from shared.models.skill import Skill
from shared.services import skills
from shared.services.accounts import Principal

MOST_CHARACTERS = 60_000
_INTRODUCTION = "Follow the instructions of these skills where they help with what is asked."
_CUT = "\n[The rest is left out.]"


def written(user: Principal, skill_ids: Iterable[str]) -> str:
    """Write the skills that are active and the user's to read as one text; "" if there are none.

    All their contents together have MOST_CHARACTERS at most; what is longer is cut.
    """
    with db.reading():
        found = skills.usable(user, skill_ids)
        left, texts = MOST_CHARACTERS, []
        for row in found:
            texts.append(_block(row, left))
            left -= min(left, len(row.content))
    return "\n".join([_INTRODUCTION, *texts]) if texts else ""


def _block(row: Skill, most: int) -> str:
    content = row.content if len(row.content) <= most else row.content[:most] + _CUT
    about = f'name="{escape(row.name)}" description="{escape(row.description or "")}"'
    return f"<skill {about}>\n{content}\n</skill>"
