"""Search among 100,000 chunks, on SQLite and on PostgreSQL with pgvector.

    python -m bench.vectors FOLDER DATABASE_URL URGENT

fills a database of its own, searches in it as the `quick` process does, and prints the
milliseconds of each search as JSON.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.measures import Numbers
from bench.rig import Rig
from bench.server import ROOT

_CHUNKS, _DIM, _CLUSTERS = 100_000, 384, 500
_AT_ONCE = 2_000
# Each search is another one, and as deep as one that is to give three chunks.
_SEARCHES, _DEPTH = 300, 20
_COLLECTION = "bench"
_PATIENCE_S = 900
_COPY = "COPY chunk_vector (collection, id, file_id, dim, vector) FROM STDIN"


def many_vectors(rig: Rig) -> Numbers:
    """Milliseconds of searches among many, on both databases."""
    from tests.services.postgres import Postgres

    numbers: Numbers = {"vectors_sqlite_ms": _measured(rig, "")}
    server = Postgres(Path(tempfile.mkdtemp(prefix="swy-bench-")))
    try:
        url = server.new_database()
        numbers["vectors_pgvector_ms"] = _measured(rig, url)
    finally:
        server.close()
    return numbers


def _measured(rig: Rig, url: str) -> list[float]:
    folder = rig.folder / ("pgvector" if url else "vectors")
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "bench.vectors", str(folder), url, "urgent" * rig.is_urgent],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"bench.vectors: {done.stderr[-500:]}")
    return [float(number) for number in json.loads(done.stdout)]


def main(folder: str, url: str, urgent: str) -> None:
    """Fill, search, print."""
    os.environ.update(DATA_DIR=folder, DATABASE_URL=url, REDIS_URL="")
    from launch.migrate import migrate
    from shared.config.settings import get_settings
    from workers.vectors import Item, get_index

    migrate(get_settings())
    index = get_index()
    questions = _fill(is_postgres=bool(url))
    index.put(_COLLECTION, [Item("last", "the last one", questions[0], {})])
    for question in questions[:3]:  # what is read once
        index.search([_COLLECTION], question, _DEPTH)
    if url and urgent:
        _raise_backend()
    took = []
    for question in questions:
        begin = time.perf_counter_ns()
        found = index.search([_COLLECTION], question, _DEPTH)
        took.append((time.perf_counter_ns() - begin) / 1e6)
        assert len(found) == _DEPTH, len(found)
    print(json.dumps(took))


def _raise_backend() -> None:
    """Let the database's process for us take the CPU before others, as this one does."""
    from sqlalchemy import text

    from bench.urgency import raise_sessions
    from shared import db

    with db.reading() as session:
        raise_sessions([session.scalar(text("SELECT pg_backend_pid()"))])


def _fill(is_postgres: bool) -> Any:
    """Put the chunks where the index keeps them; gives questions that are near to some."""
    import numpy as np

    chance = np.random.default_rng(7)
    centres = chance.standard_normal((_CLUSTERS, _DIM))
    for first in range(0, _CHUNKS, _AT_ONCE):
        rows = list(_rows(first, _near(centres, _AT_ONCE, chance)))
        _put(rows, is_postgres)
    return _near(centres, _SEARCHES, chance)


def _near(centres: Any, count: int, chance: Any) -> Any:
    """Give vectors of unit length around some of the centres, as those of texts are."""
    import numpy as np

    chosen = centres[chance.integers(0, len(centres), count)]
    made = chosen + 0.7 * chance.standard_normal(chosen.shape)
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


def _rows(first: int, vectors: Any) -> Iterator[dict[str, Any]]:
    for number, vector in enumerate(vectors, first):
        file_id = f"f{number // 100}"
        yield {
            "collection": _COLLECTION,
            "id": f"{number:06}",
            "file_id": file_id,
            "text": f"Chunk {number} of machine {number % 977}. " * 20,
            "vector": vector.tobytes(),
            "meta": {"file_id": file_id, "name": "bench.txt", "source": "bench.txt"},
        }


def _put(rows: list[dict[str, Any]], is_postgres: bool) -> None:
    import numpy as np
    from sqlalchemy import insert

    from shared import db
    from shared.models.chunk import Chunk

    with db.transaction() as session:
        session.execute(insert(Chunk), rows)
        if not is_postgres:
            return
        driver = db.connection().connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
            for row in rows:
                numbers = ",".join(map(str, np.frombuffer(row["vector"], np.float32)))
                place = (row["collection"], row["id"], row["file_id"], _DIM)
                copy.write_row((*place, f"[{numbers}]"))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3])
