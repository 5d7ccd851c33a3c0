"""Chunks with their vectors."""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('chunk',
    sa.Column('collection', sa.String(length=255), nullable=False),
    sa.Column('id', sa.String(length=128), nullable=False),
    sa.Column('file_id', sa.String(length=64), nullable=True),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('vector', sa.LargeBinary(), nullable=False),
    sa.Column('meta', sa.JSON(none_as_null=True), nullable=False),
    sa.PrimaryKeyConstraint('collection', 'id', name=op.f('pk_chunk'))
    )
    with op.batch_alter_table('chunk', schema=None) as batch_op:
        batch_op.create_index('ix_chunk_file', ['collection', 'file_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('chunk', schema=None) as batch_op:
        batch_op.drop_index('ix_chunk_file')

    op.drop_table('chunk')
