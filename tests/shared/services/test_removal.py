"""Removing an account: nothing of the user is left, and what serves others stays."""

import pytest
from sqlalchemy import func, insert, select

from shared import db
from shared.ids import now_s
from shared.models import Base, Channel, Function, Group, ModelRow
from shared.models.base import JSONColumn
from shared.services import removal
from tests.services.things import new_job, new_user, running_answer
from tests.services.waiting import wait_until

# Those of nobody in particular: their admin changes, they stay.
HANDED_OVER = {model.__tablename__ for model in (Channel, Function, Group)}
_VALUES = {int: 1, bool: False}


def tables():
    """List the tables whose rows belong to a user, parents before their children."""
    return [table for table in Base.metadata.sorted_tables if "user_id" in table.c]


def fill(table, user_id, known):
    """Put one row of a user into a table, and into the tables it refers to."""
    for foreign in (key.column.table for key in table.foreign_keys):
        if foreign.name not in known and foreign is not table:
            fill(foreign, user_id, known)
    if table.name in known:
        return
    values = {}
    for column in table.c:
        reference = next(iter(column.foreign_keys), None)
        if column.name == "user_id":
            values[column.name] = user_id
        elif reference is not None and reference.column.table is not table:
            values[column.name] = known[reference.column.table.name][reference.column.name]
        elif not column.nullable:
            is_json = isinstance(column.type, type(JSONColumn))
            values[column.name] = {} if is_json else _VALUES.get(column.type.python_type, "x")
    with db.transaction() as session:
        session.execute(insert(table).values(values))
    known[table.name] = values


def owned(user_id):
    """Name the tables in which a user has rows."""
    with db.reading() as session:
        return {
            table.name
            for table in tables()
            if session.scalar(
                select(func.count()).select_from(table).where(table.c.user_id == user_id)
            )
        }


@pytest.mark.usefixtures("each_database", "worker")
def test_no_table_has_a_row_of_a_removed_user():
    user, heir = new_user(), new_user("admin")
    known = {"user": {"id": user.id}, "credential": {}}
    for table in tables():
        fill(table, user.id, known)
    assert owned(user.id) == {table.name for table in tables()}

    with db.transaction():
        removal.remove(user.id, heir.id)

    wait_until(lambda: owned(user.id) == {"usage"}, 10, "nothing but numbers is left")
    assert owned(heir.id) >= HANDED_OVER
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Base.metadata.tables["chat"])) == 0


@pytest.mark.usefixtures("each_database")
def test_settings_of_upstream_models_stay_and_presets_of_ones_own_go():
    user, heir = new_user(), new_user("admin")
    rows = [("alpha", None), ("preset", "alpha")]
    with db.transaction() as session:
        for model_id, base in rows:
            session.add(
                ModelRow(
                    id=model_id,
                    user_id=user.id,
                    base_model_id=base,
                    name=model_id,
                    params={},
                    meta={},
                    is_active=True,
                    created_at=now_s(),
                    updated_at=now_s(),
                )
            )

    with db.transaction():
        removal.remove(user.id, heir.id)

    with db.reading() as session:
        left = session.execute(select(ModelRow.id, ModelRow.user_id)).all()
    assert left == [("alpha", heir.id)]


@pytest.mark.usefixtures("world", "worker")
def test_jobs_of_a_removed_user_are_stopped():
    user, heir = new_user(), new_user("admin")
    running_answer(user)
    new_job(user)

    with db.transaction():
        removal.remove(user.id, heir.id)

    wait_until(lambda: owned(user.id) <= {"usage"}, 10, "chats and jobs are gone")


@pytest.mark.usefixtures("each_database", "worker")
def test_the_rows_of_others_stay():
    user, other, heir = new_user(), new_user(), new_user("admin")
    running_answer(other)
    before = owned(other.id) - {"usage"}

    with db.transaction():
        removal.remove(user.id, heir.id)

    assert owned(other.id) - {"usage"} == before
