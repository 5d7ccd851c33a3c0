"""Finding chunks by their words, in the full-text index that the database keeps up to date.

Source: https://www.sqlite.org/fts5.html ("Full-text Query Syntax", bm25);
https://www.postgresql.org/docs/current/textsearch-controls.html
"""

import re
from collections.abc import Sequence

from sqlalchemy import bindparam, text

from shared import db
from workers.vectors.base import Place

_MOST_WORDS = 32
_WORD = re.compile(r"\w+")
# They stand in nearly every text: what they find is too much and says nothing.
_STOP = frozenset(
    "a an and are as at be been but by can did do does for from had has have how i if in into is "  # noqa: SIM905 -- as a list nobody could read it
    "it its me my not of on or our should so than that the their them then there these they this "
    "to was we were what when where which who why will with would you your".split()
)
_SQLITE = text(
    "SELECT chunk.collection, chunk.id, -bm25(chunk_words, 0.0, 1.0) FROM chunk_words "
    "JOIN chunk ON chunk.number = chunk_words.rowid "
    "WHERE chunk_words MATCH :words AND chunk.collection IN :collections "
    "ORDER BY bm25(chunk_words, 0.0, 1.0) LIMIT :limit"
).bindparams(bindparam("collections", expanding=True))
_POSTGRES = text(
    "SELECT collection, id, ts_rank_cd(to_tsvector('english', text), query, 1) AS score "
    "FROM chunk, websearch_to_tsquery('english', :words) query "
    "WHERE to_tsvector('english', text) @@ query AND collection IN :collections "
    "ORDER BY score DESC LIMIT :limit"
).bindparams(bindparam("collections", expanding=True))


def search(collections: Sequence[str], question: str, limit: int) -> list[Place]:
    """Find the chunks that have words of a question, rare ones above frequent ones.

    Returns:
        At most `limit`, best first; the scores mean something only beside each other.
    """
    words = _words(question)
    if not words or not collections:
        return []
    with db.reading() as session:
        is_sqlite = session.get_bind().dialect.name == "sqlite"
        given = {"collections": list(collections), "limit": limit}
        if is_sqlite:
            query, given["words"] = _SQLITE, _for_sqlite(collections, words)
        else:
            query, given["words"] = _POSTGRES, " or ".join(words)
        rows = session.execute(query, given).all()
    return [Place(collection, item_id, float(score)) for collection, item_id, score in rows]


def _words(question: str) -> list[str]:
    found = dict.fromkeys(word.lower() for word in _WORD.findall(question))
    return [word for word in found if word not in _STOP][:_MOST_WORDS]


def _for_sqlite(collections: Sequence[str], words: Sequence[str]) -> str:
    return f"collection : ({_any(collections)}) AND text : ({_any(words)})"


def _any(words: Sequence[str]) -> str:
    return " OR ".join('"{}"'.format(word.replace('"', '""')) for word in words)
