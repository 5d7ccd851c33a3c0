"""What plugins are, as found out by loading them."""

import sqlalchemy as sa
from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ('tool', 'function'):
        op.add_column(table, sa.Column('described', sa.JSON(), nullable=True))


def downgrade() -> None:
    for table in ('function', 'tool'):
        op.drop_column(table, 'described')
