"""Collections by their names, as they come in requests: whose they are."""

import hashlib

from sqlalchemy import Select, select

from shared import db
from shared.errors import NotFound
from shared.ids import now_s
from shared.models.chunk import Collection
from shared.models.file import File
from shared.models.knowledge import Knowledge
from shared.services import access, indexing
from shared.services.accounts import Principal

_FILE = indexing.collection_of("")
_MEMORIES = indexing.memories_of("")
_LONGEST = 63
# How the names of those begin that a web search has made.
OF_SEARCHES = "web-search-"


def can(user: Principal, action: str, name: str) -> bool:
    """Whether a user may "read" or "write" what a collection belongs to; False when there is no
    such thing.
    """
    if name.startswith(_MEMORIES):
        return action == "read" and name == indexing.memories_of(user.id)
    session = db.session()
    row: File | Knowledge | Collection | None
    if name.startswith(_FILE):
        row = session.get(File, name.removeprefix(_FILE))
    else:
        row = session.get(Knowledge, name) or session.get(Collection, name)
    return row is not None and access.can(user, action, row)


def require(user: Principal, names: list[str], action: str = "read") -> None:
    """Let pass only those who may have all of some collections.

    Raises:
        NotFound: There is none of a name, or not for this user; the two are not told apart.
    """
    for name in names:
        if not can(user, action, name):
            raise NotFound(f"There is no collection '{name}'.")


def claim(user: Principal, name: str | None, seed: str) -> str:
    """Give the collection that a user's page or text goes into; it is made when there is none.

    Args:
        name: As the user wants it; None for one of its own.
        seed: What the collection is of: the same gives the same again, for this user.

    Raises:
        NotFound: The name belongs to what is another's.
    """
    chosen = name or name_for(user.id, seed)
    session = db.session()
    is_there = session.get(Knowledge, chosen) or session.get(Collection, chosen)
    if chosen.startswith((_FILE, _MEMORIES)) or is_there is not None:
        require(user, [chosen], "write")
        return chosen
    db.session().add(Collection(name=chosen, user_id=user.id, created_at=now_s()))
    db.session().flush()
    return chosen


def name_for(user_id: str, seed: str, prefix: str = "") -> str:
    """Name a user's collection of something; nobody else's collection of it has the same name."""
    digest = hashlib.sha256(f"{user_id}\n{seed}".encode()).hexdigest()
    return f"{prefix}{digest}"[:_LONGEST]


def forget_searches(before: int) -> int:
    """Delete what web searches before a moment (seconds since the epoch) have found: their answers
    keep what they cite.

    Returns:
        How many there were.
    """
    old = Collection.name.startswith(OF_SEARCHES), Collection.created_at < before
    return _forget(select(Collection).where(*old))


def remove_all_of(user_id: str) -> None:
    """Delete the collections that a user has made."""
    _forget(select(Collection).where(Collection.user_id == user_id))


def _forget(chosen: Select[Collection]) -> int:
    rows = list(db.session().scalars(chosen))
    for row in rows:
        db.session().delete(row)
    if rows:
        indexing.clean_up(collections=[row.name for row in rows])
    return len(rows)
