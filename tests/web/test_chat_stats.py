"""Numbers of chats over HTTP."""

import pytest

from tests.services.things import message, new_chat

CHATS = "/api/v1/chats"


@pytest.fixture
def chat_id(member, each_database):
    sent = (
        message("q", content="four", timestamp=100),
        message("a", "q", "assistant", content="sixsix", timestamp=103, model="alpha"),
        message("b", "q", "assistant", content="xx", timestamp=105, model="beta"),
    )
    return new_chat(member.user, *sent).id


def test_messages_models_and_lengths_are_counted(member, other, chat_id):
    new_chat(other.user, message("q"))

    shown = member.get(f"{CHATS}/stats/usage").json

    (numbers,) = shown["items"]
    assert (shown["total"], numbers["id"], numbers["last_message_at"]) == (1, chat_id, 105)
    assert (numbers["message_count"], numbers["history_message_count"]) == (2, 3)
    assert (numbers["models"], numbers["history_models"]) == ({"beta": 1}, {"alpha": 1, "beta": 1})
    assert numbers["average_response_time"] == 4.0
    assert numbers["average_user_message_content_length"] == 4.0
    assert numbers["average_assistant_message_content_length"] == 4.0


def test_an_export_has_numbers_and_no_words(member, chat_id):
    exported = member.get(f"{CHATS}/stats/export/{chat_id}")

    assert exported.json["chat"]["history"]["messages"]["a"]["content_length"] == 6
    assert "sixsix" not in exported.text
    assert member.get(f"{CHATS}/stats/export").json["items"] == [exported.json]
    assert member.get(f"{CHATS}/stats/export?updated_at={2**40}").json["total"] == 0


def test_the_numbers_of_another_are_not_shown(other, chat_id):
    assert other.get(f"{CHATS}/stats/export/{chat_id}").status_code == 401
    assert other.get(f"{CHATS}/stats/usage").json == {"items": [], "total": 0}


def test_an_empty_chat_has_numbers_too(member, each_database):
    new_chat(member.user)

    (numbers,) = member.get(f"{CHATS}/stats/usage").json["items"]

    assert (numbers["message_count"], numbers["average_response_time"]) == (0, 0.0)
