"""How rows of one noun are brought: read, converted, and stored a few at a time."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import StatementError

from shared import db
from shared.movein.known import Known
from shared.movein.report import Report
from shared.movein.row import Broken, Row
from shared.movein.source import Source

# So many are stored in one transaction; others write in between.
_AT_ONCE = 20


@dataclass
class Moved:
    """What one row became: rows of ours, and what else happens in the same transaction."""

    key: Any
    rows: list[Any] = field(default_factory=list)
    then: Callable[[], object] | None = None


class Mover:
    """Brings one noun: a table of theirs into tables of ours. Each noun has a class of its own.

    Attributes:
        noun: Its name in the report.
        table: Theirs.
        model: Ours, whose keys tell what is here.
        name_of_key: The column of the key, the same in both.
        longest: So many letters a key may have.
        order: The column by which theirs is sorted, where that matters.
    """

    noun: str
    table: str
    model: type
    name_of_key = "id"
    longest = 64
    order: str | None = None

    def __init__(self, source: Source, known: Known, report: Report) -> None:
        self._source, self._known, self._report = source, known, report

    def here(self) -> set[Any]:
        """List the keys of those that are here already."""
        return keys_of(getattr(self.model, self.name_of_key))

    def rows(self) -> Iterator[Row]:
        """Read those that there are, in the order in which they can be stored."""
        return self._source.rows(self.table, self.order)

    def key(self, row: Row) -> Any:
        """Give the key of one.

        Raises:
            Broken: It has none.
        """
        return row.key(self.name_of_key, self.longest)

    def moved(self, row: Row) -> Moved | None:
        """Make of one what is stored, or None when that is here after all; no transaction is open.

        Raises:
            Broken: It cannot be brought.
        """
        raise NotImplementedError

    def keep(self, row: Row) -> None:
        """Remember one that is here or about to be, for those that refer to it."""

    def forget(self, row: Row) -> None:
        """Let go of one that could not be stored after all."""


def keys_of(*columns: Any) -> set[Any]:
    """Read the keys of a table: texts, or tuples where several columns are given."""
    with db.reading() as session:
        if len(columns) == 1:
            return set(session.scalars(select(columns[0])))
        return {tuple(row) for row in session.execute(select(*columns))}


def bring(mover: Mover, report: Report) -> None:
    """Bring all of a noun that is not here yet."""
    report.begin(mover.noun)
    here = mover.here()
    converted = _converted(mover, report, here)
    while batch := list(itertools.islice(converted, _AT_ONCE)):
        report.brought[mover.noun] += len(batch)
        if not report.is_dry:
            _store(mover, report, batch)


def _converted(mover: Mover, report: Report, here: set[Any]) -> Iterator[tuple[Row, Moved]]:
    for row in mover.rows():
        try:
            key = mover.key(row)
            moved = None if key in here else mover.moved(row)
        except Broken as problem:
            report.leave_out(mover.noun, name_of(row), str(problem))
            continue
        mover.keep(row)
        here.add(key)
        if moved is None:
            report.present[mover.noun] += 1
        else:
            yield row, moved


def _store(mover: Mover, report: Report, batch: list[tuple[Row, Moved]]) -> None:
    """Store a batch; one that the database refuses does not keep the others from it."""
    with db.transaction() as session:
        for row, moved in batch:
            try:
                with session.begin_nested():
                    for one in moved.rows:
                        session.merge(one)
                    session.flush()
                    if moved.then is not None:
                        moved.then()
            except (StatementError, OverflowError) as error:
                if db.is_passing(error):
                    raise
                mover.forget(row)
                report.brought[mover.noun] -= 1
                why = f"the database refuses it: {_why(error)}"
                report.leave_out(mover.noun, name_of(row), why)


def name_of(row: Row) -> str:
    """Give the words by which an operator finds a row again."""
    return str(row.get("id") or row.get("command") or row.get("name") or "a row")[:100]


def _why(error: Exception) -> str:
    origin = getattr(error, "orig", None) or error
    return str(origin).strip().splitlines()[0][:200]
