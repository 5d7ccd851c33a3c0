"""Prepared statements: values and errors are as from any other statement."""

import pytest
from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from shared import db
from shared.models.job import Job
from shared.models.option import OptionRow
from shared.prepared import Prepared
from tests.services.things import change_job, new_job, new_user

pytestmark = pytest.mark.usefixtures("each_database")

ADD = Prepared(
    insert(OptionRow).values(key=bindparam("name"), value=bindparam("content"), updated_at=1)
)
VALUE = Prepared(select(OptionRow.value).where(OptionRow.key == bindparam("name")))
CHANGE = Prepared(update(OptionRow).values(updated_at=bindparam("moment")))
FLAG = Prepared(select(Job.cancel_requested, Job.held).where(Job.id == bindparam("job")))


def run(statement, **values):
    with db.statements(write=True) as connection:
        return statement.run(connection, values)


def test_a_value_comes_back_as_it_was_written():
    run(ADD, name="a", content={"b": ["ü", 1]})

    assert run(VALUE, name="a").rows == [({"b": ["ü", 1]},)]


def test_truth_and_nothing_come_back_as_such():
    job_id = new_job(new_user())
    change_job(job_id, cancel_requested=True)

    assert run(FLAG, job=job_id).rows == [(True, None)]


def test_a_change_tells_how_many_rows_it_met():
    run(ADD, name="a", content=1)
    run(ADD, name="b", content=1)

    assert run(CHANGE, moment=2).count == 2


def test_a_refusal_is_the_error_of_any_other_statement():
    run(ADD, name="a", content=1)

    with pytest.raises(IntegrityError):
        run(ADD, name="a", content=2)


def test_an_error_tells_nothing_of_what_was_to_be_written():
    run(ADD, name="a", content="secret words")

    with pytest.raises(IntegrityError) as refused:
        run(ADD, name="a", content="secret words")

    assert "secret words" not in str(refused.value)


def test_what_was_run_is_rolled_back_with_its_transaction():
    with pytest.raises(ValueError, match="no"), db.statements(write=True) as connection:
        ADD.run(connection, {"name": "a", "content": 1})
        raise ValueError("no")

    assert run(VALUE, name="a").rows == []


def test_a_missing_value_is_a_mistake():
    with pytest.raises(KeyError, match="name"):
        run(VALUE)


def test_words_may_be_prepared_too():
    assert run(Prepared(text("UPDATE option SET updated_at = 1"))).count == 0
