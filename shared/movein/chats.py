"""Folders, tags, chats taken apart into messages, and what was shared of them."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from shared.errors import Invalid
from shared.models.chat import Chat, ChatTag, SharedChat, Tag
from shared.models.folder import Folder
from shared.movein import trees
from shared.movein.known import Known
from shared.movein.mover import Moved, Mover, name_of
from shared.movein.report import Report
from shared.movein.row import Broken, Row
from shared.movein.source import Source
from shared.services import chat_tags, chats, messages, shared_chats

_LONGEST_TAG = 256


class Folders(Mover):
    """Folders, each after the one in which it lies."""

    noun, table, model = "folders", "folder", Folder

    def rows(self) -> Iterator[Row]:
        """See `Mover`. Folders that lie in one another follow last, and come to the top."""
        waiting = {row.text("id"): row for row in self._source.rows("folder")}
        while waiting:
            ready = [n for n, row in waiting.items() if row.get("parent_id") not in waiting]
            for name in ready or list(waiting):
                yield waiting.pop(name)

    def moved(self, row: Row) -> Moved:
        """See `Mover`."""
        owner, parent = self._known.owner(row.get("user_id")), row.word("parent_id")
        folder = Folder(
            id=row.key(),
            user_id=owner,
            parent_id=parent if self._known.folders.get(parent or "") == owner else None,
            name=row.text("name"),
            meta=row.object("meta"),
            data=row.object("data"),
            is_expanded=row.flag("is_expanded"),
            created_at=row.seconds("created_at"),
            updated_at=row.seconds("updated_at"),
        )
        return Moved(folder.id, [folder])

    def keep(self, row: Row) -> None:
        """See `Mover`."""
        self._known.folders[row.key()] = self._known.owner(row.get("user_id"))


class Tags:
    """Tags that chats have; they come with the chats, this knows their names."""

    def __init__(self, source: Source, known: Known) -> None:
        self._names = {
            (known.users.get(row.text("user_id"), ""), row.text("id")): row.text("name")
            for row in source.rows("tag")
        }

    def rows_of(self, chat: Chat) -> list[Tag | ChatTag]:
        """Give the rows of a chat's tags, and put the ids into its `meta`."""
        told = chat.meta.get("tags")
        ids = [one for one in told if isinstance(one, str)] if isinstance(told, list) else []
        wanted = {chat_tags.tag_id(one): one for one in ids if 0 < len(one) <= _LONGEST_TAG}
        wanted.pop(chat_tags.NONE, None)
        chat.meta = {**chat.meta, "tags": list(wanted)}
        rows: list[Tag | ChatTag] = []
        for tag, told_as in wanted.items():
            name = self._names.get((chat.user_id, told_as), told_as)
            rows.append(Tag(id=tag, user_id=chat.user_id, name=name, meta=None))
            rows.append(ChatTag(chat_id=chat.id, tag_id=tag, user_id=chat.user_id))
        return rows


class Chats(Mover):
    """Chats, each with its messages and tags in one transaction."""

    noun, table, model = "chats", "chat", Chat

    def __init__(self, source: Source, known: Known, report: Report) -> None:
        super().__init__(source, known, report)
        self._tags = Tags(source, known)

    def rows(self) -> Iterator[Row]:
        """See `Mover`."""
        for row in self._source.rows("chat"):
            if not _is_snapshot(row):
                yield row

    def moved(self, row: Row) -> Moved:
        """See `Mover`."""
        chat_id, owner = row.key(), self._known.owner(row.get("user_id"))
        body = row.object("chat") or {}
        tree, lost = trees.tree_of(body)
        folder = row.word("folder_id")
        chat = Chat(
            id=chat_id,
            user_id=owner,
            title=row.text("title") or str(body.get("title") or "New Chat"),
            data=chats.rest_of(body),
            current_id=trees.current_of(body, tree),
            archived=row.flag("archived"),
            pinned=row.flag("pinned"),
            meta=row.object("meta") or {},
            folder_id=folder if self._known.folders.get(folder or "") == owner else None,
            created_at=row.seconds("created_at"),
            updated_at=row.seconds("updated_at"),
        )
        rows = _taken_apart(chat_id, tree)
        if lost:
            self._report.note(self.noun, chat_id, f"without {lost} of its messages, which are none")
        return Moved(chat_id, [chat, *self._tags.rows_of(chat)], partial(messages.add_rows, rows))

    def keep(self, row: Row) -> None:
        """See `Mover`."""
        self._known.chats[row.key()] = self._known.owner(row.get("user_id"))


def _taken_apart(chat_id: str, tree: dict[str, Any]) -> list[dict[str, Any]]:
    try:
        return messages.rows_of(chat_id, tree)
    except Invalid as problem:
        raise Broken(problem.message) from None


def _is_snapshot(row: Row) -> bool:
    return row.text("user_id").startswith(shared_chats.OWNER)


class Snapshots(Mover):
    """What was shared of chats: they keep their addresses."""

    noun, table, model = "shared chats", "chat", SharedChat

    def rows(self) -> Iterator[Row]:
        """See `Mover`."""
        return filter(_is_snapshot, self._source.rows("chat"))

    def moved(self, row: Row) -> Moved:
        """See `Mover`."""
        chat_id = row.text("user_id").removeprefix(shared_chats.OWNER)
        if chat_id not in self._known.chats:
            raise Broken(f"the chat {name_of(Row({'id': chat_id}))} is not there")
        shared = SharedChat(
            id=row.key(),
            chat_id=chat_id,
            title=row.text("title"),
            chat=row.object("chat") or {},
            created_at=row.seconds("created_at"),
            updated_at=row.seconds("updated_at"),
        )
        return Moved(shared.id, [shared], partial(chats.note_share, chat_id, shared.id))
