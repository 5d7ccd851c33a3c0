"""Skills: texts of instructions that models are given."""

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('skill',
    sa.Column('id', sa.String(length=256), nullable=False),
    sa.Column('user_id', sa.String(length=64), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('description', sa.Text(), nullable=True),
    sa.Column('content', sa.Text(), nullable=False),
    sa.Column('meta', sa.JSON(none_as_null=True), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('access_control', sa.JSON(none_as_null=True), nullable=True),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('updated_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_skill_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_skill'))
    )
    op.create_index(op.f('ix_skill_user_id'), 'skill', ['user_id'])


def downgrade() -> None:
    op.drop_index(op.f('ix_skill_user_id'), table_name='skill')
    op.drop_table('skill')
