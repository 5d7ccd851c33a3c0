"""The database is locked or away for five seconds: questions wait, answers are kept."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests.fakes.openai_server import answer_for
from tests.services.client import Account, signup
from tests.services.waiting import wait_until

AWAY_S = 5.0
# Another process that holds the write lock of a SQLite file for so many seconds.
_HOLD = """
import select, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=10)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
select.select([], [], [], float(sys.argv[2]))
connection.execute("ROLLBACK")
"""


@contextmanager
def locked(file: Path):
    """Let another process lock a SQLite file for AWAY_S; the block ends when it has let go."""
    command = [sys.executable, "-c", _HOLD, str(file), str(AWAY_S)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield
        assert holder.wait(30) == 0


@contextmanager
def away(postgres):
    """Keep PostgreSQL stopped for AWAY_S, at least."""
    until = time.monotonic() + AWAY_S
    postgres.go_away()
    try:
        yield
        wait_until(lambda: time.monotonic() > until, AWAY_S + 1, "the time to pass")
    finally:
        postgres.come_back()


def ask_twice(alice: Account, model: str, pool: ThreadPoolExecutor):
    """Ask two questions from threads: they may have to wait for the database."""
    return [pool.submit(alice.try_to_ask, f"late {i} delay=5 tokens=10", model) for i in range(2)]


def test_a_sqlite_file_locked_for_5_s_loses_no_answer_and_no_question(new_stack, provider):
    stack = new_stack()
    alice = signup(stack.base)
    model = alice.model()
    ends_inside = alice.reader(alice.ask("ends inside delay=40 tokens=60", model))
    ends_after = alice.reader(alice.ask("ends after delay=50 tokens=160", model))
    wait_until(lambda: ends_inside.deltas > 3 and ends_after.deltas > 3, 10, "both to be under way")

    with ThreadPoolExecutor() as pool, locked(stack.data / "switchyard.db"):
        deltas = ends_after.deltas
        late = ask_twice(alice, model, pool)
        wait_until(lambda: ends_after.deltas > deltas + 10, 5, "tokens to flow all the same")

    assert ends_inside.finish(20).text == answer_for("ends inside delay=40 tokens=60")
    assert ends_after.finish(30).text == answer_for("ends after delay=50 tokens=160")
    for answer in (future.result() for future in late):
        assert answer.status_code == 202, answer.text
        assert alice.follow(answer.json()["job"]).end == "completed"
    for reader in (ends_inside, ends_after):
        reader.assert_unbroken()
        assert alice.job(reader.job)["status"] == "completed"


def test_a_postgresql_that_is_away_for_5_s_loses_no_answer_and_no_question(
    new_stack, provider, postgres
):
    stack = new_stack(database_url=postgres.new_database())
    stack.allow("OperationalError", "AdminShutdown", "ConnectionTimeout")
    alice = signup(stack.base)
    model = alice.model()
    ends_inside = alice.reader(alice.ask("ends inside delay=40 tokens=60", model))
    ends_after = alice.reader(alice.ask("ends after delay=50 tokens=160", model))
    wait_until(lambda: ends_inside.deltas > 3 and ends_after.deltas > 3, 10, "both to be under way")

    with ThreadPoolExecutor() as pool, away(postgres):
        deltas = ends_after.deltas
        late = ask_twice(alice, model, pool)
        wait_until(lambda: ends_after.deltas > deltas + 10, 5, "tokens to flow all the same")

    assert ends_inside.finish(20).text == answer_for("ends inside delay=40 tokens=60")
    assert ends_after.finish(30).text == answer_for("ends after delay=50 tokens=160")
    for answer in (future.result() for future in late):
        assert answer.status_code in (202, 503), answer.text
        if answer.status_code == 202:
            assert alice.follow(answer.json()["job"]).end == "completed"
    for reader in (ends_inside, ends_after):
        reader.assert_unbroken()
        assert alice.job(reader.job)["status"] == "completed"
    assert alice.follow(alice.ask("afterwards tokens=3", model)).end == "completed"
