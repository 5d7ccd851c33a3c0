"""Arrivals: which account somebody enters whom an identity provider vouches for."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from shared import db, queue
from shared.config.options import option
from shared.errors import Forbidden, Invalid
from shared.kinds.accounts import FETCH_PICTURE, FetchPicture
from shared.models.user import User
from shared.queue import Subject
from shared.services import accounts, groups
from shared.services.accounts import ADMIN, PENDING, USER

NO_PICTURE = "/user.png"
_LONGEST_NAME = 200
_LONGEST_SUBJECT = 512


@dataclass(frozen=True)
class Arrival:
    """Somebody whom an identity provider vouches for.

    Attributes:
        subject: Provider and its own, lasting id of the person: `google@1234`.
        is_verified: Whether the provider says that the address is the person's; None when it says
            nothing.
        picture: Address of a picture; empty when there is none.
    """

    subject: str
    email: str
    is_verified: bool | None
    name: str
    picture: str
    roles: tuple[str, ...]
    groups: tuple[str, ...]


def of_claims(provider: str, claims: dict[str, Any]) -> Arrival:
    """Read what a provider tells, by the names that an admin has given its claims.

    Raises:
        Invalid: It tells no id or no address.
    """
    # Providers whose form is known keep it; the names are for the one that is not.
    name, picture, email = ("name", "picture", "email")
    if provider == "oidc":
        name = option("OAUTH_USERNAME_CLAIM")
        picture = option("OAUTH_PICTURE_CLAIM")
        email = option("OAUTH_EMAIL_CLAIM")
    address = _text(claims, email).lower()
    subject = f"{provider}@{_text(claims, 'sub')}"
    if not address or subject.endswith("@") or len(subject) > _LONGEST_SUBJECT:
        raise Invalid("The provider does not tell who you are.")
    return Arrival(
        subject,
        address,
        _is_verified(claims),
        (_text(claims, name) or address)[:_LONGEST_NAME],
        _text(claims, picture),
        _texts(claims, option("OAUTH_ROLES_CLAIM")),
        _texts(claims, option("OAUTH_GROUPS_CLAIM")),
    )


def _is_verified(claims: dict[str, Any]) -> bool | None:
    # Microsoft lets people write any address into their entry, and says by the second claim
    # whether it has checked its domain.
    # Source: learn.microsoft.com, "Migrate away from using email claims".
    for name in ("email_verified", "xms_edov"):
        if name in claims:
            return claims[name] in (True, 1, "1", "true", "True")
    return None


def _text(claims: dict[str, Any], path: str) -> str:
    value = _at(claims, path)
    return str(value).strip() if isinstance(value, str | int) else ""


def _texts(claims: dict[str, Any], path: str) -> tuple[str, ...]:
    value = _at(claims, path)
    if isinstance(value, str):
        value = value.split(",")
    return tuple(one.strip() for one in value or () if isinstance(one, str))


def _at(claims: dict[str, Any], path: str) -> Any:
    """Find a claim by its name, or by a path such as `realm_access.roles`."""
    if path in claims:
        return claims[path]
    value: Any = claims
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def admit(arrival: Arrival) -> User:
    """Give the account that somebody enters: the one of before, the one with the same address if
    accounts are merged, else a new one. Its role and groups follow the provider if it decides them.

    Raises:
        Forbidden: New accounts are not opened this way, or the address is of no allowed domain.
        Invalid: The address is another account's, or nobody has checked it.
    """
    _check_domain(arrival.email)
    user = _known(arrival) or _merged(arrival)
    if user is None:
        user = _opened(arrival)
    _follow_role(user, arrival)
    _follow_groups(user, arrival)
    if arrival.picture and user.profile_image_url in ("", NO_PICTURE):
        wanted = FetchPicture(user_id=user.id, url=arrival.picture)
        queue.enqueue(FETCH_PICTURE, wanted, Subject())
    return user


def _check_domain(email: str) -> None:
    allowed = [domain.strip().lower() for domain in option("OAUTH_ALLOWED_DOMAINS")]
    if "*" not in allowed and email.rpartition("@")[2] not in allowed:
        raise Forbidden("Addresses of this domain are not let in.")


def _known(arrival: Arrival) -> User | None:
    return db.session().scalar(select(User).where(User.oauth_sub == arrival.subject))


def _merged(arrival: Arrival) -> User | None:
    # An address that nobody has checked would open whatever account has it.
    if not option("OAUTH_MERGE_ACCOUNTS_BY_EMAIL") or arrival.is_verified is not True:
        return None
    user = accounts.by_email(arrival.email)
    if user is not None:
        user.oauth_sub = arrival.subject
    return user


def _opened(arrival: Arrival) -> User:
    if not option("ENABLE_OAUTH_SIGNUP"):
        raise Forbidden("New accounts are not opened this way.")
    if arrival.is_verified is False:
        raise Invalid("The provider has not verified your address.")
    role = _role(arrival) if option("ENABLE_OAUTH_ROLE_MANAGEMENT") else None
    user = accounts.welcome(arrival.name, arrival.email, role=role)
    user.oauth_sub = arrival.subject
    return user


def _role(arrival: Arrival) -> str:
    if set(arrival.roles) & set(option("OAUTH_ADMIN_ROLES")):
        return ADMIN
    return USER if set(arrival.roles) & set(option("OAUTH_ALLOWED_ROLES")) else PENDING


def _follow_role(user: User, arrival: Arrival) -> None:
    if not option("ENABLE_OAUTH_ROLE_MANAGEMENT"):
        return
    first = accounts.first_admin()
    is_first = first is not None and first.id == user.id
    if not is_first and user.role != (role := _role(arrival)):
        accounts.set_role(user.id, role)


def _follow_groups(user: User, arrival: Arrival) -> None:
    if option("ENABLE_OAUTH_GROUP_MANAGEMENT") and user.role != ADMIN:
        groups.set_groups_named(user.id, arrival.groups)
