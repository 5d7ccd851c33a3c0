"""An Open WebUI in which there is one of everything, for tests that move in from it."""

from pathlib import Path
from typing import Any

import bcrypt

from tests.services.openwebui_database import OpenWebUIDatabase
from tests.services.things import message, tree

SOURCE = "class Tools:\n    def now(self) -> str:\n        return ''\n"
ADA, BOB = "ada", "bob"
# Lets the group and Bob read.
CONTROL = {"read": {"group_ids": ["g"], "user_ids": [BOB]}, "write": {}}
AT = {"created_at": 1_700_000_001, "updated_at": 1_700_000_002}
AT_NS = {"created_at": 1_700_000_001_000_000_007, "updated_at": 1_700_000_002_000_000_007}
PASSWORD = "Secret-pw-1!"


def furnished(old: OpenWebUIDatabase, uploads: Path) -> OpenWebUIDatabase:
    """Put one of everything that its version knows into a database."""
    _people(old)
    _chats(old)
    _files(old, uploads)
    _workspace(old)
    _settings(old)
    _channels(old)
    return old


def _people(old: OpenWebUIDatabase) -> None:
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    old.add_user(ADA, "admin", hashed, api_key="sk-0123456789abcdef", oauth_sub="google@1")
    settings = {"ui": {"theme": "dark"}, "tools": {"valves": {"clock": {"api_key": "mine"}}}}
    old.add_user(BOB, "user", hashed, settings=settings, info={"from": "here"})
    permissions = {"workspace": {"models": True}}
    members = [ADA, BOB]
    old.add(
        "group", id="g", user_id=ADA, name="All", user_ids=members, permissions=permissions, **AT
    )


def _chats(old: OpenWebUIDatabase) -> None:
    old.add(
        "folder", id="inner", parent_id="outer", user_id=BOB, name="Inner", is_expanded=True, **AT
    )
    old.add("folder", id="outer", user_id=BOB, name="Outer", is_expanded=False, **AT)
    old.add("tag", id="hard_work", user_id=BOB, name="Hard Work")
    answers = (message("a1", "q", "assistant", model="alpha"), message("a2", "q", "assistant"))
    history = {"messages": tree(message("q"), *answers), "currentId": "a1"}
    body: dict[str, Any] = {"title": "Rome", "models": ["alpha"], "params": {"temperature": 0.5}}
    rome = {"title": "Rome", "chat": {**body, "history": history}, "archived": False, **AT}
    meta = {"tags": ["hard_work"]}
    old.add(
        "chat", id="c", user_id=BOB, share_id="s", pinned=True, meta=meta, folder_id="inner", **rome
    )
    old.add("chat", id="s", user_id="shared-c", meta={}, **rome)
    snapshot: dict[str, Any] = {"chat": {}}
    rating = {"type": "rating", "data": {"rating": 1}, "meta": {"chat_id": "c"}}
    old.add("feedback", id="r", user_id=BOB, version=0, snapshot=snapshot, **rating, **AT)


def _files(old: OpenWebUIDatabase, uploads: Path) -> None:
    text = "Rome was built in years."
    (uploads / "f_notes.txt").write_text(text)
    meta = {"name": "notes.txt", "size": 24, "data": {"by": "hand"}, "collection_name": "k"}
    place = {"filename": "notes.txt", "path": "/app/backend/data/uploads/f_notes.txt"}
    old.add("file", id="f", user_id=ADA, hash="0", data={"content": text}, meta=meta, **place, **AT)
    about = {"name": "Rome", "description": "Old", "data": {"file_ids": ["f"]}}
    old.add("knowledge", id="k", user_id=ADA, access_control=CONTROL, **about, **AT)


def _workspace(old: OpenWebUIDatabase) -> None:
    about = {"params": {"system": "Be brief."}, "meta": {"knowledge": [{"id": "k"}]}}
    preset = {
        "base_model_id": "alpha",
        "name": "Mine",
        "access_control": CONTROL,
        "is_active": True,
    }
    old.add("model", id="mine", user_id=ADA, **preset, **about, **AT)
    prompt = {"title": "Sum", "content": "Sum it up.", "timestamp": 1_700_000_003}
    old.add("prompt", command="/sum", user_id=ADA, **prompt)
    tool = {"name": "Clock", "content": SOURCE, "specs": [{"name": "now"}], "meta": {}}
    valves = {"api_key": "open", "zone": "UTC"}
    old.add("tool", id="clock", user_id=ADA, valves=valves, access_control={}, **tool, **AT)
    pipe = {"name": "Pipe", "type": "pipe", "content": "class Pipe: pass", "meta": {}}
    old.add("function", id="pipe", user_id=ADA, is_active=True, is_global=False, **pipe, **AT)
    old.add("memory", id="m", user_id=BOB, content="Likes Rome.", **AT)


def _settings(old: OpenWebUIDatabase) -> None:
    models = {"api_base_urls": ["https://models.example.com/v1"], "api_keys": ["sk-theirs-0123"]}
    ui = {"enable_signup": False, "default_locale": "de"}
    newest = {"version": 0, "ui": ui, "openai": models, "unknown": {"thing": 1}}
    old.add("config", id=1, data={"ui": {"default_locale": "fr"}}, version=0)
    old.add("config", id=2, data=newest, version=0)


def _channels(old: OpenWebUIDatabase) -> None:
    if old.has("channel"):
        old.add("channel", id="ch", user_id=ADA, name="all", description="", **AT_NS)
    if old.has("message"):
        later = AT_NS["created_at"] + 5
        reply = {"parent_id": "first", "content": "Hi", "created_at": later, "updated_at": later}
        old.add("message", id="reply", user_id=BOB, channel_id="ch", **reply)
        old.add("message", id="first", user_id=ADA, channel_id="ch", content="Hello", **AT_NS)
        wave = {"message_id": "first", "name": "wave", "created_at": later}
        old.add("message_reaction", id="x", user_id=BOB, **wave)
