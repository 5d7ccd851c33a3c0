"""A message that nobody writes any more is its reader's again."""

import pytest

from shared import db
from shared.models.job import COMPLETED, Job
from shared.services import messages
from tests.services.things import (
    change_job,
    message,
    new_user,
    running_answer,
    stored_message,
    tree,
)

pytestmark = pytest.mark.usefixtures("each_database")


def save(chat_id, content):
    """Let a page save the answer, as its reader has changed it."""
    with db.transaction():
        answer = message("a", "q", "assistant", content=content)
        messages.write_all(chat_id, tree(message("q"), answer))


def test_a_message_whose_job_has_ended_can_be_changed():
    chat_id, job_id = running_answer(new_user())
    change_job(job_id, status=COMPLETED)

    save(chat_id, "edited")

    assert stored_message(chat_id, "a").content == "edited"


def test_a_message_whose_job_is_gone_can_be_changed():
    chat_id, job_id = running_answer(new_user())
    with db.transaction() as session:
        session.delete(session.get(Job, job_id))

    save(chat_id, "edited")

    assert stored_message(chat_id, "a").content == "edited"


def test_a_message_under_way_cannot():
    chat_id, _ = running_answer(new_user())

    save(chat_id, "edited")

    assert stored_message(chat_id, "a").is_running
    assert stored_message(chat_id, "a").content == ""
