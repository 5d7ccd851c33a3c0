"""Messages that the client has not stored are made when their answer begins."""

import pytest

from shared import db
from shared.services import chats, message_trees, messages
from tests.services.things import message, new_chat, new_job, new_user, tree

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def chat_id():
    """An empty chat."""
    return new_chat(new_user()).id


def write(chat_id, *sent):
    with db.transaction():
        messages.write_all(chat_id, tree(*sent))


def read(chat_id):
    with db.reading():
        return message_trees.as_tree(messages.of_chat(chat_id), {})


def started(chat_id, question=None):
    job_id = new_job(new_user(), chat_id=chat_id, message_id="answer")
    with db.transaction():
        messages.start_answer(chats.find(chat_id), "answer", job_id, "alpha", "", question)
    tree = read(chat_id)
    return [(m["role"], m["content"]) for m in message_trees.branch(tree, "answer")]


def asked(content):
    return {"role": "user", "content": content}


def test_the_question_above_an_answer_is_stored(chat_id):
    assert started(chat_id, asked("What now?")) == [("user", "What now?"), ("assistant", "")]


def test_the_next_question_follows_the_last_answer(chat_id):
    write(chat_id, message("q"), message("a", "q", "assistant"))
    with db.transaction():
        chats.find(chat_id).current_id = "a"

    assert started(chat_id, asked("And now?")) == [
        ("user", "text of q"),
        ("assistant", "text of a"),
        ("user", "And now?"),
        ("assistant", ""),
    ]


def test_a_question_that_the_client_has_stored_is_not_stored_again(chat_id):
    write(chat_id, message("q"))
    with db.transaction():
        chats.find(chat_id).current_id = "q"

    assert started(chat_id, asked("with what the page has added")) == [
        ("user", "text of q"),
        ("assistant", ""),
    ]


def test_the_images_of_a_question_are_kept(chat_id):
    url = "data:image/png;base64,AAAA"
    parts = [{"type": "text", "text": "See"}, {"type": "image_url", "image_url": {"url": url}}]

    assert started(chat_id, asked(parts))[0] == ("user", "See")
    question = next(m for m in read(chat_id).values() if m["role"] == "user")
    assert question["files"] == [{"type": "image", "url": url}]
