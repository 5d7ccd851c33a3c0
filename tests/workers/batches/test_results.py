"""Answers are kept once."""

import pytest

from shared import db
from shared.models.batch import Batch
from shared.services import usage
from shared.services.usage import Tokens
from tests.services.things import new_user
from workers.batches import results
from workers.batches.asking import Answered
from workers.batches.results import Results

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def batch():
    row = {
        "user_id": new_user().id, "job_id": "j", "endpoint": "e", "input_file_id": "f",
        "completion_window": "24h", "status": "in_progress", "total": 9, "completed": 0,
        "failed": 0, "created_at": 1, "expires_at": 2,
    }  # fmt: skip
    with db.transaction() as session:
        session.add(Batch(id="batch_1", **row))
    return row["user_id"]


def answered(number, is_ok=True, cost=None):
    return Answered(number, is_ok, b'{"n":%d}' % number, "alpha", cost or Tokens(1, 2))


def counts():
    with db.reading() as session:
        row = session.get(Batch, "batch_1")
        return row.completed, row.failed


def keep(owner, *ones):
    made = Results("batch_1", owner)
    for one in ones:
        made.add(one)
    return made.keep()


def test_answers_are_counted_and_read_in_the_order_of_the_input(batch):
    kept = keep(batch, answered(3), answered(1), answered(2, is_ok=False))

    assert (kept, counts()) == (3, (2, 1))
    assert list(results.numbers("batch_1")) == [1, 2, 3]
    assert [row[1:] for row in results.contents("batch_1")] == [
        (True, '{"n":1}'),
        (False, '{"n":2}'),
        (True, '{"n":3}'),
    ]


def test_a_second_answer_to_a_line_is_neither_kept_nor_charged(batch):
    keep(batch, answered(1), answered(2))

    keep(batch, answered(1, is_ok=False), answered(3))

    assert counts() == (3, 0)
    with db.reading():
        (row,) = usage.report(("model",), ("2000-01-01", "2999-01-01"), batch, None, (0, 9))
    assert (row["requests"], row["total_tokens"]) == (3, 9)


def test_guessed_tokens_are_told_apart(batch):
    keep(batch, answered(1), answered(2, cost=Tokens(4, 4, is_estimated=True)))

    with db.reading():
        (row,) = usage.report(("model",), ("2000-01-01", "2999-01-01"), batch, None, (0, 9))
    assert (row["requests"], row["estimated_requests"]) == (2, 1)


def test_more_answers_than_a_page_are_all_read(batch):
    keep(batch, *(answered(n) for n in range(1, 252)))

    assert [row[0] for row in results.contents("batch_1")] == list(range(1, 252))


def test_what_could_not_be_written_is_kept_for_the_next_time(batch, monkeypatch):
    made = Results("batch_1", batch)
    made.add(answered(1))
    monkeypatch.setattr(made, "_write", lambda _taken: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        made.keep()
    monkeypatch.undo()

    assert made.keep() == 1
    assert counts() == (1, 0)


def test_the_lines_of_ended_batches_are_purged(batch):
    keep(batch, *(answered(n) for n in range(1, 252)))
    before = results.purge()
    with db.transaction() as session:
        session.get(Batch, "batch_1").ended_at = 5

    assert (before, results.purge()) == (0, 251)
    assert list(results.numbers("batch_1")) == []
