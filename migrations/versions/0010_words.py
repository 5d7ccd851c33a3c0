"""Words of chunks, and the collections that users make."""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

_TRIGGERS = {
    "chunk_words_added": "AFTER INSERT ON chunk BEGIN INSERT INTO chunk_words(rowid, collection, text)"
    " VALUES (new.number, new.collection, new.text); END",
    "chunk_words_deleted": "AFTER DELETE ON chunk BEGIN INSERT INTO chunk_words(chunk_words, rowid, collection, text)"
    " VALUES ('delete', old.number, old.collection, old.text); END",
}


def upgrade() -> None:
    # Nothing has been kept in it so far.
    op.drop_table('chunk')
    op.create_table('chunk',
    sa.Column('number', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('collection', sa.String(length=255), nullable=False),
    sa.Column('id', sa.String(length=128), nullable=False),
    sa.Column('file_id', sa.String(length=64), nullable=True),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('vector', sa.LargeBinary(), nullable=False),
    sa.Column('meta', sa.JSON(none_as_null=True), nullable=False),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_chunk')),
    sqlite_autoincrement=True
    )
    op.create_index('ix_chunk_place', 'chunk', ['collection', 'id'], unique=True)
    op.create_index('ix_chunk_number', 'chunk', ['collection', 'number'], unique=False)
    op.create_index('ix_chunk_file', 'chunk', ['collection', 'file_id'], unique=False)
    op.create_table('collection',
    sa.Column('name', sa.String(length=255), nullable=False),
    sa.Column('user_id', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_collection_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_collection'))
    )
    op.create_index('ix_collection_age', 'collection', ['created_at'], unique=False)
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE chunk_words USING fts5(collection, text, content='chunk', content_rowid='number',"
            " tokenize='porter unicode61 remove_diacritics 2')"
        )
        for name, body in _TRIGGERS.items():
            op.execute(f"CREATE TRIGGER {name} {body}")
    else:
        op.execute("CREATE INDEX ix_chunk_words ON chunk USING gin (to_tsvector('english', text))")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name in _TRIGGERS:
            op.execute(f"DROP TRIGGER {name}")
        op.drop_table('chunk_words')
    op.drop_table('collection')
    op.drop_table('chunk')
    op.create_table('chunk',
    sa.Column('collection', sa.String(length=255), nullable=False),
    sa.Column('id', sa.String(length=128), nullable=False),
    sa.Column('file_id', sa.String(length=64), nullable=True),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('vector', sa.LargeBinary(), nullable=False),
    sa.Column('meta', sa.JSON(none_as_null=True), nullable=False),
    sa.PrimaryKeyConstraint('collection', 'id', name=op.f('pk_chunk'))
    )
    op.create_index('ix_chunk_file', 'chunk', ['collection', 'file_id'], unique=False)
