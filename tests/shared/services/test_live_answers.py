"""What answers that are being written have so far."""

import pytest

from shared import db, relay
from shared.redis import get_redis
from shared.services import chats, live_answers, messages
from tests.services.things import message, new_chat, new_user, running_answer

pytestmark = pytest.mark.usefixtures("world")


def tell(job_id, kind, data, attempt=1):
    relay.append(job_id, attempt, kind, data)


def text(job_id):
    return live_answers.so_far(job_id).text


def test_an_answer_is_put_together_from_its_log():
    tell("j", "started", {})
    tell("j", "delta", {"reasoning": "hm"})
    for piece in ("It ", "was"):
        tell("j", "delta", {"text": piece})
    tell("j", "usage", {"total_tokens": 1})

    answer = live_answers.so_far("j")

    assert (answer.text, answer.reasoning) == ("It was", "hm")


def test_of_a_restarted_job_only_the_last_attempt_counts():
    tell("j", "delta", {"text": "half"})
    tell("j", "restarted", {"attempt": 2}, attempt=2)
    tell("j", "delta", {"text": "anew"}, attempt=2)

    assert text("j") == "anew"


def test_a_job_that_has_said_nothing_has_nothing():
    assert live_answers.so_far("nobody's").is_empty


def test_a_log_longer_than_one_reading_is_read_to_its_end(monkeypatch):
    monkeypatch.setattr(live_answers, "_AT_ONCE", 3)
    for number in range(10):
        tell("j", "delta", {"text": str(number)})

    assert text("j") == "0123456789"


def rows(chat_id):
    with db.reading():
        return messages.of_chat(chat_id)


def test_only_running_answers_are_read():
    chat_id, job_id = running_answer(new_user())
    tell(job_id, "delta", {"text": "so far"})
    done = new_chat(new_user(), message("q"), message("a", "q", "assistant")).id

    assert live_answers.of_messages(rows(chat_id)) == {"a": "so far"}
    assert live_answers.of_messages(rows(done)) == {}


def test_an_answer_that_goes_on_stands_behind_what_there_was():
    old = message("a", "q", "assistant", content="It was ")
    chat_id = new_chat(new_user(), message("q"), old).id
    with db.transaction():
        messages.start_answer(chats.find(chat_id), "a", "j", "alpha", before=None)
    tell("j", "delta", {"text": "dark."})

    assert live_answers.of_messages(rows(chat_id)) == {"a": "It was dark."}


def test_without_redis_what_is_stored_counts(mortal_valkey):
    chat_id, _ = running_answer(new_user())
    found = rows(chat_id)
    mortal_valkey.kill()

    assert live_answers.of_messages(found) == {}


@pytest.fixture
def listener():
    """Hears what the web processes hear about a user."""
    user = new_user()
    pubsub = get_redis().pubsub(ignore_subscribe_messages=True)
    pubsub.subscribe(relay.user_channel(user.id))
    pubsub.get_message(timeout=5)
    yield user, pubsub
    pubsub.close()


def chat_of(chat_id):
    with db.reading():
        return chats.find(chat_id)


def test_open_pages_hear_that_a_running_answer_was_read(listener):
    user, pubsub = listener
    chat_id, job_id = running_answer(user)

    live_answers.tell_pages(chat_of(chat_id), rows(chat_id))

    told = pubsub.get_message(timeout=5)["data"]
    assert job_id.encode() in told
    assert b'"message_id":"a"' in told


def test_open_pages_hear_nothing_of_answers_that_are_done(listener):
    user, pubsub = listener
    chat = new_chat(user, message("q"), message("a", "q", "assistant"))

    live_answers.tell_pages(chat, rows(chat.id))
    relay.tell_user(user.id, "mark", {})

    assert b'"mark"' in pubsub.get_message(timeout=5)["data"]
