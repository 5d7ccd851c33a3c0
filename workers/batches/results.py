"""What a batch has answered, line by line: whoever goes on after a crash asks only the rest."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from importlib import import_module
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, func, select, update

from shared import db
from shared.models.batch import Batch, BatchLine
from shared.services import usage
from shared.services.usage import Tokens
from workers.batches.asking import Answered

_line = cast(Table, BatchLine.__table__)
_batch = cast(Table, Batch.__table__)
_KEPT_AFTER_S, _MOST_LINES, _MOST_BYTES = 0.25, 200, 4 * 1024 * 1024
_PAGE, _PAGE_OF_NUMBERS = 100, 5000
_COUNT = (
    update(_batch)
    .where(_batch.c.id == bindparam("batch"))
    .values(
        completed=_batch.c.completed + bindparam("good"),
        failed=_batch.c.failed + bindparam("bad"),
    )
)


class Results:
    """Gathers answers, and writes many in one transaction.

    Args:
        batch_id: Whose.
        user_id: Who is charged.
    """

    def __init__(self, batch_id: str, user_id: str) -> None:
        self._batch_id, self._user_id = batch_id, user_id
        self._waiting: list[Answered] = []
        self._bytes = 0
        self._since = time.monotonic()
        self._lock = threading.Lock()

    def add(self, answered: Answered) -> None:
        """Take an answer; it is safe after the next `keep`."""
        with self._lock:
            self._waiting.append(answered)
            self._bytes += len(answered.content)

    @property
    def is_due(self) -> bool:
        """Whether it is time to write."""
        if not self._waiting:
            return False
        is_much = len(self._waiting) >= _MOST_LINES or self._bytes >= _MOST_BYTES
        return is_much or time.monotonic() - self._since >= _KEPT_AFTER_S

    def keep(self) -> int:
        """Write what has gathered; how many answers."""
        with self._lock:
            taken, self._waiting = self._waiting, []
            self._bytes = 0
            self._since = time.monotonic()
        if taken:
            try:
                self._write(taken)
            except BaseException:
                with self._lock:
                    self._waiting = taken + self._waiting
                    self._bytes += sum(len(answered.content) for answered in taken)
                raise
        return len(taken)

    def _write(self, taken: list[Answered]) -> None:
        rows = [self._row(answered) for answered in taken]
        with db.statements(write=True) as connection:
            # A line that is there already stays as it is, and is not charged again.
            new = (
                _insert_into(_line, connection.dialect.name)
                .on_conflict_do_nothing()
                .returning(_line.c.number)
            )
            written = set(connection.execute(new, rows).scalars())
            kept = [answered for answered in taken if answered.number in written]
            good = sum(answered.is_ok for answered in kept)
            counts = {"batch": self._batch_id, "good": good, "bad": len(kept) - good}
            connection.execute(_COUNT, counts)
            costs: dict[str, list[Answered]] = defaultdict(list)
            for answered in kept:
                costs[answered.model].append(answered)
            for model, ones in costs.items():
                self._charge(model, ones)

    def _row(self, answered: Answered) -> dict[str, Any]:
        return {
            "batch_id": self._batch_id,
            "number": answered.number,
            "is_ok": answered.is_ok,
            "content": answered.content.decode(),
        }

    def _charge(self, model: str, ones: list[Answered]) -> None:
        for is_estimated in {one.cost.is_estimated for one in ones}:
            same = [one for one in ones if one.cost.is_estimated == is_estimated]
            prompt = sum(one.cost.prompt for one in same)
            completion = sum(one.cost.completion for one in same)
            cost = Tokens(prompt, completion, is_estimated)
            usage.add(self._user_id, model, cost, len(same))


def numbers(batch_id: str) -> Iterator[int]:
    """Give the numbers of all answered lines, in their order, some at a time."""
    for row in _pages(batch_id, (_line.c.number,), _PAGE_OF_NUMBERS):
        yield row[0]


def counts(batch_id: str) -> tuple[int, int]:
    """Count the answers that are kept: the good ones, and the others."""
    query = select(_line.c.is_ok, func.count()).where(_line.c.batch_id == batch_id)
    with db.statements(write=False) as connection:
        found = {bool(row[0]): row[1] for row in connection.execute(query.group_by(_line.c.is_ok))}
    return found.get(True, 0), found.get(False, 0)


def _insert_into(table: Table, dialect: str) -> Any:
    """Begin an INSERT in a database's own words; those of another one need not be loaded."""
    return import_module(f"sqlalchemy.dialects.{dialect}").insert(table)


def contents(batch_id: str) -> Iterator[tuple[int, bool, str]]:
    """Give all answered lines in their order, some at a time: number, is it good, content."""
    for row in _pages(batch_id, (_line.c.number, _line.c.is_ok, _line.c.content), _PAGE):
        yield row[0], row[1], row[2]


def _pages(batch_id: str, columns: tuple[Any, ...], size: int) -> Iterator[Any]:
    last = 0
    while True:
        query = (
            select(*columns)
            .where(_line.c.batch_id == batch_id, _line.c.number > last)
            .order_by(_line.c.number)
            .limit(size)
        )
        with db.statements(write=False) as connection:
            rows = connection.execute(query).all()
        yield from rows
        if len(rows) < size:
            return
        last = rows[-1][0]


def purge() -> int:
    """Delete the lines of batches that have ended: they stand in the files; how many."""
    ended = select(_batch.c.id).where(_batch.c.ended_at.is_not(None))
    some = select(_line.c.batch_id, _line.c.number).where(_line.c.batch_id.in_(ended)).limit(_PAGE)
    count = 0
    while True:
        with db.statements(write=True) as connection:
            rows = connection.execute(some).all()
            for batch_id in {row[0] for row in rows}:
                gone = [row[1] for row in rows if row[0] == batch_id]
                connection.execute(
                    delete(_line).where(_line.c.batch_id == batch_id, _line.c.number.in_(gone))
                )
        count += len(rows)
        if len(rows) < _PAGE:
            return count
