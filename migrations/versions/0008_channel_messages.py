"""Messages and reactions in channels."""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('channel_message',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('channel_id', sa.String(length=64), nullable=False),
    sa.Column('user_id', sa.String(length=64), nullable=False),
    sa.Column('parent_id', sa.String(length=64), nullable=True),
    sa.Column('content', sa.Text(), nullable=False),
    sa.Column('data', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('meta', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('updated_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['channel_id'], ['channel.id'], name=op.f('fk_channel_message_channel_id_channel'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['parent_id'], ['channel_message.id'], name=op.f('fk_channel_message_parent_id_channel_message'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_channel_message_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_channel_message'))
    )
    op.create_index('ix_channel_message_list', 'channel_message', ['channel_id', 'parent_id', 'created_at', 'id'])
    op.create_index('ix_channel_message_thread', 'channel_message', ['parent_id', 'created_at', 'id'])
    op.create_index(op.f('ix_channel_message_user_id'), 'channel_message', ['user_id'])
    op.create_table('channel_reaction',
    sa.Column('message_id', sa.String(length=64), nullable=False),
    sa.Column('user_id', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=128), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['message_id'], ['channel_message.id'], name=op.f('fk_channel_reaction_message_id_channel_message'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_channel_reaction_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('message_id', 'name', 'user_id', name=op.f('pk_channel_reaction'))
    )
    op.create_index(op.f('ix_channel_reaction_user_id'), 'channel_reaction', ['user_id'])


def downgrade() -> None:
    op.drop_table('channel_reaction')
    op.drop_table('channel_message')
