"""Notes of users, and which of them they keep at the top."""

import sqlalchemy as sa
from alembic import op

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('note',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('user_id', sa.String(length=64), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('data', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('meta', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('access_control', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('is_shared', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('updated_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_note_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_note'))
    )
    op.create_index(op.f('ix_note_is_shared'), 'note', ['is_shared'])
    op.create_index('ix_note_list', 'note', ['user_id', 'updated_at'])
    op.create_table('note_pin',
    sa.Column('note_id', sa.String(length=64), nullable=False),
    sa.Column('user_id', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['note_id'], ['note.id'], name=op.f('fk_note_pin_note_id_note'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_note_pin_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('note_id', 'user_id', name=op.f('pk_note_pin'))
    )


def downgrade() -> None:
    op.drop_table('note_pin')
    op.drop_index('ix_note_list', table_name='note')
    op.drop_index(op.f('ix_note_is_shared'), table_name='note')
    op.drop_table('note')
