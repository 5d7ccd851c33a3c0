"""Which attempt at a job was handed over last."""

import sqlalchemy as sa
from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('job', sa.Column('given_back', sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column('job', 'given_back')
