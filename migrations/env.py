"""Alembic's entry: the tables of `shared.models` against the database of the settings."""

from alembic import context
from sqlalchemy import create_engine, pool

from shared.config.settings import get_settings
from shared.models import Base

_url = context.config.get_main_option("sqlalchemy.url") or get_settings().sqlalchemy_url

if context.is_offline_mode():
    context.configure(
        url=_url, target_metadata=Base.metadata, literal_binds=True, render_as_batch=True
    )
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = create_engine(_url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(
            connection=connection, target_metadata=Base.metadata, compare_type=True,
            render_as_batch=engine.dialect.name == "sqlite",
        )  # fmt: skip
        with context.begin_transaction():
            context.run_migrations()
