"""Directories inside knowledge bases; what the bytes of a file are known by."""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('knowledge_directory',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('knowledge_id', sa.String(length=64), nullable=False),
    sa.Column('parent_id', sa.String(length=64), nullable=True),
    sa.Column('user_id', sa.String(length=64), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('updated_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['knowledge_id'], ['knowledge.id'], name=op.f('fk_knowledge_directory_knowledge_id_knowledge'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['parent_id'], ['knowledge_directory.id'], name=op.f('fk_knowledge_directory_parent_id_knowledge_directory'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_knowledge_directory_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_knowledge_directory'))
    )
    with op.batch_alter_table('knowledge_directory', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_knowledge_directory_knowledge_id'), ['knowledge_id'], unique=False)

    with op.batch_alter_table('knowledge_file', schema=None) as batch_op:
        batch_op.add_column(sa.Column('directory_id', sa.String(length=64), nullable=True))

    with op.batch_alter_table('file', schema=None) as batch_op:
        batch_op.add_column(sa.Column('digest', sa.String(length=64), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table('file', schema=None) as batch_op:
        batch_op.drop_column('digest')

    with op.batch_alter_table('knowledge_file', schema=None) as batch_op:
        batch_op.drop_column('directory_id')

    with op.batch_alter_table('knowledge_directory', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_knowledge_directory_knowledge_id'))

    op.drop_table('knowledge_directory')
