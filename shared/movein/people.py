"""Accounts with their passwords and keys, and groups."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select

from shared import db
from shared.models.group import Group, GroupMember
from shared.models.user import APIKey, Credential, User
from shared.movein.known import Known
from shared.movein.mover import Moved, Mover, keys_of, name_of
from shared.movein.report import Report
from shared.movein.row import Broken, Row
from shared.movein.source import Source
from shared.services import accounts, valves
from shared.services.passwords import is_hash

_LONGEST_EMAIL = 320


class Accounts(Mover):
    """Users. Who has an account with the same address here already, keeps that one."""

    noun, table, model = "accounts", "user", User

    def __init__(self, source: Source, known: Known, report: Report) -> None:
        super().__init__(source, known, report)
        self._passwords = {row.get("id"): row for row in source.rows("auth")}
        self._keys = {row.get("user_id"): row.word("key") for row in source.rows("api_key")}
        with db.reading() as session:
            found = session.execute(select(User.id, User.email))
            self._ids = {email: user_id for user_id, email in found}
        self._subs = keys_of(User.oauth_sub)
        self._digests = keys_of(APIKey.digest)

    def here(self) -> set[Any]:
        """See `Mover`."""
        return set(self._ids.values())

    def rows(self) -> Iterator[Row]:
        """See `Mover`; whoever has an account here is told of and joined to it, not brought."""
        for row in self._source.rows("user", order="created_at"):
            ours = self._ids.get(_address(row))
            if ours is None or ours == row.get("id"):
                yield row
            elif isinstance(row.get("id"), str):
                self._join(row, ours)

    def _join(self, row: Row, ours: str) -> None:
        self._known.users[row.key()] = ours
        self._report.note(
            self.noun, _address(row), "has an account here, which keeps its password and role"
        )

    def moved(self, row: Row) -> Moved:
        """See `Mover`."""
        user_id, email = row.key(), _address(row)
        if not email or len(email) > _LONGEST_EMAIL or any(c.isspace() for c in email):
            raise Broken("it has no address")
        self._ids[email] = user_id
        user = User(
            id=user_id,
            name=row.text("name") or email.partition("@")[0],
            email=email,
            role=self._role(row),
            profile_image_url=row.text("profile_image_url") or "/user.png",
            settings=valves.sealed_settings(row.object("settings")),
            info=row.object("info"),
            oauth_sub=self._sub(row),
            last_active_at=row.seconds("last_active_at"),
            created_at=row.seconds("created_at"),
            updated_at=row.seconds("updated_at"),
        )
        return Moved(user_id, [user, self._credential(row), *self._api_key(row)])

    def keep(self, row: Row) -> None:
        """See `Mover`."""
        self._known.users[row.key()] = row.key()
        if self._known.heir is None and row.get("role") == accounts.ADMIN:
            self._known.heir = row.key()

    def forget(self, row: Row) -> None:
        """See `Mover`; what is the account's own stays away with it."""
        self._known.users.pop(row.key(), None)

    def _role(self, row: Row) -> str:
        role = row.text("role")
        if role in accounts.ROLES:
            return role
        self._report.note(self.noun, name_of(row), f"'{role}' is no role; it waits as pending")
        return accounts.PENDING

    def _credential(self, row: Row) -> Credential:
        """Take the hash of the password as it is; the first sign-in renews it."""
        auth = self._passwords.get(row.get("id"), Row({}))
        stored = auth.text("password")
        if auth.get("active", True) and is_hash(stored):
            return Credential(user_id=row.key(), password=stored)
        self._report.note(self.noun, name_of(row), "has no password that counts")
        return Credential(user_id=row.key(), password="")

    def _api_key(self, row: Row) -> list[APIKey]:
        clear = row.word("api_key") or self._keys.get(row.get("id"))
        if not clear or accounts.digest(clear) in self._digests:
            return []
        self._digests.add(accounts.digest(clear))
        hint, since = f"{clear[:3]}…{clear[-4:]}", row.seconds("created_at")
        digest = accounts.digest(clear)
        return [APIKey(digest=digest, user_id=row.key(), hint=hint, created_at=since)]

    def _sub(self, row: Row) -> str | None:
        """Give by what a provider knows the user; later versions keep one for each provider."""
        sub = row.word("oauth_sub")
        for provider, said in (row.object("oauth") or {}).items():
            if sub is None and isinstance(said, dict) and said.get("sub"):
                sub = f"{provider}@{said['sub']}"
        if sub is None or sub in self._subs:
            return None
        self._subs.add(sub)
        return sub


def _address(row: Row) -> str:
    return row.text("email").strip().lower()


class Groups(Mover):
    """Groups with their members."""

    noun, table, model = "groups", "group", Group

    def __init__(self, source: Source, known: Known, report: Report) -> None:
        super().__init__(source, known, report)
        self._members: dict[str, list[str]] = {}
        for row in source.rows("group_member"):
            self._members.setdefault(row.text("group_id"), []).append(row.text("user_id"))

    def moved(self, row: Row) -> Moved:
        """See `Mover`."""
        group = Group(
            id=row.key(),
            user_id=self._known.users.get(row.text("user_id"), row.text("user_id")),
            name=row.text("name"),
            description=row.text("description"),
            permissions=row.object("permissions"),
            data=row.object("data"),
            meta=row.object("meta"),
            created_at=row.seconds("created_at"),
            updated_at=row.seconds("updated_at"),
        )
        listed = row.json("user_ids") or self._members.get(group.id, [])
        known = self._known.users
        members = dict.fromkeys(known[one] for one in listed if one in known)
        return Moved(
            group.id, [group, *(GroupMember(group_id=group.id, user_id=m) for m in members)]
        )
