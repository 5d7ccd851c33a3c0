"""Databases as Open WebUI's versions make them, for tests that move in from them.

Source: the contract, models ("Tables", "Alembic chain").
"""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import create_engine, text

# Revisions of the newest schema of each version.
HEADS = {"0.4": "922e7a387820", "0.5": "57c599a3cb57", "0.6": "3781e22d8b01"}
_OWNED = "id VARCHAR PRIMARY KEY, user_id VARCHAR"
_TIMES = "created_at BIGINT, updated_at BIGINT"
_TABLES = {
    "user": "id VARCHAR PRIMARY KEY, name VARCHAR, email VARCHAR, role VARCHAR,"
    " profile_image_url TEXT, last_active_at BIGINT, updated_at BIGINT, created_at BIGINT,"
    " api_key VARCHAR UNIQUE, settings TEXT, info TEXT, oauth_sub TEXT UNIQUE",
    "auth": "id VARCHAR PRIMARY KEY, email VARCHAR, password TEXT, active BOOLEAN",
    "chat": f"{_OWNED}, title TEXT, chat JSON, {_TIMES}, share_id TEXT UNIQUE,"
    " archived BOOLEAN, pinned BOOLEAN, meta JSON DEFAULT '{}', folder_id TEXT",
    "tag": "id VARCHAR, user_id VARCHAR, name VARCHAR, meta JSON, PRIMARY KEY (id,user_id)",
    "folder": "id TEXT PRIMARY KEY, parent_id TEXT, user_id TEXT, name TEXT, items JSON,"
    f" meta JSON, is_expanded BOOLEAN, {_TIMES}",
    "file": f"{_OWNED}, hash TEXT, filename TEXT, path TEXT, data JSON, meta JSON,"
    f" access_control JSON, {_TIMES}",
    "knowledge": f"{_OWNED}, name TEXT, description TEXT, data JSON, meta JSON,"
    f" access_control JSON, {_TIMES}",
    "model": f"{_OWNED}, base_model_id TEXT, name TEXT, params TEXT, meta TEXT,"
    f" access_control JSON, is_active BOOLEAN, {_TIMES}",
    "prompt": "command VARCHAR PRIMARY KEY, user_id VARCHAR, title TEXT, content TEXT,"
    " timestamp BIGINT, access_control JSON",
    "tool": f"{_OWNED}, name TEXT, content TEXT, specs TEXT, meta TEXT, valves TEXT,"
    f" access_control JSON, {_TIMES}",
    "function": f"{_OWNED}, name TEXT, type TEXT, content TEXT, meta TEXT, valves TEXT,"
    f" is_active BOOLEAN, is_global BOOLEAN, {_TIMES}",
    "group": f"{_OWNED}, name TEXT, description TEXT, data JSON, meta JSON, permissions JSON,"
    f" user_ids JSON, {_TIMES}",
    "memory": f"{_OWNED}, content TEXT, {_TIMES}",
    "feedback": f"{_OWNED}, version BIGINT, type TEXT, data JSON, meta JSON, snapshot JSON,"
    f" {_TIMES}",
    "channel": f"{_OWNED}, type TEXT, name TEXT, description TEXT, data JSON, meta JSON,"
    f" access_control JSON, {_TIMES}",
    "message": f"{_OWNED}, channel_id TEXT, parent_id TEXT, content TEXT, data JSON, meta JSON,"
    f" {_TIMES}",
    "message_reaction": f"{_OWNED}, message_id TEXT, name TEXT, created_at BIGINT",
    "config": "id INTEGER PRIMARY KEY, data JSON NOT NULL, version INTEGER,"
    " created_at TIMESTAMP, updated_at TIMESTAMP",
    "alembic_version": "version_num VARCHAR(32) PRIMARY KEY",
}
# What a version did not have yet: whole tables, or columns.
_LACKS: dict[str, tuple[str, ...]] = {
    "0.4": ("channel", "message", "message_reaction", "file.access_control"),
    "0.5": ("message", "message_reaction", "file.access_control"),
    "0.6": (),
}


@dataclass
class OpenWebUIDatabase:
    """A database of theirs.

    Attributes:
        url: Its address, as their DATABASE_URL has it.
        version: "0.4", "0.5" or "0.6".
    """

    url: str
    version: str = "0.6"

    def __post_init__(self) -> None:
        self._engine = create_engine(self.url.replace("postgresql://", "postgresql+psycopg://"))
        with self._engine.begin() as connection:
            for name, columns in _TABLES.items():
                if name not in _LACKS[self.version]:
                    connection.execute(text(f'CREATE TABLE "{name}" ({self._of(name, columns)})'))
        self.add("alembic_version", version_num=HEADS[self.version])

    def _of(self, name: str, columns: str) -> str:
        lacking = [
            one.partition(".")[2] for one in _LACKS[self.version] if one.startswith(f"{name}.")
        ]
        parts = columns.split(", ")
        return ", ".join(part for part in parts if part.split()[0] not in lacking)

    def has(self, name: str) -> bool:
        """Whether this version has such a table."""
        return name not in _LACKS[self.version]

    def add(self, table: str, **values: Any) -> None:
        """Write a row; objects and lists become JSON."""
        self.add_all(table, [values])

    def add_all(self, table: str, rows: list[dict[str, Any]]) -> None:
        """Write rows that have the same columns."""
        kept = [self._kept(table, row) for row in rows]
        names = ", ".join(kept[0])
        marks = ", ".join(f":{name}" for name in kept[0])
        statement = text(f'INSERT INTO "{table}" ({names}) VALUES ({marks})')  # noqa: S608 -- names of our own
        with self._engine.begin() as connection:
            connection.execute(statement, kept)

    def _kept(self, table: str, values: dict[str, Any]) -> dict[str, Any]:
        return {
            name: json.dumps(value) if isinstance(value, dict | list) else value
            for name, value in values.items()
            if f"{table}.{name}" not in _LACKS[self.version]
        }

    def add_user(self, user_id: str, role: str = "user", password: str = "", **more: Any) -> None:
        """Write an account with what signs it in."""
        email = more.pop("email", f"{user_id}@example.com")
        values = {"name": user_id.title(), "profile_image_url": "/user.png", **more}
        times = dict.fromkeys(("last_active_at", "updated_at", "created_at"), 1_700_000_000)
        self.add("user", id=user_id, email=email, role=role, **{**times, **values})
        self.add("auth", id=user_id, email=email, password=password, active=True)

    def close(self) -> None:
        """Leave the database."""
        self._engine.dispose()
