"""Which trace a job belongs to."""

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('job', sa.Column('trace', sa.String(length=64), nullable=True))


def downgrade() -> None:
    op.drop_column('job', 'trace')
