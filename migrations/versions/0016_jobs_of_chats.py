"""An index of those jobs only that belong to a chat."""

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

_HAS_CHAT = sa.text('chat_id IS NOT NULL')


def upgrade() -> None:
    op.drop_index('ix_job_chat', table_name='job')
    op.create_index('ix_job_chat', 'job', ['chat_id', 'status'], unique=False, sqlite_where=_HAS_CHAT, postgresql_where=_HAS_CHAT)


def downgrade() -> None:
    op.drop_index('ix_job_chat', table_name='job')
    op.create_index('ix_job_chat', 'job', ['chat_id', 'status'], unique=False)
