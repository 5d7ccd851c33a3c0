"""Search in chats, snapshots of chats, tags of chats as rows.

The index of the search belongs to the database alone: it stands in no model, and triggers (SQLite)
or the database itself (PostgreSQL) keep it up to date. Both find any piece of a text of three
characters or more, in any case.
"""

import json

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

# Sources: https://www.sqlite.org/fts5.html (4.3.5 "The Trigram Tokenizer", 4.4.2 "Contentless
# Tables"). A row of `chat_text` gives each text a number that outlives VACUUM; a chat's title has
# the empty message id. Of very long texts the beginning counts: an index of all would take seconds.
_SQLITE = '''
CREATE TABLE chat_text (
  id INTEGER PRIMARY KEY,
  chat_id VARCHAR(64) NOT NULL,
  message_id VARCHAR(128) NOT NULL,
  UNIQUE (chat_id, message_id)
);
CREATE VIRTUAL TABLE chat_search USING fts5(text, content='', tokenize='trigram');
CREATE TRIGGER chat_search_new AFTER INSERT ON chat_message WHEN new.content <> '' BEGIN
  INSERT INTO chat_text (chat_id, message_id) VALUES (new.chat_id, new.id);
  INSERT INTO chat_search (rowid, text) VALUES (last_insert_rowid(), substr(new.content, 1, 32000));
END;
CREATE TRIGGER chat_search_change AFTER UPDATE OF content ON chat_message
WHEN old.content <> new.content BEGIN
  INSERT INTO chat_search (chat_search, rowid, text)
    SELECT 'delete', id, substr(old.content, 1, 32000) FROM chat_text
    WHERE chat_id = old.chat_id AND message_id = old.id;
  INSERT OR IGNORE INTO chat_text (chat_id, message_id) VALUES (new.chat_id, new.id);
  INSERT INTO chat_search (rowid, text)
    SELECT id, substr(new.content, 1, 32000) FROM chat_text
    WHERE chat_id = new.chat_id AND message_id = new.id;
END;
CREATE TRIGGER chat_search_gone AFTER DELETE ON chat_message BEGIN
  INSERT INTO chat_search (chat_search, rowid, text)
    SELECT 'delete', id, substr(old.content, 1, 32000) FROM chat_text
    WHERE chat_id = old.chat_id AND message_id = old.id;
  DELETE FROM chat_text WHERE chat_id = old.chat_id AND message_id = old.id;
END;
CREATE TRIGGER chat_search_title_new AFTER INSERT ON chat BEGIN
  INSERT INTO chat_text (chat_id, message_id) VALUES (new.id, '');
  INSERT INTO chat_search (rowid, text) VALUES (last_insert_rowid(), substr(new.title, 1, 32000));
END;
CREATE TRIGGER chat_search_title_change AFTER UPDATE OF title ON chat
WHEN old.title <> new.title BEGIN
  INSERT INTO chat_search (chat_search, rowid, text)
    SELECT 'delete', id, substr(old.title, 1, 32000) FROM chat_text
    WHERE chat_id = old.id AND message_id = '';
  INSERT INTO chat_search (rowid, text)
    SELECT id, substr(new.title, 1, 32000) FROM chat_text
    WHERE chat_id = new.id AND message_id = '';
END;
CREATE TRIGGER chat_search_title_gone AFTER DELETE ON chat BEGIN
  INSERT INTO chat_search (chat_search, rowid, text)
    SELECT 'delete', id, substr(old.title, 1, 32000) FROM chat_text
    WHERE chat_id = old.id AND message_id = '';
  DELETE FROM chat_text WHERE chat_id = old.id AND message_id = '';
END;
INSERT INTO chat_text (chat_id, message_id) SELECT id, '' FROM chat;
INSERT INTO chat_text (chat_id, message_id) SELECT chat_id, id FROM chat_message WHERE content <> '';
INSERT INTO chat_search (rowid, text)
  SELECT t.id, substr(c.title, 1, 32000) FROM chat_text t JOIN chat c ON c.id = t.chat_id
  WHERE t.message_id = '';
INSERT INTO chat_search (rowid, text)
  SELECT t.id, substr(m.content, 1, 32000) FROM chat_text t
  JOIN chat_message m ON m.chat_id = t.chat_id AND m.id = t.message_id
'''
_TRIGGERS = ('new', 'change', 'gone', 'title_new', 'title_change', 'title_gone')

# Source: https://www.postgresql.org/docs/current/pgtrgm.html. Where the extension is missing or may
# not be made, the search works without an index.
_POSTGRESQL = ('''
DO $$ BEGIN
  CREATE EXTENSION IF NOT EXISTS pg_trgm;
EXCEPTION WHEN insufficient_privilege OR undefined_file OR feature_not_supported THEN NULL;
END $$
''', '''
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') THEN
    CREATE INDEX ix_chat_title_trgm ON chat USING gin (title gin_trgm_ops);
    CREATE INDEX ix_chat_message_content_trgm ON chat_message USING gin (content gin_trgm_ops);
  END IF;
END $$
''')


def upgrade() -> None:
    op.add_column('folder', sa.Column('data', sa.JSON(none_as_null=True), nullable=True))
    op.create_table('shared_chat',
    sa.Column('id', sa.String(length=64), nullable=False),
    sa.Column('chat_id', sa.String(length=64), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('chat', sa.JSON(none_as_null=True), nullable=False),
    sa.Column('created_at', sa.BigInteger(), nullable=False),
    sa.Column('updated_at', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['chat_id'], ['chat.id'], name=op.f('fk_shared_chat_chat_id_chat'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_shared_chat')),
    sa.UniqueConstraint('chat_id', name=op.f('uq_shared_chat_chat_id'))
    )
    tags = op.create_table('chat_tag',
    sa.Column('chat_id', sa.String(length=64), nullable=False),
    sa.Column('tag_id', sa.String(length=256), nullable=False),
    sa.Column('user_id', sa.String(length=128), nullable=False),
    sa.ForeignKeyConstraint(['chat_id'], ['chat.id'], name=op.f('fk_chat_tag_chat_id_chat'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('chat_id', 'tag_id', name=op.f('pk_chat_tag'))
    )
    op.create_index('ix_chat_tag_user', 'chat_tag', ['user_id', 'tag_id', 'chat_id'])
    op.drop_index('ix_chat_list', 'chat')
    op.create_index('ix_chat_list', 'chat', ['user_id', 'archived', 'pinned', 'folder_id', 'updated_at', 'id'])
    op.create_index('ix_chat_owner', 'chat', ['user_id', 'updated_at', 'id'])
    _fill(tags)
    if op.get_bind().dialect.name == 'sqlite':
        for statement in _statements(_SQLITE):
            op.execute(sa.text(statement))
    else:
        for statement in _POSTGRESQL:
            op.execute(sa.text(statement))


def _fill(tags: sa.Table) -> None:
    """Write rows for the tags that chats have in their `meta`."""
    found = op.get_bind().execute(sa.text('SELECT id, user_id, meta FROM chat')).all()
    rows = [
        {'chat_id': chat_id, 'user_id': user_id, 'tag_id': tag}
        for chat_id, user_id, meta in found
        for tag in dict.fromkeys((json.loads(meta) if isinstance(meta, str) else meta or {}).get('tags') or [])
    ]
    if rows:
        op.bulk_insert(tags, rows)


def _statements(script: str) -> list[str]:
    """Split at the semicolons that end a statement: inside a trigger they do not."""
    statements, inside = [''], False
    for line in script.strip().splitlines():
        statements[-1] += line + '\n'
        inside = (inside or line.endswith('BEGIN')) and line != 'END;'
        if line.endswith(';') and not inside:
            statements.append('')
    return [statement.strip().removesuffix(';') if 'TRIGGER' not in statement else statement.strip()
            for statement in statements if statement.strip()]


def downgrade() -> None:
    if op.get_bind().dialect.name == 'sqlite':
        for name in _TRIGGERS:
            op.execute(sa.text(f'DROP TRIGGER chat_search_{name}'))
        op.execute(sa.text('DROP TABLE chat_search'))
        op.execute(sa.text('DROP TABLE chat_text'))
    else:
        op.execute(sa.text('DROP INDEX IF EXISTS ix_chat_title_trgm'))
        op.execute(sa.text('DROP INDEX IF EXISTS ix_chat_message_content_trgm'))
    op.drop_index('ix_chat_owner', 'chat')
    op.drop_index('ix_chat_list', 'chat')
    op.create_index('ix_chat_list', 'chat', ['user_id', 'archived', 'pinned', 'updated_at', 'id'])
    op.drop_index('ix_chat_tag_user', 'chat_tag')
    op.drop_table('chat_tag')
    op.drop_table('shared_chat')
    op.drop_column('folder', 'data')
