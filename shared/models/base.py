"""What all tables share."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Dialect, MetaData, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, registry

# Named constraints, so that a migration can change them on every database.
_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
# Times are whole seconds since the epoch, as the contract's JSON has them.
Seconds = BigInteger
# Not JSONB: it refuses the character NUL, which users and models do write, and is dearer to store.
JSONColumn = JSON(none_as_null=True)


class UserText(TypeDecorator[str]):
    """Text that somebody wrote: the character NUL, which PostgreSQL refuses, becomes U+FFFD."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002 -- SQLAlchemy's signature
        """Clean a text on its way in."""
        return value.replace("\x00", "\ufffd") if value is not None else None


_registry = registry(
    metadata=MetaData(naming_convention=_NAMES),
    type_annotation_map={dict[str, Any]: JSONColumn, list[Any]: JSONColumn},
)


class Base(DeclarativeBase):
    """Base of all tables."""

    registry = _registry
    metadata = _registry.metadata
