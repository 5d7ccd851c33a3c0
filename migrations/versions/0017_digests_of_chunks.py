"""By which text of which model a vector is found again."""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('chunk', sa.Column('digest', sa.LargeBinary(length=32), nullable=True))
    op.create_index('ix_chunk_digest', 'chunk', ['digest', 'number'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_chunk_digest', table_name='chunk')
    op.drop_column('chunk', 'digest')
