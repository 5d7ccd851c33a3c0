"""Alembic's entry: the tables of `shared.models` against the database of the settings."""

from alembic import context
from sqlalchemy import create_engine, pool

from shared.config.settings import get_settings
from shared.models import Base
from shared.models.base import UserText

_url = context.config.get_main_option("sqlalchemy.url") or get_settings().sqlalchemy_url

# What no model describes: full-text indexes, and vectors of pgvector.
_UNDESCRIBED = ("chat_text", "chat_search", "chunk_words", "chunk_vector", "ix_chunk_words")
_TRIGRAMS = "_trgm"


def _as_plain_types(kind, thing, _context):
    """Write the column that a type of ours makes: a migration outlives the code of its day."""
    return "sa.Text()" if kind == "type" and isinstance(thing, UserText) else False


def _is_ours(name, kind, _parents):
    """Leave alone what belongs to the database."""
    is_named = (name or "").startswith(_UNDESCRIBED) or (name or "").endswith(_TRIGRAMS)
    return kind not in ("table", "index") or not is_named


def _numbered(_context, _revision, directives):
    """Count revisions as the files do; refuse to write one without anything to do."""
    for script in directives:
        if script.upgrade_ops is not None and script.upgrade_ops.is_empty():
            if context.config.attributes.get("only_compare"):
                return  # Alembic's `check` wants to see the empty one
            print("The models and the database agree: there is nothing to write.")  # noqa: T201
            directives.clear()
            return
        newest = context.script.get_current_head() or "0"
        script.rev_id = f"{int(newest) + 1:04d}"


_options = {
    "target_metadata": Base.metadata,
    "compare_type": True,
    "include_name": _is_ours,
    "render_item": _as_plain_types,
    "process_revision_directives": _numbered,
}

if context.is_offline_mode():
    context.configure(url=_url, literal_binds=True, render_as_batch=True, **_options)
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = create_engine(_url, poolclass=pool.NullPool)
    with engine.connect() as connection:
        is_sqlite = engine.dialect.name == "sqlite"
        if is_sqlite:
            # Before anybody else has the file open: a reader keeps it from being switched later.
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            connection.commit()
        context.configure(connection=connection, render_as_batch=is_sqlite, **_options)
        with context.begin_transaction():
            context.run_migrations()
