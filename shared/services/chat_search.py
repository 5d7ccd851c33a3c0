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
    SQLColumnExpression,
    TextClause,
    bindparam,
    column,
    func,
    or_,
    select,
    table,
    text,
    union_all,
)

from shared import db
from shared.models.chat import Chat, ChatMessage
from shared.models.folder import Folder
from shared.services import chat_tags, chats
from shared.services.chats import Title, Titles

_WORD = re.compile(r"(?<!\S)(tag|folder|pinned|archived|shared):(\S*)")
_SHORTEST = 3
# More hits than this are not collected: so many chats have the text that a page fills soon.
_MANY = 5000
# So many of the newest chats are looked through to find out how common a text is.
_SAMPLE = 40
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
    if len(wanted) >= _SHORTEST and not _is_common(found, wanted):
        return found.where(Chat.id.in_(_hits(user_id, wanted)))
    return found.where(or_(_contains(Chat.title, wanted), _is_in_a_message(wanted)))


def _is_common(found: Titles, wanted: str) -> bool:
    """Whether so many chats have a text that a page of them is found soon without the index."""
    if db.connection().dialect.name == "sqlite":
        first = select(_places(wanted).limit(_MANY + 1).subquery()).subquery()
        return (db.session().scalar(select(func.count()).select_from(first)) or 0) > _MANY
    # PostgreSQL's index gives all places or none: the newest chats tell how common it is.
    newest = found.with_only_columns(Chat.id).limit(_SAMPLE).subquery()
    inside = select(func.count()).select_from(Chat).where(Chat.id.in_(select(newest.c.id)))
    return (db.session().scalar(inside.where(_is_in_a_message(wanted))) or 0) > _SAMPLE / 4


def _is_in_a_message(wanted: str) -> ColumnElement[bool]:
    """Give the condition that a message of a chat has a text, to be tried chat by chat.

    A scalar subquery and a text that is put together keep PostgreSQL from doing it for all chats at
    once, of which only the first sixty are wanted.
    """
    content = ChatMessage.content.concat("")
    of_chat = select(ChatMessage.id).where(ChatMessage.chat_id == Chat.id)
    first = of_chat.where(_contains(content, wanted)).limit(1)
    return first.correlate(Chat).scalar_subquery().is_not(None)


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


def _places(wanted: str) -> Select[int]:
    """Select the places where SQLite's index has a text, however many."""
    quoted = wanted.replace('"', '""')
    search = table("chat_search", column("rowid"))
    matches: TextClause = text("chat_search MATCH :phrase").bindparams(
        bindparam("phrase", f'"{quoted}"')
    )
    return select(search.c.rowid).where(matches)


def _hits_of_sqlite(wanted: str) -> Select[str]:
    place = table("chat_text", column("id"), column("chat_id"))
    return select(place.c.chat_id).where(place.c.id.in_(_places(wanted)))


def _contains(where: SQLColumnExpression[str], wanted: str) -> ColumnElement[bool]:
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
