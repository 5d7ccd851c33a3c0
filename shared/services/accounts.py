"""Accounts: sign-up, sign-in, profile, API keys, and what a signed-in request is known by."""

import hashlib
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select, update

from shared import db, queue, relay
from shared.config.options import get_options, option
from shared.errors import Forbidden, Invalid, NotFound
from shared.ids import new_id, now_s
from shared.kinds.accounts import TELL_ADMINS, TellAdmins
from shared.models.group import GroupMember
from shared.models.user import APIKey, Credential, User, UserSession
from shared.prepared import Prepared
from shared.queue import Subject

ADMIN, USER, PENDING = "admin", "user", "pending"
ROLES = (PENDING, USER, ADMIN)
# Two who open accounts at once must not both be first, nor both have one address.
_OPENING = "accounts"
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
# Of the one account there is with WEBUI_AUTH=false, as Open WebUI calls it.
ONLY_EMAIL = "admin@localhost"
# Source: RFC 3696, erratum 1690; the column's own length.
_LONGEST_EMAIL = 320


@dataclass(frozen=True)
class Principal:
    """Who is asking, as far as rules need to know."""

    id: str
    name: str
    email: str
    role: str
    profile_image_url: str
    session_id: str | None = None
    group_ids: tuple[str, ...] = ()


# Asked for every job and every request that is not remembered: prepared, and without a session. One
# row for each group of the account, or one without a group.
_PRINCIPAL = Prepared(
    select(GroupMember.group_id, User.id, User.name, User.email, User.role, User.profile_image_url)
    .select_from(User)
    .outerjoin(GroupMember, GroupMember.user_id == User.id)
    .where(User.id == bindparam("user"))
)


def principal_of(user_id: str, session_id: str | None = None) -> Principal | None:
    """Find out what rules need to know of an account.

    Args:
        session_id: The sign-in behind the request; None when an API key is used.
    """
    rows = _PRINCIPAL.run(db.connection(), {"user": user_id}).rows
    if not rows:
        return None
    groups = tuple(sorted(row[0] for row in rows if row[0]))
    _, found_id, name, email, role, image_url = rows[0]
    return Principal(found_id, name, email, role, image_url, session_id, groups)


def by_id(user_id: str) -> User | None:
    """Find an account."""
    return db.session().get(User, user_id)


def by_ids(user_ids: Collection[str]) -> dict[str, User]:
    """Find several accounts, by their ids."""
    found = db.session().scalars(select(User).where(User.id.in_(user_ids)))
    return {user.id: user for user in found}


def by_email(email: str) -> User | None:
    """Find an account by its address, in any case."""
    return db.session().scalar(select(User).where(User.email == email.strip().lower()))


def has_any() -> bool:
    """Whether anybody has an account here yet."""
    return db.session().scalar(select(User.id).limit(1)) is not None


def sign_up(name: str, email: str, password_hash: str, image_url: str) -> User:
    """Open an account for somebody who came by; the very first becomes admin and closes the door.

    Raises:
        Forbidden: Sign-up is switched off.
        Invalid: The address is taken or no address.
    """
    db.lock_for_update(_OPENING)
    if has_any() and not option("ENABLE_SIGNUP"):
        raise Forbidden
    return welcome(name, email, password_hash, image_url)


def welcome(
    name: str,
    email: str,
    password_hash: str = "",
    image_url: str = "",
    role: str | None = None,
) -> User:
    """Open an account for somebody who is let in; the very first becomes admin and closes the
    sign-up.

    Args:
        password_hash: Empty: nobody signs in to it by password.
        role: Instead of DEFAULT_USER_ROLE.

    Raises:
        Invalid: The address is taken or no address.
    """
    db.lock_for_update(_OPENING)
    if not has_any():
        get_options().set({"ENABLE_SIGNUP": False})
        return add(name, email, password_hash, ADMIN, image_url)
    user = add(name, email, password_hash, role or option("DEFAULT_USER_ROLE"), image_url)
    if option("WEBHOOK_URL"):
        queue.enqueue(TELL_ADMINS, TellAdmins(user_id=user.id), Subject())
    return user


def add(name: str, email: str, password_hash: str, role: str, image_url: str = "/user.png") -> User:
    """Open an account.

    Raises:
        Invalid: The address is taken or no address, or there is no such role.
    """
    db.lock_for_update(_OPENING)
    email = _checked_email(email)
    if role not in ROLES:
        raise Invalid(f"There is no role '{role}'.")
    if by_email(email) is not None:
        raise _taken()
    now = now_s()
    user = User(
        id=new_id(),
        name=name,
        email=email,
        role=role,
        profile_image_url=image_url or "/user.png",
        last_active_at=now,
        created_at=now,
        updated_at=now,
    )
    db.session().add(user)
    db.session().flush()
    db.session().add(Credential(user_id=user.id, password=password_hash))
    return user


def password_of(email: str) -> tuple[str | None, str | None]:
    """Look up what a sign-in is checked against: account id and password hash, or two Nones."""
    row = (
        db.session()
        .execute(
            select(User.id, Credential.password)
            .join(Credential, Credential.user_id == User.id)
            .where(User.email == email.strip().lower())
        )
        .first()
    )
    return (None, None) if row is None else (row[0], row[1])


def password_hash_of(user_id: str) -> str | None:
    """Give the password hash of an account."""
    return db.session().scalar(select(Credential.password).where(Credential.user_id == user_id))


def set_password(user_id: str, password_hash: str, keep_session: str | None) -> None:
    """Change a password; every other sign-in of the user ends."""
    db.session().merge(Credential(user_id=user_id, password=password_hash))
    close_sessions(user_id, keep_session)


def renew_hash(user_id: str, old: str | None, new: str) -> None:
    """Keep the same password under a newer hash; unless it was changed meanwhile."""
    same = (Credential.user_id == user_id, Credential.password == old)
    db.session().execute(update(Credential).where(*same).values(password=new))


def set_profile(user_id: str, name: str, image_url: str) -> User:
    """Change how a user is shown."""
    user = _existing(user_id)
    user.name, user.profile_image_url, user.updated_at = name, image_url, now_s()
    _tell_of_change(user_id)
    return user


def set_role(user_id: str, role: str) -> User:
    """Change a user's role; open sockets of that user are closed by the web tier when it hears of
    it.

    Raises:
        NotFound: No such account.
        Invalid: No such role.
    """
    if role not in ROLES:
        raise Invalid(f"There is no role '{role}'.")
    user = _existing(user_id)
    user.role, user.updated_at = role, now_s()
    _tell_of_change(user_id)
    return user


def set_email(user_id: str, email: str) -> None:
    """Change the address by which a user signs in.

    Raises:
        NotFound: No such account.
        Invalid: The address is taken or no address.
    """
    db.lock_for_update(_OPENING)
    email = _checked_email(email)
    user = _existing(user_id)
    if email != user.email and by_email(email) is not None:
        raise _taken()
    user.email = email
    _tell_of_change(user_id)


def _checked_email(email: str) -> str:
    lowered = email.strip().lower()
    if len(lowered) > _LONGEST_EMAIL or not (_EMAIL.fullmatch(lowered) or lowered == ONLY_EMAIL):
        raise Invalid(f"'{lowered[:80]}' is no email address.")
    return lowered


def _taken() -> Invalid:
    return Invalid("There is an account with this email address already.")


def _existing(user_id: str) -> User:
    user = by_id(user_id)
    if user is None:
        raise NotFound
    return user


def _tell_of_change(user_id: str) -> None:
    db.after_commit(lambda: relay.tell_user(user_id, "account", {}))


def settings_of(user_id: str) -> dict[str, Any] | None:
    """Give what the user's page keeps; None before its first save."""
    return _existing(user_id).settings


def info_of(user_id: str) -> dict[str, Any] | None:
    """Give what clients note about a user; None before the first note."""
    return _existing(user_id).info


def merge_info(user_id: str, values: dict[str, Any]) -> dict[str, Any]:
    """Lay top-level keys over what clients note about a user."""
    user = _existing(user_id)
    user.info = {**(user.info or {}), **values}
    return user.info


def merge_settings(user_id: str, values: dict[str, Any]) -> dict[str, Any]:
    """Lay the top-level keys of a form over the user's settings; `ui` is replaced as a whole."""
    user = _existing(user_id)
    user.settings = {**(user.settings or {}), "ui": {}, **values}
    return user.settings


def make_api_key(user_id: str) -> str:
    """Make the user's API key, in place of an older one; the only moment at which it is seen in
    clear.
    """
    db.lock_for_update(f"key of {user_id}")
    clear = "sk-" + secrets.token_hex(16)
    forget_api_key(user_id)
    db.session().add(
        APIKey(digest=digest(clear), user_id=user_id, hint=f"sk-…{clear[-4:]}", created_at=now_s())
    )
    return clear


def forget_api_key(user_id: str) -> None:
    """Void the user's API key."""
    db.session().execute(delete(APIKey).where(APIKey.user_id == user_id))
    _tell_of_change(user_id)


def api_key_hint(user_id: str) -> str | None:
    """Give the end of the user's API key, by which the owner recognises it."""
    return db.session().scalar(select(APIKey.hint).where(APIKey.user_id == user_id))


def by_api_key(clear: str) -> User | None:
    """Find the owner of an API key."""
    return db.session().scalar(
        select(User).join(APIKey, APIKey.user_id == User.id).where(APIKey.digest == digest(clear))
    )


def digest(clear: str) -> str:
    """Hash an API key; it is long and random, so a plain hash cannot be guessed back."""
    return hashlib.sha256(clear.encode()).hexdigest()


def open_session(user_id: str, user_agent: str, expires_at: int | None) -> str:
    """Note a sign-in; the id goes into its tokens."""
    session_id = new_id()
    db.session().add(
        UserSession(
            id=session_id,
            user_id=user_id,
            user_agent=user_agent[:300],
            created_at=now_s(),
            expires_at=expires_at,
        )
    )
    return session_id


def extend_session(session_id: str, expires_at: int | None) -> None:
    """Let a sign-in last longer, because its user is still there."""
    db.session().execute(
        update(UserSession).where(UserSession.id == session_id).values(expires_at=expires_at)
    )


def close_session(user_id: str, session_id: str) -> None:
    """Sign out: all tokens of that sign-in are void from now on."""
    db.session().execute(
        delete(UserSession).where(UserSession.id == session_id, UserSession.user_id == user_id)
    )
    _tell_of_change(user_id)


def sessions_of(user_id: str) -> list[UserSession]:
    """List the sign-ins of a user that stand, newest first."""
    stands = or_(UserSession.expires_at.is_(None), UserSession.expires_at > now_s())
    query = select(UserSession).where(UserSession.user_id == user_id, stands)
    return list(db.session().scalars(query.order_by(UserSession.id.desc())))


def close_sessions(user_id: str, but: str | None = None) -> None:
    """Void all tokens of a user.

    Args:
        but: A sign-in that goes on.
    """
    others = UserSession.id != (but or "")
    db.session().execute(delete(UserSession).where(UserSession.user_id == user_id, others))
    _tell_of_change(user_id)


def is_open(user_id: str, session_id: str) -> bool:
    """Whether a sign-in of a user still stands."""
    row = db.session().get(UserSession, session_id)
    if row is None or row.user_id != user_id:
        return False
    return row.expires_at is None or row.expires_at > now_s()


def purge_sessions() -> int:
    """Forget sign-ins that have expired; how many."""
    expired = delete(UserSession).where(UserSession.expires_at < now_s()).returning(UserSession.id)
    return len(db.session().execute(expired).all())


def touch(user_id: str) -> None:
    """Note that a user was seen."""
    db.session().execute(update(User).where(User.id == user_id).values(last_active_at=now_s()))


def count() -> int:
    """Count all accounts."""
    return db.session().scalar(select(func.count()).select_from(User)) or 0


def first_admin() -> User | None:
    """Find the admin whom users may write to."""
    return db.session().scalar(
        select(User).where(User.role == ADMIN).order_by(User.created_at, User.id).limit(1)
    )
