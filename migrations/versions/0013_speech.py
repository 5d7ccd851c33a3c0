"""Transcripts that are being written, and clips that were spoken."""

import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('transcript_piece',
    sa.Column('job_id', sa.String(length=64), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('end_s', sa.Float(), nullable=False),
    sa.Column('language', sa.String(length=64), nullable=False),
    sa.Column('segments', sa.JSON(none_as_null=True), nullable=False),
    sa.ForeignKeyConstraint(['job_id'], ['job.id'], name=op.f('fk_transcript_piece_job_id_job'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('job_id', 'number', name=op.f('pk_transcript_piece'))
    )
    op.create_table('speech_clip',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('user_id', sa.String(length=64), nullable=False),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('form', sa.String(length=16), nullable=False),
    sa.Column('attempt', sa.Integer(), nullable=False),
    sa.Column('pieces', sa.Integer(), nullable=False),
    sa.Column('size_bytes', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user.id'], name=op.f('fk_speech_clip_user_id_user'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_speech_clip'))
    )
    op.create_index('ix_speech_clip_digest', 'speech_clip', ['user_id', 'digest'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_speech_clip_digest', table_name='speech_clip')
    op.drop_table('speech_clip')
    op.drop_table('transcript_piece')
