"""Users: the list of accounts that admins see, search and change."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from shared import db
from shared.errors import NotFound
from shared.models.user import User
from shared.services import accounts

PAGE_SIZE = 30
ORDERS: dict[str, InstrumentedAttribute[str] | InstrumentedAttribute[int]] = {
    "name": User.name,
    "email": User.email,
    "role": User.role,
    "created_at": User.created_at,
    "last_active_at": User.last_active_at,
    "updated_at": User.updated_at,
}


@dataclass(frozen=True)
class Search:
    """Which accounts are wanted, and in which order.

    Attributes:
        words: A piece of the name or the address, in any case; empty for all accounts.
        order: A key of ORDERS.
    """

    words: str = ""
    order: str = "created_at"
    is_descending: bool = True


def listed(search: Search, skip: int = 0, limit: int | None = None) -> list[User]:
    """List accounts.

    Args:
        limit: At most so many; all when None.
    """
    query = select(User).where(*_fitting(search)).order_by(*_order(search)).offset(skip)
    return list(db.session().scalars(query if limit is None else query.limit(limit)))


def _order(search: Search) -> list[ColumnElement[Any]]:
    column = ORDERS[search.order]
    wanted: list[Any] = [column if search.order.endswith("_at") else func.lower(column), User.id]
    return [one.desc() for one in wanted] if search.is_descending else wanted


def count(search: Search) -> int:
    """Count what `listed` lists."""
    query = select(func.count()).select_from(User).where(*_fitting(search))
    return db.session().scalar(query) or 0


def _fitting(search: Search) -> list[ColumnElement[bool]]:
    words = search.words.strip().lower()
    if not words:
        return []
    return [
        or_(
            func.lower(User.name).contains(words, autoescape=True),
            User.email.contains(words, autoescape=True),
        )
    ]


@dataclass(frozen=True)
class Change:
    """An account as an admin wants it; password and role stay where None is said."""

    name: str
    email: str
    image_url: str
    password_hash: str | None = None
    role: str | None = None


def change(user_id: str, wanted: Change) -> User:
    """Change an account; another password ends all its sign-ins.

    Raises:
        NotFound: No such account.
        Invalid: The address is taken or no address, or there is no such role.
    """
    user = accounts.by_id(user_id)
    if user is None:
        raise NotFound
    accounts.set_email(user_id, wanted.email)
    accounts.set_profile(user_id, wanted.name, wanted.image_url)
    if wanted.role is not None and wanted.role != user.role:
        accounts.set_role(user_id, wanted.role)
    if wanted.password_hash is not None:
        accounts.set_password(user_id, wanted.password_hash, None)
    return user
