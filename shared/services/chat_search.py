"""Finding chats by what stands in them: titles and texts of messages, tags, folders.

A text is looked up in the database's own index (migration 0005), which finds any piece of three
characters or more. Where that index cannot help (a shorter text) or would bring too much (a text
that stands nearly everywhere), the user's chats are gone through, newest first, until a page is
full.
"""

import re
from dataclasses import dataclass, field

from sqlalchemy import (
    ColumnElement,
    Select,
    TextClause,
    bindparam,
    column,
    exists,
    func,
    or_,
    select,
    table,
    text,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute

from shared import db
from shared.models.chat import Chat, ChatMessage
from shared.models.folder import Folder
from shared.services import chat_tags, chats
from shared.services.chats import Title, Titles

_WORD = re.compile(r"(?<!\S)(tag|folder|pinned|archived|shared):(\S*)")
_SHORTEST = 3
# More hits than this are not collected: so many chats have the text that a page fills soon.
_MANY = 5000
_ESCAPE = "/"


@dataclass(frozen=True)
class Wanted:
    """What is looked for.

    Attributes:
        text: A piece of a title or of a message, in any case; empty for any.
        words: Conditions by kind ("tag", "folder", "pinned", "archived", "shared"): their values.
    """

    text: str = ""
    words: dict[str, list[str]] = field(default_factory=dict)


def parse(query: str) -> Wanted:
    """Take a query apart: words such as `tag:work`, and the text that is left."""
    words: dict[str, list[str]] = {}
    for kind, value in _WORD.findall(query):
        words.setdefault(kind, []).append(chat_tags.tag_id(value))
    return Wanted(" ".join(_WORD.sub(" ", query).split()), words)


def find(user_id: str, query: str, page: int | None) -> list[Title]:
    """Find a user's chats, newest change first.

    Args:
        query: See `parse`.
        page: From 1; None for the first.
    """
    wanted = parse(query)
    found = chats.titles(user_id).where(*_conditions(user_id, wanted.words))
    return chats.page_of(with_text(found, user_id, wanted.text), page or 1)


def _conditions(user_id: str, words: dict[str, list[str]]) -> list[ColumnElement[bool]]:
    conditions = [
        chat_tags.has_none() if tag == chat_tags.NONE else chat_tags.has(tag)
        for tag in words.get("tag", [])
    ]
    if "folder" in words:
        conditions.append(Chat.folder_id.in_(_folders(user_id, words["folder"])))
    flags = {
        "pinned": Chat.pinned.is_(True),
        "archived": Chat.archived.is_(True),
        "shared": Chat.share_id.is_not(None),
    }
    for kind, is_set in flags.items():
        if kind in words:
            conditions.append(is_set if words[kind][-1] == "true" else ~is_set)
    return conditions if "archived" in words else [*conditions, Chat.archived.is_(False)]


def _folders(user_id: str, wanted: list[str]) -> list[str]:
    """Find folders by id or by name, written as tags are."""
    rows = db.session().execute(select(Folder.id, Folder.name).where(Folder.user_id == user_id))
    return [key for key, name in rows if key in wanted or chat_tags.tag_id(name) in wanted]


def with_text(found: Titles, user_id: str, wanted: str) -> Titles:
    """Narrow a list of a user's chats down to those that have a text; without one all stay."""
    wanted = wanted.strip().replace("\x00", "\ufffd")
    if not wanted:
        return found
    if len(wanted) >= _SHORTEST:
        hits = _hits(user_id, wanted)
        first = select(hits.limit(_MANY + 1).subquery().c.chat_id).subquery()
        count = db.session().scalar(select(func.count()).select_from(first)) or 0
        if count <= _MANY:
            return found.where(Chat.id.in_(select(hits.subquery().c.chat_id)))
    has_it = exists().where(ChatMessage.chat_id == Chat.id, _contains(ChatMessage.content, wanted))
    return found.where(or_(_contains(Chat.title, wanted), has_it))


def _hits(user_id: str, wanted: str) -> Select[str]:
    """Select the chat of every place where the index has a text."""
    if db.connection().dialect.name == "sqlite":
        return _hits_of_sqlite(wanted)
    titled = select(Chat.id.label("chat_id")).where(
        Chat.user_id == user_id, _contains(Chat.title, wanted)
    )
    written = (
        select(ChatMessage.chat_id)
        .join(Chat, Chat.id == ChatMessage.chat_id)
        .where(Chat.user_id == user_id, _contains(ChatMessage.content, wanted))
    )
    both = union_all(titled, written).subquery()
    return select(both.c.chat_id)


def _hits_of_sqlite(wanted: str) -> Select[str]:
    quoted = wanted.replace('"', '""')
    search = table("chat_search", column("rowid"))
    place = table("chat_text", column("id"), column("chat_id"))
    matches: TextClause = text("chat_search MATCH :phrase").bindparams(
        bindparam("phrase", f'"{quoted}"')
    )
    # The limit first: a text that stands nearly everywhere is not looked up to its end.
    raw = select(search.c.rowid).where(matches).limit(_MANY + 1).subquery()
    return select(place.c.chat_id).join(raw, raw.c.rowid == place.c.id)


def _contains(where: InstrumentedAttribute[str], wanted: str) -> ColumnElement[bool]:
    """Give the condition that a text has a piece, in any case."""
    forms = {wanted}
    if not wanted.isascii() and db.connection().dialect.name == "sqlite":
        # It knows the cases of ASCII letters only.
        forms |= {wanted.lower(), wanted.upper(), wanted.capitalize()}
    return or_(*(where.ilike(f"%{_escaped(form)}%", escape=_ESCAPE) for form in sorted(forms)))


def _escaped(wanted: str) -> str:
    for sign in (_ESCAPE, "%", "_"):
        wanted = wanted.replace(sign, _ESCAPE + sign)
    return wanted
