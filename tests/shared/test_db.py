"""The database: transactions, waiting for a locked file, what follows a commit."""

import sqlite3
import threading

import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from shared import db
from shared.errors import NotFound, Unavailable
from shared.models.option import OptionRow
from tests.services.crowd import at_once
from tests.services.waiting import wait_until

pytestmark = pytest.mark.usefixtures("world")


def write(key, value="x"):
    db.session().add(OptionRow(key=key, value=value, updated_at=1))
    db.session().flush()


def keys():
    with db.reading() as session:
        return sorted(session.scalars(select(OptionRow.key)))


@pytest.fixture
def other_process():
    """A connection as another process has it, outside of everything that we do about locks."""
    connection = sqlite3.connect(db.get_engine().url.database, timeout=0, isolation_level=None)
    yield connection
    connection.close()


def test_a_transaction_commits_at_its_end(each_database):
    with db.transaction():
        write("a")

    assert keys() == ["a"]


def test_an_error_rolls_everything_back(each_database):
    with pytest.raises(ValueError, match="no"), db.transaction():
        write("a")
        raise ValueError("no")

    assert keys() == []


def test_an_inner_transaction_joins_the_outer_one(each_database):
    with pytest.raises(ValueError, match="no"), db.transaction():
        with db.transaction():
            write("a")
        raise ValueError("no")

    assert keys() == []


def test_all_of_a_transaction_share_one_connection(each_database):
    with db.transaction() as session, db.statements(write=True) as connection:
        assert session.connection() is connection is db.connection()
        assert session is db.session()


def test_prepared_statements_see_what_the_session_has_written(each_database):
    with db.transaction():
        write("a")
        found = db.connection().execute(select(OptionRow.key)).all()

    assert found == [("a",)]


def test_the_database_cannot_be_used_outside_of_a_transaction():
    with pytest.raises(RuntimeError, match="outside of a transaction"):
        db.session()
    with pytest.raises(RuntimeError, match="outside of a transaction"):
        db.after_commit(lambda: None)


def test_a_thread_does_not_see_the_transaction_of_another():
    with db.transaction():
        errors = at_once(1, lambda _: pytest.raises(RuntimeError, db.session))

    assert len(errors) == 1


def test_objects_stay_usable_after_the_commit(each_database):
    with db.transaction():
        row = OptionRow(key="a", value={"n": 1}, updated_at=1)
        db.session().add(row)

    assert (row.key, row.value) == ("a", {"n": 1})


def test_callbacks_run_when_the_others_can_see_what_was_written(each_database):
    seen = []
    with db.transaction():
        write("a")
        db.after_commit(lambda: seen.append(keys()))
        assert seen == []

    assert seen == [["a"]]


def test_callbacks_of_an_inner_transaction_wait_for_the_outer_commit(each_database):
    called = []
    with db.transaction():
        with db.transaction():
            db.after_commit(lambda: called.append(1))
        assert called == []

    assert called == [1]


def test_callbacks_are_forgotten_with_a_rollback(each_database):
    called = []
    with pytest.raises(ValueError, match="no"), db.transaction():
        db.after_commit(lambda: called.append(1))
        raise ValueError("no")

    assert called == []


def test_callbacks_may_open_transactions_of_their_own(each_database):
    def follow():
        with db.transaction():
            write("b")

    with db.transaction():
        write("a")
        db.after_commit(follow)

    assert keys() == ["a", "b"]


def test_a_writer_waits_for_the_lock_of_another_process_and_goes_on(other_process):
    other_process.execute("BEGIN IMMEDIATE")
    done = []

    def work():
        with db.transaction():
            write("a")
        done.append(1)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    wait_until(db._write_lock.locked, 5, "the writer to try")
    were_done = list(done)
    other_process.execute("ROLLBACK")
    thread.join(10)

    assert (were_done, done, keys()) == ([], [1], ["a"])


def test_a_writer_gives_up_when_the_lock_stays(other_process, monkeypatch):
    monkeypatch.setattr(db, "PATIENCE_S", 0.1)
    other_process.execute("BEGIN IMMEDIATE")

    with pytest.raises(Unavailable, match="database"), db.transaction():
        write("a")

    other_process.execute("ROLLBACK")
    assert keys() == []


def test_a_writer_that_gave_up_does_not_hold_up_the_next(other_process, monkeypatch):
    monkeypatch.setattr(db, "PATIENCE_S", 0.1)
    other_process.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable), db.transaction():
        write("a")
    other_process.execute("ROLLBACK")

    with db.transaction():
        write("b")

    assert keys() == ["b"]


def test_a_reader_does_not_wait_for_a_writer(other_process, monkeypatch):
    monkeypatch.setattr(db, "PATIENCE_S", 0.1)
    other_process.execute("BEGIN IMMEDIATE")

    assert keys() == []

    other_process.execute("ROLLBACK")


def test_a_reader_sees_one_state_while_others_write(each_database):
    if each_database == "postgres":
        with db.reading() as session:
            session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
    with db.reading() as session:
        before = list(session.scalars(select(OptionRow.key)))
        at_once(1, lambda _: _write_in_a_transaction("a"))
        after = session.scalars(select(OptionRow.key)).all()

    assert before == []
    assert after == ([] if each_database == "sqlite" else ["a"])


def _write_in_a_transaction(key):
    with db.transaction():
        write(key)


def test_writers_of_many_threads_lose_nothing():
    with db.transaction():
        write("count", 0)

    def count(_):
        for _ in range(10):
            with db.transaction() as session:
                row = session.get(OptionRow, "count")
                row.value = row.value + 1

    at_once(10, count)

    with db.reading() as session:
        assert session.get(OptionRow, "count").value == 100


def test_a_lock_by_name_lets_one_transaction_through_at_a_time(each_database):
    inside, most = [], []

    def enter(number):
        with db.transaction():
            db.lock_for_update("a place")
            inside.append(number)
            most.append(len(inside))
            keys_seen = db.session().scalars(select(OptionRow.key)).all()
            inside.remove(number)
            return keys_seen

    at_once(8, enter)

    assert most == [1] * 8


def test_a_mistake_in_a_statement_is_told_at_once():
    with pytest.raises(OperationalError, match="no such table"), db.transaction() as session:
        session.execute(text("SELECT * FROM nowhere"))


def test_a_broken_rule_of_the_schema_is_told_at_once(each_database):
    _write_in_a_transaction("a")

    with pytest.raises(IntegrityError), db.transaction():
        db.connection().execute(OptionRow.__table__.insert(), {"key": "a", "updated_at": 1})

    assert keys() == ["a"]


def test_what_was_deleted_meanwhile_is_not_found(each_database):
    _write_in_a_transaction("a")

    with pytest.raises(NotFound), db.transaction() as session:
        row = session.get(OptionRow, "a")
        db.connection().execute(OptionRow.__table__.delete())
        row.value = "changed"

    assert keys() == ["a"]


class FairLock:
    """A lock that goes to whoever came first, as that of green threads does; it counts them."""

    def __init__(self):
        self._turn = threading.Condition()
        self._have_left = 0
        self.have_come = 0

    def __enter__(self):
        with self._turn:
            mine = self.have_come
            self.have_come += 1
            self._turn.wait_for(lambda: self._have_left == mine)

    def __exit__(self, *_):
        with self._turn:
            self._have_left += 1
            self._turn.notify_all()


def test_somebody_urgent_waits_for_one_writer_and_not_for_the_line(world, monkeypatch):
    lock = FairLock()
    monkeypatch.setattr(db, "_write_lock", lock)
    order: list[str] = []

    def write(name, is_urgent=False):
        with db.statements(write=True, is_urgent=is_urgent):
            order.append(name)

    line = [threading.Thread(target=write, args=(f"w{n}",)) for n in range(5)]
    urgent = threading.Thread(target=write, args=("urgent", True))
    with db.transaction():
        for thread in line:
            thread.start()
        urgent.start()
        wait_until(lambda: lock.have_come == 2, 5, "the urgent one to come")
    for thread in [*line, urgent]:
        thread.join(10)

    assert (order[0], len(order)) == ("urgent", 6)


def test_a_forked_process_does_not_inherit_a_lock_that_was_held(world):
    with db._write_lock:
        db.forget_engine()

        assert not db._write_lock.locked()


def test_a_missing_database_is_not_alive(tmp_path, configure):
    assert db.is_alive()
    db.get_engine().dispose()
    db.forget_engine()

    configure(database_url=f"sqlite:///{tmp_path}/no/such/folder/x.db")

    assert not db.is_alive()


def test_a_server_that_goes_away_is_waited_for(on_postgres, postgres):
    _write_in_a_transaction("a")
    postgres.go_away()
    writer = threading.Thread(target=_write_in_a_transaction, args=("b",), daemon=True)
    writer.start()
    was_alive = db.is_alive()

    postgres.come_back()
    writer.join(20)

    assert not was_alive
    assert keys() == ["a", "b"]


@pytest.mark.parametrize("value", ["plain", "a\x00b", {"n": ["é", "漢🙂", "\x00"]}, None, 2**40])
def test_values_come_back_as_they_were(each_database, value):
    with db.transaction():
        write("a", value)

    with db.reading() as session:
        assert session.get(OptionRow, "a").value == value


def file_of(connection):
    return connection.exec_driver_sql("PRAGMA database_list").first()[2]


def test_sqlite_uses_a_connection_again_that_was_left_in_order():
    with db.statements(write=True) as first:
        pass

    with db.statements(write=True) as second:
        assert second is first


def test_sqlite_does_not_use_a_connection_again_whose_transaction_has_failed():
    with pytest.raises(ValueError, match="no"), db.statements(write=True) as first:
        raise ValueError("no")

    with db.statements(write=True) as second:
        assert second is not first


def test_what_was_connected_to_another_database_is_not_used_for_this_one(tmp_path):
    with db.statements(write=False):
        pass
    before = db.get_engine()
    other = create_engine(f"sqlite:///{tmp_path / 'other.db'}")

    db.bind(other)
    try:
        with db.statements(write=False) as connection:
            assert file_of(connection).endswith("other.db")
    finally:
        db.bind(before)
        other.dispose()
